//! What the JSON Schema of a tool says of its arguments, and what follows for the conditions on them.
#![expect(clippy::expect_used, reason = "a test states what must hold by failing")]

use callgate_engine::{parse, validate};
use serde_json::{Value, json};

/// The codes of what is found in a rule with this condition, on a tool that has one argument `x`, of this schema.
#[track_caller]
fn codes(property: &Value, condition: &Value) -> Vec<&'static str> {
    codes_of_schema(&json!({ "additionalProperties": false, "properties": { "x": property } }), condition)
}

/// As [`codes`], for all of a tool's `inputSchema`.
#[track_caller]
fn codes_of_schema(schema: &Value, condition: &Value) -> Vec<&'static str> {
    let policy = json!({ "version": "callgate-1", "tools": [{ "name": "tool", "inputSchema": schema }],
        "roles": { "agent": {} },
        "rules": [{ "effect": "Allow", "tool_name": "tool", "roles": ["agent"], "condition": condition }] });
    let text = policy.to_string();
    let findings = match parse(&text).and_then(validate) {
        Ok(policy) => policy.warnings().to_vec(),
        Err(findings) => findings,
    };
    findings.iter().map(|finding| finding.code).collect()
}

fn check(name: &str, op: &str, value: &Value) -> Value {
    json!({ name: { "source": "Arguments", "field": "x", "op": op, "value": value } })
}

fn number(op: &str, value: i32) -> Value {
    check("NumericCheck", op, &json!(value))
}

fn length(op: &str, value: i32) -> Value {
    check("LengthCheck", op, &json!(value))
}

fn text(value: &str) -> Value {
    check("StringCheck", "In", &json!([value]))
}

fn boolean(value: bool) -> Value {
    json!({ "BoolCheck": { "source": "Arguments", "field": "x", "value": value } })
}

/// Some item of the list `x` is present.
fn some_item() -> Value {
    let item = json!({ "FieldPresent": { "source": "Item", "field": "" } });
    json!({ "Some": { "source": "Arguments", "field": "x", "condition": item } })
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_number_is_not_less_than_its_minimum() {
    let inclusive = json!({ "minimum": 5 });
    assert_eq!(codes(&inclusive, &number("Lt", 5)), ["never_true"]);
    assert_eq!(codes(&inclusive, &number("Gte", 5)), ["always_true"]);
    assert_eq!(codes(&inclusive, &number("Lte", 5)), NOTHING);
    let exclusive = json!({ "exclusiveMinimum": 5 });
    assert_eq!(codes(&exclusive, &number("Lte", 5)), ["never_true"]);
    assert_eq!(codes(&exclusive, &number("Gt", 5)), ["always_true"]);
    assert_eq!(codes(&exclusive, &number("Lte", 6)), NOTHING);
}

#[test]
fn a_number_is_not_greater_than_its_maximum() {
    let inclusive = json!({ "maximum": 5 });
    assert_eq!(codes(&inclusive, &number("Gt", 5)), ["never_true"]);
    assert_eq!(codes(&inclusive, &number("Lte", 5)), ["always_true"]);
    assert_eq!(codes(&inclusive, &number("Gte", 5)), NOTHING);
    let exclusive = json!({ "exclusiveMaximum": 5 });
    assert_eq!(codes(&exclusive, &number("Gte", 5)), ["never_true"]);
    assert_eq!(codes(&exclusive, &number("Lt", 5)), ["always_true"]);
    assert_eq!(codes(&exclusive, &number("Gte", 4)), NOTHING);
}

#[test]
fn a_string_or_a_list_has_a_length_between_its_limits() {
    for (kind, least, most) in [("string", "minLength", "maxLength"), ("array", "minItems", "maxItems")] {
        let limited = json!({ "type": kind, least: 3, most: 5 });
        assert_eq!(codes(&limited, &length("Lt", 3)), ["never_true"], "{least}");
        assert_eq!(codes(&limited, &length("Gte", 3)), ["always_true"], "{least}");
        assert_eq!(codes(&limited, &length("Gt", 3)), NOTHING, "{least}");
        assert_eq!(codes(&limited, &length("Gt", 5)), ["never_true"], "{most}");
        assert_eq!(codes(&limited, &length("Lte", 5)), ["always_true"], "{most}");
        assert_eq!(codes(&limited, &length("Lt", 5)), NOTHING, "{most}");
    }
}

#[test]
fn a_list_of_types_allows_each_of_them_and_no_other() {
    let several = json!({ "type": ["number", "string"] });
    assert_eq!(codes(&several, &number("Lt", 5)), NOTHING);
    assert_eq!(codes(&several, &text("a")), NOTHING);
    assert_eq!(codes(&several, &boolean(true)), ["type_mismatch"]);
    // A list of one type is that type, so that its length has one limit.
    let one = json!({ "type": ["string"], "maxLength": 5 });
    assert_eq!(codes(&one, &length("Gt", 5)), ["never_true"]);
    assert_eq!(codes(&one, &number("Lt", 5)), ["type_mismatch"]);
    let either = json!({ "type": ["string", "array"], "maxLength": 5 });
    assert_eq!(codes(&either, &length("Gt", 5)), NOTHING);
}

#[test]
fn an_argument_has_one_of_the_values_that_its_schema_lists() {
    let numbers = json!({ "enum": [1, 2] });
    assert_eq!(codes(&numbers, &number("Lt", 2)), NOTHING);
    assert_eq!(codes(&numbers, &number("Lt", 1)), ["never_true"]);
    let strings = json!({ "enum": ["red", "green"] });
    assert_eq!(codes(&strings, &text("red")), NOTHING);
    assert_eq!(codes(&strings, &text("blue")), ["never_true"]);
    for value in [true, false] {
        let constant = json!({ "const": value });
        assert_eq!(codes(&constant, &boolean(value)), ["always_true"]);
        assert_eq!(codes(&constant, &boolean(!value)), ["never_true"]);
    }
    assert_eq!(codes(&json!({ "enum": [true, false] }), &boolean(true)), NOTHING);
}

#[test]
fn an_argument_is_a_list_where_its_schema_lists_one() {
    assert_eq!(codes(&json!({ "enum": [["a"], "b"] }), &some_item()), NOTHING);
    assert_eq!(codes(&json!({ "enum": ["a", "b"] }), &some_item()), ["never_true"]);
}

#[test]
fn a_closed_schema_must_declare_its_arguments_by_name() {
    let closed = json!({ "additionalProperties": false, "properties": { "x": {} } });
    assert_eq!(codes_of_schema(&closed, &text("a")), NOTHING);
    let by_pattern = json!({ "additionalProperties": false, "patternProperties": { "^x": {} } });
    // The name of an argument may match the pattern.
    assert_eq!(codes_of_schema(&by_pattern, &text("a")), ["unknown_argument"]);
    // An open schema allows any other argument anyway.
    let open = json!({ "properties": { "x": {} }, "patternProperties": { "^y": {} } });
    assert_eq!(codes_of_schema(&open, &text("a")), NOTHING);
    // Whatever stands beside it is not that keyword.
    let closed_beside = json!({ "additionalProperties": false, "title": "A tool", "properties": { "x": {} } });
    assert_eq!(codes_of_schema(&closed_beside, &text("a")), NOTHING);
}

#[test]
fn a_condition_that_no_call_meets_is_found_once_whatever_the_schema_says() {
    let never = json!({ "All": [number("Gt", 5), number("Lt", 5)] });
    assert_eq!(codes(&json!({ "minimum": 7 }), &never), ["never_true"]);
    let sometimes = json!({ "All": [number("Gt", 8), number("Lt", 9)] });
    assert_eq!(codes(&json!({ "minimum": 7 }), &sometimes), NOTHING);
}

/// The codes of what is found in a rule with this condition on two tools, whose arguments `x` have these schemas.
#[track_caller]
fn codes_of_two(properties: [&Value; 2], condition: &Value) -> Vec<&'static str> {
    let [first, second] = properties.map(|property| json!({ "properties": { "x": property } }));
    let tools = json!([{ "name": "tool_a", "inputSchema": first }, { "name": "tool_b", "inputSchema": second }]);
    let policy = json!({ "version": "callgate-1", "tools": tools, "roles": { "agent": {} },
        "rules": [{ "effect": "Allow", "tool_name": "tool_*", "roles": ["agent"], "condition": condition }] });
    let text = policy.to_string();
    let valid = parse(&text).and_then(validate).expect("a valid policy");
    valid.warnings().iter().map(|finding| finding.code).collect()
}

#[test]
fn each_tool_of_a_pattern_shows_that_a_condition_is_never_true() {
    let (small, large, open) = (json!({ "maximum": 5 }), json!({ "maximum": 50 }), json!({}));
    let condition = number("Gt", 9);
    assert_eq!(codes_of_two([&small, &small], &condition), ["never_true"; 2]);
    assert_eq!(codes_of_two([&small, &large], &condition), ["never_true"]);
    assert_eq!(codes_of_two([&large, &small], &condition), ["never_true"]);
    assert_eq!(codes_of_two([&open, &small], &condition), ["never_true"]);
    assert_eq!(codes_of_two([&large, &large], &condition), NOTHING);
    assert_eq!(codes_of_two([&large, &open], &condition), NOTHING);
}
