//! The indices of an image's tables, and their form in records.
//!
//! An offset is the distance in bytes from the start of the image's bytes; a slot is an index of a hash table.

use core::marker::PhantomData;

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::language::index::{Index, define_index};
use crate::language::operators::Source;

/// Means "no entry" in a record.
pub(crate) const NONE: u32 = u32::MAX;

define_index! {
    /// Where a rule starts.
    RuleOffset;
    /// Where a step of a condition starts.
    StepOffset;
    /// Where the row of a target starts: the number of its cells, then the cells.
    RowOffset;
    /// Where a list of rules starts: their number, then their offsets.
    RuleListOffset;
    /// Where a number that a predicate compares with starts.
    NumberOffset;
    /// Where the first text of a list starts.
    TextListOffset;
    /// Where the description of allowed URLs starts.
    UrlOffset;
    /// Where a schema starts: the number of its keywords, then the keywords.
    SchemaOffset;
    /// Where the lists of a check start.
    ListsOffset;
    /// Where a time window with a time zone or dates starts.
    CalendarOffset;
    /// Where the terms of an approval start.
    ApprovalOffset;
    /// An automaton among those of the image.
    AutomatonIndex;
    /// A field's slot in the table of fields, or the root of a source.
    FieldSlot;
    /// A role's slot in the table of roles.
    RoleSlot;
    /// A tool's slot in the table of tools.
    ToolSlot;
}

impl FieldSlot {
    /// The parent of a source's top-level fields. The numbers are above those of all slots.
    #[inline]
    pub(crate) fn root(source: Source) -> Self {
        Self::from_u32(NONE.wrapping_sub(1).wrapping_sub(u32::from(source.code())))
    }
}

/// An index in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(transparent)]
pub(crate) struct Stored<I> {
    number: U32,
    index: PhantomData<I>,
}

impl<I> Stored<I> {
    /// The content of an empty slot.
    pub(crate) const EMPTY: Self = Self { number: U32::MAX_VALUE, index: PhantomData };
}

impl<I: Index> Stored<I> {
    #[cfg(feature = "compile")]
    pub(crate) fn new(index: I) -> Self {
        Self { number: U32::new(index.to_u32()), index: PhantomData }
    }

    /// The index that an operand of a record contains.
    pub(crate) fn from_number(number: U32) -> Self {
        Self { number, index: PhantomData }
    }

    #[inline]
    pub(crate) fn get(self) -> I {
        I::from_u32(self.number.get())
    }
}

/// An optional index in a record.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(transparent)]
pub(crate) struct StoredOption<I> {
    number: U32,
    index: PhantomData<I>,
}

impl<I> StoredOption<I> {
    /// The absence of an index.
    pub(crate) const NONE: Self = Self { number: U32::MAX_VALUE, index: PhantomData };
}

impl<I: Index> StoredOption<I> {
    #[cfg(feature = "compile")]
    pub(crate) fn new(index: Option<I>) -> Self {
        Self { number: U32::new(index.map_or(NONE, I::to_u32)), index: PhantomData }
    }

    #[inline]
    pub(crate) fn get(self) -> Option<I> {
        match self.number.get() {
            NONE => None,
            number => Some(I::from_u32(number)),
        }
    }
}
