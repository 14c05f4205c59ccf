//! What is known of the fields of a call after some checks on them are assumed to be true or false.

use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::condition::field::Field;
use crate::language::operators::{NumericOp, Source};
use crate::policy::check::domain::{Domain, Numbers};

/// A field: its source, and the names on the way to it.
type Key<'p> = (Source, &'p [String]);

/// What is known of the fields of a call.
#[derive(Clone, Default)]
pub(crate) struct Knowledge<'p> {
    pub(crate) values: BTreeMap<Key<'p>, Domain<'p>>,
    pub(crate) lengths: BTreeMap<Key<'p>, Numbers<'p>>,
    /// Whether a check that is unknown, as its field is of another type, counts as being as assumed.
    pub(crate) accepts_unknown: bool,
}

impl<'p> Knowledge<'p> {
    /// Keeps of what a field may contain the types that a check compares, and of them what `narrow` leaves; returns whether
    /// that is anything.
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

    /// Keeps the lengths of a field that compare with a number; returns whether there are any.
    pub(crate) fn narrow_length(&mut self, field: &'p Field, op: NumericOp, number: &'p str) -> bool {
        let lengths = self.lengths.entry((field.source, &field.path)).or_insert_with(Numbers::lengths);
        lengths.narrow(op, number);
        !lengths.is_empty()
    }
}
