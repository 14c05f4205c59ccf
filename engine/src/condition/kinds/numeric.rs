//! `NumericCheck`: a number compares with a number of the policy.

use core::cmp::Ordering;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::call::fields::{Fields, Unknown};
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::{FieldSlot, NumberOffset, Stored};
use crate::image::records::{NumberRecord, StepRecord};
use crate::json::RawValue;
use crate::json::decimal::{EXACT_INTEGERS, compare_as_programs_do, nearest_binary64};
use crate::language::operators::NumericOp;

#[cfg(feature = "compile")]
pub use build::NumericCheck;

/// What a number must be of which programs with and without binary64 make different comparisons.
pub(crate) const PLAIN_NUMBER: &str = "be a number within the precision of binary64";

/// What the step compares with.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct NumberOperand {
    pub(crate) number: Stored<NumberOffset>,
    pub(crate) reserved: [u8; 8],
}

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numeric<'i> {
    field: FieldSlot,
    op: NumericOp,
    number: &'i NumberRecord,
}

impl<'i> Numeric<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let operand: &NumberOperand = step.operand()?;
        Some(Self {
            field: step.field.get(),
            op: NumericOp::from_code(step.op)?,
            number: image.number(operand.number.get())?,
        })
    }

    /// Compares exact decimals.
    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let text = fields.value(self.field)?.as_number().ok_or(Unknown::wrong_type(self.field))?;
        let orderings = compare_number(text, self.number, fields.image);
        orderings.and_then(|orderings| self.op.agrees(orderings)).ok_or(Unknown::ambiguous(self.field))
    }

    /// Compares binary64 numbers; unknown is false.
    pub(crate) fn evaluate_binary64(self, fields: &Fields<'_, '_, '_>) -> bool {
        let value = fields.uncharged(self.field).and_then(RawValue::as_number);
        let value = value.and_then(nearest_binary64);
        value.is_some_and(|value| compare_binary64(value, self.op, f64::from_bits(self.number.binary64.get())))
    }

    fn op_asked(&self, asked: bool) -> NumericOp {
        if asked { self.op } else { self.op.inverse() }
    }
}

impl Describe for Numeric<'_> {
    fn name(&self) -> &'static str {
        "NumericCheck"
    }

    fn op(&self, asked: bool) -> &'static str {
        self.op_asked(asked).name()
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a number")
    }

    fn form_requirement(&self) -> &'static str {
        PLAIN_NUMBER
    }

    fn write_requirement(&self, asked: bool, image: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_comparison("be ", self.op_asked(asked));
        out.push_text(image.text(self.number.text).unwrap_or_default());
    }

    fn visit_members(&self, _: bool, image: &PolicyImage<'_>, visit: Visit<'_>) {
        visit_number(self.number, image, visit);
    }
}

/// Visits a number as the member `value`.
pub(crate) fn visit_number(number: &NumberRecord, image: &PolicyImage<'_>, visit: Visit<'_>) {
    if let Some(text) = image.text(number.text) {
        visit("value", MemberValue::Number(text));
    }
}

/// How a number compares with one of the policy: exactly, and as binary64.
pub(crate) fn compare_number(text: &str, number: &NumberRecord, image: &PolicyImage<'_>) -> Option<[Ordering; 2]> {
    // Amounts and counts are short integers on both sides: no need to take them apart.
    let expected = number.integer.get();
    if EXACT_INTEGERS.contains(&expected)
        && let Ok(value) = text.parse::<i64>()
        && EXACT_INTEGERS.contains(&value)
    {
        return Some([value.cmp(&expected); 2]);
    }
    compare_as_programs_do(text, image.text(number.text)?)
}

/// Compares two binary64 numbers as perso does: they are equal if they differ by less than the distance from 1 to the
/// next number.
fn compare_binary64(value: f64, op: NumericOp, expected: f64) -> bool {
    let is_near = (value - expected).abs() < f64::EPSILON;
    match op {
        NumericOp::Eq => is_near,
        NumericOp::Ne => !is_near,
        NumericOp::Lt => value < expected,
        NumericOp::Lte => value <= expected,
        NumericOp::Gt => value > expected,
        NumericOp::Gte => value >= expected,
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::ops::Range;

    use super::NumberOperand;
    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, operator_noun, read_field};
    use crate::image::index::Stored;
    use crate::image::records::StepRecord;
    use crate::language::dialect::Dialect;
    use crate::language::operators::NumericOp;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::semantics::Numbers;
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::tree::Node;

    /// A number compares with another.
    #[derive(Clone, Debug, PartialEq)]
    pub struct NumericCheck {
        /// The number that is compared.
        pub field: Field,
        /// How it is compared.
        pub op: NumericOp,
        /// The text of the number that it is compared with.
        pub value: String,
    }

    impl NumericCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let check = reader.object(node, "`NumericCheck`", &["source", "field", "op", "value"])?;
            let field = read_field(&check, reader, scope);
            let ops = NumericOp::ALL.into_iter().filter(|&op| scope.dialect != Dialect::Perso1 || op != NumericOp::Ne);
            let noun = operator_noun("NumericCheck", scope.dialect);
            let op = check
                .required("op", reader)
                .and_then(|node| reader.word(node, &noun, "unknown_op", ops.map(|op| (op.name(), op))));
            let value = check.required("value", reader).and_then(|node| reader.number(node, "`value`"));
            Some(Self { field: field?, op: op?, value: value? })
        }
    }

    impl Check for NumericCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["number", "integer"]
        }

        fn validate(&self, _: &Range<usize>, _: &mut Validation<'_>) {}

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, truth: bool) -> bool {
            known.narrow(&self.field, Domain::keep_numbers, |domain| {
                domain.numbers.narrow(if truth { self.op } else { self.op.inverse() }, &self.value);
            })
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let code = match encoder.semantics().numbers {
                Numbers::Decimal => code::NUMERIC,
                Numbers::Binary64 => code::NUMERIC_BINARY64,
            };
            let number = Stored::new(encoder.number(&self.value));
            let operand = NumberOperand { number, reserved: [0; 8] };
            StepRecord::new(code, self.op.code(), encoder.field(&self.field), &operand)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(NumericOp::ALL.map(|op| compare_binary64(value, op, expected)), holds, "{value} and {expected}");
        }
    }
}
