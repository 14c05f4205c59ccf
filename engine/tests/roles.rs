//! The roles of a policy and of its rules, as they are checked.

use callgate_engine::policy::text::Severity;
use callgate_engine::{parse, validate};
use serde_json::{Value, json};

/// The codes of the errors of a policy with these roles, and one rule for some of them.
#[track_caller]
fn errors(roles: &Value, of_rule: &Value) -> Vec<&'static str> {
    let policy = json!({ "version": "callgate-1", "roles": roles,
        "rules": [{ "effect": "Allow", "tool_name": "tool", "roles": of_rule }] });
    let text = policy.to_string();
    let findings = match parse(&text).and_then(validate) {
        Ok(policy) => policy.warnings().to_vec(),
        Err(findings) => findings,
    };
    findings.iter().filter(|finding| finding.severity == Severity::Error).map(|finding| finding.code).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_rule_names_a_role_once() {
    let roles = json!({ "agent": {}, "manager": {} });
    assert_eq!(errors(&roles, &json!(["agent", "agent"])), ["duplicate_role"]);
    assert_eq!(errors(&roles, &json!(["agent", "manager", "agent"])), ["duplicate_role"]);
    assert_eq!(errors(&roles, &json!(["agent", "manager"])), NOTHING);
}

#[test]
fn roles_that_cannot_be_read_leave_no_role_unknown() {
    assert_eq!(errors(&json!(["agent"]), &json!(["agent"])), ["wrong_type"]);
    assert_eq!(errors(&json!({}), &json!(["agent"])), ["unknown_role"]);
    assert_eq!(errors(&json!({ "agent": {} }), &json!(["agent"])), NOTHING);
}

/// The roles of a policy with so many pairs of a role and one that it inherits, directly or not.
fn roles_of_pairs(count: usize) -> Value {
    /// Each role of the chain inherits the one before it, and so all before it.
    const CHAIN: usize = 1414;
    let chain_pairs = CHAIN * (CHAIN - 1) / 2;
    let parents: Vec<String> = (chain_pairs..count).map(|number| format!("p{number}")).collect();
    let mut roles = serde_json::Map::new();
    for number in 0..CHAIN {
        let before = number.checked_sub(1).map(|before| format!("c{before}"));
        roles.insert(format!("c{number}"), json!({ "inherits": before.as_slice() }));
    }
    roles.extend(parents.iter().map(|parent| (parent.clone(), json!({}))));
    roles.insert("heir".to_owned(), json!({ "inherits": parents }));
    Value::Object(roles)
}

#[test]
fn a_policy_has_a_million_pairs_of_roles_that_inherit_and_no_more() {
    assert_eq!(errors(&roles_of_pairs(1_000_000), &json!(["heir"])), NOTHING);
    assert_eq!(errors(&roles_of_pairs(1_000_001), &json!(["heir"])), ["too_many_heirs"]);
}

/// The codes of the errors of a policy with so many tools, all of which each rule allows to so many roles.
#[track_caller]
fn errors_of_pairs(tools: usize, roles: usize, rules: usize) -> Vec<&'static str> {
    let tools: Vec<String> = (0..tools).map(|number| format!("tool_{number}")).collect();
    let heirs = (1..roles).map(|number| (format!("heir_{number}"), json!({ "inherits": ["agent"] })));
    let roles: serde_json::Map<String, Value> = heirs.chain([("agent".to_owned(), json!({}))]).collect();
    let rule = json!({ "effect": "Allow", "tool_name": "*", "roles": ["agent"] });
    let policy = json!({ "version": "callgate-1", "tools": tools, "roles": roles, "rules": vec![rule; rules] });
    let text = policy.to_string();
    let findings =
        parse(&text).and_then(validate).map_or_else(|findings| findings, |policy| policy.warnings().to_vec());
    findings.iter().filter(|finding| finding.severity == Severity::Error).map(|finding| finding.code).collect()
}

#[test]
fn rules_match_ten_million_pairs_of_a_role_and_a_target_and_no_more() {
    assert_eq!(errors_of_pairs(2500, 4000, 1), NOTHING);
    assert_eq!(errors_of_pairs(2501, 4000, 1), ["too_many_pairs"]);
    assert_eq!(errors_of_pairs(1250, 4000, 2), NOTHING);
    assert_eq!(errors_of_pairs(1250, 4000, 3), ["too_many_pairs"]);
}
