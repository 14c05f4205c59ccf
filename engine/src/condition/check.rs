//! The build steps of every kind of check.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use hashbrown::HashMap;

use crate::condition::field::Field;
use crate::image::index::{AutomatonIndex, FieldSlot, ListsOffset, NumberOffset, Stored, UrlOffset};
use crate::image::records::{ListsRecord, StepRecord, TextList, TextRef, UrlRecord};
use crate::policy::check::knowledge::Knowledge;
use crate::policy::semantics::Semantics;
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::spanned::Spanned;

/// A check of a policy text.
pub(crate) trait Check {
    /// The fields that it reads.
    fn fields(&self) -> Vec<&Field>;

    /// The JSON Schema types that it compares; none if it compares all.
    fn accepted_types(&self) -> &'static [&'static str];

    /// Reports errors in the check alone.
    fn validate(&self, span: &Range<usize>, validation: &mut Validation<'_>);

    /// Reports what it fails to cover in a position in which its truth denies a call.
    fn validate_denial(&self, _: &Range<usize>, _: &mut Validation<'_>) {}

    /// Reports what it fails to cover in a position in which its falsehood denies a call.
    fn validate_permission(&self, _: &Range<usize>, _: &mut Validation<'_>) {}

    /// Assumes that it is true, or false, and narrows the possible values of its fields; returns whether any remain.
    fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, truth: bool) -> bool;

    /// Its step in the image.
    fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord;
}

/// The findings of checks.
pub(crate) struct Validation<'v> {
    pub(crate) findings: &'v mut Vec<Diagnostic>,
    pub(crate) expressions: &'v mut Expressions,
}

/// The tried lists of regular expressions and the error of each, because many rules have the same list.
pub(crate) type Expressions = HashMap<Vec<String>, Option<String>>;

impl Validation<'_> {
    pub(crate) fn error(&mut self, code: &'static str, span: &Range<usize>, message: impl Into<String>) {
        self.findings.push(Diagnostic::error(code, span, message));
    }

    pub(crate) fn error_with_fix(&mut self, code: &'static str, span: &Range<usize>, message: String, fix: &str) {
        self.findings.push(Diagnostic::error(code, span, message).with_fix(fix));
    }

    pub(crate) fn warning_with_fix(&mut self, code: &'static str, span: &Range<usize>, message: String, fix: &str) {
        self.findings.push(Diagnostic::warning(code, span, message).with_fix(fix));
    }

    /// Reports a list without entries.
    pub(crate) fn check_not_empty<T>(&mut self, span: &Range<usize>, list: &[T], what: &str) {
        if list.is_empty() {
            self.error("empty_list", span, alloc::format!("the list of {what} must not be empty"));
        }
    }
}

/// Writes what checks compare with into an image.
pub(crate) trait Encoder {
    /// The meaning of the policy's language.
    fn semantics(&self) -> &'static Semantics;

    /// The slot of a field.
    fn field(&self, field: &Field) -> Stored<FieldSlot>;

    /// Whether a `PathCheck` of the policy reads a field.
    fn is_path(&self, field: &Field) -> bool;

    /// A number.
    fn number(&mut self, text: &str) -> NumberOffset;

    /// A text.
    fn text(&mut self, text: &str) -> TextRef;

    /// Some texts, in ascending order of their bytes.
    fn texts(&mut self, texts: Vec<String>) -> TextList;

    /// The automaton of regular expressions, which are valid.
    fn expressions(&mut self, expressions: &[Spanned<String>]) -> Option<AutomatonIndex>;

    /// The allowed URLs.
    fn url(&mut self, record: UrlRecord) -> UrlOffset;

    /// The lists of a check.
    fn lists(&mut self, record: ListsRecord) -> ListsOffset;

    /// Where bytes of a check start. Equal bytes are stored once.
    fn shared(&mut self, bytes: &[u8]) -> u32;
}
