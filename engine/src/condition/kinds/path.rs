//! `PathCheck`: a string is a path within a root.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::call::fields::{Fields, Unknown};
use crate::canonical::path;
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::{StepRecord, TextList};
use crate::image::texts::Texts;

#[cfg(feature = "compile")]
pub use build::PathCheck;

/// The operand of the step.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct TextsOperand {
    pub(crate) texts: TextList,
    pub(crate) reserved: [u8; 4],
}

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<'i> {
    field: FieldSlot,
    roots: Texts<'i>,
}

impl<'i> Path<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let operand: &TextsOperand = step.operand()?;
        Some(Self { field: step.field.get(), roots: image.texts(operand.texts)? })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let value = fields.value(self.field)?;
        fields.charge(value, self.roots.count());
        let text = value.as_string().ok_or(Unknown::wrong_type(self.field))?;
        path::is_inside(&text, self.roots.iter()).ok_or(Unknown::ambiguous(self.field))
    }
}

impl Describe for Path<'_> {
    fn name(&self) -> &'static str {
        "PathCheck"
    }

    fn op(&self, asked: bool) -> &'static str {
        if asked { "Inside" } else { "Outside" }
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a string")
    }

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(if asked { "be inside " } else { "not be inside " });
        out.push_alternatives(self.roots.iter());
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, visit: Visit<'_>) {
        visit("value", MemberValue::Texts(&mut self.roots.iter()));
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::ops::Range;

    use super::TextsOperand;
    use crate::canonical::path;
    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_field};
    use crate::image::records::StepRecord;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::diagnostic::quoted;
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::spanned::Spanned;
    use crate::policy::text::tree::Node;

    /// A string is a path within a root.
    #[derive(Clone, Debug, PartialEq)]
    pub struct PathCheck {
        /// The path.
        pub field: Field,
        /// The roots, absolute and canonical.
        pub roots: Vec<Spanned<String>>,
    }

    impl PathCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let check = reader.object(node, "`PathCheck`", &["source", "field", "roots"])?;
            let field = read_field(&check, reader, scope);
            let roots = check.required("roots", reader).and_then(|node| reader.strings(node, "`roots`"));
            Some(Self { field: field?, roots: roots? })
        }
    }

    impl Check for PathCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["string"]
        }

        fn validate(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            validation.check_not_empty(span, &self.roots, "roots");
            for root in self.roots.iter().filter(|root| !path::is_root(&root.value)) {
                let message = format!("{} is no absolute path with one reading", quoted(&root.value));
                let fix = "start with `/`, without dot segments, empty segments, backslashes or percent-encoding";
                validation.error_with_fix("bad_root", &root.span, message, fix);
            }
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
            known.narrow(&self.field, Domain::keep_strings, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let operand = TextsOperand { texts: encoder.texts(&self.roots), reserved: [0; 4] };
            StepRecord::new(code::PATH, 0, encoder.field(&self.field), &operand)
        }
    }
}
