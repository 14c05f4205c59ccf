//! Numbers that a program with binary64 reads as other ones.

use callgate_engine::Code;
use callgate_test_support::{decide, image_of};

/// Checks a condition on the arguments `x` and `y`, and its opposite.
#[track_caller]
fn check(condition: &str, args: &str, expected: Option<bool>) {
    let not = format!(r#"{{"Not":{condition}}}"#);
    for (condition, expected) in [(condition, expected), (&*not, expected.map(|is_true| !is_true))] {
        let policy = format!(
            r#"{{"version":"callgate-1","tools":["t"],"roles":{{"r":{{}}}},"rules":[
                {{"effect":"Allow","tool_name":"t","roles":["r"],"condition":{condition}}}]}}"#
        );
        let answer = decide(&image_of(policy), format!(r#"{{"tool":"t","role":"r","args":{args}}}"#));
        let seen = match answer.code {
            Code::Allowed => Some(true),
            Code::ConditionFailed => Some(false),
            Code::ConditionUnknown => None,
            _ => return assert_eq!(answer.code, Code::Allowed, "{condition} {args}"),
        };
        assert_eq!(seen, expected, "{condition} {args}");
    }
}

/// Checks a comparison of a number of the call with one of the policy, and with one of the call.
#[track_caller]
fn check_numbers(number: &str, op: &str, other: &str, expected: Option<bool>) {
    let with_policy = format!(r#"{{"NumericCheck":{{"source":"Arguments","field":"x","op":"{op}","value":{other}}}}}"#);
    check(&with_policy, &format!(r#"{{"x":{number}}}"#), expected);
    let args = format!(r#"{{"x":{number},"y":{other}}}"#);
    let two_fields = r#""source_a":"Arguments","field_a":"x","source_b":"Arguments","field_b":"y""#;
    check(&format!(r#"{{"FieldCompare":{{"op":"{op}",{two_fields}}}}}"#), &args, expected);
    if op == "Eq" {
        check(&format!(r#"{{"FieldEquals":{{{two_fields}}}}}"#), &args, expected);
    }
}

#[test]
fn a_number_is_compared_if_it_compares_alike_with_and_without_binary64() {
    for (number, op, other, expected) in [
        ("9007199254740992", "Eq", "9007199254740992", Some(true)),
        ("9007199254740993", "Eq", "9007199254740992", None),
        ("9007199254740993", "Eq", "9007199254740993", Some(true)),
        ("9007199254740993", "Eq", "9007199254740995", Some(false)),
        ("9007199254740993", "Lte", "9007199254740992", None),
        ("9007199254740993", "Gte", "9007199254740992", Some(true)),
        ("9007199254740993", "Lt", "500", Some(false)),
        ("-9007199254740993", "Lt", "-9007199254740992", None),
        ("18446744073709551615", "Lte", "500", Some(false)),
        ("500.00000000000000001", "Lte", "500", None),
        ("500.00000000000000001", "Gte", "500", Some(true)),
        ("500.00000000000000001", "Lte", "501", Some(true)),
        ("499.99999999999999999", "Lt", "500", None),
        ("499.99999999999999999", "Lte", "500", Some(true)),
        ("500.000000000000", "Eq", "500", Some(true)),
        ("5e2", "Eq", "500", Some(true)),
        ("1e-400", "Gt", "0", None),
        ("1e-400", "Gte", "0", Some(true)),
        ("-1e-400", "Lt", "0", None),
        ("1e-400", "Ne", "0", None),
        ("-0", "Eq", "0", Some(true)),
        ("0.1", "Eq", "0.10", Some(true)),
        ("0.1", "Eq", "0.1000000000000000055511151231257827", None),
        ("0.1", "Lt", "0.2", Some(true)),
    ] {
        check_numbers(number, op, other, expected);
    }
}
