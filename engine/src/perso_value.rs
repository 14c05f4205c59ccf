//! JSON values compared as the perso engine compares them.
//!
//! perso parses with serde_json: an integer that fits 64 bits stays one, any other number becomes a binary64, and
//! numbers of the two kinds are never equal, so 1 is not 1.0. Lists and objects compare by their content.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use hifijson::token::Lex as _;
use hifijson::value::{Value, parse_bounded};
use hifijson::{SliceLexer, num};

use crate::limits::MAX_REQUEST_DEPTH;
use crate::predicate::NumericOp;

type Parsed<'a> = Value<&'a str, Cow<'a, str>>;

/// Compares two binary64 numbers; equal is what differs by less than the distance from 1 to the next number.
pub(crate) fn compare(value: f64, op: NumericOp, expected: f64) -> bool {
    match op {
        NumericOp::Eq => is_near(value, expected),
        NumericOp::Ne => !is_near(value, expected),
        NumericOp::Lt => value < expected,
        NumericOp::Lte => value <= expected,
        NumericOp::Gt => value > expected,
        NumericOp::Gte => value >= expected,
    }
}

fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() < f64::EPSILON
}

/// Whether two checked JSON texts hold equal values.
pub(crate) fn equal(a: &str, b: &str) -> bool {
    match (read(a), read(b)) {
        (Some(a), Some(b)) => values_equal(&a, &b),
        _ => false,
    }
}

fn read(text: &str) -> Option<Parsed<'_>> {
    SliceLexer::new(text.as_bytes())
        .exactly_one(SliceLexer::ws_peek, |next, lexer| parse_bounded(MAX_REQUEST_DEPTH, next, lexer))
        .ok()
}

fn values_equal(a: &Parsed<'_>, b: &Parsed<'_>) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => numbers_equal(a, b),
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| values_equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            // INVARIANT: the request reader refused names that stand twice, so sorted members pair up.
            let (a, b) = (by_name(a), by_name(b));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && values_equal(&a.1, &b.1))
        }
        _ => false,
    }
}

fn by_name<'v, 'a>(members: &'v [(Cow<'a, str>, Parsed<'a>)]) -> Vec<&'v (Cow<'a, str>, Parsed<'a>)> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    sorted
}

/// A number as serde_json holds it.
#[derive(PartialEq)]
enum Held {
    Unsigned(u64),
    Negative(i64),
    Binary64(f64),
}

fn numbers_equal(a: &(&str, num::Parts), b: &(&str, num::Parts)) -> bool {
    matches!((hold(a), hold(b)), (Some(a), Some(b)) if a == b)
}

fn hold((text, parts): &(&str, num::Parts)) -> Option<Held> {
    if parts.is_int() && *text != "-0" {
        if let Ok(value) = text.parse() {
            return Some(Held::Unsigned(value));
        }
        if let Ok(value) = text.parse() {
            return Some(Held::Negative(value));
        }
    }
    text.parse().ok().map(Held::Binary64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, expected: bool) {
        assert_eq!(equal(a, b), expected, "{a} and {b}");
        assert_eq!(equal(b, a), expected, "{b} and {a}");
    }

    #[test]
    fn integers_and_binary64_numbers_never_meet() {
        check("1", "1", true);
        check("1", "1.0", false);
        check("1.0", "1e0", true);
        check("-0", "0", false);
        check("-0", "0.0", true);
        check("18446744073709551615", "18446744073709551616", false);
        check("-3", "-3", true);
    }

    #[test]
    fn lists_and_objects_compare_by_content() {
        check("[1,2]", "[1, 2]", true);
        check("[1,2]", "[2,1]", false);
        check(r#"{"a":1,"b":[null]}"#, r#"{"b":[null],"\u0061":1}"#, true);
        check(r#"{"a":1}"#, r#"{"a":1,"b":1}"#, false);
        check("{}", "[]", false);
        check("null", "null", true);
        check(r#""1""#, "1", false);
    }
}
