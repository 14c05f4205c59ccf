//! The examples of the documents: every policy and every condition in them is valid.
#![expect(clippy::panic, reason = "a test states what must hold by failing")]

use callgate_engine::Effect;
use callgate_test_support::{assert_same_image, decide, image_of, valid_policy};
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

/// The effect of the reference's example of `key` for each of the arguments.
#[track_caller]
fn check_example(key: &str, accepts: impl Fn(&Value) -> bool, calls: &[(Value, Effect)]) {
    let mut found = examples(include_str!("../../docs/policy-language.md"));
    found.retain(|example| example.get(key).is_some_and(&accepts));
    let [example] = <[Value; 1]>::try_from(found).unwrap_or_else(|found| panic!("{} examples", found.len()));
    let image = image_of(policy_of(example));
    for (args, effect) in calls {
        let call = json!({ "tool": "tool", "role": "agent", "args": args }).to_string();
        let answer = decide(&image, call);
        assert_eq!(answer.effect, *effect, "{args}");
    }
}

#[test]
fn the_example_of_every_accepts_one_address_in_each_item() {
    let to = |address: &str| json!({ "recipients": ["ben@example.com", address] });
    let calls = [
        (to("ana@example.com"), Effect::Allow),
        (to("ana@Example.com"), Effect::Allow),
        (to("Ana.B+x_y-z@EXAMPLE.COM"), Effect::Allow),
        (to("ana@evil.test"), Effect::Deny),
        (to("ana@example.com.evil.test"), Effect::Deny),
        (to("spy@evil.test, ana@example.com"), Effect::Deny),
        (to("spy@evil.test;ana@example.com"), Effect::Deny),
        (to("x@evil.test\r\nBcc: ana@example.com"), Effect::Deny),
        (to("<spy@evil.test> ana@example.com"), Effect::Deny),
        (to("ana@example.com\n"), Effect::Deny),
        (to("ana@exampleXcom"), Effect::Deny),
        (to("@example.com"), Effect::Deny),
        (to("a\u{17f}@example.com"), Effect::Deny),
        (json!({ "recipients": "ana@example.com" }), Effect::Deny),
    ];
    check_example("Every", |_| true, &calls);
}

#[test]
fn the_example_of_names_without_case_ignores_it() {
    let of = |repo: &str| json!({ "repo": repo });
    let calls = [
        (of("secrets"), Effect::Allow),
        (of("Secrets"), Effect::Allow),
        (of("SECRETS"), Effect::Allow),
        (of("site"), Effect::Deny),
        (of("secrets "), Effect::Deny),
    ];
    check_example("StringCheck", |check| check.get("ignoreCase").is_some(), &calls);
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

/// The rows of the table of expressions: an expression, and the condition with the same meaning.
fn expressions(markdown: &str) -> Vec<(String, String)> {
    let section = markdown.split("## Conditions as expressions").nth(1).unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix("` |"));
    let cells = rows.filter_map(|row| row.split_once("` | `"));
    cells
        .filter(|(_, json)| json.starts_with('{'))
        .map(|(when, json)| (when.replace("\\|", "|"), json.into()))
        .collect()
}

#[test]
fn every_expression_of_the_language_reference_is_the_condition_next_to_it() {
    let expressions = expressions(include_str!("../../docs/policy-language.md"));
    assert!(expressions.len() > 30, "the table is found: {}", expressions.len());
    for (when, condition) in expressions {
        let condition: Value = serde_json::from_str(&condition).unwrap_or_else(|error| panic!("{error}: {condition}"));
        let rule = |key: &str, value: Value| {
            let mut rule = json!({ "effect": "RequireApproval", "tool_name": "*", "roles": ["agent"] });
            rule[key] = value;
            policy_of(rule)
        };
        assert_same_image(rule("when", when.into()), rule("condition", condition));
    }
}
