//! The tables of an image: a lookup finds exactly its name, regardless of neighbors and hash collisions.

use callgate_engine::Code;
use callgate_test_support::{decide, image_of, open};
use serde_json::{Value, json};

/// Two names with the same 32 bits of hash, which the tables keep: the second is made to collide with the first.
const ALIKE: [&str; 2] = ["amount27748", "amount49437"];

#[track_caller]
fn check(image: &[u8], call: &Value, expected: Code) {
    assert_eq!(decide(image, call).code, expected, "{call}");
}

fn at_most(field: &str, value: usize) -> Value {
    json!({ "NumericCheck": { "source": "Arguments", "field": field, "op": "Lte", "value": value } })
}

#[test]
fn a_name_that_hashes_like_another_is_not_the_other() {
    let [known, alike] = ALIKE;
    let image = image_of(json!({
        "version": "callgate-1", "tools": [known, { "name": "view", "inputSchema": {
            "additionalProperties": false, "properties": { known: {} } } }],
        "prompts": [known],
        "roles": { known: {} },
        "rules": [
            { "effect": "Allow", "tool_name": "*", "roles": [known], "condition": at_most(known, 5) },
            { "effect": "Allow", "prompt_name": known, "roles": [known] },
        ],
    }));
    let call = |tool: &str, role: &str, args: &[(&str, u32)]| {
        let args: serde_json::Map<String, Value> = args.iter().map(|&(name, n)| (name.to_owned(), json!(n))).collect();
        json!({ "tool": tool, "role": role, "args": args })
    };
    check(&image, &call(known, known, &[(known, 5)]), Code::Allowed);
    check(&image, &call(known, known, &[(known, 6)]), Code::ConditionFailed);
    // A field.
    check(&image, &call(known, known, &[(alike, 5)]), Code::ConditionUnknown);
    check(&image, &call(known, known, &[(known, 6), (alike, 5)]), Code::ConditionFailed);
    check(&image, &call(known, known, &[(known, 5), (alike, 6)]), Code::Allowed);
    // A role, a tool and a prompt.
    check(&image, &call(known, alike, &[(known, 5)]), Code::UnknownRole);
    check(&image, &call(alike, known, &[(known, 5)]), Code::UnknownTool);
    check(&image, &json!({ "prompt": known, "role": known }), Code::Allowed);
    check(&image, &json!({ "prompt": alike, "role": known }), Code::UnknownPrompt);
    // An argument.
    check(&image, &call("view", known, &[(known, 5)]), Code::Allowed);
    check(&image, &call("view", known, &[(known, 5), (alike, 5)]), Code::UndeclaredArgument);
}

#[test]
fn fields_of_one_name_are_told_apart_by_what_they_are_in() {
    let places = 60_usize;
    let conditions: Vec<Value> = (0..places).map(|n| at_most(&format!("/p{n}/x"), n)).collect();
    let image = image_of(json!({
        "version": "callgate-1", "tools": ["refund"], "roles": { "agent": {} },
        "rules": [{ "effect": "Allow", "tool_name": "refund", "roles": ["agent"], "condition": { "All": conditions } }],
    }));
    let call = |wrong: Option<usize>| {
        let value = |n: usize| if wrong == Some(n) { n.saturating_add(1) } else { n };
        let args: serde_json::Map<String, Value> =
            (0..places).map(|n| (format!("p{n}"), json!({ "x": value(n), "y": places }))).collect();
        json!({ "tool": "refund", "role": "agent", "args": args })
    };
    check(&image, &call(None), Code::Allowed);
    (0..places).for_each(|n| check(&image, &call(Some(n)), Code::ConditionFailed));
}

#[test]
fn a_rule_is_found_for_its_roles_and_its_tools_alone() {
    let count = 24_usize;
    let names = |prefix: &str| (0..count).map(|n| format!("{prefix}{n}")).collect::<Vec<String>>();
    let (tools, roles) = (names("tool"), names("role"));
    let is_allowed = |tool: usize, role: usize| tool.wrapping_mul(5).wrapping_add(role).is_multiple_of(7);
    let rules: Vec<Value> = (0..count)
        .map(|tool| {
            let of_tool: Vec<&String> =
                roles.iter().enumerate().filter(|&(role, _)| is_allowed(tool, role)).map(|(_, name)| name).collect();
            json!({ "effect": "Allow", "tool_name": format!("tool{tool}"), "roles": of_tool })
        })
        .collect();
    let declared: serde_json::Map<String, Value> = roles.iter().map(|role| (role.clone(), json!({}))).collect();
    let image = image_of(json!({ "version": "callgate-1", "tools": tools, "roles": declared, "rules": rules }));
    for tool in 0..count {
        for role in 0..count {
            let expected = if is_allowed(tool, role) { Code::Allowed } else { Code::NoRule };
            let call = json!({ "tool": format!("tool{tool}"), "role": format!("role{role}") });
            check(&image, &call, expected);
        }
    }
}

#[test]
fn an_argument_is_declared_for_its_tool_alone() {
    let count = 24_usize;
    let tools: Vec<Value> = (0..count)
        .map(|n| {
            let schema =
                json!({ "additionalProperties": n % 4 == 3, "properties": { format!("a{n}"): {}, "own": {} } });
            json!({ "name": format!("tool{n}"), "inputSchema": schema })
        })
        .collect();
    let image = image_of(json!({
        "version": "callgate-1", "tools": tools, "roles": { "agent": {} },
        "rules": [{ "effect": "Allow", "tool_name": "*", "roles": ["agent"] }],
    }));
    for tool in 0..count {
        for argument in 0..count {
            let is_taken = tool == argument || tool % 4 == 3;
            let expected = if is_taken { Code::Allowed } else { Code::UndeclaredArgument };
            let args = json!({ format!("a{argument}"): 1, "own": {} });
            check(&image, &json!({ "tool": format!("tool{tool}"), "role": "agent", "args": args }), expected);
        }
    }
}

#[test]
fn only_the_arguments_themselves_are_held_against_a_closed_tool() {
    let mfa = json!({ "BoolCheck": { "source": "AgentAttributes", "field": "mfa", "value": true } });
    let image = image_of(json!({
        "version": "callgate-1", "roles": { "agent": {} },
        "tools": [{ "name": "refund", "inputSchema": { "additionalProperties": false, "properties": { "order": {} } } }],
        "rules": [{ "effect": "Allow", "tool_name": "refund", "roles": ["agent"],
            "condition": { "All": [at_most("/order/total", 5), at_most("/order/lines/0", 5), mfa] } }],
    }));
    let call =
        |args: Value| json!({ "tool": "refund", "role": "agent", "args": args, "agentAttributes": { "mfa": true } });
    let order = json!({ "total": 5, "lines": [5], "note": "" });
    check(&image, &call(json!({ "order": order })), Code::Allowed);
    check(&image, &call(json!({ "order": order, "total": 5 })), Code::UndeclaredArgument);
    check(&image, &call(json!({ "order": order, "mfa": true })), Code::UndeclaredArgument);
}

#[test]
fn an_image_says_which_policy_it_holds() {
    let text = r#"{"version":"callgate-1","description":"Refunds","tools":["a","b","c"],"roles":{"x":{},"y":{}},"rules":[
        {"effect":"Allow","tool_name":"a","roles":["x"]}, {"effect":"Deny","tool_name":"*","roles":["y"]},
        {"effect":"Allow","tool_name":"b","roles":["x"]}, {"effect":"Allow","tool_name":"c","roles":["x"]}]}"#;
    let bytes = image_of(text);
    let image = open(&bytes);
    assert_eq!((image.version(), image.description(), image.dialect().name()), ("callgate-1", "Refunds", "callgate-1"));
    assert_eq!((image.tool_count(), image.role_count(), image.rule_count()), (Some(3), 2, 4));
    assert_eq!(usize::try_from(image.policy_bytes()), Ok(text.len()));
    assert!(!image.reads_request());
    assert_eq!(image.policy_digest(), "1e4c094820756741fa7e1db0dde73494ab20d89730d3a5643ea744a635585b41");
    let bytes_of_open = image_of(json!({ "version": "callgate-1", "roles": { "x": {} },
        "rules": [{ "effect": "Allow", "tool_name": "*", "roles": ["x"], "condition": {
            "NumericCheck": { "source": "Request", "field": "time", "op": "Gt", "value": 0 } } }] }));
    let image = open(&bytes_of_open);
    assert_eq!((image.tool_count(), image.description(), image.reads_request()), (None, "", true));
}
