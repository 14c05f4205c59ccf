//! The way from one form to the other and back.

use callgate_engine::Format;
use callgate_engine::policy::{ConditionForm, convert};
use callgate_test_support::{assert_same_image, checkout_path, valid_policy};
use std::fs;
use std::path::{Path, PathBuf};

#[track_caller]
fn converted(text: &str, to: ConditionForm) -> String {
    match convert(text, Format::Json, to) {
        Ok(text) => text,
        Err(errors) => panic!("{errors:#?}\n{text}"),
    }
}

/// The policies of the repository that are valid, with the names of their files.
fn policies() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in ["policies", "testdata"] {
        collect(&checkout_path(folder), &mut files);
    }
    let read = |file: PathBuf| Some((file.display().to_string(), fs::read_to_string(file).ok()?));
    let is_valid = |text: &str| {
        text.contains("\"callgate-1\"") && callgate_engine::parse(text).and_then(callgate_engine::validate).is_ok()
    };
    files.into_iter().filter_map(read).filter(|(_, text)| is_valid(text)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
}

#[test]
fn every_policy_of_the_repository_has_the_same_image_in_both_forms() {
    let policies = policies();
    assert!(policies.len() > 12, "the policies are found: {}", policies.len());
    for (file, text) in policies {
        let when = converted(&text, ConditionForm::When);
        assert!(!when.contains("\"condition\": {"), "{file}");
        assert_same_image(&text, &when);
        let condition = converted(&when, ConditionForm::Condition);
        assert!(!condition.contains("\"when\":"), "{file}");
        assert_same_image(&text, &condition);
        assert_eq!(converted(&condition, ConditionForm::When), when, "{file}");
    }
}

const POLICY: &str = r#"{
  "version": "callgate-1",
  "tools": ["refund"],
  "roles": { "agent": {} },
  "define": {
    "own": "args.id == resource.id",
    "eu": { "StringCheck": { "source": "Arguments", "field": "region", "op": "In", "value": ["eu"] } }
  },
  "rules": [
    { "id": "a", "effect": "Allow", "tool_name": "refund", "roles": ["agent"],
      "condition": { "All": [ { "Defined": "own" }, { "Not": { "Defined": "eu" } },
        { "NumericCheck": { "source": "Arguments", "field": "amount", "op": "Lte", "value": 5e2 } } ] }, "reason": "small" },
    { "id": "b", "effect": "Deny", "tool_name": "refund", "roles": ["agent"], "when": "own" }
  ]
}
"#;

#[test]
fn only_the_conditions_are_replaced() {
    let when = POLICY
        .replace(
            r#"{ "StringCheck": { "source": "Arguments", "field": "region", "op": "In", "value": ["eu"] } }"#,
            r#""args.region == \"eu\"""#,
        )
        .replace(
            r#""condition": { "All": [ { "Defined": "own" }, { "Not": { "Defined": "eu" } },
        { "NumericCheck": { "source": "Arguments", "field": "amount", "op": "Lte", "value": 5e2 } } ] }"#,
            r#""when": "own && !eu && args.amount <= 5e2""#,
        );
    assert_eq!(converted(POLICY, ConditionForm::When), when);
    assert_eq!(converted(&when, ConditionForm::When), when);
}

#[test]
fn a_long_condition_has_a_line_for_each_part() {
    let condition = converted(POLICY, ConditionForm::Condition);
    let long = condition.replace("5e2", "500");
    assert!(long.contains(r#""own": { "FieldEquals": {"#), "{condition}");
    assert!(condition.contains(r#""condition": { "Defined": "own" }"#), "{condition}");
    let when = converted(&condition, ConditionForm::When);
    let again = converted(&when, ConditionForm::Condition);
    assert!(again.contains("{ \"All\": [\n        { \"Defined\": \"own\" },\n"), "{again}");
    drop(valid_policy(&again));
}

#[test]
fn an_invalid_policy_and_a_perso_policy_are_not_converted() {
    let invalid = POLICY.replace("\"Lte\"", "\"Lt\", \"x\": 1");
    assert!(convert(&invalid, Format::Json, ConditionForm::When).is_err());
    let perso = r#"{"version":"perso-1","tools":["a"],"roles":["r"],"default_action":"Deny","rules":[]}"#;
    let errors = convert(perso, Format::Json, ConditionForm::When).expect_err("perso has no expressions");
    assert_eq!(errors.first().map(|error| error.code), Some("unknown_version"));
}

#[test]
fn a_part_of_a_definition_at_the_same_place_is_not_its_name() {
    for definition in [
        "args.id != resource.id",
        "url(args.u).isOneOf([\\\"*://a.org:*\\\", \\\"http://b.org:*\\\"])",
        "keys(args.h).exists(k, k in [\\\"a\\\"])",
        "request.time.getDayOfWeek() != 0",
        "args.a in [1, 2]",
    ] {
        let policy = POLICY.replace("args.id == resource.id", definition);
        let condition = converted(&policy, ConditionForm::Condition);
        assert_same_image(&policy, &condition);
        let when = converted(&condition, ConditionForm::When);
        assert_same_image(&policy, &when);
        assert!(when.contains("\"when\": \"own\""), "{when}");
    }
}
