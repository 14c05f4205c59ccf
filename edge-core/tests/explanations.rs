//! Explanations over HTTP: who receives them, and what they contain.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a failed test panics")]

use callgate_edge_core::{Deployment, Head, Platform, Settings};
use callgate_engine::PolicyImage;
use callgate_test_support::{Did, Edge, Served, image_of};
use serde_json::{Value, json};

const POLICY: &str = r#"{"version":"callgate-1","tools":["refund"],"roles":{"agent":{}},"rules":[
    {"id":"small","effect":"Allow","tool_name":"refund","roles":["agent"],"condition":{"All":[
        {"NumericCheck":{"source":"Arguments","field":"amount","op":"Lte","value":500}},
        {"FieldEquals":{"source_a":"Arguments","field_a":"id","source_b":"ResourceAttributes","field_b":"id"}}]}},
    {"id":"secret","effect":"Deny","tool_name":"refund","roles":["agent"],"disclose":"code","condition":
        {"NumericCheck":{"source":"Arguments","field":"amount","op":"Gt","value":123456}}}]}"#;

const PLATFORM: Platform =
    Platform { now: || Some(1_795_233_906_789_100), random: || Some([7; 16]), ip_header: None, country_header: None };

/// The status and the body of a response, and the records of the decisions.
struct Answer {
    status: u16,
    body: Value,
    lines: Vec<String>,
}

/// Sends a body with the key of a caller.
#[track_caller]
fn send(config: &Value, key: &str, target: &str, body: &Value) -> Answer {
    let bytes = image_of(POLICY);
    let image = PolicyImage::open(&bytes).expect("an image");
    let keys = "desk:desk-key-0123456789 debug:debug-key-0123456789 plain-key-0123456789".to_owned();
    let settings = Settings::new([Some(keys), Some(config.to_string()), None, None, None]);
    let deployment = Deployment::new(image, &settings, PLATFORM);
    assert_eq!(deployment.mistake(), None);
    let credential = format!("Bearer {key}-key-0123456789");
    let head = Head::new("POST", target, Some(&credential), [Some("application/json"), None, None, None]);
    let body = body.to_string();
    let Served { response, did: Did { lines, .. } } = Edge::with_body(body.as_bytes()).serve(&head, &deployment);
    let body = serde_json::from_slice(&response.body).expect("JSON");
    Answer { status: response.status, body, lines }
}

fn config() -> Value {
    json!({ "explain": { "keys": ["debug"] }, "log": { "mode": "best-effort" } })
}

fn call(explain: Option<bool>) -> Value {
    let mut call = json!({ "tool": "refund", "role": "agent", "args": { "amount": 987, "id": "secret-id" } });
    if let Some(explain) = explain {
        call["explain"] = explain.into();
    }
    call
}

#[test]
fn only_a_listed_caller_receives_an_explanation() {
    let explained = send(&config(), "debug", "/evaluate", &call(Some(true)));
    assert_eq!((explained.status, &explained.body["decision"]), (200, &json!("Deny")));
    assert!(explained.body["explanation"].is_array(), "{}", explained.body);
    for key in ["desk", "plain"] {
        let refused = send(&config(), key, "/evaluate", &call(Some(true)));
        assert_eq!((refused.status, &refused.body["code"]), (403, &json!("explain_forbidden")), "{key}");
        assert_eq!((&refused.body["decision"], &refused.body["rule"]), (&json!("Deny"), &Value::Null), "{key}");
        // The refusal is recorded like that of an invalid body.
        assert!(refused.lines.concat().contains("explain_forbidden"), "{:?}", refused.lines);
    }
    // By default, nobody is listed.
    assert_eq!(send(&json!({}), "debug", "/evaluate", &call(Some(true))).status, 403);
}

#[test]
fn a_caller_that_does_not_ask_receives_no_explanation() {
    for (key, explain) in [("debug", None), ("debug", Some(false)), ("desk", None), ("desk", Some(false))] {
        let answer = send(&config(), key, "/evaluate", &call(explain));
        assert_eq!((answer.status, answer.body.get("explanation")), (200, None), "{key}");
    }
}

#[test]
fn an_explanation_changes_nothing_else() {
    let mut explained = send(&config(), "debug", "/evaluate", &call(Some(true)));
    let plain = send(&config(), "debug", "/evaluate", &call(None));
    explained.body.as_object_mut().expect("an object").remove("explanation").expect("an explanation");
    assert_eq!(explained.body, plain.body);
    assert_eq!(explained.lines, plain.lines);
}

#[test]
fn an_explanation_has_the_rules_and_no_value_of_the_call() {
    let answer = send(&config(), "debug", "/evaluate", &call(Some(true)));
    let expected = json!([
        { "rule": "secret", "effect": "Deny", "applies": "no", "hidden": true },
        { "rule": "small", "effect": "Allow", "applies": "no", "condition": {
            "truth": "false", "check": "All", "conditions": [
                { "truth": "false", "check": "NumericCheck", "source": "Arguments", "field": "amount", "op": "Lte",
                  "value": 500 },
                { "truth": "unknown", "check": "FieldEquals", "source": "Arguments", "field": "id", "op": "Equals",
                  "other": { "source": "ResourceAttributes", "field": "id" }, "problem": "missing",
                  "problemIn": "other" }] } },
    ]);
    assert_eq!(answer.body["explanation"], expected);
    for text in [answer.body.to_string(), answer.lines.concat()] {
        assert!(!text.contains("987") && !text.contains("secret-id"), "{text}");
    }
    // Nor does a hidden condition leave the policy.
    assert!(!answer.body.to_string().contains("123456"));
}

#[test]
fn a_batch_is_explained_call_by_call_or_refused_as_a_whole() {
    let batch = json!({ "calls": [call(None), call(Some(true))] });
    let answer = send(&config(), "debug", "/evaluate/batch", &batch);
    let has = |at: usize| answer.body["decisions"][at].get("explanation").is_some();
    assert_eq!((answer.status, has(0), has(1)), (200, false, true));
    let refused = send(&config(), "desk", "/evaluate/batch", &batch);
    assert_eq!((refused.status, refused.body.get("decisions")), (403, None));
}

#[test]
fn explain_is_a_boolean() {
    let mut call = call(None);
    call["explain"] = "true".into();
    for key in ["debug", "desk"] {
        let answer = send(&config(), key, "/evaluate", &call);
        assert_eq!((answer.status, &answer.body["code"]), (400, &json!("wrong_type")));
    }
}
