//! Hours of a day and days of a week, at an offset from UTC.

use alloc::string::String;

/// The days of a week in the order of their bits, from the lowest bit.
pub(crate) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const SECONDS_PER_MINUTE: i64 = 60;
const MINUTES_PER_DAY: i64 = 24 * 60;
/// 1 January 1970 was a Thursday.
const WEEKDAY_OF_DAY_0: i64 = 3;

/// A set of times of a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeWindow {
    /// The first minute of the day and the minute after the last one. The window spans midnight if it ends before it
    /// starts.
    pub(crate) minutes: Option<(u16, u16)>,
    /// One bit for each of [`WEEKDAYS`].
    pub(crate) weekdays: u8,
    /// Minutes east of UTC.
    pub(crate) offset: i16,
}

impl TimeWindow {
    /// Whether a time, in seconds since the start of 1970 in UTC, is in the window, and the day of the window, in days
    /// since then.
    ///
    /// Only a division by the length of a day is needed, so no calendar crate is.
    pub(crate) fn holds(&self, unix_time: i64) -> Option<(bool, i64)> {
        let minute = unix_time.div_euclid(SECONDS_PER_MINUTE).checked_add(i64::from(self.offset))?;
        let of_day = u16::try_from(minute.rem_euclid(MINUTES_PER_DAY)).ok()?;
        // The part of a window after midnight belongs to the day on which the window started.
        let is_behind_midnight = self.minutes.is_some_and(|(from, to)| to < from && of_day < to);
        let day = minute.div_euclid(MINUTES_PER_DAY).checked_sub(i64::from(is_behind_midnight))?;
        let weekday = day.checked_add(WEEKDAY_OF_DAY_0)?.rem_euclid(7);
        let is_in_hours = self.minutes.is_none_or(|(from, to)| {
            if from <= to { (from..to).contains(&of_day) } else { of_day >= from || of_day < to }
        });
        let is_on_day =
            u32::try_from(weekday).ok().and_then(|day| self.weekdays.checked_shr(day)).is_some_and(|w| w & 1 == 1);
        Some((is_in_hours && is_on_day, day))
    }

    /// Whether the window contains some times if `inside`, or excludes some times otherwise.
    #[cfg(feature = "compile")]
    pub(crate) fn has_times(&self, inside: bool) -> bool {
        const LAST: u16 = 24 * 60;
        match (self.minutes, inside) {
            // A window from the end of a day to its start contains no minute.
            (hours, true) => hours != Some((LAST, 0)) && self.weekdays != 0,
            (hours, false) => self.weekdays != 0x7f || hours.is_some_and(|hours| hours != (0, LAST)),
        }
    }

    /// The first minute and the minute after the last one as `HH:MM`, if the window has hours.
    #[must_use]
    pub fn hours(self) -> Option<(String, String)> {
        self.minutes.map(|(from, to)| (write_clock(from), write_clock(to)))
    }

    /// The offset as `+HH:MM` or `-HH:MM`.
    #[must_use]
    pub fn offset(self) -> String {
        let mut text = String::from(if self.offset < 0 { "-" } else { "+" });
        text.push_str(&write_clock(self.offset.unsigned_abs()));
        text
    }

    /// Appends the window in words, with the dates and the time zone.
    pub(crate) fn write<'d>(self, dates: impl Iterator<Item = &'d str>, zone: &str, out: &mut String) {
        let mut separator = "";
        if let Some((from, to)) = self.hours() {
            for part in ["from ", &from, " to ", &to] {
                out.push_str(part);
            }
            separator = " ";
        }
        if self.weekdays != 0x7f {
            out.push_str(separator);
            write_days(&mut self.weekday_names(), out);
            separator = " ";
        }
        let mut dates = dates.peekable();
        if dates.peek().is_some() {
            out.push_str(separator);
            write_days(&mut dates, out);
        }
        if zone.is_empty() {
            out.push_str(" at UTC");
            out.push_str(&self.offset());
        } else {
            out.push_str(" in the time zone ");
            out.push_str(zone);
        }
    }

    /// The names of the window's days.
    pub fn weekday_names(self) -> impl Iterator<Item = &'static str> {
        WEEKDAYS
            .into_iter()
            .enumerate()
            .filter(move |&(day, _)| {
                u32::try_from(day).ok().and_then(|day| self.weekdays.checked_shr(day)).is_some_and(|days| days & 1 == 1)
            })
            .map(|(_, name)| name)
    }
}

fn write_days(days: &mut dyn Iterator<Item = &str>, out: &mut String) {
    out.push_str("on ");
    let mut between = "";
    for day in days {
        out.push_str(core::mem::replace(&mut between, ", "));
        out.push_str(day);
    }
}

/// Writes minutes as `HH:MM`.
fn write_clock(minutes: u16) -> String {
    let (hours, minutes) = (minutes.checked_div(60).unwrap_or(0), minutes.checked_rem(60).unwrap_or(0));
    alloc::format!("{hours:02}:{minutes:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::text::clock::{read_clock, read_offset};

    /// Saturday, 21 November 2026, 04:05:06 in UTC.
    const SATURDAY: i64 = 1_795_233_906;

    #[track_caller]
    fn check(hours: Option<(&str, &str)>, weekdays: u8, offset: &str, expected: bool) {
        let minutes = hours.map(|(from, to)| (read_clock(from).expect("a clock"), read_clock(to).expect("a clock")));
        let window = TimeWindow { minutes, weekdays, offset: read_offset(offset).expect("an offset") };
        let holds = window.holds(SATURDAY).map(|(holds, _)| holds);
        assert_eq!(holds, Some(expected), "{hours:?} {weekdays:b} {offset}");
    }

    #[test]
    fn the_first_minute_is_in_the_window_and_the_last_is_not() {
        check(Some(("04:05", "04:06")), 0x7f, "Z", true);
        check(Some(("04:06", "05:00")), 0x7f, "Z", false);
        check(Some(("00:00", "04:05")), 0x7f, "Z", false);
        check(Some(("00:00", "24:00")), 0x7f, "Z", true);
        check(None, 0x7f, "Z", true);
        // A window that ends when it starts contains no minute.
        check(Some(("04:05", "04:05")), 0x7f, "Z", false);
        // The time before the end of a window on one day belongs to that day.
        check(Some(("00:00", "05:00")), 0b010_0000, "Z", true);
        check(Some(("00:00", "05:00")), 0b001_0000, "Z", false);
    }

    #[test]
    fn a_window_may_span_midnight() {
        check(Some(("22:00", "05:00")), 0x7f, "Z", true);
        check(Some(("22:00", "04:00")), 0x7f, "Z", false);
        check(Some(("22:00", "04:05")), 0x7f, "Z", false);
        check(Some(("22:00", "04:06")), 0x7f, "Z", true);
        check(Some(("04:05", "04:00")), 0x7f, "Z", true);
        check(Some(("04:06", "04:00")), 0x7f, "Z", false);
        // Saturday's early morning belongs to the window of Friday.
        check(Some(("22:00", "05:00")), 0b001_0000, "Z", true);
        check(Some(("22:00", "05:00")), 0b010_0000, "Z", false);
        check(Some(("04:00", "03:00")), 0b010_0000, "Z", true);
    }

    #[test]
    fn the_offset_moves_the_clock_and_the_day() {
        check(Some(("05:00", "05:10")), 0x7f, "+01:00", true);
        check(None, 0b010_0000, "Z", true);
        check(None, 0b001_0000, "-05:00", true);
        check(None, 0b010_0000, "-05:00", false);
        check(None, 0b001_0000, "Z", false);
    }

    #[test]
    fn a_window_is_written_in_words() {
        let write = |minutes: Option<(u16, u16)>, weekdays: u8, offset: i16| {
            let mut text = String::new();
            TimeWindow { minutes, weekdays, offset }.write(core::iter::empty(), "", &mut text);
            text
        };
        assert_eq!(write(Some((65, 1440)), 0x7f, 0), "from 01:05 to 24:00 at UTC+00:00");
        assert_eq!(write(None, 0b100_0010, -90), "on Tue, Sun at UTC-01:30");
        assert_eq!(write(Some((0, 1)), 0b000_0001, 1), "from 00:00 to 00:01 on Mon at UTC+00:01");
        let mut text = String::new();
        let window = TimeWindow { minutes: None, weekdays: 0b000_0001, offset: 0 };
        window.write(["2026-12-25", "2027-01-01/2027-01-06"].into_iter(), "Europe/Berlin", &mut text);
        assert_eq!(text, "on Mon on 2026-12-25, 2027-01-01/2027-01-06 in the time zone Europe/Berlin");
    }
}
