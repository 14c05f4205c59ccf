//! Explanations: they agree with the decisions, and name what decided.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a failed test panics")]

use callgate_engine::judge::explanation::{ExplainedCondition, ExplainedRule, explain};
use callgate_engine::{Call, Code, Effect, PolicyImage, RequestFacts, evaluate};
use callgate_test_support::{image_of, open, read_checkout};
use serde_json::{Value, json};

const NOW: i64 = 1_795_233_906;

/// Explains a call and passes the rules to `look`.
#[track_caller]
fn explained<T>(rules: &Value, call: &Value, look: impl FnOnce(&PolicyImage<'_>, &[ExplainedRule]) -> T) -> T {
    let policy = json!({ "version": "callgate-1", "tools": ["t"], "roles": { "r": {}, "s": {} }, "rules": rules });
    let bytes = image_of(policy.to_string());
    let image = open(&bytes);
    let (body, facts) = (call.to_string(), RequestFacts::default());
    let call = Call::read(body.as_bytes(), &facts, &image).expect("a call");
    look(&image, &explain(&image, &call).expect("an explanation"))
}

fn allow_if(condition: &Value) -> Value {
    json!([{ "id": "a", "effect": "Allow", "tool_name": "t", "roles": ["r"], "condition": condition }])
}

fn call(args: &Value) -> Value {
    json!({ "tool": "t", "role": "r", "args": args })
}

fn more_than(source: &str, field: &str, value: i64) -> Value {
    json!({ "NumericCheck": { "source": source, "field": field, "op": "Gt", "value": value } })
}

/// What the strictest rule decides, by the truth of the rules.
fn effect_by(rules: &[ExplainedRule]) -> Effect {
    let has = |effect, applies| rules.iter().any(|rule| rule.effect == effect && rule.applies == applies);
    let allows = has(Effect::Allow, Some(true));
    if has(Effect::Deny, Some(true)) || has(Effect::Deny, None) {
        Effect::Deny
    } else if has(Effect::RequireApproval, Some(true)) || (allows && has(Effect::RequireApproval, None)) {
        Effect::RequireApproval
    } else if allows {
        Effect::Allow
    } else {
        Effect::Deny
    }
}

/// Whether the truth of a condition follows from those of its children.
fn is_consistent(condition: &ExplainedCondition) -> bool {
    let truths: Vec<_> = condition.children.iter().map(|child| child.truth).collect();
    let follows = match condition.name {
        "All" if truths.contains(&Some(false)) => Some(false),
        "All" if truths.contains(&None) => None,
        "All" => Some(true),
        "Any" if truths.contains(&Some(true)) => Some(true),
        "Any" if truths.contains(&None) => None,
        "Any" => Some(false),
        "Not" => truths[0].map(|truth| !truth),
        "Every" | "Some" if condition.item.is_some() => truths[0],
        _ => condition.truth,
    };
    condition.truth == follows && condition.children.iter().all(is_consistent)
}

#[track_caller]
fn check_file(policy: &str, path: &str, least: usize) {
    let bytes = image_of(read_checkout(policy));
    let image = open(&bytes);
    let mut seen = 0_usize;
    for line in read_checkout(path).lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let facts = RequestFacts::new(Some(NOW), None, None);
        let body = case["body"].as_str().unwrap_or_default();
        let Ok(call) = Call::read(body.as_bytes(), &facts, &image) else { continue };
        let decision = evaluate(&image, &call);
        if matches!(decision.code, Code::UnknownRole | Code::UndeclaredArgument | Code::TooComplex) {
            continue;
        }
        let rules = explain(&image, &call).expect("an explanation");
        assert_eq!(effect_by(&rules), decision.effect, "{}", case["name"]);
        assert!(rules.iter().filter_map(|rule| rule.condition.as_ref()).all(is_consistent), "{}", case["name"]);
        if let Some(id) = decision.rule(&image) {
            assert!(rules.iter().any(|rule| rule.id(&image) == id), "{}", case["name"]);
        }
        seen = seen.saturating_add(1);
    }
    assert!(seen >= least, "{path}: {seen}");
}

#[test]
fn an_explanation_agrees_with_the_decision() {
    check_file("testdata/http/conditions.json", "testdata/http/conditions.jsonl", 800);
    check_file("testdata/http/targets.json", "testdata/http/targets.jsonl", 60);
    check_file("policies/crm.json", "testdata/http/crm.jsonl", 90);
}

#[test]
fn each_check_is_explained_although_another_one_decides() {
    let condition = json!({ "All": [more_than("Arguments", "x", 5), more_than("AgentAttributes", "y", 1),
                                    { "Not": more_than("Arguments", "x", 9) }] });
    explained(&allow_if(&condition), &call(&json!({ "x": 1 })), |image, rules| {
        assert_eq!((rules[0].id(image), rules[0].applies), ("a", Some(false)));
        let all = rules[0].condition.as_ref().expect("a condition");
        let truths: Vec<_> = all.children.iter().map(|child| (child.name, child.truth)).collect();
        assert_eq!(truths, [("NumericCheck", Some(false)), ("NumericCheck", None), ("Not", Some(true))]);
        let mut text = String::new();
        all.children[0].write_requirement(image, &mut text);
        text.push_str("; ");
        all.children[1].write_problem(image, &mut text);
        assert_eq!(text, "`x` must be more than 5; `y` is missing from the agent attributes");
    });
}

#[test]
fn the_item_that_decides_is_explained() {
    let every = json!({ "Every": { "source": "Arguments", "field": "x", "condition": more_than("Item", "", 5) } });
    let item = |args: Value| {
        explained(&allow_if(&every), &call(&args), |_, rules| {
            let condition = rules[0].condition.as_ref().expect("a condition");
            (condition.truth, condition.item, condition.children.len())
        })
    };
    assert_eq!(item(json!({ "x": [6, 5, "7", 4] })), (Some(false), Some(1), 1));
    assert_eq!(item(json!({ "x": [6, "7", 8] })), (None, Some(1), 1));
    assert_eq!(item(json!({ "x": [6, 7] })), (Some(true), None, 0));
    assert_eq!(item(json!({ "x": [] })), (Some(true), None, 0));
    assert_eq!(item(json!({ "x": 6 })), (None, None, 0));
    assert_eq!(item(json!({})), (None, None, 0));
}

#[test]
fn rules_are_in_the_order_of_precedence_and_each_is_there_once() {
    let rule = |id: &str, effect: &str| json!({ "id": id, "effect": effect, "tool_name": "t", "roles": ["r", "s"] });
    let rules = json!([rule("b", "Allow"), rule("c", "Deny"), rule("a", "Allow"), rule("d", "RequireApproval")]);
    let call = json!({ "tool": "t", "roles": ["r", "s"] });
    let ids =
        explained(&rules, &call, |image, rules| rules.iter().map(|rule| rule.id(image).to_owned()).collect::<Vec<_>>());
    assert_eq!(ids, ["c", "d", "a", "b"]);
    assert!(explained(&rules, &json!({ "tool": "u", "role": "r" }), |_, rules| rules.is_empty()));
    assert!(explained(&rules, &json!({ "tool": "t", "role": "u" }), |_, rules| rules.is_empty()));
}

#[test]
fn a_call_over_the_budget_is_not_explained() {
    let same = json!({ "FieldEquals": { "source_a": "Item", "field_a": "", "source_b": "Arguments", "field_b": "y" } });
    let some = json!({ "Some": { "source": "Arguments", "field": "x", "condition": same } });
    let policy = json!({ "version": "callgate-1", "tools": ["t"], "roles": { "r": {} }, "rules": allow_if(&some) });
    let bytes = image_of(policy.to_string());
    let image = open(&bytes);
    let is_explained = |items: usize, length: usize| {
        let (body, facts) = (call(&json!({ "x": vec!["a"; items], "y": "b".repeat(length) })), RequestFacts::default());
        let body = body.to_string();
        explain(&image, &Call::read(body.as_bytes(), &facts, &image).expect("a call")).is_some()
    };
    assert!(is_explained(100, 1_000));
    assert!(!is_explained(20_000, 100_000));
}
