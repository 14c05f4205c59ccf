//! Conditions on the items of a list.

use callgate_engine::{Code, Effect};
use serde_json::{Value, json};

use crate::judge::{allow_if, check, check_condition, check_reason, refund};

fn items(quantifier: &str, condition: &Value) -> Value {
    json!({ quantifier: { "source": "Arguments", "field": "x", "condition": condition } })
}

#[test]
fn every_asks_all_items_and_some_asks_one() {
    let small = json!({ "NumericCheck": { "source": "Item", "field": "n", "op": "Lte", "value": 5 } });
    let list = |numbers: Value| json!({ "x": numbers });
    let no_list = [json!({}), json!({"x": null}), json!({"x": {"n": 1}}), json!({"x": "n"}), json!({"x": 1})];
    let (all, one, none) = (
        list(json!([{ "n": 1 }, { "n": 5 }])),
        list(json!([{ "n": 9 }, { "n": 5 }])),
        list(json!([{ "n": 9 }, { "n": 6 }])),
    );
    let half_known = list(json!([{ "n": 1 }, {}]));
    let half_wrong = list(json!([{ "n": 9 }, {}]));
    check_condition(
        &items("Every", &small),
        &[all.clone(), list(json!([]))],
        &[one.clone(), none.clone(), half_wrong.clone()],
        &[&no_list[..], &[half_known.clone(), list(json!([1])), list(json!([null, { "n": 1 }]))]].concat(),
    );
    check_condition(
        &items("Some", &small),
        &[all, one, half_known],
        &[none, list(json!([]))],
        &[&no_list[..], &[half_wrong, list(json!(["n"]))]].concat(),
    );
}

#[test]
fn an_item_may_be_a_value_by_itself() {
    let ends = json!({ "StringCheck": { "source": "Item", "field": "", "op": "EndsWith", "value": "@a.test" } });
    let list = |texts: &[&str]| json!({ "x": texts });
    check_condition(
        &items("Every", &ends),
        &[list(&["a@a.test", "b@a.test"])],
        &[list(&["a@a.test", "b@b.test"]), list(&["a@a.test.evil"])],
        &[json!({ "x": ["a@a.test", 1] }), json!({ "x": ["a@a.test", ["a@a.test"]] })],
    );
}

#[test]
fn lists_within_items_are_asked_too() {
    let all_true = json!({ "Every": { "source": "Item", "field": "/list", "condition": {
        "BoolCheck": { "source": "Item", "field": "/a/b", "value": true } } } });
    check_condition(
        &items("Some", &all_true),
        &[json!({ "x": [{ "list": [{ "a": { "b": false } }] }, { "list": [{ "a": { "b": true } }] }] })],
        &[json!({ "x": [{ "list": [{ "a": { "b": false } }] }] })],
        &[json!({ "x": [{ "list": [{ "a": {} }] }] }), json!({ "x": [{}] })],
    );
}

#[test]
fn items_compare_with_the_call() {
    let own = json!({ "FieldEquals": {
        "source_a": "Item", "field_a": "owner", "source_b": "AgentAttributes", "field_b": "user" } });
    let rules = allow_if(&items("Every", &own));
    let call = |owners: &[&str]| {
        let list: Vec<Value> = owners.iter().map(|owner| json!({ "owner": owner })).collect();
        json!({ "tool": "refund", "role": "agent", "args": { "x": list }, "agentAttributes": { "user": "me" } })
    };
    check(&rules, &call(&["me", "me"]), Effect::Allow, Code::Allowed);
    check(&rules, &call(&["me", "you"]), Effect::Deny, Code::ConditionFailed);
}

#[test]
fn reasons_name_what_is_wrong_with_an_item() {
    let small = json!({ "NumericCheck": { "source": "Item", "field": "n", "op": "Lte", "value": 5 } });
    let every = allow_if(&items("Every", &small));
    check_reason(
        &every,
        &refund(&json!({"x": [{ "n": 1 }, { "n": 9 }]})),
        Some("r"),
        "`n` of each item must be at most 5",
    );
    check_reason(&every, &refund(&json!({"x": [{}]})), Some("r"), "`n` of each item is missing");
    check_reason(&every, &refund(&json!({"x": 1})), Some("r"), "`x` must be a list");
    check_reason(&every, &refund(&json!({})), Some("r"), "`x` is missing from the arguments");
    let some = allow_if(&items("Some", &small));
    check_reason(&some, &refund(&json!({"x": []})), Some("r"), "`x` must contain an item that meets the condition");
    let none = allow_if(&json!({ "Not": items("Some", &small) }));
    check_reason(&none, &refund(&json!({"x": [{ "n": 1 }]})), Some("r"), "`n` of each item must be more than 5");
    let not_all = allow_if(&json!({ "Not": items("Every", &small) }));
    check_reason(
        &not_all,
        &refund(&json!({"x": [{ "n": 1 }]})),
        Some("r"),
        "`x` must contain an item that does not meet the condition",
    );
    let plain = json!({ "BoolCheck": { "source": "Item", "field": "", "value": true } });
    check_reason(
        &allow_if(&items("Every", &plain)),
        &refund(&json!({"x": [false]})),
        Some("r"),
        "each item must be true",
    );
}
