//! `BoolCheck`: a boolean has the given value.

use crate::call::fields::{Fields, Unknown};
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::StepRecord;
use crate::json::Kind;

#[cfg(feature = "compile")]
pub use build::BoolCheck;

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bool {
    field: FieldSlot,
    value: bool,
}

impl Bool {
    pub(crate) fn decode(step: &StepRecord) -> Self {
        Self { field: step.field.get(), value: step.op != 0 }
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        match fields.value(self.field)?.kind() {
            Kind::Bool(value) => Ok(value == self.value),
            _ => Err(Unknown::wrong_type(self.field)),
        }
    }
}

impl Describe for Bool {
    fn name(&self) -> &'static str {
        "BoolCheck"
    }

    fn op(&self, _: bool) -> &'static str {
        "Eq"
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a boolean")
    }

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(if self.value == asked { "be true" } else { "be false" });
    }

    fn visit_members(&self, asked: bool, _: &PolicyImage<'_>, visit: Visit<'_>) {
        visit("value", MemberValue::Bool(self.value == asked));
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::vec::Vec;
    use core::ops::Range;

    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_field};
    use crate::image::records::{NO_OPERAND, StepRecord};
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::tree::Node;

    /// A boolean has the given value.
    #[derive(Clone, Debug, PartialEq)]
    pub struct BoolCheck {
        /// The boolean.
        pub field: Field,
        /// The required value.
        pub value: bool,
    }

    impl BoolCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let check = reader.object(node, "`BoolCheck`", &["source", "field", "value"])?;
            let field = read_field(&check, reader, scope);
            let value = check.required("value", reader).and_then(|node| reader.boolean(node, "`value`"));
            Some(Self { field: field?, value: value? })
        }
    }

    impl Check for BoolCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["boolean"]
        }

        fn validate(&self, _: &Range<usize>, _: &mut Validation<'_>) {}

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, truth: bool) -> bool {
            known.narrow(&self.field, Domain::keep_booleans, |domain| domain.narrow_to(self.value == truth))
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            StepRecord::new(code::BOOL, u8::from(self.value), encoder.field(&self.field), &NO_OPERAND)
        }
    }
}
