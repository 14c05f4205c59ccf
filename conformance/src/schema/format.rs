//! The formats that callgate asserts.

use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::civil::Date;

/// Whether a text has a format; every text has a format that is not asserted.
pub(super) fn has_format(text: &str, format: &str) -> bool {
    match format {
        "date-time" => text.split_once(['T', 't']).is_some_and(|(date, time)| is_date(date) && is_time(time)),
        "date" => is_date(text),
        "time" => is_time(text),
        "uuid" => {
            let groups: Vec<&str> = text.split('-').collect();
            groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
                && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
        }
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        _ => true,
    }
}

/// Reads a number of exactly `digits` ASCII digits that is at most `max`.
fn number(text: &str, digits: usize, max: i16) -> Option<i16> {
    let is_plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&number| is_plain && number <= max)
}

/// `full-date` of RFC 3339, section 5.6.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let read = || {
        let year = number(year, 4, 9999)?;
        let month = i8::try_from(number(month, 2, 12)?).ok()?;
        let day = i8::try_from(number(day, 2, 31)?).ok()?;
        Date::new(year, month, day).ok()
    };
    read().is_some()
}

/// `full-time` of RFC 3339, section 5.6, without leap seconds.
fn is_time(text: &str) -> bool {
    let Some(place) = text.find(['Z', 'z', '+', '-']) else { return false };
    let (local, offset) = text.split_at(place);
    let is_offset = match offset.strip_prefix(['+', '-']) {
        None => offset.len() == 1,
        Some(offset) => offset
            .split_once(':')
            .is_some_and(|(hour, minute)| number(hour, 2, 23).is_some() && number(minute, 2, 59).is_some()),
    };
    let (whole, fraction) = local.split_once('.').map_or((local, None), |(whole, fraction)| (whole, Some(fraction)));
    let is_fraction =
        fraction.is_none_or(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
    let parts: Vec<&str> = whole.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return false };
    is_offset
        && is_fraction
        && number(hour, 2, 23).is_some()
        && number(minute, 2, 59).is_some()
        && number(second, 2, 59).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(format: &str, valid: &[&str], invalid: &[&str]) {
        for text in valid {
            assert!(has_format(text, format), "{text} is a {format}");
        }
        for text in invalid {
            assert!(!has_format(text, format), "{text} is not a {format}");
        }
    }

    #[test]
    fn a_date_has_a_day_of_its_month() {
        let valid = ["2024-02-29", "2000-02-29", "0000-01-01", "9999-12-31"];
        let invalid =
            ["2023-02-29", "1900-02-29", "2024-13-01", "2024-04-31", "2024-4-01", "+2024-01-01", "2024-01-0١", ""];
        check("date", &valid, &invalid);
    }

    #[test]
    fn a_time_has_an_offset_and_no_leap_second() {
        let valid = ["00:00:00Z", "23:59:59.000001z", "12:00:00+23:59", "12:00:00-00:00"];
        let invalid = [
            "12:00:00",
            "12:00:60Z",
            "24:00:00Z",
            "12:00Z",
            "12:00:00.Z",
            "12:00:00+24:00",
            "12:00:00+0100",
            "12:00:00ZZ",
        ];
        check("time", &valid, &invalid);
    }

    #[test]
    fn a_date_time_is_a_date_and_a_time() {
        let valid = ["2024-02-29T12:00:00Z", "2024-02-29t12:00:00.5+01:00"];
        let invalid = ["2024-02-29 12:00:00Z", "2024-02-29T12:00:00", "2023-02-29T12:00:00Z", "2024-02-29TT12:00:00Z"];
        check("date-time", &valid, &invalid);
    }

    #[test]
    fn a_uuid_has_five_groups_in_either_case() {
        let valid = ["2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11EA-B4AA-73B441D16380"];
        let invalid = [
            "2eb8aa08aa9811eab4aa73b441d16380",
            "2eb8aa08-aa98-11ea-b4aa-73b441d1638",
            "{2eb8aa08-aa98-11ea-b4aa-73b441d16380}",
        ];
        check("uuid", &valid, &invalid);
    }

    #[test]
    fn addresses_have_no_leading_zeros_and_no_zone() {
        check("ipv4", &["10.0.0.1"], &["010.0.0.1", "10.1", "256.0.0.1", "10.0.0.1/8", ""]);
        check("ipv6", &["::1", "2001:DB8::1", "::ffff:10.0.0.1"], &["fe80::1%eth0", "[::1]", "12345::", "1::2::3"]);
    }

    #[test]
    fn every_text_has_a_format_that_is_not_asserted() {
        check("email", &["", "x"], &[]);
    }
}
