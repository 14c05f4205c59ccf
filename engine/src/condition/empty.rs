//! `EmptyCheck`: a string, a list or an object is empty.

use crate::call::fields::{Fields, Unknown};
use crate::condition::sentence::{Describe, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::StepRecord;

#[cfg(feature = "compile")]
pub use build::EmptyCheck;

/// The check as the image holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Empty {
    field: FieldSlot,
}

impl Empty {
    pub(crate) fn decode(step: &StepRecord) -> Self {
        Self { field: step.field.get() }
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let length = fields.value(self.field)?.length();
        Ok(length.ok_or(Unknown::wrong_type(self.field))? == 0)
    }
}

impl Describe for Empty {
    fn name(&self) -> &'static str {
        "EmptyCheck"
    }

    fn op(&self, asked: bool) -> &'static str {
        if asked { "Empty" } else { "NotEmpty" }
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a string, a list or an object")
    }

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(if asked { "be empty" } else { "not be empty" });
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, _: Visit<'_>) {}
}

#[cfg(feature = "compile")]
mod build {
    use alloc::vec::Vec;
    use core::ops::Range;

    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::field::{Field, Scope, read_field};
    use crate::condition::{ConditionKind, code};
    use crate::image::records::{NO_OPERAND, StepRecord};
    use crate::language::operators::NumericOp;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::tree::Node;

    /// A string, a list or an object is empty.
    #[derive(Clone, Debug, PartialEq)]
    pub struct EmptyCheck {
        /// The value that is measured.
        pub field: Field,
    }

    impl EmptyCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<ConditionKind> {
            let check = reader.object(node, "`EmptyCheck`", &["source", "field"])?;
            Some(ConditionKind::EmptyCheck(Self { field: read_field(&check, reader, scope)? }))
        }
    }

    impl Check for EmptyCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["string", "array", "object"]
        }

        fn validate(&self, _: &Range<usize>, _: &mut Validation<'_>) {}

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, truth: bool) -> bool {
            let op = if truth { NumericOp::Eq } else { NumericOp::Ne };
            known.narrow_length(&self.field, op, "0") && known.narrow(&self.field, Domain::keep_measurable, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            StepRecord::new(code::EMPTY, 0, encoder.field(&self.field), &NO_OPERAND)
        }
    }
}
