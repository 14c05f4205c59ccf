//! A trailing slash does not change where a path is, and does not bypass a check on its text.
#![expect(clippy::indexing_slicing, reason = "a test states what must hold by failing")]

use callgate_engine::{Code, Effect};
use callgate_test_support::{decide, image_of};
use serde_json::{Value, json};

fn on(field: &str, check: &str, members: &Value) -> Value {
    let mut condition = json!({ "source": "Arguments", "field": field });
    for (name, value) in members.as_object().into_iter().flatten() {
        condition[name] = value.clone();
    }
    json!({ check: condition })
}

fn glob(field: &str) -> Value {
    on(field, "StringCheck", &json!({ "op": "Glob", "value": ["*.pem", "*/.env"] }))
}

/// Decides a call whose `path` is inside the root, in a policy that also denies by a condition.
fn judge(denied: &Value, args: &Value) -> (Effect, Code) {
    let inside = on("path", "PathCheck", &json!({ "roots": ["/srv"] }));
    let rule = |effect: &str, tool: &str, condition: &Value| json!({ "effect": effect, "tool_name": tool, "roles": ["r"], "condition": condition });
    let policy = json!({ "version": "callgate-1", "tools": ["t", "u"], "roles": { "r": {} },
        "rules": [rule("Allow", "t", &inside), rule("Deny", "*", denied)] });
    let decision = decide(&image_of(policy), json!({ "tool": "t", "role": "r", "args": args }));
    (decision.effect, decision.code)
}

#[test]
fn a_text_check_on_a_path_is_unknown_if_it_depends_on_a_trailing_slash() {
    let ignoring = |field: &str| {
        on(field, "StringCheck", &json!({ "op": "EndsWith", "value": [".PEM", "/.ENV"], "ignoreCase": "Full" }))
    };
    for denied in [glob("path"), glob("/path"), ignoring("path")] {
        assert_eq!(judge(&denied, &json!({ "path": "/srv/notes" })), (Effect::Allow, Code::Allowed));
        assert_eq!(judge(&denied, &json!({ "path": "/srv/docs/" })), (Effect::Allow, Code::Allowed));
        assert_eq!(judge(&denied, &json!({ "path": "/srv/key.pem" })), (Effect::Deny, Code::DeniedByRule));
        for path in ["/srv/key.pem/", "/srv/.env/"] {
            assert_eq!(judge(&denied, &json!({ "path": path })), (Effect::Deny, Code::ConditionUnknown), "{path}");
        }
    }
}

#[test]
fn a_text_check_on_another_field_keeps_its_text() {
    let args = |other: &str| json!({ "path": "/srv/notes", "other": other });
    assert_eq!(judge(&glob("other"), &args("key.pem/")), (Effect::Allow, Code::Allowed));
    assert_eq!(judge(&glob("other"), &args("key.pem")), (Effect::Deny, Code::DeniedByRule));
}

#[test]
fn two_paths_that_differ_in_a_trailing_slash_may_be_equal() {
    let equals = json!({ "FieldEquals": { "source_a": "Arguments", "field_a": "other", "source_b": "Arguments", "field_b": "path" } });
    let args = |other: &str| json!({ "path": "/srv/a", "other": other });
    assert_eq!(judge(&equals, &args("/srv/a")), (Effect::Deny, Code::DeniedByRule));
    assert_eq!(judge(&equals, &args("/srv/a/")), (Effect::Deny, Code::ConditionUnknown));
    assert_eq!(judge(&equals, &args("/srv/b/")), (Effect::Allow, Code::Allowed));
}
