//! The keywords that look at one value alone: its type, number, text or size.

use std::collections::HashMap;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, Signed as _, Zero as _};
use regex::Regex;

use crate::json::Json;
use crate::numbers;
use crate::schema::format::has_format;
use crate::truth::{Truth, all, any, not};

/// Whether a value fulfills a keyword; true if the keyword is ignored or about values of another type.
pub(super) fn truth(name: &str, argument: &Json, value: &Json, patterns: &HashMap<String, Regex>) -> Truth {
    check(name, argument, value, patterns).unwrap_or(Some(true))
}

/// Like [`truth`], with `None` for true.
fn check(name: &str, argument: &Json, value: &Json, patterns: &HashMap<String, Regex>) -> Option<Truth> {
    let truth = match (name, argument, value) {
        ("type", types, _) => any(read_types(types)?.into_iter().map(|name| has_type(name, value))),
        ("enum", Json::Array(values), _) => any(values.iter().map(|allowed| equal(allowed, value))),
        ("const", allowed, _) => equal(allowed, value),
        ("minimum", Json::Number(bound), Json::Number(number)) => {
            numbers::compare(number, bound, |order| order.is_ge())
        }
        ("maximum", Json::Number(bound), Json::Number(number)) => {
            numbers::compare(number, bound, |order| order.is_le())
        }
        ("exclusiveMinimum", Json::Number(bound), Json::Number(number)) => {
            numbers::compare(number, bound, |order| order.is_gt())
        }
        ("exclusiveMaximum", Json::Number(bound), Json::Number(number)) => {
            numbers::compare(number, bound, |order| order.is_lt())
        }
        ("multipleOf", Json::Number(divisor), Json::Number(number)) => multiple_of(number, divisor)?,
        ("minLength", bound, Json::String(text)) => Some(size(text.chars().count()) >= read_size(bound)?),
        ("maxLength", bound, Json::String(text)) => Some(size(text.chars().count()) <= read_size(bound)?),
        ("minItems", bound, Json::Array(items)) => Some(size(items.len()) >= read_size(bound)?),
        ("maxItems", bound, Json::Array(items)) => Some(size(items.len()) <= read_size(bound)?),
        ("minProperties", bound, Json::Object(members)) => Some(size(members.len()) >= read_size(bound)?),
        ("maxProperties", bound, Json::Object(members)) => Some(size(members.len()) <= read_size(bound)?),
        ("required", Json::Array(names), Json::Object(_)) => {
            let names: Option<Vec<&str>> = names.iter().map(as_text).collect();
            Some(names?.into_iter().all(|name| value.child(name).is_some()))
        }
        ("pattern", Json::String(pattern), Json::String(text)) => Some(patterns.get(pattern)?.is_match(text)),
        ("format", Json::String(format), Json::String(text)) => Some(has_format(text, format)),
        ("uniqueItems", Json::Bool(true), Json::Array(items)) => {
            let pairs = items
                .iter()
                .enumerate()
                .flat_map(|(at, item)| items.iter().take(at).map(move |earlier| equal(earlier, item)));
            not(any(pairs))
        }
        _ => return None,
    };
    Some(truth)
}

fn as_text(value: &Json) -> Option<&str> {
    if let Json::String(text) = value { Some(text) } else { None }
}

const TYPES: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];

/// The types of `type`, a name or a list of names.
fn read_types(argument: &Json) -> Option<Vec<&str>> {
    let names: Vec<&str> = match argument {
        Json::Array(names) if !names.is_empty() => names.iter().map(as_text).collect::<Option<_>>()?,
        name => vec![as_text(name)?],
    };
    names.iter().all(|name| TYPES.contains(name)).then_some(names)
}

fn has_type(name: &str, value: &Json) -> Truth {
    match (name, value) {
        ("null", Json::Null)
        | ("boolean", Json::Bool(_))
        | ("object", Json::Object(_))
        | ("array", Json::Array(_))
        | ("number", Json::Number(_))
        | ("string", Json::String(_)) => Some(true),
        ("integer", Json::Number(text)) => {
            let is_integer = text.parse::<BigDecimal>().ok()?.is_integer();
            let rounded = text.parse::<f64>().ok()?;
            (is_integer == (rounded.fract() == 0.0)).then_some(is_integer)
        }
        _ => Some(false),
    }
}

/// Whether two values are equal, in all depths.
fn equal(a: &Json, b: &Json) -> Truth {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => numbers::compare(a, b, |order| order.is_eq()),
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => all(a.iter().zip(b).map(|(a, b)| equal(a, b))),
        (Json::Object(members), Json::Object(others)) if members.len() == others.len() => {
            all(members.iter().map(|(name, a)| b.child(name).map_or(Some(false), |b| equal(a, b))))
        }
        (Json::Number(_) | Json::Array(_) | Json::Object(_), _) => Some(false),
        (a, b) => Some(a == b),
    }
}

fn size(count: usize) -> BigInt {
    BigInt::from(count)
}

/// Reads a count: an integer in any spelling that is not negative.
fn read_size(argument: &Json) -> Option<BigInt> {
    let Json::Number(text) = argument else { return None };
    let number = text.parse::<BigDecimal>().ok().filter(|number| number.is_integer() && !number.is_negative())?;
    Some(number.with_scale(0).into_bigint_and_scale().0)
}

/// The largest number of digits that every decimal keeps on its way through a binary64.
const EXACT_DIGITS: u64 = 15;

/// The largest integer up to which every integer is a binary64.
const LARGEST_EXACT: u64 = 1 << 53;

/// Whether a number is a multiple of another one, or `None` if the other one is not positive.
fn multiple_of(number: &str, divisor: &str) -> Option<Truth> {
    let divisor = divisor.parse::<BigDecimal>().ok()?.normalized();
    if !divisor.is_positive() {
        return None;
    }
    let Ok(number) = number.parse::<BigDecimal>() else { return Some(None) };
    if number.is_zero() {
        return Some(Some(true));
    }
    let number = number.normalized();
    let is_exact_integer = number.is_integer() && number.abs() <= LARGEST_EXACT;
    if !is_exact_integer && number.digits() > EXACT_DIGITS {
        return Some(None);
    }
    // Both are written as integers with a common power of ten.
    let ((number, scale), (divisor, other)) = (number.into_bigint_and_exponent(), divisor.into_bigint_and_exponent());
    let common = scale.max(other);
    let scaled = |digits: BigInt, scale: i64| {
        let zeros = u32::try_from(common.checked_sub(scale)?).ok()?;
        i128::try_from(digits).ok()?.checked_mul(10_i128.checked_pow(zeros)?)
    };
    let (Some(number), Some(divisor)) = (scaled(number, scale), scaled(divisor, other)) else { return Some(None) };
    Some(number.checked_rem(divisor).map(|rest| rest == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, argument: &str, value: &str, expected: Truth) {
        let read = |text: &str| Json::read(text).expect("a JSON text");
        assert_eq!(truth(name, &read(argument), &read(value), &HashMap::new()), expected, "{name} {argument} {value}");
    }

    #[test]
    fn a_type_is_one_of_the_named_types() {
        check("type", r#""string""#, r#""a""#, Some(true));
        check("type", r#""string""#, "1", Some(false));
        check("type", r#"["null", "array"]"#, "[]", Some(true));
        check("type", r#"["null", "array"]"#, "{}", Some(false));
        check("type", r#""number""#, "1.5", Some(true));
    }

    #[test]
    fn an_integer_is_one_as_a_decimal_and_as_a_binary64() {
        for number in ["1", "1.0", "1e2", "-0", "10e-1", "9007199254740993", "1e308"] {
            check("type", r#""integer""#, number, Some(true));
        }
        for number in ["1.5", "1e-1", "0.1"] {
            check("type", r#""integer""#, number, Some(false));
        }
        for number in ["1.00000000000000000001", "1e-400", "9007199254740993.5"] {
            check("type", r#""integer""#, number, None);
        }
    }

    #[test]
    fn a_bound_is_unknown_if_it_depends_on_rounding() {
        check("maximum", "500", "500", Some(true));
        check("maximum", "500", "500.01", Some(false));
        check("maximum", "500", "500.00000000000000001", None);
        check("minimum", "500", "500.00000000000000001", Some(true));
        check("exclusiveMinimum", "500", "500.00000000000000001", None);
        check("exclusiveMinimum", "0", "1e-400", None);
        check("exclusiveMaximum", "0", "-1", Some(true));
        check("exclusiveMaximum", "0", "0", Some(false));
        check("minimum", "5", r#""a""#, Some(true));
    }

    #[test]
    fn a_keyword_with_a_value_that_is_not_valid_is_ignored() {
        check("minimum", r#""1""#, "0", Some(true));
        check("exclusiveMinimum", "true", "0", Some(true));
        check("type", r#""strng""#, "0", Some(true));
        check("type", r#"["string", "strng"]"#, "0", Some(true));
        check("minLength", "-1", r#""""#, Some(true));
        check("minLength", "1.5", r#""a""#, Some(true));
        check("required", r#"["a", 1]"#, "{}", Some(true));
        check("multipleOf", "0", "1", Some(true));
        check("multipleOf", "-2", "1", Some(true));
    }

    #[test]
    fn a_size_can_have_any_spelling() {
        check("minLength", "2.0", r#""a""#, Some(false));
        check("minLength", "20e-1", r#""ab""#, Some(true));
        check("maxLength", "1", r#""😀""#, Some(true));
        check("maxLength", "1", r#""e\u0301""#, Some(false));
        check("maxItems", "1e30", "[1]", Some(true));
        check("minItems", "1e30", "[1]", Some(false));
        check("minProperties", "1", "{}", Some(false));
        check("maxProperties", "0", "{}", Some(true));
    }

    #[test]
    fn values_are_equal_in_all_depths() {
        check("const", r#"{"a": [1, null]}"#, r#"{"a": [1.0, null]}"#, Some(true));
        check("const", r#"{"a": [1, null]}"#, r#"{"a": [2, null]}"#, Some(false));
        check("const", "500", "500.00000000000000001", None);
        check("const", r#"[500, "a"]"#, r#"[500.00000000000000001, "b"]"#, Some(false));
        check("const", "1", "true", Some(false));
        check("const", r#"{"a": 1}"#, r#"{"b": 1}"#, Some(false));
        check("enum", "[500, 500.00000000000000001]", "500.00000000000000001", Some(true));
        check("enum", "[]", "1", Some(false));
        check("uniqueItems", "true", r#"[1, "1", true, [1], {"a": 1}]"#, Some(true));
        check("uniqueItems", "true", "[1, 2, 1.0]", Some(false));
        check("uniqueItems", "true", "[9007199254740992, 9007199254740993]", None);
        check("uniqueItems", "false", "[1, 1]", Some(true));
    }

    #[test]
    fn a_multiple_is_exact_or_unknown() {
        check("multipleOf", "0.01", "19.99", Some(true));
        check("multipleOf", "0.01", "19.999", Some(false));
        check("multipleOf", "3", "9007199254740992", Some(false));
        check("multipleOf", "2", "9007199254740992", Some(true));
        check("multipleOf", "2", "9007199254740994", None);
        check("multipleOf", "3", "1e20", Some(false));
        check("multipleOf", "1", "1e308", None);
        check("multipleOf", "1e300", "1e308", Some(true));
        check("multipleOf", "1e300", "0.0", Some(true));
        check("multipleOf", "0.1", "0.1000000000000001", None);
        check("multipleOf", "1", "1e-400", None);
    }
}
