//! `FieldEquals`: two fields have the same value.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::call::fields::{Fields, Unknown};
use crate::condition::kinds::numeric::PLAIN_NUMBER;
use crate::condition::kinds::string::{WITHOUT_SLASH, without_slash};
use crate::condition::sentence::{Describe, Sentence, Visit, visit_other};
use crate::image::PolicyImage;
use crate::image::index::{FieldSlot, Stored};
use crate::image::records::StepRecord;
use crate::json::decimal::{compare_as_programs_do, nearest_binary64};
use crate::json::{Kind, RawValue};
use crate::language::case::Case;
use crate::language::operators::NumericOp;

#[cfg(feature = "compile")]
pub use build::FieldEquals;
#[cfg(feature = "compile")]
pub(crate) use build::check_two_fields;

/// The operand of the step.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct FieldOperand {
    pub(crate) other: Stored<FieldSlot>,
    pub(crate) reserved: [u8; 8],
}

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Equals {
    field: FieldSlot,
    other: FieldSlot,
    /// How strings are compared.
    case: Case,
    /// Whether one of the fields is a path, which may have a slash at its end.
    is_path: bool,
}

impl Equals {
    pub(crate) fn decode(step: &StepRecord) -> Option<Self> {
        let operand: &FieldOperand = step.operand()?;
        let (other, case) = (operand.other.get(), Case::from_code(step.op)?);
        Some(Self { field: step.field.get(), other, case, is_path: step.is_path != 0 })
    }

    /// Compares strings, numbers and booleans. Lists, objects and values of different types are unknown.
    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let value = fields.value(self.field)?;
        let other = fields.value(self.other)?;
        if let (Some(number), Some(other)) = (value.as_number(), other.as_number()) {
            let orderings = compare_as_programs_do(number, other);
            return orderings
                .and_then(|orderings| NumericOp::Eq.agrees(orderings))
                .ok_or(Unknown::ambiguous(self.field));
        }
        if self.case != Case::Exact {
            fields.charge(value, 1);
            fields.charge(other, 1);
        }
        let culprit = if value.is_scalar() && !other.is_scalar() { self.other } else { self.field };
        let is_equal = scalars_equal(value, other, self.case).ok_or(Unknown::wrong_type(culprit))?;
        if self.is_path && !is_equal && self.are_equal_paths(value, other) {
            return Err(Unknown::ambiguous(self.field));
        }
        Ok(is_equal)
    }

    /// Whether two strings are equal without the slashes at their ends, which some programs drop.
    fn are_equal_paths(self, value: RawValue<'_>, other: RawValue<'_>) -> bool {
        let (Some(value), Some(other)) = (value.as_string(), other.as_string()) else { return false };
        let (value, other) = (self.case.fold(value), self.case.fold(other));
        without_slash(&value).unwrap_or(&value) == without_slash(&other).unwrap_or(&other)
    }

    /// Compares values of all types, lists and objects by their contents; unknown is false.
    pub(crate) fn evaluate_deep(self, fields: &Fields<'_, '_, '_>) -> bool {
        match (fields.uncharged(self.field), fields.uncharged(self.other)) {
            (Some(a), Some(b)) => deeply_equal(a, b),
            _ => false,
        }
    }
}

impl Describe for Equals {
    fn name(&self) -> &'static str {
        "FieldEquals"
    }

    fn op(&self, asked: bool) -> &'static str {
        if asked { "Equals" } else { "Differs" }
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn other(&self) -> Option<FieldSlot> {
        Some(self.other)
    }

    fn type_requirement(&self) -> Option<&'static str> {
        // The sentence continues with the other field.
        Some("be a string, a number or a boolean of the same type as ")
    }

    fn form_requirement(&self) -> &'static str {
        if self.is_path { WITHOUT_SLASH } else { PLAIN_NUMBER }
    }

    fn write_requirement(&self, asked: bool, image: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(if asked { "be equal to " } else { "differ from " });
        out.push_field(self.other, image);
    }

    fn visit_members(&self, _: bool, image: &PolicyImage<'_>, visit: Visit<'_>) {
        visit_other(self.other, image, visit);
    }
}

/// Whether two strings or booleans are the same; `None` for other values and for values of two types.
fn scalars_equal(a: RawValue<'_>, b: RawValue<'_>, case: Case) -> Option<bool> {
    match (a.kind(), b.kind()) {
        (Kind::String, Kind::String) if case != Case::Exact => {
            Some(case.fold(a.as_string()?) == case.fold(b.as_string()?))
        }
        (Kind::String, Kind::String) => Some(a.as_string() == b.as_string()),
        (Kind::Bool(a), Kind::Bool(b)) => Some(a == b),
        _ => None,
    }
}

/// Whether two values are equal as perso compares them.
///
/// perso parses with serde_json: an integer that fits 64 bits stays an integer, and any other number becomes a
/// binary64. Numbers of the two kinds are never equal, so 1 is not 1.0. Lists and objects compare by their contents.
fn deeply_equal(a: RawValue<'_>, b: RawValue<'_>) -> bool {
    match (a.kind(), b.kind()) {
        (Kind::Number, Kind::Number) => {
            matches!((Number::read(a.text()), Number::read(b.text())), (Some(a), Some(b)) if a == b)
        }
        (Kind::String, Kind::String) => a.as_string() == b.as_string(),
        (Kind::Array, Kind::Array) => {
            let (a, b) = (a.to_items(), b.to_items());
            a.len() == b.len() && a.iter().zip(&b).all(|(&a, &b)| deeply_equal(a, b))
        }
        (Kind::Object, Kind::Object) => {
            // INVARIANT: the request reader rejected duplicate names, so sorted members pair up.
            let (a, b) = (a.to_members(), b.to_members());
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && deeply_equal(a.1, b.1))
        }
        (a, b) => a == b,
    }
}

/// A number as serde_json represents it.
#[derive(PartialEq)]
enum Number {
    Unsigned(u64),
    Negative(i64),
    Binary64(f64),
}

impl Number {
    fn read(text: &str) -> Option<Self> {
        if !text.contains(['.', 'e', 'E']) && text != "-0" {
            if let Ok(value) = text.parse() {
                return Some(Self::Unsigned(value));
            }
            if let Ok(value) = text.parse() {
                return Some(Self::Negative(value));
            }
        }
        nearest_binary64(text).map(Self::Binary64)
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::format;
    use alloc::vec::Vec;
    use core::ops::Range;

    use super::FieldOperand;
    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_first_field, read_second_field};
    use crate::condition::lists::read_case;
    use crate::image::records::StepRecord;
    use crate::language::case::Case;
    use crate::language::dialect::Dialect;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::semantics::Equality;
    use crate::policy::text::diagnostic::quoted;
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::tree::Node;

    /// Two fields have the same value.
    #[derive(Clone, Debug, PartialEq)]
    pub struct FieldEquals {
        /// One field.
        pub a: Field,
        /// The other field.
        pub b: Field,
        /// How strings are compared.
        pub case: Case,
    }

    impl FieldEquals {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let keys: &[&'static str] = match scope.dialect {
                Dialect::Callgate1 => &["source_a", "field_a", "source_b", "field_b", "ignoreCase"],
                Dialect::Perso1 => &["source_a", "field_a", "source_b", "field_b"],
            };
            let check = reader.object(node, "`FieldEquals`", keys)?;
            let a = read_first_field(&check, reader, scope);
            let b = read_second_field(&check, reader, scope);
            let case = match scope.dialect {
                Dialect::Callgate1 => read_case(&check, reader),
                Dialect::Perso1 => Some(Case::Exact),
            };
            Some(Self { a: a?, b: b?, case: case? })
        }
    }

    impl Check for FieldEquals {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.a, &self.b]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["string", "number", "integer", "boolean"]
        }

        fn validate(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            check_two_fields(&self.a, &self.b, span, validation);
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
            [&self.a, &self.b].into_iter().all(|field| known.narrow(field, Domain::keep_scalars, |_| {}))
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let code = match encoder.semantics().equality {
                Equality::Scalars => code::EQUALS,
                Equality::Deep => code::EQUALS_DEEP,
            };
            let operand = FieldOperand { other: encoder.field(&self.b), reserved: [0; 8] };
            let is_path = encoder.is_path(&self.a) || encoder.is_path(&self.b);
            StepRecord::new(code, self.case.code(), encoder.field(&self.a), &operand).with_path(is_path)
        }
    }

    /// Reports a field that is compared with itself.
    pub(crate) fn check_two_fields(a: &Field, b: &Field, span: &Range<usize>, validation: &mut Validation<'_>) {
        if a.is_same(b) {
            let message = format!("the field {} is compared with itself", quoted(&a.name.value));
            validation.error_with_fix("same_field", span, message, "compare it with another field");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[track_caller]
    fn check(a: &'static str, b: &'static str, expected: bool) {
        let read = |text: &'static str| json::read(text.as_bytes(), 32).expect("JSON");
        let (left, right) = (read(a), read(b));
        assert_eq!(deeply_equal(left, right), expected, "{a} and {b}");
        assert_eq!(deeply_equal(right, left), expected, "{b} and {a}");
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
