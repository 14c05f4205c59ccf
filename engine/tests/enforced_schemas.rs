//! Calls must conform to the JSON Schemas of their tools.
#![expect(clippy::expect_used, reason = "a test states what must hold by failing")]

use callgate_engine::{Call, Code, Effect, PolicyImage, RequestFacts, evaluate, json, parse, validate};
use callgate_test_support::image_of;
use serde_json::{Value, json as value};

fn policy(schema: &Value) -> Value {
    value!({
        "version": "callgate-1",
        "tools": [{ "name": "t", "inputSchema": schema }, "other"],
        "roles": { "r": {} },
        "rules": [{ "id": "all", "effect": "Allow", "tool_name": "*", "roles": ["r"] }],
    })
}

/// Checks which texts conform to a schema.
#[track_caller]
fn check(schema: &Value, conforming: &[&str], others: &[&str]) {
    let bytes = image_of(policy(schema));
    let image = PolicyImage::open(&bytes).expect("an image");
    let conforms =
        |text: &str| image.conforms("t", json::read(text.as_bytes(), 32).expect(text)).expect("an enforced schema");
    for text in conforming {
        assert!(conforms(text), "{schema} {text}");
    }
    for text in others {
        assert!(!conforms(text), "{schema} {text}");
    }
}

/// Checks the code and the reason of the decision about arguments.
#[track_caller]
fn check_reason(schema: &Value, args: &str, code: Code, reason: &str) {
    let bytes = image_of(policy(schema));
    let image = PolicyImage::open(&bytes).expect("an image");
    let body = format!(r#"{{"tool":"t","role":"r","args":{args}}}"#);
    let facts = RequestFacts::default();
    let call = Call::read(body.as_bytes(), &facts, &image).expect("a call");
    let decision = evaluate(&image, &call);
    let mut text = String::new();
    decision.write_reason(&image, &call, &mut text);
    let effect = if code == Code::Allowed { Effect::Allow } else { Effect::Deny };
    assert_eq!((decision.effect, decision.code, text.as_str()), (effect, code, reason), "{schema} {args}");
}

/// The warnings about a schema.
fn warnings(schema: &Value) -> Vec<String> {
    let text = policy(schema).to_string();
    let valid = parse(&text).and_then(validate).expect("a valid policy");
    let unenforced = valid.warnings().iter().filter(|finding| finding.code == "not_enforced");
    unenforced.map(|finding| finding.message.clone()).collect()
}

#[test]
fn a_type_is_required() {
    check(&value!({ "type": "string" }), &[r#""a""#], &["1", "null", "[]", "{}", "true"]);
    check(&value!({ "type": ["integer", "null"] }), &["1", "null", "1.0", "1e2"], &["1.5", r#""1""#, "false"]);
    check(&value!({ "type": "number" }), &["1", "1.5", "-2e-3"], &[r#""1""#]);
    check(&value!({ "type": ["integer", "number"] }), &["1.5"], &["null"]);
    check(&value!({ "type": "boolean" }), &["true", "false"], &["0"]);
    check(&value!({ "type": "object" }), &["{}"], &["[]"]);
}

#[test]
fn a_number_that_programs_read_differently_does_not_conform() {
    check(&value!({ "exclusiveMinimum": 0 }), &["1e-300", "1"], &["0", "1e-400", "-1"]);
    check(&value!({ "maximum": 500 }), &["500", "500.0", "499.99"], &["500.00000000000000001", "501"]);
    check(&value!({ "minimum": 500 }), &["500"], &["499.99999999999999999"]);
    check(&value!({ "exclusiveMaximum": 500 }), &["499.99"], &["500", "499.99999999999999999"]);
    check(&value!({ "const": 9007199254740992_i64 }), &["9007199254740992"], &["9007199254740993"]);
    // What is unknown does not become known by its opposite.
    check(&value!({ "not": { "exclusiveMinimum": 0 } }), &["0", "-1"], &["1", "1e-400"]);
    check(&value!({ "not": { "type": "integer" } }), &["1.5"], &["1", "1.00000000000000000001"]);
}

#[test]
fn values_are_listed() {
    check(&value!({ "enum": ["card", "wallet"] }), &[r#""card""#, r#""\u0063ard""#], &[r#""cash""#, r#""Card""#, "1"]);
    check(
        &value!({ "enum": [1, null, [2], { "a": "b" }] }),
        &["1.0", "null", "[2]", r#"{"a":"b"}"#],
        &["2", "[]", "{}"],
    );
    check(&value!({ "const": { "a": [1, true] } }), &[r#"{ "a" : [1.0, true] }"#], &[r#"{"a":[1]}"#, "{}"]);
    check(&value!({ "enum": [] }), &[], &["null", r#""""#]);
}

#[test]
fn lengths_are_bounded() {
    check(
        &value!({ "minLength": 2, "maxLength": 3 }),
        &[r#""ab""#, r#""\u00e9\ud83d\ude00b""#, "1"],
        &[r#""a""#, r#""abcd""#],
    );
    check(&value!({ "minItems": 1, "maxItems": 2.0 }), &["[1]", "[1,2]", "{}"], &["[]", "[1,2,3]"]);
    check(&value!({ "minProperties": 1, "maxProperties": 1 }), &[r#"{"a":1}"#, "[]"], &["{}", r#"{"a":1,"b":2}"#]);
}

#[test]
fn strings_match_patterns_and_formats() {
    check(&value!({ "pattern": "^[A-Z]+-\\d+$" }), &[r#""SUP-12""#, "5"], &[r#""sup-12""#, r#""SUP-12\n""#, r#""""#]);
    check(&value!({ "pattern": "b" }), &[r#""abc""#], &[r#""ac""#]);
    check(&value!({ "format": "ipv4" }), &[r#""10.0.0.1""#, "1"], &[r#""10.0.0.256""#, r#""010.0.0.1""#]);
    check(&value!({ "format": "ipv6" }), &[r#""::1""#], &[r#""10.0.0.1""#, r#"":::1""#]);
    check(&value!({ "format": "date" }), &[r#""2024-02-29""#], &[r#""2026-02-29""#]);
    check(&value!({ "format": "uuid" }), &[r#""2eb8aa08-aa98-11ea-b4aa-73b441d16380""#], &[r#""2eb8aa08""#]);
    check(&value!({ "format": "email" }), &[r#""no address""#], &[]);
}

#[test]
fn numbers_are_multiples() {
    check(&value!({ "multipleOf": 0.01 }), &["19.99", "0", "5", r#""x""#], &["19.999", "9007199254740993"]);
}

#[test]
fn items_conform() {
    let tuple = value!({ "prefixItems": [{ "type": "string" }], "items": { "type": "integer" } });
    check(&tuple, &["[]", r#"["a"]"#, r#"["a",1,2]"#, "{}"], &["[1]", r#"["a","b"]"#]);
    check(&value!({ "items": false, "prefixItems": [true] }), &["[]", "[1]"], &["[1,2]"]);
    let old = value!({ "items": [{ "type": "string" }], "additionalItems": { "type": "integer" } });
    check(&old, &[r#"["a",1]"#], &[r#"["a","b"]"#, "[1]"]);
    check(
        &value!({ "uniqueItems": true }),
        &["[1,2]", r#"["1",1]"#, "[]", "[[1],[2]]"],
        &["[1,1.0]", r#"["a","\u0061"]"#, r#"[{"a":1},{"a":1}]"#],
    );
}

#[test]
fn members_conform() {
    let schema = value!({
        "properties": { "a": { "type": "integer" }, "b": true }, "required": ["a", "z"],
        "patternProperties": { "^x": { "type": "string" } }, "additionalProperties": { "type": "null" },
    });
    let conforming = [r#"{"a":1,"z":null}"#, r#"{"a":1,"z":null,"b":[],"xy":"s","other":null}"#, "[]", "1"];
    let others = [
        "{}",
        r#"{"a":1}"#,
        r#"{"z":null}"#,
        r#"{"a":"1","z":null}"#,
        r#"{"a":1,"z":1}"#,
        r#"{"a":1,"z":null,"x":1}"#,
        r#"{"a":1,"z":null,"A":1}"#,
    ];
    check(&schema, &conforming, &others);
    check(&value!({ "propertyNames": { "maxLength": 1 } }), &[r#"{"a":1,"\u0062":2}"#, "[]"], &[r#"{"ab":1}"#]);
    let patterns = value!({ "patternProperties": { "^a": { "type": "integer" }, "b$": { "minimum": 5 } } });
    check(&patterns, &[r#"{"ab":5,"a":1}"#], &[r#"{"ab":4}"#, r#"{"ab":5.5}"#]);
}

#[test]
fn schemas_combine() {
    let either = value!([{ "type": "integer" }, { "minimum": 5 }]);
    check(&value!({ "anyOf": either }), &["1", "5.5", "7"], &["1.5"]);
    check(&value!({ "oneOf": either }), &["1", "5.5"], &["7", "1.5"]);
    check(&value!({ "allOf": either }), &["7"], &["1", "5.5"]);
    check(&value!({ "not": { "type": "integer" } }), &["1.5", "null"], &["1"]);
    let conditional = value!({ "if": { "minimum": 0 }, "then": { "multipleOf": 2 }, "else": { "multipleOf": 3 } });
    check(&conditional, &["4", "-3", r#""x""#], &["3", "-4"]);
    check(&value!({ "if": false, "else": false }), &[], &["1"]);
    check(&value!({ "then": false }), &["1"], &[]);
}

#[test]
fn references_are_followed_within_the_schema() {
    let list = value!({
        "$defs": { "node": { "type": "object", "properties": { "next": { "$ref": "#/$defs/node" }, "n": { "type": "integer" } },
                             "required": ["n"], "additionalProperties": false } },
        "$ref": "#/$defs/node",
    });
    check(&list, &[r#"{"n":1,"next":{"n":2}}"#], &[r#"{"n":1,"next":{}}"#, r#"{"n":1,"next":{"n":2,"x":1}}"#, "1"]);
    let named = value!({ "$defs": { "a/b~c%": { "type": "null" } }, "$ref": "#/$defs/a~1b~0c%25" });
    check(&named, &["null"], &["1"]);
    check(
        &value!({ "properties": { "a": { "$ref": "#" } }, "maxProperties": 1 }),
        &[r#"{"a":{"a":{}}}"#],
        &[r#"{"a":{"a":{},"b":1}}"#],
    );
    let siblings = |draft: &str| value!({ "$schema": draft, "$ref": "#/definitions/any", "type": "string", "definitions": { "any": true } });
    check(&siblings("http://json-schema.org/draft-07/schema#"), &["1"], &[]);
    check(&siblings("https://json-schema.org/draft/2020-12/schema"), &[r#""a""#], &["1"]);
}

#[test]
fn a_schema_without_an_end_denies() {
    check(&value!({ "$ref": "#" }), &[], &["{}"]);
    check(&value!({ "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] }), &[], &["{}"]);
}

#[test]
fn a_decision_says_where_and_what() {
    let schema = value!({
        "type": "object", "required": ["amount"], "additionalProperties": false,
        "properties": {
            "amount": { "type": "integer", "minimum": 1 },
            "mode": { "enum": ["card", "wallet"] },
            "items": { "type": "array", "items": { "required": ["id"], "properties": { "id": { "type": "string", "minLength": 3 } } } },
            "note": { "anyOf": [{ "type": "string", "maxLength": 5 }, { "type": "null" }] },
            "a/b": { "const": 5 },
        },
    });
    let invalid = |args: &str, reason: &str| check_reason(&schema, args, Code::InvalidArguments, reason);
    check_reason(&schema, r#"{"amount":5}"#, Code::Allowed, "rule `all` allows this call");
    invalid(r#"{"amount":-5}"#, "`/amount` must be at least 1");
    invalid(r#"{"amount":"5"}"#, "`/amount` must be an integer");
    invalid(
        r#"{"amount":1.00000000000000000001}"#,
        "`/amount` must not contain a number beyond the precision of binary64",
    );
    invalid("{}", "`/amount` is missing from the arguments");
    invalid(r#"{"amount":5,"mode":"cash"}"#, "`/mode` must be one of `card` or `wallet`");
    invalid(r#"{"amount":5,"items":[{"id":"abc"},{"id":"a"}]}"#, "`/items/1/id` must have at least 3 characters");
    invalid(r#"{"amount":5,"items":[{}]}"#, "`/items/0/id` is missing from the arguments");
    invalid(r#"{"amount":5,"note":"too long"}"#, "`/note` must have at most 5 characters");
    invalid(r#"{"amount":5,"note":1}"#, "`/note` must match one of the alternatives in the tool's schema");
    invalid(r#"{"amount":5,"a/b":6}"#, "`/a~1b` must be `5`");
    let undeclared = |args: &str, reason: &str| check_reason(&schema, args, Code::UndeclaredArgument, reason);
    undeclared(r#"{"amount":5,"Amount":6}"#, "`/Amount` is not declared by the tool's schema");
    undeclared(r#"{"Amount":6}"#, "`/Amount` is not declared by the tool's schema");
}

#[test]
fn a_tool_may_validate_its_arguments_itself() {
    let tool = |is_enforced: bool| {
        value!({
            "version": "callgate-1", "roles": { "r": {} },
            "tools": [{ "name": "t", "enforceSchema": is_enforced,
                        "inputSchema": { "properties": { "n": { "minimum": 1 } }, "additionalProperties": false } }],
            "rules": [{ "effect": "Allow", "tool_name": "t", "roles": ["r"], "condition":
                { "NumericCheck": { "source": "Arguments", "field": "n", "op": "Gt", "value": 0 } } }],
        })
    };
    for (is_enforced, args, code) in [
        (true, value!({ "n": 0.5 }), Code::InvalidArguments),
        (false, value!({ "n": 0.5 }), Code::Allowed),
        (true, value!({ "n": 5, "m": 1 }), Code::UndeclaredArgument),
        (false, value!({ "n": 5, "m": 1 }), Code::Allowed),
    ] {
        let call = value!({ "tool": "t", "role": "r", "args": args });
        assert_eq!(
            callgate_test_support::decide(&image_of(tool(is_enforced)), call).code,
            code,
            "{is_enforced} {args}"
        );
    }
    let codes = |is_enforced: bool| {
        let text = tool(is_enforced).to_string();
        let valid = parse(&text).and_then(validate).expect("a valid policy");
        valid.warnings().iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!((codes(true), codes(false)), (vec!["always_true"], vec![]));
}

#[test]
fn what_is_not_enforced_is_said_once_where_it_stands() {
    for (schema, expected) in [
        (value!({ "contains": {} }), "callgate does not enforce `contains`"),
        (
            value!({ "properties": { "a": { "unevaluatedProperties": false } } }),
            "callgate does not enforce `unevaluatedProperties`",
        ),
        (
            value!({ "$ref": "https://example.com/schema" }),
            "callgate does not enforce this `$ref`, because it names no part of this schema",
        ),
        (value!({ "type": "strng" }), "callgate does not enforce this `type`, because its value is invalid"),
        (value!({ "minimum": "1" }), "callgate does not enforce this `minimum`, because its value is invalid"),
        (
            value!({ "pattern": "(?=a)" }),
            "callgate does not enforce the pattern `(?=a)`: look-around, including look-ahead and look-behind, is not supported",
        ),
        (
            value!({ "properties": { "a": { "enum": "red" } } }),
            "callgate does not enforce this `enum`, because its value is invalid",
        ),
        (value!({ "items": 5 }), "a schema must be an object or a boolean, not a number"),
    ] {
        assert_eq!(warnings(&schema), [expected], "{schema}");
    }
    assert_eq!(warnings(&value!({ "title": "T", "default": 5, "examples": [], "format": "uri", "x-own": 1 })), [""; 0]);
}

#[test]
fn many_arguments_are_checked_as_few_are() {
    let schema = value!({ "properties": { "last": { "type": "integer" } }, "required": ["last"], "maxProperties": 20,
                          "patternProperties": { "^x": { "type": "null" } }, "additionalProperties": false });
    for count in [0, 1, 7, 8, 9, 15] {
        let others: String = (0..count).map(|at| format!(r#""x{at}":null,"#)).collect();
        check_reason(&schema, &format!(r#"{{{others}"last":1}}"#), Code::Allowed, "rule `all` allows this call");
        check_reason(&schema, &format!(r#"{{{others}"\u006cast":1}}"#), Code::Allowed, "rule `all` allows this call");
        let reason = "`/last` must be an integer";
        check_reason(&schema, &format!(r#"{{{others}"last":"1"}}"#), Code::InvalidArguments, reason);
        let reason = "`/Last` is not declared by the tool's schema";
        check_reason(&schema, &format!(r#"{{{others}"last":1,"Last":1}}"#), Code::UndeclaredArgument, reason);
    }
}

#[test]
fn a_schema_that_a_reference_hides_closes_no_tool() {
    let policy = |draft: &str| {
        value!({
            "version": "callgate-1", "roles": { "r": {} },
            "tools": [{ "name": "t", "inputSchema": { "$schema": draft, "$ref": "#/definitions/any",
                "properties": { "a": {} }, "additionalProperties": false, "definitions": { "any": true } } },
                      { "name": "u", "inputSchema": { "properties": { "force": {} } } }],
            "rules": [
                { "effect": "Allow", "tool_name": "*", "roles": ["r"] },
                { "effect": "Deny", "tool_name": "*", "roles": ["r"],
                  "condition": { "BoolCheck": { "source": "Arguments", "field": "force", "value": true } } },
            ],
        })
    };
    let call = value!({ "tool": "t", "role": "r", "args": { "force": true } });
    for (draft, code) in [("draft-07", Code::DeniedByRule), ("draft/2020-12", Code::UndeclaredArgument)] {
        assert_eq!(callgate_test_support::decide(&image_of(policy(draft)), &call).code, code, "{draft}");
    }
}

#[test]
fn a_finding_relies_only_on_keywords_that_are_enforced() {
    let codes = |draft: &str, property: &Value| {
        let policy = value!({
            "version": "callgate-1", "roles": { "r": {} },
            "tools": [{ "name": "t", "inputSchema": { "$schema": draft, "properties": { "n": property },
                        "definitions": { "any": true } } }],
            "rules": [{ "effect": "Allow", "tool_name": "t", "roles": ["r"], "condition": { "All": [
                { "NumericCheck": { "source": "Arguments", "field": "n", "op": "Gt", "value": 0 } } ] } }],
        });
        let text = policy.to_string();
        let valid = parse(&text).and_then(validate).expect("a valid policy");
        valid.warnings().iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    let bounded = value!({ "$ref": "#/definitions/any", "minimum": 1 });
    // In draft 7, a reference hides the bound.
    assert_eq!(codes("http://json-schema.org/draft-07/schema#", &bounded), [""; 0]);
    assert!(codes("https://json-schema.org/draft/2020-12/schema", &bounded).contains(&"always_true"));
}
