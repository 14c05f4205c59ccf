//! Times in a manifest.

use std::fmt::Write as _;
use std::time::SystemTime;

/// Reads a time of RFC 3339 in UTC and in whole seconds, such as `2027-06-30T00:00:00Z`.
///
/// Each time has exactly one spelling, so that all readers of a manifest agree.
#[must_use]
pub fn parse_time(text: &str) -> Option<SystemTime> {
    let time = humantime::parse_rfc3339(text).ok()?;
    (write_time(time) == text).then_some(time)
}

/// Writes a time in the format of [`parse_time`].
#[must_use]
pub fn write_time(time: SystemTime) -> String {
    let mut text = String::new();
    // The formatter supports the years from 1970 to 9999, and panics for earlier times.
    let is_known = time >= SystemTime::UNIX_EPOCH;
    if is_known && write!(text, "{}", humantime::format_rfc3339_seconds(time)).is_ok() {
        text
    } else {
        "a time outside of the years from 1970 to 9999".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, seconds: Option<u64>) {
        let since_1970 = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
        assert_eq!(parse_time(text).map(since_1970), seconds, "{text}");
    }

    #[test]
    fn a_time_is_in_utc_and_in_seconds() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2027-06-30T12:34:56Z", Some(1_814_358_896));
        check("9999-12-31T23:59:59Z", Some(253_402_300_799));
    }

    #[test]
    fn a_time_has_one_spelling() {
        for text in [
            "",
            "2027-06-30",
            "2027-06-30T12:34:56",
            "2027-06-30 12:34:56Z",
            "2027-06-30t12:34:56z",
            "2027-06-30T12:34:56.000Z",
            "2027-06-30T12:34:56+00:00",
            "2027-06-30T12:34:56+02:00",
            "2027-06-30T12:34:56ZabcZ",
            "2027-06-30T12:34:60Z",
            "2027-02-29T00:00:00Z",
            "1969-12-31T23:59:59Z",
            " 2027-06-30T12:34:56Z",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_time_outside_the_supported_years_is_described() {
        let early = SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(1);
        assert_eq!(write_time(early), "a time outside of the years from 1970 to 9999");
    }
}
