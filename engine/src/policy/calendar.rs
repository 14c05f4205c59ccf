//! Time zones and dates, from the time zone database of IANA.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The times of which images know the offsets, in seconds since the start of 1970: the years from 2000 to 2099.
const KNOWN_TIMES: RangeInclusive<i64> = 946_684_800..=4_102_444_799;

/// The start of 1970.
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// A time zone of the database.
pub(crate) struct Zone(TimeZone);

impl Zone {
    /// The time zone with exactly this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        (zone.iana_name() == Some(name)).then_some(Self(zone))
    }

    /// All names.
    pub(crate) fn names() -> Vec<String> {
        TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect()
    }

    /// When each offset starts, in seconds since the start of 1970, and the offset in minutes. The last one is the end of
    /// the known times.
    ///
    /// `None` if an offset is not whole minutes, which no zone has had since 1972.
    pub(crate) fn transitions(&self) -> Option<Vec<(u32, i16)>> {
        let (first, last) = KNOWN_TIMES.into_inner();
        let start = Timestamp::from_second(first).ok()?;
        let mut transitions = Vec::from([(start, self.0.to_offset(start))]);
        let later = self.0.following(start).map(|transition| (transition.timestamp(), transition.offset()));
        transitions.extend(later.take_while(|(at, _)| at.as_second() <= last));
        let mut stored = Vec::with_capacity(transitions.len());
        for (at, offset) in transitions {
            let minutes = (offset.seconds() % 60 == 0).then_some(offset.seconds().checked_div(60)?)?;
            let (since, minutes) = (u32::try_from(at.as_second()).ok()?, i16::try_from(minutes).ok()?);
            // The database also has changes of the name alone.
            if stored.last().is_none_or(|&(_, offset)| offset != minutes) {
                stored.push((since, minutes));
            }
        }
        stored.push((u32::try_from(last.checked_add(1)?).ok()?, 0));
        Some(stored)
    }
}

/// Reads a date, or the first and the last date with a slash between them (ISO 8601), as days since the start of 1970.
pub(crate) fn read_dates(text: &str) -> Option<RangeInclusive<i32>> {
    let (first, last) = text.split_once('/').unwrap_or((text, text));
    let days = read_date(first)?..=read_date(last)?;
    (!days.is_empty()).then_some(days)
}

fn read_date(text: &str) -> Option<i32> {
    let date: Date = text.parse().ok()?;
    // The library also reads shorter forms, and ignores a time behind the date.
    (date.to_string() == text && KNOWN_TIMES.contains(&date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second()))
        .then_some(EPOCH.until(date).ok()?.get_days())
}

/// Sorts dates and joins those that overlap or follow each other.
pub(crate) fn join_dates(mut dates: Vec<RangeInclusive<i32>>) -> Vec<RangeInclusive<i32>> {
    dates.sort_unstable_by_key(|days| *days.start());
    let mut joined: Vec<RangeInclusive<i32>> = Vec::new();
    for days in dates {
        match joined.last_mut() {
            Some(last) if *days.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*last.end().max(days.end());
            }
            _ => joined.push(days),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_database_in_their_spelling() {
        for name in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5"] {
            assert!(Zone::named(name).is_some(), "{name}");
        }
        for name in ["", "europe/berlin", "Europe/Berlim", "CEST", "+01:00", "../UTC"] {
            assert!(Zone::named(name).is_none(), "{name}");
        }
    }

    #[test]
    fn every_zone_can_be_stored() {
        for name in Zone::names() {
            let transitions = Zone::named(&name).and_then(|zone| zone.transitions()).expect("a zone");
            assert!(transitions.array_windows().all(|[first, second]| first.0 < second.0), "{name}");
            assert!(transitions.len() < 500, "{name}: {}", transitions.len());
        }
    }

    #[test]
    fn dates_are_written_in_one_way() {
        assert_eq!(read_dates("1970-01-01"), None, "before the known times");
        assert_eq!(read_dates("2000-01-01"), Some(10_957..=10_957));
        assert_eq!(read_dates("2026-12-24/2027-01-01"), Some(20_811..=20_819));
        for text in [
            "",
            "2026-2-1",
            "20260201",
            "2026-02-30",
            "2026-02-01T00:00",
            "2026-02-02/2026-02-01",
            "2026-02-01/",
            "2100-01-01",
        ] {
            assert_eq!(read_dates(text), None, "{text}");
        }
        assert_eq!(join_dates(Vec::from([5..=6, 1..=2, 3..=3, 9..=9, 5..=5])), [1..=3, 5..=6, 9..=9]);
    }
}
