//! The equality of JSON values, as `enum`, `const` and `uniqueItems` compare them.

use crate::json::decimal::compare_as_programs_do;
use crate::json::{Kind, RawValue};
use crate::judge::truth::Truth;
use crate::language::operators::NumericOp;

/// Whether two values are equal; unknown if programs differ in how they compare numbers of them.
pub(super) fn equal(a: RawValue<'_>, b: RawValue<'_>) -> Truth {
    match (a.kind(), b.kind()) {
        (Kind::Number, Kind::Number) => {
            let orderings = compare_as_programs_do(a.text(), b.text());
            Truth::from_option(orderings.and_then(|orderings| NumericOp::Eq.agrees(orderings)))
        }
        (Kind::String, Kind::String) => Truth::from_bool(a.as_string() == b.as_string()),
        (Kind::Array, Kind::Array) => {
            let (a, b) = (a.to_items(), b.to_items());
            let is_same_length = a.len() == b.len();
            let items = a.iter().zip(&b).map(|(&a, &b)| equal(a, b));
            items.fold(Truth::from_bool(is_same_length), Truth::min)
        }
        (Kind::Object, Kind::Object) => {
            // INVARIANT: names are unique, so sorted members pair up.
            let (a, b) = (a.to_members(), b.to_members());
            let has_same_names = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0);
            let members = a.iter().zip(&b).map(|(a, b)| equal(a.1, b.1));
            if has_same_names { members.fold(Truth::True, Truth::min) } else { Truth::False }
        }
        (a, b) => Truth::from_bool(a == b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, expected: Truth) {
        assert_eq!(equal(RawValue::of_checked(a), RawValue::of_checked(b)), expected, "{a} and {b}");
        assert_eq!(equal(RawValue::of_checked(b), RawValue::of_checked(a)), expected, "{b} and {a}");
    }

    #[test]
    fn values_are_compared_and_not_their_spelling() {
        check("1", "1.0", Truth::True);
        check(r#""\u0061""#, r#""a""#, Truth::True);
        check(r#"{"a":1,"b":[2]}"#, r#"{"b":[2.0],"a":1}"#, Truth::True);
        check("null", "null", Truth::True);
        check("true", "1", Truth::False);
        check("[1]", "[1,2]", Truth::False);
        check(r#"{"a":1}"#, r#"{"b":1}"#, Truth::False);
        check(r#""1""#, "1", Truth::False);
        check("true", "false", Truth::False);
    }

    #[test]
    fn numbers_that_programs_read_differently_are_unknown() {
        check("9007199254740993", "9007199254740992", Truth::Unknown);
        check("[9007199254740993]", "[9007199254740992]", Truth::Unknown);
        check("[9007199254740993,1]", "[9007199254740992,2]", Truth::False);
        check(r#"{"a":1e-400}"#, r#"{"a":0}"#, Truth::Unknown);
    }
}
