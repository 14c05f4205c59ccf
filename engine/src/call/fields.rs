//! The fields of a call as predicates read them, within the budget of the call.

use core::cell::Cell;

use crate::call::Call;
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
use crate::json::{Kind, RawValue};
use crate::language::operators::Source;
use crate::language::problem::PredicateProblem;
use crate::limits::MAX_REQUEST_DEPTH;

/// Why a predicate is unknown, and because of which field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unknown {
    pub(crate) problem: PredicateProblem,
    pub(crate) field: FieldSlot,
}

impl Unknown {
    /// The field has a type that the predicate does not compare.
    pub(crate) fn wrong_type(field: FieldSlot) -> Self {
        Self { problem: PredicateProblem::WrongType, field }
    }

    /// The field is ambiguous.
    pub(crate) fn ambiguous(field: FieldSlot) -> Self {
        Self { problem: PredicateProblem::Ambiguous, field }
    }
}

/// The fields of a call, and of an item inside `Every` and `Some`.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'e, 'i, 'a> {
    pub(crate) image: &'e PolicyImage<'i>,
    pub(crate) call: &'e Call<'a>,
    item: Option<RawValue<'a>>,
    /// How many bytes of fields may still be read.
    budget: &'e Cell<usize>,
}

impl<'e, 'i, 'a> Fields<'e, 'i, 'a> {
    pub(crate) fn new(image: &'e PolicyImage<'i>, call: &'e Call<'a>, budget: &'e Cell<usize>) -> Self {
        Self { image, call, item: None, budget }
    }

    /// The same fields, with `item` as the source `Item`.
    pub(crate) fn with_item(&self, item: RawValue<'a>) -> Self {
        Self { item: Some(item), ..*self }
    }

    /// The value of a field, unless it is missing or null. Charges its length once.
    pub(crate) fn value(&self, field: FieldSlot) -> Result<RawValue<'a>, Unknown> {
        let value = self.charged(field).ok_or(Unknown { problem: PredicateProblem::Missing, field })?;
        if value.kind() == Kind::Null { Err(Unknown { problem: PredicateProblem::Null, field }) } else { Ok(value) }
    }

    /// The value of a field, if it is present. Charges its length once.
    pub(crate) fn charged(&self, field: FieldSlot) -> Option<RawValue<'a>> {
        let value = match self.item {
            Some(item) if self.image.is_of_item(field) => self.within(item, field, MAX_REQUEST_DEPTH),
            _ => self.call.field(field),
        };
        value.inspect(|&value| self.charge(value, 1))
    }

    /// The value of a field of the call itself, if it is present, for checks without a budget.
    pub(crate) fn uncharged(&self, field: FieldSlot) -> Option<RawValue<'a>> {
        self.call.field(field)
    }

    /// Whether a missing field could be inside a value that callgate does not look into: a string, a number or a boolean on
    /// the way to the field. A string can contain JSON, which some servers parse.
    pub(crate) fn may_be_hidden(&self, field: FieldSlot) -> bool {
        let mut before = field;
        for _ in 0..MAX_REQUEST_DEPTH {
            let Some((parent, _)) = self.image.field_step(before) else { break };
            let value = match self.item {
                Some(item) if parent == FieldSlot::root(Source::Item) => Some(item),
                _ => self.charged(parent),
            };
            if let Some(value) = value {
                return value.is_scalar();
            }
            before = parent;
        }
        false
    }

    /// Charges the value's length to the budget, `times` times.
    pub(crate) fn charge(&self, value: RawValue<'_>, times: usize) {
        let bytes = value.text().len().saturating_add(1).saturating_mul(times);
        self.budget.set(self.budget.get().saturating_sub(bytes));
    }

    /// How many bytes may still be read.
    pub(crate) fn budget(&self) -> &'e Cell<usize> {
        self.budget
    }

    /// Whether the budget is not exhausted.
    pub(crate) fn is_within_budget(&self) -> bool {
        self.budget.get() > 0
    }

    /// The value of `field` inside an item.
    fn within(&self, item: RawValue<'a>, field: FieldSlot, depth: usize) -> Option<RawValue<'a>> {
        self.charge(item, 1);
        if field == FieldSlot::root(Source::Item) {
            return Some(item);
        }
        let (before, name) = self.image.field_step(field)?;
        self.within(item, before, depth.checked_sub(1)?)?.member(name)
    }
}
