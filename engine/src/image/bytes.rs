//! What an image holds beside its tables: texts end to end, and between them the records that are read with them.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// What can be read from any place.
pub(crate) trait Record: FromBytes + Immutable + KnownLayout + Unaligned {}

impl<T: FromBytes + Immutable + KnownLayout + Unaligned> Record for T {}

/// Bytes of the number before records.
const U32_BYTES: u32 = 4;

/// A run of bytes among those of the image.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct TextRef {
    pub(crate) start: U32,
    pub(crate) len: U32,
}

/// Texts, rows, rules, conditions and classes of bytes, each at its place: its distance from the front in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImageBytes<'i>(pub(crate) &'i [u8]);

impl<'i> ImageBytes<'i> {
    /// The bytes of a text.
    #[inline]
    pub(crate) fn bytes(self, text: TextRef) -> Option<&'i [u8]> {
        let start = usize::try_from(text.start.get()).ok()?;
        self.0.get(start..start.checked_add(usize::try_from(text.len.get()).ok()?)?)
    }

    pub(crate) fn text(self, text: TextRef) -> Option<&'i str> {
        core::str::from_utf8(self.bytes(text)?).ok()
    }

    /// The record at a place.
    #[inline]
    pub(crate) fn record<T: Record>(self, place: u32) -> Option<&'i T> {
        T::ref_from_prefix(self.tail_from(place)?).ok().map(|(record, _)| record)
    }

    /// The records at a place where their number is.
    pub(crate) fn counted<T: Record>(self, place: u32) -> Option<&'i [T]> {
        let count: &U32 = self.record(place)?;
        self.records(place.checked_add(U32_BYTES)?, count.get())
    }

    /// So many records from a place on.
    pub(crate) fn records<T: Record>(self, place: u32, count: u32) -> Option<&'i [T]> {
        let bytes = self.tail_from(place)?;
        let (records, _) = <[T]>::ref_from_prefix_with_elems(bytes, usize::try_from(count).ok()?).ok()?;
        Some(records)
    }

    #[inline]
    fn tail_from(self, place: u32) -> Option<&'i [u8]> {
        self.0.get(usize::try_from(place).ok()?..)
    }
}
