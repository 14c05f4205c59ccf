//! `LengthCheck`: the length of a string (in characters), a list (in items) or an object (in members) compares with a number.

use crate::call::fields::{Fields, Unknown};
use crate::condition::kinds::numeric::{NumberOperand, visit_number};
use crate::condition::sentence::{Describe, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::{NumberRecord, StepRecord};
use crate::language::operators::NumericOp;

#[cfg(feature = "compile")]
pub use build::LengthCheck;

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length<'i> {
    field: FieldSlot,
    op: NumericOp,
    number: &'i NumberRecord,
}

impl<'i> Length<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let operand: &NumberOperand = step.operand()?;
        Some(Self {
            field: step.field.get(),
            op: NumericOp::from_code(step.op)?,
            number: image.number(operand.number.get())?,
        })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let length = fields.value(self.field)?.length().and_then(|length| i64::try_from(length).ok());
        let length = length.ok_or(Unknown::wrong_type(self.field))?;
        Ok(self.op.holds(length.cmp(&self.number.integer.get())))
    }

    fn op_asked(&self, asked: bool) -> NumericOp {
        if asked { self.op } else { self.op.inverse() }
    }
}

impl Describe for Length<'_> {
    fn name(&self) -> &'static str {
        "LengthCheck"
    }

    fn op(&self, asked: bool) -> &'static str {
        self.op_asked(asked).name()
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a string, a list or an object")
    }

    fn write_requirement(&self, asked: bool, image: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_comparison("have a length of ", self.op_asked(asked));
        out.push_text(image.text(self.number.text).unwrap_or_default());
    }

    fn visit_members(&self, _: bool, image: &PolicyImage<'_>, visit: Visit<'_>) {
        visit_number(self.number, image, visit);
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::ops::Range;

    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_field, read_numeric_op};
    use crate::condition::kinds::numeric::NumberOperand;
    use crate::image::index::Stored;
    use crate::image::records::StepRecord;
    use crate::language::operators::NumericOp;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::spanned::Spanned;
    use crate::policy::text::tree::Node;

    /// The length of a string (in characters), a list (in items) or an object (in members) compares with a number.
    #[derive(Clone, Debug, PartialEq)]
    pub struct LengthCheck {
        /// The value that is measured.
        pub field: Field,
        /// How its length is compared.
        pub op: NumericOp,
        /// The text of the number, a whole one.
        pub value: Spanned<String>,
    }

    impl LengthCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let check = reader.object(node, "`LengthCheck`", &["source", "field", "op", "value"])?;
            let field = read_field(&check, reader, scope);
            let op = read_numeric_op(&check, reader, "an operator of `LengthCheck`");
            let value = check.required("value", reader).and_then(|node| {
                let text = reader.number(node, "`value`")?;
                Some(Spanned { value: text, span: node.span.clone() })
            });
            Some(Self { field: field?, op: op?, value: value? })
        }
    }

    impl Check for LengthCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["string", "array", "object"]
        }

        fn validate(&self, _: &Range<usize>, validation: &mut Validation<'_>) {
            if self.value.value.parse::<u32>().is_err() {
                let message = "a length must be a whole number from 0 to 4294967295";
                validation.error("bad_length", &self.value.span, message);
            }
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, truth: bool) -> bool {
            let op = if truth { self.op } else { self.op.inverse() };
            known.narrow_length(&self.field, op, &self.value.value)
                && known.narrow(&self.field, Domain::keep_measurable, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let number = Stored::new(encoder.number(&self.value.value));
            let operand = NumberOperand { number, reserved: [0; 8] };
            StepRecord::new(code::LENGTH, self.op.code(), encoder.field(&self.field), &operand)
        }
    }
}
