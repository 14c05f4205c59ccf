//! Timestamps in RFC 3339.

use alloc::string::String;

/// The first and the last millisecond of the years 0001 to 9999, which have four digits.
const FIRST: i64 = -62_135_596_800_000;
const LAST: i64 = 253_402_300_799_999;

/// Appends a time in milliseconds since the start of 1970 in UTC, as `2026-11-21T04:05:06.789Z`.
///
/// A time outside these years is written as the nearest time within them.
pub(crate) fn write_timestamp(unix_millis: i64, out: &mut String) {
    let unix_millis = unix_millis.clamp(FIRST, LAST);
    let (seconds, millis) = (unix_millis.div_euclid(1_000), unix_millis.rem_euclid(1_000));
    let (year, month, day, hour, minute, second) = datealgo::secs_to_datetime(seconds);
    write_digits(u32::try_from(year).unwrap_or(0), 1_000, out);
    for (before, number) in [('-', month), ('-', day), ('T', hour), (':', minute), (':', second)] {
        out.push(before);
        write_digits(number.into(), 10, out);
    }
    out.push('.');
    write_digits(u32::try_from(millis).unwrap_or(0), 100, out);
    out.push('Z');
}

/// Writes a number with leading zeros, from the digit at `place` down.
fn write_digits(number: u32, mut place: u32, out: &mut String) {
    while place > 0 {
        let digit = number.checked_div(place).unwrap_or(0) % 10;
        out.push(char::from_digit(digit, 10).unwrap_or('0'));
        place /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(unix_millis: i64, expected: &str) {
        let mut out = String::new();
        write_timestamp(unix_millis, &mut out);
        assert_eq!(out, expected);
    }

    #[test]
    fn a_time_is_written_to_the_millisecond() {
        check(0, "1970-01-01T00:00:00.000Z");
        check(1, "1970-01-01T00:00:00.001Z");
        check(-1, "1969-12-31T23:59:59.999Z");
        check(1_795_233_906_789, "2026-11-21T04:05:06.789Z");
        check(951_782_400_000, "2000-02-29T00:00:00.000Z");
        check(4_107_542_399_999, "2100-02-28T23:59:59.999Z");
        check(4_107_542_400_000, "2100-03-01T00:00:00.000Z");
    }

    #[test]
    fn a_year_has_four_digits() {
        check(i64::MIN, "0001-01-01T00:00:00.000Z");
        check(i64::MAX, "9999-12-31T23:59:59.999Z");
    }
}
