//! The case files of the HTTP contract, as far as they are the engine's: what a body is read as, and how it is judged.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test states what must hold by failing")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callgate_engine::{Call, PolicyImage, RequestError, RequestFacts};
use callgate_test_support::{Answer, answer_to, image_of, open, read_checkout};
use serde_json::Value;

/// The time of each request, in seconds since 1970. Edges use their own clock, so no case may depend on it.
const NOW: i64 = 1_795_233_906;

fn body(case: &Value) -> Vec<u8> {
    let text = |value: &Value, member: &str| value[member].as_str().unwrap_or_default().to_owned();
    let repeat = &case["bodyRepeat"];
    if repeat.is_object() {
        let repeated = |unit: &str, count: &str| {
            let count = repeat[count].as_u64().unwrap_or_default();
            text(repeat, unit).repeat(usize::try_from(count).expect("a count"))
        };
        let (first, second) = (repeated("unit", "count"), repeated("unit2", "count2"));
        return [text(repeat, "prefix"), first, text(repeat, "mid"), second, text(repeat, "suffix")].concat().into();
    }
    match case["bodyBase64"].as_str() {
        Some(encoded) => STANDARD.decode(encoded).expect("base64"),
        None => text(case, "body").into(),
    }
}

/// The decision on one call.
fn answer(image: &PolicyImage<'_>, call: &Call<'_>) -> Value {
    let Answer { effect, code, rule, reason } = answer_to(image, call);
    serde_json::json!({ "decision": effect.name(), "code": code.name(), "rule": rule, "reason": reason })
}

#[track_caller]
fn check(image: &PolicyImage<'_>, case: &Value, is_batch: bool) {
    let (name, expected, body) = (&case["name"], &case["expect"], body(case));
    let facts = RequestFacts::new(Some(NOW), None, None);
    let answers: Result<Vec<Value>, RequestError> = if is_batch {
        Call::read_batch(&body, &facts, image).map(|calls| calls.iter().map(|call| answer(image, call)).collect())
    } else {
        Call::read(&body, &facts, image).map(|call| vec![answer(image, &call)])
    };
    match answers {
        Err(error) => {
            assert_eq!((&expected["status"], &expected["code"]), (&400.into(), &error.code().into()), "{name}")
        }
        Ok(answers) => {
            assert_eq!(expected["status"], 200, "{name}: {answers:?}");
            if is_batch {
                let seen: Vec<&Value> = answers.iter().map(|answer| &answer["decision"]).collect();
                let expected: Vec<&Value> = expected["decisions"].as_array().expect("decisions").iter().collect();
                assert_eq!(seen, expected, "{name}");
                return;
            }
            for member in ["decision", "code", "rule", "reason"] {
                if let Some(value) = expected.get(member) {
                    assert_eq!(answers.first().map(|answer| &answer[member]), Some(value), "{name}: {member}");
                }
            }
        }
    }
}

/// Decides each call of a case file with a policy; at least `least` of its cases are calls.
#[track_caller]
fn check_file(policy: &str, path: &str, least: usize) {
    let bytes = image_of(read_checkout(policy));
    let image = open(&bytes);
    let mut judged = 0_usize;
    for line in read_checkout(path).lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let is_batch = case["path"] == "/evaluate/batch";
        let is_call = case["method"] == "POST" && (is_batch || case["path"] == "/evaluate");
        // Authentication and headers do not concern the engine.
        if is_call && [200, 400].iter().any(|status| case["expect"]["status"] == *status) {
            check(&image, &case, is_batch);
            judged = judged.saturating_add(1);
        }
    }
    assert!(judged >= least, "{path}: only {judged} calls were judged");
}

#[test]
fn the_crm_desk_judges_as_its_cases_say() {
    check_file("policies/crm.json", "testdata/http/crm.jsonl", 180);
}

#[test]
fn a_body_is_read_as_strictly_as_its_cases_say() {
    check_file("policies/crm.json", "testdata/http/json.jsonl", 440);
}

#[test]
fn the_crm_desk_in_perso_judges_as_its_cases_say() {
    check_file("policies/crm-perso.json", "testdata/http/crm-perso.jsonl", 45);
}

#[test]
fn the_policy_of_persos_demonstration_judges_as_perso_does() {
    check_file("testdata/perso-1/policies/crm-demo.json", "testdata/http/perso.jsonl", 19);
}

#[test]
fn each_kind_of_condition_judges_as_its_cases_say() {
    check_file("testdata/http/conditions.json", "testdata/http/conditions.jsonl", 850);
}

#[test]
fn each_kind_of_target_judges_as_its_cases_say() {
    check_file("testdata/http/targets.json", "testdata/http/targets.jsonl", 106);
}
