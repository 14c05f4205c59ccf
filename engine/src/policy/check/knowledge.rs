//! The possible values of a call's fields after checks on them are assumed to be true or false.

use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::condition::field::Field;
use crate::language::operators::{NumericOp, Source};
use crate::policy::check::domain::{Domain, Numbers};

/// A field: its source and its path.
type Key<'p> = (Source, &'p [String]);

/// The possible values of a call's fields.
#[derive(Clone, Default)]
pub(crate) struct Knowledge<'p> {
    pub(crate) values: BTreeMap<Key<'p>, Domain<'p>>,
    pub(crate) lengths: BTreeMap<Key<'p>, Numbers<'p>>,
    /// Whether a check that is unknown because of the type of its field satisfies an assumption.
    pub(crate) accepts_unknown: bool,
}

impl<'p> Knowledge<'p> {
    /// Keeps the possible values of a field that have a type that a check compares, and then those that `narrow`
    /// leaves; returns whether any remain.
    pub(crate) fn narrow(
        &mut self,
        field: &'p Field,
        keep: fn(&mut Domain<'p>),
        narrow: impl FnOnce(&mut Domain<'p>),
    ) -> bool {
        let domain = self.values.entry((field.source, &field.path)).or_insert_with(Domain::all);
        let mut kept = domain.clone();
        keep(&mut kept);
        if self.accepts_unknown && kept.is_empty() {
            return true;
        }
        narrow(&mut kept);
        *domain = kept;
        !domain.is_empty()
    }

    /// Keeps the lengths of a field that satisfy a comparison; returns whether any remain.
    pub(crate) fn narrow_length(&mut self, field: &'p Field, op: NumericOp, number: &'p str) -> bool {
        let lengths = self.lengths.entry((field.source, &field.path)).or_insert_with(Numbers::lengths);
        lengths.narrow(op, number);
        !lengths.is_empty()
    }
}
