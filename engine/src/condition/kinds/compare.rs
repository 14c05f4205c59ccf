//! `FieldCompare`: two fields are numbers that compare.

use crate::call::fields::{Fields, Unknown};
use crate::condition::kinds::equals::FieldOperand;
use crate::condition::kinds::numeric::PLAIN_NUMBER;
use crate::condition::sentence::{Describe, Sentence, Visit, visit_other};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::StepRecord;
use crate::json::decimal::compare_as_programs_do;
use crate::language::operators::NumericOp;

#[cfg(feature = "compile")]
pub use build::FieldCompare;

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compare {
    field: FieldSlot,
    op: NumericOp,
    other: FieldSlot,
}

impl Compare {
    pub(crate) fn decode(step: &StepRecord) -> Option<Self> {
        let operand: &FieldOperand = step.operand()?;
        Some(Self { field: step.field.get(), op: NumericOp::from_code(step.op)?, other: operand.other.get() })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let number = |field: FieldSlot| fields.value(field)?.as_number().ok_or(Unknown::wrong_type(field));
        let orderings = compare_as_programs_do(number(self.field)?, number(self.other)?);
        orderings.and_then(|orderings| self.op.agrees(orderings)).ok_or(Unknown::ambiguous(self.field))
    }

    fn op_asked(&self, asked: bool) -> NumericOp {
        if asked { self.op } else { self.op.inverse() }
    }
}

impl Describe for Compare {
    fn name(&self) -> &'static str {
        "FieldCompare"
    }

    fn op(&self, asked: bool) -> &'static str {
        self.op_asked(asked).name()
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn other(&self) -> Option<FieldSlot> {
        Some(self.other)
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a number")
    }

    fn form_requirement(&self) -> &'static str {
        PLAIN_NUMBER
    }

    fn write_requirement(&self, asked: bool, image: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_comparison("be ", self.op_asked(asked));
        out.push_field(self.other, image);
    }

    fn visit_members(&self, _: bool, image: &PolicyImage<'_>, visit: Visit<'_>) {
        visit_other(self.other, image, visit);
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::vec::Vec;
    use core::ops::Range;

    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_first_field, read_numeric_op, read_second_field};
    use crate::condition::kinds::equals::{FieldOperand, check_two_fields};
    use crate::image::records::StepRecord;
    use crate::language::operators::NumericOp;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::tree::Node;

    /// Two fields are numbers that compare.
    #[derive(Clone, Debug, PartialEq)]
    pub struct FieldCompare {
        /// The number that is compared.
        pub a: Field,
        /// How it is compared.
        pub op: NumericOp,
        /// The number that it is compared with.
        pub b: Field,
    }

    impl FieldCompare {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let keys = ["source_a", "field_a", "op", "source_b", "field_b"];
            let check = reader.object(node, "`FieldCompare`", &keys)?;
            let a = read_first_field(&check, reader, scope);
            let op = read_numeric_op(&check, reader, "an operator of `FieldCompare`");
            let b = read_second_field(&check, reader, scope);
            Some(Self { a: a?, op: op?, b: b? })
        }
    }

    impl Check for FieldCompare {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.a, &self.b]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["number", "integer"]
        }

        fn validate(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            check_two_fields(&self.a, &self.b, span, validation);
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
            [&self.a, &self.b].into_iter().all(|field| known.narrow(field, Domain::keep_numbers, |_| {}))
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let operand = FieldOperand { other: encoder.field(&self.b), reserved: [0; 8] };
            StepRecord::new(code::COMPARE, self.op.code(), encoder.field(&self.a), &operand)
        }
    }
}
