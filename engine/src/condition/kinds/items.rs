//! `Every` and `Some`: a condition is true for each item of a list, or for at least one.
//!
//! The evaluation combines the truth values of the items, so this file contains only the description. A nested
//! condition is read in `build.rs`.

use crate::condition::sentence::{Describe, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::image::records::StepRecord;

/// The check in the image.
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
            (true, true) => "contain only items that meet the condition",
            (true, false) => "contain an item that does not meet the condition",
            (false, true) => "contain an item that meets the condition",
            (false, false) => "contain no item that meets the condition",
        });
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, _: Visit<'_>) {}
}
