//! The bytes of an image outside its tables: texts, and between them the records that are read with them.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A record that can be read at any offset.
pub(crate) trait Record: FromBytes + Immutable + KnownLayout + Unaligned {}

impl<T: FromBytes + Immutable + KnownLayout + Unaligned> Record for T {}

/// The bytes of the count before records.
const U32_BYTES: u32 = 4;

/// A range of the bytes of the image.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct TextRef {
    pub(crate) start: U32,
    pub(crate) len: U32,
}

/// Texts, rows, rules, conditions and byte classes. The offset of each is its distance from the start in bytes.
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

    /// The record at an offset.
    #[inline]
    pub(crate) fn record<T: Record>(self, place: u32) -> Option<&'i T> {
        T::ref_from_prefix(self.tail_from(place)?).ok().map(|(record, _)| record)
    }

    /// The records at an offset, after their count.
    pub(crate) fn counted<T: Record>(self, place: u32) -> Option<&'i [T]> {
        let count: &U32 = self.record(place)?;
        self.records(place.checked_add(U32_BYTES)?, count.get())
    }

    /// `count` records at an offset.
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
