//! The recorded answers of the perso engine: the same decision and the same reason, on every one.
#![expect(clippy::panic, reason = "a test states what must hold by failing")]

use callgate_engine::RequestFacts;
use callgate_test_support::{error_codes_of, image_of, read_checkout, try_decide};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    policy: String,
    call: Option<String>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expect {
    Refused { call: String },
    NoPolicy { policy: String },
    Answer { decision: String, reason: String },
}

#[track_caller]
fn check(case: &Case) {
    let name = &case.name;
    let text = read_checkout(&format!("testdata/perso-1/policies/{}.json", case.policy));
    let Some(call) = &case.call else {
        assert!(matches!(&case.expect, Expect::NoPolicy { policy } if policy == "refused"), "{name}");
        assert!(!error_codes_of(&text).is_empty(), "{name}: the policy must be refused");
        return;
    };
    let answer = try_decide(&image_of(&text), &RequestFacts::default(), call);
    match &case.expect {
        Expect::Refused { call: expected } => {
            assert_eq!(expected, "refused");
            assert!(answer.is_err(), "{name}: the call must be refused");
        }
        Expect::Answer { decision, reason } => {
            let answer = answer.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!((answer.effect.name(), &*answer.reason), (&**decision, &**reason), "{name}");
        }
        Expect::NoPolicy { .. } => panic!("{name}: a case without a policy has no call"),
    }
}

#[test]
fn every_recorded_case_is_answered_as_perso_answers_it() {
    let cases = read_checkout("testdata/perso-1/cases.jsonl");
    let cases: Vec<Case> = cases.lines().map(|line| serde_json::from_str(line).expect("a case")).collect();
    assert_eq!(cases.len(), 145, "all recorded cases are here");
    cases.iter().for_each(check);
}
