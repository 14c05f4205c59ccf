//! `MembersCheck`: the names of an object's members are all in a list, or none is.

use alloc::borrow::Cow;

use crate::call::fields::{Fields, Unknown};
use crate::condition::lists::Lists;
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::StepRecord;
use crate::language::case::Case;
use crate::language::operators::StringOp;

#[cfg(feature = "compile")]
pub use build::MembersCheck;

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Members<'i> {
    field: FieldSlot,
    /// Whether all names must be in the list, not none of them.
    inside: bool,
    names: Lists<'i>,
}

impl<'i> Members<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let inside = StringOp::from_code(step.op)? == StringOp::In;
        Some(Self { field: step.field.get(), inside, names: Lists::decode(image, step)? })
    }

    /// A string is unknown, because some servers parse JSON inside it.
    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let value = fields.value(self.field)?;
        fields.charge(value, 1);
        let mut is_met = true;
        let looked = value.for_members(|name, _| {
            let is_listed = match self.names.case {
                Case::Exact => self.names.compared.contains(name),
                case => self.names.compared.contains(&case.fold(Cow::Borrowed(name))),
            };
            is_met = is_listed == self.inside;
            is_met
        });
        looked.map(|()| is_met).ok_or(Unknown::wrong_type(self.field))
    }
}

impl Describe for Members<'_> {
    fn name(&self) -> &'static str {
        "MembersCheck"
    }

    fn op(&self, _: bool) -> &'static str {
        if self.inside { StringOp::In.name() } else { StringOp::NotIn.name() }
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be an object")
    }

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(match (self.inside, asked) {
            (true, true) => "have no members except ",
            (true, false) => "have a member other than ",
            (false, true) => "not have a member ",
            (false, false) => "have a member ",
        });
        out.push_alternatives(self.names.shown.iter());
    }

    fn visit_members(&self, asked: bool, _: &PolicyImage<'_>, visit: Visit<'_>) {
        visit("value", MemberValue::Texts(&mut self.names.shown.iter()));
        if !asked {
            visit("negated", MemberValue::Bool(true));
        }
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::ops::Range;

    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, read_field};
    use crate::condition::lists::{encode_folded, read_case};
    use crate::image::records::StepRecord;
    use crate::language::case::Case;
    use crate::language::operators::StringOp;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::spanned::Spanned;
    use crate::policy::text::tree::Node;

    /// The names of an object's members are all in a list, or none is.
    #[derive(Clone, Debug, PartialEq)]
    pub struct MembersCheck {
        /// The object.
        pub field: Field,
        /// `In` or `NotIn`.
        pub op: StringOp,
        /// The names.
        pub names: Vec<Spanned<String>>,
        /// How names are compared.
        pub case: Case,
    }

    impl MembersCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let check = reader.object(node, "`MembersCheck`", &["source", "field", "op", "value", "ignoreCase"])?;
            let field = read_field(&check, reader, scope);
            let ops = [StringOp::In, StringOp::NotIn].map(|op| (op.name(), op));
            let op = check
                .required("op", reader)
                .and_then(|node| reader.word(node, "an operator of `MembersCheck`", "unknown_op", ops));
            let names = check.required("value", reader).and_then(|node| reader.strings(node, "`value`"));
            let case = read_case(&check, reader);
            Some(Self { field: field?, op: op?, names: names?, case: case? })
        }
    }

    impl Check for MembersCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["object"]
        }

        fn validate(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            validation.check_not_empty(span, &self.names, "names");
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
            known.narrow(&self.field, Domain::keep_compound, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            encode_folded(encoder, (code::MEMBERS, self.op.code()), &self.field, &self.names, self.case)
        }
    }
}
