//! `PathCheck`: a string is a path within a root.

use crate::call::fields::{Fields, Unknown};
use crate::canonical::path;
use crate::condition::lists::Lists;
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::StepRecord;
use crate::language::case::Case;

#[cfg(feature = "compile")]
pub use build::PathCheck;

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<'i> {
    field: FieldSlot,
    roots: Lists<'i>,
}

impl<'i> Path<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        Some(Self { field: step.field.get(), roots: Lists::decode(image, step)? })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let value = fields.value(self.field)?;
        let folding = usize::from(self.roots.case != Case::Exact);
        fields.charge(value, self.roots.compared.count().saturating_add(folding));
        let text = value.as_string().ok_or(Unknown::wrong_type(self.field))?;
        path::is_inside(&text, self.roots.compared.iter(), self.roots.case).ok_or(Unknown::ambiguous(self.field))
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

    fn form_requirement(&self) -> &'static str {
        let is_absolute = self.roots.shown.iter().any(|root| root.starts_with('/'));
        if is_absolute { "be an unambiguous absolute path" } else { "be an unambiguous relative path" }
    }

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(if asked { "be inside " } else { "not be inside " });
        out.push_alternatives(self.roots.shown.iter());
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, visit: Visit<'_>) {
        visit("value", MemberValue::Texts(&mut self.roots.shown.iter()));
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::format;
    use alloc::string::{String, ToString as _};
    use alloc::vec::Vec;
    use core::ops::Range;

    use crate::canonical::path;
    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_field};
    use crate::condition::lists::{encode_folded, read_case};
    use crate::image::records::StepRecord;
    use crate::language::case::Case;
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
        /// The roots, which are canonical, and all absolute or all relative.
        pub roots: Vec<Spanned<String>>,
        /// How it treats the case of letters.
        pub case: Case,
    }

    impl PathCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let check = reader.object(node, "`PathCheck`", &["source", "field", "roots", "ignoreCase"])?;
            let field = read_field(&check, reader, scope);
            let roots = check.required("roots", reader).and_then(|node| reader.strings(node, "`roots`"));
            let case = read_case(&check, reader);
            Some(Self { field: field?, roots: roots?, case: case? })
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
                let message = format!("{} is not an unambiguous path", quoted(&root.value));
                let fix = "write an absolute path such as `/srv/data`, a relative path such as `src`, or `.` for every relative path";
                validation.error_with_fix("bad_root", &root.span, message, fix);
            }
            let is_absolute = |root: &Spanned<String>| root.value.starts_with('/');
            if self.roots.iter().any(is_absolute) && !self.roots.iter().all(is_absolute) {
                let message = "the roots must be all absolute or all relative".to_string();
                let fix = "write one `PathCheck` for the absolute roots and one for the relative roots";
                validation.error_with_fix("mixed_roots", span, message, fix);
            }
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
            known.narrow(&self.field, Domain::keep_strings, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            encode_folded(encoder, (code::PATH, 0), &self.field, &self.roots, self.case)
        }
    }
}
