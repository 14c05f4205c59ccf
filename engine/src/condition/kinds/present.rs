//! `FieldPresent`: a field is present and not null.

use crate::call::fields::{Fields, Unknown};
use crate::condition::sentence::{Describe, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::StepRecord;
use crate::json::Kind;

#[cfg(feature = "compile")]
pub use build::FieldPresent;

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present {
    field: FieldSlot,
}

impl Present {
    pub(crate) fn decode(step: &StepRecord) -> Self {
        Self { field: step.field.get() }
    }

    /// Absence is what the check is about, so a missing field is not unknown, unless it could be inside a value that
    /// callgate does not look into.
    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        match fields.charged(self.field) {
            Some(value) => Ok(value.kind() != Kind::Null),
            None if fields.may_be_hidden(self.field) => Err(Unknown::ambiguous(self.field)),
            None => Ok(false),
        }
    }

    /// Like [`Self::evaluate`], without a charge.
    pub(crate) fn evaluate_uncharged(self, fields: &Fields<'_, '_, '_>) -> bool {
        fields.uncharged(self.field).is_some_and(|value| value.kind() != Kind::Null)
    }
}

impl Describe for Present {
    fn name(&self) -> &'static str {
        "FieldPresent"
    }

    fn op(&self, asked: bool) -> &'static str {
        if asked { "Present" } else { "Absent" }
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        None
    }

    fn form_requirement(&self) -> &'static str {
        "be a member of an object or a list"
    }

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(if asked { "be present" } else { "be absent" });
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, _: Visit<'_>) {}
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
    use crate::policy::semantics::Unknowns;
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::tree::Node;

    /// A field is present and not null.
    #[derive(Clone, Debug, PartialEq)]
    pub struct FieldPresent {
        /// The field.
        pub field: Field,
    }

    impl FieldPresent {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let check = reader.object(node, "`FieldPresent`", &["source", "field"])?;
            Some(Self { field: read_field(&check, reader, scope)? })
        }
    }

    impl Check for FieldPresent {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &[]
        }

        fn validate(&self, _: &Range<usize>, _: &mut Validation<'_>) {}

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, truth: bool) -> bool {
            known.narrow(&self.field, |_| {}, if truth { Domain::keep_present } else { Domain::keep_absent })
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let code = match encoder.semantics().unknowns {
                Unknowns::StayUnknown => code::PRESENT,
                Unknowns::AreFalse => code::PRESENT_UNCHARGED,
            };
            StepRecord::new(code, 0, encoder.field(&self.field), &NO_OPERAND)
        }
    }
}
