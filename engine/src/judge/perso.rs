//! JSON values compared as the perso engine compares them.
//!
//! perso parses with serde_json: an integer that fits 64 bits stays one, any other number becomes a binary64, and
//! numbers of the two kinds are never equal, so 1 is not 1.0. Lists and objects compare by their content.

use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{Kind, RawValue};
use crate::language::operators::NumericOp;

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

/// Whether two values are equal.
pub(crate) fn equal(a: RawValue<'_>, b: RawValue<'_>) -> bool {
    match (a.kind(), b.kind()) {
        (Kind::Number, Kind::Number) => matches!((hold(a.text()), hold(b.text())), (Some(a), Some(b)) if a == b),
        (Kind::String, Kind::String) => a.as_string() == b.as_string(),
        (Kind::Array, Kind::Array) => {
            let (a, b) = (items(a), items(b));
            a.len() == b.len() && a.iter().zip(&b).all(|(&a, &b)| equal(a, b))
        }
        (Kind::Object, Kind::Object) => {
            // INVARIANT: the request reader refused names that stand twice, so sorted members pair up.
            let (a, b) = (members(a), members(b));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && equal(a.1, b.1))
        }
        (a, b) => a == b,
    }
}

fn items(list: RawValue<'_>) -> Vec<RawValue<'_>> {
    let mut items = Vec::new();
    list.for_items(|item| {
        items.push(item);
        true
    });
    items
}

/// The members of an object, in the order of their names.
fn members(object: RawValue<'_>) -> Vec<(String, RawValue<'_>)> {
    let mut members = Vec::new();
    object.for_members(|name, value| {
        members.push((String::from(name), value));
        true
    });
    members.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    members
}

/// A number as serde_json holds it.
#[derive(PartialEq)]
enum Held {
    Unsigned(u64),
    Negative(i64),
    Binary64(f64),
}

fn hold(text: &str) -> Option<Held> {
    if !text.contains(['.', 'e', 'E']) && text != "-0" {
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
    use crate::json;

    #[track_caller]
    fn check(a: &'static str, b: &'static str, expected: bool) {
        let read = |text: &'static str| json::read(text.as_bytes(), 32).expect("JSON");
        let (left, right) = (read(a), read(b));
        assert_eq!(equal(left, right), expected, "{a} and {b}");
        assert_eq!(equal(right, left), expected, "{b} and {a}");
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
    fn numbers_are_ordered_and_equal_within_the_next_of_1() {
        let near = f64::EPSILON / 2.0;
        for (value, expected, holds) in [
            (1.0, 1.0, [true, false, false, true, false, true]),
            (1.0 + f64::EPSILON, 1.0, [false, true, false, false, true, true]),
            (1.0, 2.0, [false, true, true, true, false, false]),
            (-1.0, 1.0, [false, true, true, true, false, false]),
            (0.0, near, [true, false, true, true, false, false]),
            (near, 0.0, [true, false, false, false, true, true]),
            (0.0, 0.0, [true, false, false, true, false, true]),
        ] {
            assert_eq!(NumericOp::ALL.map(|op| compare(value, op, expected)), holds, "{value} and {expected}");
        }
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
        check("[1]", "[1,2]", false);
        check("[]", "[]", true);
        check(r#"{"a":1}"#, r#"{"b":1}"#, false);
        check(r#"{"a":1}"#, r#"{"a":2}"#, false);
        check(r#"["a"]"#, r#"["b"]"#, false);
        check("true", "true", true);
        check("true", "false", false);
        check("null", "false", false);
    }
}
