//! Time zones and dates of time windows.

use zerocopy::little_endian::{I16, I32, U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::image::records::{TextList, TextRef};

/// A time window with a time zone or dates.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct CalendarRecord {
    /// The name of the time zone; empty for a fixed offset.
    pub(crate) zone: TextRef,
    /// The offsets of the time zone, in the order of their times.
    pub(crate) transitions: Records,
    /// The dates as the policy spells them.
    pub(crate) dates: TextList,
    /// The dates in ascending order, without overlaps; none for every date.
    pub(crate) days: Records,
    pub(crate) from: U16,
    pub(crate) to: U16,
    /// Minutes east of UTC, if there is no time zone.
    pub(crate) offset: I16,
    pub(crate) weekdays: u8,
    pub(crate) reserved: u8,
}

/// Where records of one type start, and how many there are.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct Records {
    pub(crate) start: U32,
    pub(crate) count: U32,
}

/// From when a time zone has an offset.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct TransitionRecord {
    /// Seconds since the start of 1970 in UTC.
    pub(crate) since: U32,
    /// Minutes east of UTC.
    pub(crate) offset: I16,
}

/// Consecutive dates, as days since the start of 1970.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct DaysRecord {
    pub(crate) first: I32,
    pub(crate) last: I32,
}

/// The offset of a time zone at a time in seconds; `None` if the image does not know it.
///
/// The last transition marks the end of what the image knows.
pub(crate) fn offset_at(transitions: &[TransitionRecord], time: i64) -> Option<i16> {
    let (end, known) = transitions.split_last()?;
    let passed = known.partition_point(|transition| i64::from(transition.since.get()) <= time);
    let current = known.get(passed.checked_sub(1)?)?;
    (time < i64::from(end.since.get())).then_some(current.offset.get())
}

/// Whether a day is among the dates, or there are none.
pub(crate) fn has_day(dates: &[DaysRecord], day: i64) -> bool {
    let begun = dates.partition_point(|days| i64::from(days.first.get()) <= day);
    let last = begun.checked_sub(1).and_then(|last| dates.get(last));
    dates.is_empty() || last.is_some_and(|days| day <= i64::from(days.last.get()))
}
