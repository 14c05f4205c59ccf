//! Conditions that guard nothing are found, and those that guard something are left alone.
#![expect(clippy::expect_used, reason = "a test states what must hold by failing")]

use callgate_test_support::valid_policy;
use serde_json::{Value, json};

/// The codes of the findings about the condition of a rule, with the text at their positions.
#[track_caller]
fn findings(tool: &Value, condition: &Value) -> Vec<(&'static str, Value)> {
    let policy = json!({ "version": "callgate-1", "tools": [tool], "roles": { "agent": {} },
        "rules": [{ "effect": "Allow", "tool_name": "tool", "roles": ["agent"], "condition": condition }] });
    let text = policy.to_string();
    let valid = valid_policy(&text);
    let place = |finding: &callgate_engine::policy::text::Diagnostic| {
        serde_json::from_str(text.get(finding.span.clone()).expect("a span")).expect("JSON")
    };
    valid.warnings().iter().map(|finding| (finding.code, place(finding))).collect()
}

/// Checks the findings about a condition on a tool without a schema: none, or one for the whole condition.
#[track_caller]
fn check(condition: &Value, expected: Option<&str>) {
    let expected: Vec<(&str, Value)> = expected.into_iter().map(|code| (code, condition.clone())).collect();
    assert_eq!(findings(&json!("tool"), condition), expected, "{condition}");
}

/// Like [`check`], for a tool whose schema has this entry for the argument `x`.
#[track_caller]
fn check_schema(property: &Value, condition: &Value, expected: Option<&str>) {
    let tool =
        json!({ "name": "tool", "inputSchema": { "additionalProperties": false, "properties": { "x": property } } });
    let expected: Vec<(&str, Value)> = expected.into_iter().map(|code| (code, condition.clone())).collect();
    assert_eq!(findings(&tool, condition), expected, "{property} {condition}");
}

fn x(check: &str, op: &str, value: &Value) -> Value {
    json!({ check: { "source": "Arguments", "field": "x", "op": op, "value": value } })
}

fn number(op: &str, value: f64) -> Value {
    x("NumericCheck", op, &json!(value))
}

fn text(op: &str, values: &[&str]) -> Value {
    x("StringCheck", op, &json!(values))
}

fn boolean(value: bool) -> Value {
    json!({ "BoolCheck": { "source": "Arguments", "field": "x", "value": value } })
}

fn present() -> Value {
    json!({ "FieldPresent": { "source": "Arguments", "field": "x" } })
}

fn all(children: &[Value]) -> Value {
    json!({ "All": children })
}

fn any(children: &[Value]) -> Value {
    json!({ "Any": children })
}

fn not(inner: &Value) -> Value {
    json!({ "Not": inner })
}

#[test]
fn what_no_call_meets_is_found() {
    for condition in [
        all(&[number("Gt", 500.0), number("Lt", 100.0)]),
        all(&[number("Gt", 5.0), number("Lte", 5.0)]),
        all(&[number("Gte", 5.0), number("Lte", 5.0), number("Ne", 5.0)]),
        all(&[number("Eq", 1.0), number("Eq", 2.0)]),
        all(&[number("Eq", 1.0), text("In", &["a"])]),
        all(&[text("In", &["a", "b"]), text("NotIn", &["a", "b", "c"])]),
        all(&[text("In", &["a", "b"]), text("StartsWith", &["c"])]),
        all(&[text("In", &["a"]), not(&text("Glob", &["a*"]))]),
        all(&[boolean(true), boolean(false)]),
        all(&[boolean(true), not(&present())]),
        all(&[x("LengthCheck", "Gt", &json!(5)), x("LengthCheck", "Lt", &json!(5))]),
        all(&[number("Lt", 1.0), any(&[number("Gt", 2.0), number("Gt", 3.0)])]),
        all(&[any(&[number("Gt", 2.0), boolean(true)]), text("In", &["a"])]),
        not(&any(&[number("Lt", 5.0), number("Gte", 5.0)])),
        x("LengthCheck", "Lt", &json!(0)),
    ] {
        check(&condition, Some("never_true"));
    }
}

#[test]
fn what_every_call_meets_is_found() {
    for condition in [
        any(&[number("Lt", 5.0), number("Gte", 5.0)]),
        any(&[number("Lt", 6.0), number("Gt", 5.0)]),
        any(&[number("Ne", 5.0), number("Eq", 5.0)]),
        any(&[text("In", &["a"]), text("NotIn", &["a"])]),
        any(&[boolean(true), boolean(false)]),
        x("LengthCheck", "Gte", &json!(0)),
    ] {
        check(&condition, Some("always_true"));
    }
    // The opposite of a condition that is always true is never true, and is reported once.
    check(&not(&all(&[boolean(true), boolean(false)])), Some("always_true"));
}

#[test]
fn a_window_of_all_times_or_none_is_found() {
    let time = |window: Value| json!({ "TimeCheck": window });
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    for window in [
        json!({ "from": "00:00", "to": "24:00" }),
        json!({ "from": "00:00" }),
        json!({ "to": "24:00" }),
        json!({ "from": "00:00", "to": "24:00", "weekdays": days }),
        json!({ "from": "00:00", "to": "24:00", "offset": "+01:00" }),
    ] {
        check(&time(window.clone()), Some("always_true"));
        check(&not(&time(window)), Some("never_true"));
    }
    let none = json!({ "from": "24:00", "to": "00:00" });
    check(&time(none.clone()), Some("never_true"));
    check(&not(&time(none)), Some("always_true"));
    for window in [
        json!({ "from": "00:00", "to": "23:59" }),
        json!({ "from": "00:01", "to": "24:00" }),
        json!({ "from": "00:01", "to": "00:00" }),
        json!({ "from": "24:00", "to": "00:01" }),
        json!({ "from": "00:00", "to": "24:00", "weekdays": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] }),
        json!({ "weekdays": ["Sun"] }),
    ] {
        check(&time(window.clone()), None);
        check(&not(&time(window)), None);
    }
}

#[test]
fn what_guards_something_is_left_alone() {
    for condition in [
        all(&[number("Gt", 0.0), number("Lte", 500.0)]),
        all(&[number("Gte", 5.0), number("Lte", 5.0)]),
        any(&[number("Lt", 5.0), number("Gt", 5.0)]),
        any(&[number("Lt", 5.0), text("In", &["a"])]),
        all(&[text("In", &["a", "b"]), text("NotIn", &["b"])]),
        all(&[text("StartsWith", &["a"]), text("StartsWith", &["b"])]),
        all(&[not(&text("In", &["a"])), not(&text("In", &["b"]))]),
        all(&[present(), boolean(true)]),
        any(&[not(&present()), boolean(true)]),
        not(&present()),
        x("LengthCheck", "Lte", &json!(0)),
    ] {
        check(&condition, None);
    }
    // Two fields have independent values.
    let other = json!({ "NumericCheck": { "source": "AgentAttributes", "field": "x", "op": "Lt", "value": 1 } });
    check(&all(&[number("Gt", 5.0), other]), None);
}

#[test]
fn a_branch_that_guards_nothing_is_found_where_it_stands() {
    let branch = all(&[number("Gt", 500.0), number("Lt", 100.0)]);
    let condition = any(&[boolean(true), branch.clone()]);
    assert_eq!(findings(&json!("tool"), &condition), [("never_true", branch)]);
    let item = |op: &str| json!({ "NumericCheck": { "source": "Item", "field": "", "op": op, "value": 5 } });
    let inner = all(&[item("Lt"), item("Gt")]);
    let condition = json!({ "Every": { "source": "Arguments", "field": "x", "condition": inner } });
    assert_eq!(findings(&json!("tool"), &condition), [("never_true", inner)]);
}

#[test]
fn guards_are_held_against_the_limits_of_a_schema() {
    let amount = json!({ "type": "number", "minimum": 0, "maximum": 100 });
    check_schema(&amount, &number("Lte", 500.0), Some("always_true"));
    check_schema(&amount, &number("Gt", 500.0), Some("never_true"));
    check_schema(&amount, &number("Lte", 50.0), None);
    check_schema(&json!({ "exclusiveMaximum": 100 }), &number("Gte", 100.0), Some("never_true"));
    check_schema(&json!({ "maximum": 100 }), &number("Gte", 100.0), None);
    let color = json!({ "type": "string", "enum": ["red", "green"] });
    check_schema(&color, &text("In", &["blue"]), Some("never_true"));
    check_schema(&color, &text("NotIn", &["blue"]), Some("always_true"));
    check_schema(&color, &text("In", &["red", "blue"]), None);
    check_schema(&color, &text("Contains", &["e"]), Some("always_true"));
    check_schema(&json!({ "const": true }), &boolean(false), Some("never_true"));
    check_schema(&json!({ "enum": [1, 2] }), &number("Lt", 1.0), Some("never_true"));
    check_schema(&json!({ "type": "string", "maxLength": 5 }), &x("LengthCheck", "Gt", &json!(5)), Some("never_true"));
}

#[test]
fn what_a_schema_says_without_a_limit_says_nothing() {
    check_schema(&json!({ "type": "number" }), &number("Lte", 500.0), None);
    // If an argument is a string or a list, neither limit is certain.
    let either = json!({ "type": ["string", "array"], "maxLength": 5, "maxItems": 9 });
    check_schema(&either, &x("LengthCheck", "Gt", &json!(6)), None);
}

/// Some item of the list `x` is present.
fn some_item() -> Value {
    let item = json!({ "FieldPresent": { "source": "Item", "field": "" } });
    json!({ "Some": { "source": "Arguments", "field": "x", "condition": item } })
}

/// The argument `x` compares with the argument `y`.
fn with_other(check: &str, op: Option<&str>) -> Value {
    let mut fields = json!({ "source_a": "Arguments", "field_a": "x", "source_b": "Arguments", "field_b": "y" });
    if let (Some(op), Some(fields)) = (op, fields.as_object_mut()) {
        fields.insert("op".to_owned(), json!(op));
    }
    json!({ check: fields })
}

#[test]
fn a_field_is_of_one_type_and_present_or_not() {
    let equals = with_other("FieldEquals", None);
    let compare = with_other("FieldCompare", Some("Lt"));
    let length = || x("LengthCheck", "Lte", &json!(5));
    for condition in [
        all(&[present(), not(&present())]),
        all(&[some_item(), number("Gt", 5.0)]),
        all(&[some_item(), text("In", &["a"])]),
        all(&[some_item(), not(&present())]),
        all(&[equals.clone(), some_item()]),
        all(&[equals.clone(), not(&present())]),
        all(&[compare.clone(), text("In", &["a"])]),
        all(&[compare.clone(), not(&present())]),
        all(&[length(), number("Gt", 5.0)]),
        all(&[length(), boolean(true)]),
        all(&[length(), not(&present())]),
    ] {
        check(&condition, Some("never_true"));
    }
    for condition in [
        all(&[some_item(), length()]),
        all(&[some_item(), present()]),
        all(&[equals.clone(), number("Gt", 5.0)]),
        all(&[equals.clone(), text("In", &["a"])]),
        all(&[equals, boolean(true)]),
        all(&[compare.clone(), number("Gt", 5.0)]),
        all(&[compare, present()]),
        all(&[length(), text("In", &["a"])]),
        all(&[length(), present()]),
    ] {
        check(&condition, None);
    }
}

#[test]
fn the_tightest_of_several_bounds_counts_in_any_order() {
    for condition in [
        all(&[number("Gte", 5.0), number("Gt", 1.0), number("Lt", 3.0)]),
        all(&[number("Gt", 5.0), number("Gte", 5.0), number("Lte", 5.0)]),
        all(&[number("Gte", 5.0), number("Gt", 5.0), number("Lte", 5.0)]),
        all(&[number("Lte", 5.0), number("Lt", 9.0), number("Gt", 7.0)]),
        all(&[number("Lt", 5.0), number("Lte", 5.0), number("Gte", 5.0)]),
        all(&[number("Lte", 5.0), number("Lt", 5.0), number("Gte", 5.0)]),
    ] {
        check(&condition, Some("never_true"));
    }
    for condition in [
        all(&[number("Gte", 5.0), number("Gt", 1.0), number("Lt", 6.0)]),
        all(&[number("Gte", 5.0), number("Gte", 5.0), number("Lte", 5.0)]),
        all(&[number("Lte", 5.0), number("Lt", 9.0), number("Gt", 4.0)]),
        all(&[number("Lte", 5.0), number("Lte", 5.0), number("Gte", 5.0)]),
    ] {
        check(&condition, None);
    }
}
