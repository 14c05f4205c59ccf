//! The schema for editors, `policies/policy.schema.json`, against policies that the engine accepts or rejects.
#![expect(clippy::expect_used, clippy::panic, reason = "a test states what must hold by failing")]

use callgate_engine::{parse, validate};
use jsonschema::Validator;
use serde_json::{Value, json};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../policies/policy.schema.json")).expect("JSON")
}

fn validator() -> Validator {
    jsonschema::validator_for(&schema()).expect("a schema")
}

#[track_caller]
fn check(policy: &Value, is_valid: bool) {
    let text = policy.to_string();
    assert_eq!(validator().is_valid(policy), is_valid, "the schema: {text}");
    assert_eq!(parse(&text).and_then(validate).is_ok(), is_valid, "the engine: {text}");
}

fn with_condition(condition: &Value) -> Value {
    json!({ "version": "callgate-1", "tools": ["tool"], "roles": { "agent": {} },
            "rules": [{ "effect": "Allow", "tool_name": "tool", "roles": ["agent"], "condition": condition }] })
}

/// One condition of each kind.
fn conditions() -> Vec<Value> {
    let reference = include_str!("../../docs/policy-language.md");
    let blocks = reference.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks
        .map(|text| serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: {text}")))
        .filter(|example| example.as_object().is_some_and(|example| example.len() == 1))
        .collect()
}

#[test]
fn the_policies_that_ship_fit_the_schema() {
    for text in [
        include_str!("../../policies/crm.json"),
        include_str!("../../policies/file-server.json"),
        include_str!("../../policies/database.json"),
        include_str!("../../policies/web-fetch.json"),
        include_str!("../../policies/code-repository.json"),
        include_str!("../../testdata/http/conditions.json"),
        include_str!("../../testdata/http/targets.json"),
    ] {
        check(&serde_json::from_str(text).expect("JSON"), true);
    }
}

#[test]
fn a_rule_speaks_of_one_kind_of_target_in_both() {
    let check_rule = |target: Value, is_valid: bool| {
        let mut rule = json!({ "effect": "Allow", "roles": ["agent"] });
        rule.as_object_mut().expect("an object").extend(target.as_object().expect("an object").clone());
        check(&json!({ "version": "callgate-1", "roles": { "agent": {} }, "rules": [rule] }), is_valid);
    };
    check_rule(json!({ "tool_name": "view_*" }), true);
    check_rule(json!({ "tools": "view_*" }), true);
    check_rule(json!({ "tools": ["view_*", "refund"], "except": ["view_all"] }), true);
    check_rule(json!({ "tools": ["view_*"], "except": "view_all", "note": "a text", "owner": "desk" }), true);
    check_rule(json!({ "tools": [] }), false);
    check_rule(json!({ "tools": ["view", "view"] }), false);
    check_rule(json!({ "tools": [1] }), false);
    check_rule(json!({ "tools": "view", "tool_name": "view" }), false);
    check_rule(json!({ "tool_name": "view_*", "except": ["view_all"] }), false);
    check_rule(json!({ "tools": "view", "note": 1 }), false);
    check_rule(json!({ "prompt_name": "greet" }), true);
    check_rule(json!({ "resource_uri": "note://today", "operations": ["read", "list", "subscribe"] }), true);
    check_rule(json!({}), false);
    check_rule(json!({ "tool_name": "view", "prompt_name": "greet" }), false);
    check_rule(json!({ "tool_name": "view", "operations": ["read"] }), false);
    check_rule(json!({ "resource_uri": "note://today" }), false);
    check_rule(json!({ "resource_uri": "note://today", "operations": [] }), false);
    check_rule(json!({ "resource_uri": "note://today", "operations": ["read", "read"] }), false);
    check_rule(json!({ "resource_uri": "note://today", "operations": ["write"] }), false);
}

#[test]
fn a_rule_lists_its_roles_or_is_for_every_role_in_both() {
    let check_roles = |roles: Value, is_valid: bool| {
        let rule = json!({ "effect": "Allow", "tools": "view", "roles": roles });
        check(&json!({ "version": "callgate-1", "roles": { "agent": {} }, "rules": [rule] }), is_valid);
    };
    check_roles(json!(["agent"]), true);
    check_roles(json!("*"), true);
    check_roles(json!("agent"), false);
    check_roles(json!([]), false);
}

#[test]
fn an_approval_belongs_to_an_allow_rule_in_both() {
    let check_rule = |effect: &str, approval: Value, is_valid: bool| {
        let rule = json!({ "effect": effect, "tools": "view", "roles": ["agent"], "approval": approval });
        check(&json!({ "version": "callgate-1", "roles": { "agent": {} }, "rules": [rule] }), is_valid);
    };
    check_rule("Allow", json!({}), true);
    check_rule("Allow", json!({ "by": ["agent"], "notSelf": true, "expires": "15m" }), true);
    let when = json!({ "BoolCheck": { "source": "Arguments", "field": "x", "value": true } });
    check_rule("Allow", json!({ "when": when }), true);
    check_rule("Deny", json!({}), false);
    check_rule("RequireApproval", json!({}), false);
    check_rule("Allow", json!({ "when": {} }), false);
    check_rule("Allow", json!({ "by": [] }), false);
    check_rule("Allow", json!({ "notSelf": "yes" }), false);
    check_rule("Allow", json!({ "expires": "15" }), false);
    check_rule("Allow", json!({ "expires": "015m" }), false);
    check_rule("Allow", json!({ "unless": when }), false);
    check_rule("Allow", json!(true), false);
}

#[test]
fn servers_are_names_or_own_tools_in_both() {
    let check_servers = |servers: Value, is_valid: bool| {
        let rule = json!({ "effect": "Allow", "tools": "*", "roles": ["agent"] });
        let policy = json!({ "version": "callgate-1", "servers": servers, "tools": ["view"],
                             "roles": { "agent": {} }, "rules": [rule] });
        check(&policy, is_valid);
    };
    check_servers(json!(["crm"]), true);
    check_servers(json!({ "crm": {}, "erp": { "tools": [] } }), true);
    check_servers(json!({ "crm": { "tools": ["query", { "name": "find", "inputSchema": {} }] } }), true);
    check_servers(json!("crm"), false);
    check_servers(json!({ "crm": ["query"] }), false);
    check_servers(json!({ "crm": { "tools": "query" } }), false);
    check_servers(json!({ "crm": { "tools": [{ "inputSchema": {} }] } }), false);
    check_servers(json!({ "crm": { "name": "crm" } }), false);
}

#[test]
fn every_kind_of_condition_is_in_the_schema_and_in_the_reference() {
    let named = schema()["$defs"]["condition"]["oneOf"].as_array().expect("kinds").len();
    let mut seen: Vec<String> = conditions()
        .iter()
        .flat_map(|condition| condition.as_object().expect("an object").keys().cloned().collect::<Vec<_>>())
        .chain(["Any", "Not", "Some"].map(String::from))
        .collect();
    seen.sort();
    seen.dedup();
    // `Defined` is the name of a condition, which no policy of the examples has.
    seen.push(String::from("Defined"));
    assert_eq!(seen.len(), named, "{seen:?}");
    for condition in conditions() {
        check(&with_condition(&condition), true);
        check(&with_condition(&json!({ "Not": condition })), true);
        check(&with_condition(&json!({ "Any": [condition] })), true);
    }
}

#[test]
fn a_key_too_many_or_too_few_is_refused_by_both() {
    for condition in conditions() {
        let (kind, body) = condition.as_object().and_then(|members| members.iter().next()).expect("a condition");
        let Value::Object(body) = body else { continue };
        let mut more = body.clone();
        more.insert("extra".to_owned(), Value::Null);
        check(&with_condition(&json!({ kind: more })), false);
        if kind == "TimeCheck" || kind == "UrlCheck" {
            // Some of their keys are optional.
            continue;
        }
        for key in body.keys().filter(|key| !["ignoreCase", "base"].contains(&key.as_str())) {
            let mut less = body.clone();
            less.remove(key);
            check(&with_condition(&json!({ kind: less })), false);
        }
    }
    check(&with_condition(&json!({ "All": [] })), false);
    let url = |ports: Value| json!({ "UrlCheck": { "source": "Arguments", "field": "x", "hosts": ["a.test"], "ports": ports } });
    check(&with_condition(&url(json!([8443]))), true);
    check(&with_condition(&url(json!([]))), false);
    check(&with_condition(&url(json!("*"))), true);
    check(&with_condition(&url(json!(["*"]))), true);
    check(&with_condition(&url(json!(["*", 443]))), false);
    check(&with_condition(&url(json!("443"))), false);
    let text = |op: &str, case: &str| json!({ "StringCheck": { "source": "Arguments", "field": "x", "op": op, "value": ["a"], "ignoreCase": case } });
    check(&with_condition(&text("Glob", "Full")), true);
    check(&with_condition(&text("NotIn", "Ascii")), true);
    check(&with_condition(&text("NotIn", "ascii")), false);
    check(&with_condition(&text("Matches", "Ascii")), false);
    check(&with_condition(&json!({})), false);
    check(&with_condition(&json!({ "NumericCheck": {}, "All": [] })), false);
}

#[test]
fn an_accepted_finding_has_a_code_and_a_reason_in_both() {
    let check_item = |item: Value, is_valid: bool| {
        check(
            &json!({ "version": "callgate-1", "tools": ["view"], "roles": { "agent": {} }, "accept": [item],
                "rules": [{ "effect": "Allow", "tool_name": "view", "roles": ["agent"] }] }),
            is_valid,
        );
    };
    check_item(json!({ "finding": "never_true", "reason": "a test" }), true);
    check_item(json!({ "finding": "never_true", "at": "/rules/0", "reason": "a test" }), true);
    check_item(json!({ "finding": "never_true" }), false);
    check_item(json!({ "finding": "never_true", "reason": " " }), false);
    check_item(json!({ "reason": "a test" }), false);
    check_item(json!({ "finding": "never_true", "at": 0, "reason": "a test" }), false);
    check_item(json!({ "finding": "never_true", "rule": "view", "reason": "a test" }), false);
}

#[test]
fn expressions_and_definitions_are_in_the_schema() {
    let policy = |define: Value, rule: Value| {
        let mut whole = json!({ "effect": "Allow", "tool_name": "view", "roles": ["agent"] });
        if let (Some(whole), Some(rule)) = (whole.as_object_mut(), rule.as_object()) {
            whole.extend(rule.clone());
        }
        json!({ "version": "callgate-1", "tools": ["view"], "roles": { "agent": {} }, "define": define, "rules": [whole] })
    };
    let condition = json!({ "BoolCheck": { "source": "Arguments", "field": "a", "value": true } });
    check(&policy(json!({ "own": "args.a" }), json!({ "when": "own" })), true);
    check(&policy(json!({ "own": condition }), json!({ "condition": { "Not": { "Defined": "own" } } })), true);
    check(&policy(json!({ "own": "args.a" }), json!({ "when": "own", "condition": null })), true);
    check(&policy(json!({ "own": "args.a" }), json!({ "when": "own", "condition": condition })), false);
    check(&policy(json!({ "own": true }), json!({ "when": "args.a" })), false);
    check(&policy(json!({}), json!({ "when": ["args.a"] })), false);
}
