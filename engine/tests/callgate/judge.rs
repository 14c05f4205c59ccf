//! Policies with a few rules, and decisions for calls.

use callgate_engine::{Call, Code, Decision, Effect, PolicyImage, RequestFacts, evaluate};
use callgate_test_support::{image_of, open};
use serde_json::{Value, json};

/// Decides `call` with these rules, and passes the decision to `look`.
#[track_caller]
pub(crate) fn judge<T>(
    rules: &Value,
    call: &Value,
    look: impl FnOnce(&PolicyImage<'_>, &Call<'_>, &Decision) -> T,
) -> T {
    judge_as(&json!({ "agent": {}, "manager": {} }), &RequestFacts::default(), rules, call, look)
}

/// Like [`judge`], with these roles and these facts from the edge.
#[track_caller]
pub(crate) fn judge_as<T>(
    roles: &Value,
    facts: &RequestFacts,
    rules: &Value,
    call: &Value,
    look: impl FnOnce(&PolicyImage<'_>, &Call<'_>, &Decision) -> T,
) -> T {
    let policy = json!({
        "version": "callgate-1",
        "servers": ["crm", "erp"],
        "tools": ["refund", "view", "view_all", "review"],
        "roles": roles,
        "rules": rules,
    });
    let bytes = image_of(policy);
    let image = open(&bytes);
    let body = call.to_string();
    let call = Call::read(body.as_bytes(), facts, &image).expect("a call");
    let decision = evaluate(&image, &call);
    look(&image, &call, &decision)
}

#[track_caller]
pub(crate) fn check(rules: &Value, call: &Value, effect: Effect, code: Code) {
    let seen = judge(rules, call, |_, _, decision| (decision.effect, decision.code));
    assert_eq!(seen, (effect, code), "{rules} {call}");
}

pub(crate) fn allow_if(condition: &Value) -> Value {
    json!([{ "id": "r", "effect": "Allow", "tool_name": "refund", "roles": ["agent"], "condition": condition }])
}

pub(crate) fn refund(args: &Value) -> Value {
    json!({ "tool": "refund", "role": "agent", "args": args })
}

/// Checks whether the condition of an Allow rule is true, false or unknown for each of the arguments.
#[track_caller]
pub(crate) fn check_condition(condition: &Value, holds: &[Value], fails: &[Value], unknown: &[Value]) {
    check_allow_condition(condition, holds, fails, unknown);
    // Inside `Not`, true and false are swapped, and unknown stays unknown and allows nothing.
    let rules = allow_if(&json!({ "Not": condition }));
    holds.iter().for_each(|args| check(&rules, &refund(args), Effect::Deny, Code::ConditionFailed));
    fails.iter().for_each(|args| check(&rules, &refund(args), Effect::Allow, Code::Allowed));
    unknown.iter().for_each(|args| check(&rules, &refund(args), Effect::Deny, Code::ConditionUnknown));
}

/// Checks whether the condition of an Allow rule is true, false or unknown, without its opposite, which the build would
/// refuse.
#[track_caller]
pub(crate) fn check_allow_condition(condition: &Value, holds: &[Value], fails: &[Value], unknown: &[Value]) {
    let rules = allow_if(condition);
    holds.iter().for_each(|args| check(&rules, &refund(args), Effect::Allow, Code::Allowed));
    fails.iter().for_each(|args| check(&rules, &refund(args), Effect::Deny, Code::ConditionFailed));
    unknown.iter().for_each(|args| check(&rules, &refund(args), Effect::Deny, Code::ConditionUnknown));
}

pub(crate) fn numeric(op: &str, value: &Value) -> Value {
    json!({ "NumericCheck": { "source": "Arguments", "field": "x", "op": op, "value": value } })
}

pub(crate) fn no_number() -> Vec<Value> {
    vec![json!({}), json!({"x": null}), json!({"x": "5"}), json!({"x": true}), json!({"x": [5]}), json!({"x": {}})]
}

#[track_caller]
pub(crate) fn check_reason(rules: &Value, call: &Value, rule: Option<&str>, expected: &str) {
    let (seen_rule, seen) = judge(rules, call, |image, call, decision| {
        let mut reason = String::new();
        decision.write_reason(image, call, &mut reason);
        (decision.rule(image).map(str::to_owned), reason)
    });
    assert_eq!((seen_rule.as_deref(), &*seen), (rule, expected));
}

pub(crate) fn strings(list: &[&str]) -> Vec<Value> {
    list.iter().map(|text| json!({ "x": text })).collect()
}

/// The values that are unknown to a check that reads a string, and these strings.
pub(crate) fn unknown_and(list: &[&str]) -> Vec<Value> {
    let no_string = [json!({}), json!({"x": null}), json!({"x": 1}), json!({"x": ["/data/a"]}), json!({"x": {}})];
    [&no_string[..], &strings(list)].concat()
}

/// Decides with a condition on facts from the edge.
#[track_caller]
pub(crate) fn check_facts(condition: &Value, facts: &RequestFacts, expected: Code) {
    let roles = json!({ "agent": {}, "manager": {} });
    let call = refund(&json!({ "time": 0, "ip": "10.0.0.1", "country": "DE" }));
    let seen = judge_as(&roles, facts, &allow_if(condition), &call, |_, _, decision| decision.code);
    assert_eq!(seen, expected, "{condition} {facts:?}");
}
