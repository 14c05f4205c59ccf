//! Every kind of condition is in each place that lists or tests all kinds.
#![expect(clippy::panic, reason = "a failed test panics")]

use std::collections::BTreeSet;

use callgate_conformance::generate::Language;
use callgate_conformance::judge::policy_of;
use callgate_conformance::policy;
use callgate_engine::policy::condition;
use callgate_engine::{Code, Dialect};
use callgate_test_support::read_checkout;
use serde_json::Value;

/// The number of random policies that are searched. Each kind is in many of them.
const POLICIES: u64 = 300;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Collects the keys of all objects with one key, such as conditions.
fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let (Some((name, _)), 1) = (members.iter().next(), members.len()) {
                keys.insert(name.clone());
            }
            members.values().for_each(|value| collect_keys(value, keys));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        _ => {}
    }
}

fn keys_in(policies: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    policies.into_iter().for_each(|policy| collect_keys(&json(&policy), &mut keys));
    keys
}

/// The words in code font in a line of Markdown.
fn names_in_code_font(line: &str) -> Vec<String> {
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn texts_at(value: &Value, pointer: &str) -> BTreeSet<String> {
    let list = value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("{pointer} is not a list"));
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn every_kind_of_condition_is_in_each_place_that_lists_them() {
    let schema = json(&read_checkout("policies/policy.schema.json"));
    let one_of = schema.pointer("/$defs/condition/oneOf").and_then(Value::as_array).expect("the kinds of the schema");
    let in_schema: BTreeSet<String> =
        one_of.iter().filter_map(|kind| kind["$ref"].as_str()?.strip_prefix("#/$defs/").map(str::to_owned)).collect();
    let reference = read_checkout("docs/policy-language.md");
    let headings = reference.lines().filter_map(|line| line.strip_prefix("### "));
    let in_reference: BTreeSet<String> =
        headings.flat_map(|heading| heading.split(", ")).map(|name| name.replace('`', "")).collect();
    let cases = read_checkout("testdata/http/conditions.jsonl");
    let in_cases: BTreeSet<String> =
        cases.lines().filter_map(|line| json(line)["class"].as_str().map(str::to_owned)).collect();
    // A check is true, false and unknown for some case. `FieldPresent` is never unknown, and an edge always knows the time.
    let mut without_case = Vec::new();
    for kind in condition::names(Dialect::Callgate1) {
        for code in [Code::Allowed, Code::ConditionFailed, Code::ConditionUnknown] {
            let is_never = code == Code::ConditionUnknown && ["FieldPresent", "TimeCheck"].contains(&kind);
            let is_case = |case: &Value| case["class"] == kind && case["expect"]["code"] == code.name();
            if !is_never && !cases.lines().any(|line| is_case(&json(line))) {
                without_case.push(format!("no case of {kind} in testdata/http/conditions.jsonl is {}", code.name()));
            }
        }
    }
    let overview: BTreeSet<String> =
        reference.lines().filter(|line| line.starts_with("| [`")).flat_map(names_in_code_font).collect();
    let generated: Vec<String> = (0..POLICIES).map(|seed| policy_of(seed, Language::WHOLE).to_string()).collect();
    let read: Vec<String> = generated.iter().filter(|text| policy::read(text).is_ok()).cloned().collect();
    let in_openapi = texts_at(
        &json(&read_checkout("edge-core/openapi.json")),
        "/components/schemas/FailedPredicate/properties/check/enum",
    );
    let places = [
        ("policies/policy.schema.json", in_schema),
        ("docs/policy-language.md, as a heading", in_reference),
        ("testdata/http/conditions.json", keys_in([read_checkout("testdata/http/conditions.json")])),
        ("testdata/http/conditions.jsonl, as a class", in_cases),
        ("docs/policy-language.md, in the table of conditions", overview),
        ("CHANGELOG.md", read_checkout("CHANGELOG.md").lines().flat_map(names_in_code_font).collect()),
        ("conformance/src/generate.rs", keys_in(generated)),
        ("conformance/src/policy/condition.rs, as a condition that it reads", keys_in(read)),
        ("fuzz/oracles/src/every_condition.json", keys_in([read_checkout("fuzz/oracles/src/every_condition.json")])),
        ("edge-core/openapi.json, as a check", in_openapi),
    ];
    let mut missing = without_case;
    for kind in condition::names(Dialect::Callgate1) {
        for (place, kinds) in &places {
            // No response names a condition that combines others.
            let is_combined = matches!(kind, "All" | "Any" | "Not") && place.ends_with("as a check");
            if !kinds.contains(kind) && !is_combined {
                missing.push(format!("{kind} is not in {place}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
