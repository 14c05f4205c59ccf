//! The examples of the documents: every policy and every condition in them is valid.
#![expect(clippy::panic, reason = "a test states what must hold by failing")]

use callgate_test_support::valid_policy;
use serde_json::{Value, json};

/// The JSON blocks of a Markdown text.
fn examples(markdown: &str) -> Vec<Value> {
    markdown
        .split("```json\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .map(|text| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")))
        .collect()
}

/// An example as a policy: the example is a policy, a tool, a rule or a condition.
fn policy_of(example: Value) -> Value {
    if example.get("version").is_some() {
        return example;
    }
    if example.get("effect").is_some() {
        return json!({ "version": "callgate-1", "roles": { "agent": {} }, "rules": [example] });
    }
    let is_tool = example.get("inputSchema").is_some();
    let tool = if is_tool { example.clone() } else { json!("tool") };
    let condition = if is_tool { Value::Null } else { example };
    json!({
        "version": "callgate-1", "tools": [tool], "roles": { "agent": {} },
        "rules": [{ "effect": "Allow", "tool_name": "*", "roles": ["agent"], "condition": condition }],
    })
}

#[test]
fn every_example_of_the_language_reference_is_valid() {
    let examples = examples(include_str!("../../docs/policy-language.md"));
    assert!(examples.len() > 14, "the examples are found: {}", examples.len());
    for example in examples {
        drop(valid_policy(&policy_of(example).to_string()));
    }
}

#[test]
fn the_example_of_an_accepted_finding_has_no_open_warning() {
    let examples = examples(include_str!("../../docs/findings.md"));
    assert_eq!(examples.len(), 1);
    for example in examples {
        let text = example.to_string();
        let valid = valid_policy(&text);
        assert!(valid.warnings().is_empty(), "{:?}", valid.warnings());
        assert_eq!(valid.findings().iter().filter(|finding| finding.accepted.is_some()).count(), 1);
    }
}

#[test]
fn every_warning_and_note_of_a_valid_policy_is_listed() {
    let documented = include_str!("../../docs/findings.md");
    let sources = [
        include_str!("../src/policy/check/accept.rs"),
        include_str!("../src/policy/check/concern.rs"),
        include_str!("../src/policy/check/guard.rs"),
        include_str!("../src/policy/check/intent/arguments.rs"),
        include_str!("../src/policy/check/intent/effectless.rs"),
        include_str!("../src/policy/check/intent/names.rs"),
        include_str!("../src/policy/check/intent/reach.rs"),
        include_str!("../src/policy/check/intent/texts.rs"),
    ];
    let mut codes = Vec::new();
    for source in sources {
        for constructor in ["Diagnostic::warning(\"", "Diagnostic::note(\""] {
            codes.extend(source.split(constructor).skip(1).filter_map(|rest| rest.split('"').next()));
        }
    }
    assert!(codes.len() > 12, "the codes are found: {codes:?}");
    for code in codes {
        assert!(documented.contains(&format!("| `{code}` |")), "`{code}` is not in docs/findings.md");
    }
}

#[test]
fn the_policy_of_the_readme_is_valid() {
    let policies: Vec<Value> = examples(include_str!("../../README.md"))
        .into_iter()
        .filter(|example| example.get("rules").is_some())
        .collect();
    assert_eq!(policies.len(), 1);
    for policy in policies {
        let text = policy.to_string();
        let valid = valid_policy(&text);
        assert!(valid.warnings().iter().all(|warning| warning.code == "unused_name"), "{:?}", valid.warnings());
    }
}
