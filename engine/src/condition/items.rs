//! `Every` and `Some`: a condition is true for each item of a list, or for at least one.
//!
//! Judging combines the truths of the items, so here is what the two say and not how they are evaluated.

use crate::condition::sentence::{Describe, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::StepRecord;

#[cfg(feature = "compile")]
pub use build::ItemsCheck;

/// The check as the image holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Items {
    field: FieldSlot,
    every: bool,
}

impl Items {
    pub(crate) fn decode(step: &StepRecord, every: bool) -> Self {
        Self { field: step.field.get(), every }
    }
}

impl Describe for Items {
    fn name(&self) -> &'static str {
        if self.every { "Every" } else { "Some" }
    }

    fn op(&self, asked: bool) -> &'static str {
        if asked { "Met" } else { "Unmet" }
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a list")
    }

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(match (self.every, asked) {
            (true, true) => "hold only items that meet the condition",
            (true, false) => "hold an item that does not meet the condition",
            (false, true) => "hold an item that meets the condition",
            (false, false) => "hold no item that meets the condition",
        });
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, _: Visit<'_>) {}
}

#[cfg(feature = "compile")]
mod build {
    use alloc::boxed::Box;
    use alloc::vec::Vec;
    use core::ops::Range;

    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::field::{Field, Scope, read_field};
    use crate::condition::{Condition, ConditionKind, code, read_condition};
    use crate::image::records::{NO_OPERAND, StepRecord};
    use crate::language::operators::Source;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::diagnostic::Diagnostic;
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::tree::Node;

    /// A condition is true for each item of a list, as for an empty one, or for at least one item.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ItemsCheck {
        /// Whether each item is meant, and not some item.
        pub every: bool,
        /// The list.
        pub field: Field,
        /// What must be true for an item, which is the source `Item` in it.
        pub condition: Box<Condition>,
    }

    impl ItemsCheck {
        pub(crate) fn read_every(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<ConditionKind> {
            Self::read(node, reader, scope, true)
        }

        pub(crate) fn read_some(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<ConditionKind> {
            Self::read(node, reader, scope, false)
        }

        fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope, every: bool) -> Option<ConditionKind> {
            let name = if every { "`Every`" } else { "`Some`" };
            let check = reader.object(node, name, &["source", "field", "condition"])?;
            let field = read_field(&check, reader, scope);
            let of_item = Scope { has_item: true, ..scope };
            let condition = check
                .required("condition", reader)
                .and_then(|node| read_condition(node, reader, of_item))
                .map(Box::new);
            let (field, condition) = (field?, condition?);
            if scope.has_item && field.source != Source::Item {
                let message = "within `Every` and `Some`, the list is one of the item: its source is `Item`";
                reader.problems.push(Diagnostic::error("list_of_call", &field.name.span, message));
                return None;
            }
            Some(ConditionKind::Items(Self { every, field, condition }))
        }
    }

    impl Check for ItemsCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["array"]
        }

        fn validate(&self, _: &Range<usize>, _: &mut Validation<'_>) {}

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, _: bool) -> bool {
            known.narrow(&self.field, Domain::keep_compound, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let code = if self.every { code::EVERY } else { code::SOME };
            StepRecord::new(code, 0, encoder.field(&self.field), &NO_OPERAND)
        }
    }
}
