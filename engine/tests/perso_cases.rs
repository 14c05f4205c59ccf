//! The recorded decisions of the perso engine: every decision and reason is the same.
#![expect(clippy::expect_used, clippy::panic, reason = "a test states what must hold by failing")]

use std::fs;
use std::path::PathBuf;

use callgate_engine::{Call, PolicyImage, RequestFacts, compile, evaluate, parse, validate};
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

fn testdata() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/perso-1"))
}

#[track_caller]
fn check(case: &Case) {
    let name = &case.name;
    let text = fs::read_to_string(testdata().join(format!("policies/{}.json", case.policy))).expect("a policy file");
    let valid = parse(&text).and_then(validate);
    let Some(call) = &case.call else {
        assert!(matches!(&case.expect, Expect::NoPolicy { policy } if policy == "refused"), "{name}");
        assert!(valid.is_err(), "{name}: the policy must be refused");
        return;
    };
    let bytes = compile(&valid.unwrap_or_else(|problems| panic!("{name}: {problems:?}")));
    let image = PolicyImage::open(&bytes).expect("an image");
    let facts = RequestFacts::default();
    let call = Call::read(call.as_bytes(), &facts, &image);
    match &case.expect {
        Expect::Refused { call: expected } => {
            assert_eq!(expected, "refused");
            assert!(call.is_err(), "{name}: the call must be refused");
        }
        Expect::Answer { decision, reason } => {
            let call = call.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            let answer = evaluate(&image, &call);
            let mut text = String::new();
            answer.write_reason(&image, &call, &mut text);
            assert_eq!((answer.effect.name(), &*text), (&**decision, &**reason), "{name}");
        }
        Expect::NoPolicy { .. } => panic!("{name}: a case without a policy has no call"),
    }
}

#[test]
fn every_recorded_case_is_answered_as_perso_answers_it() {
    let cases = fs::read_to_string(testdata().join("cases.jsonl")).expect("the case file");
    let cases: Vec<Case> = cases.lines().map(|line| serde_json::from_str(line).expect("a case")).collect();
    assert_eq!(cases.len(), 145, "all recorded cases are here");
    cases.iter().for_each(check);
}
