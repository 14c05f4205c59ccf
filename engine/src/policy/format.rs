//! The formats of JSON Schema that have a regular expression.

use alloc::format;
use alloc::string::String;

/// The date of RFC 3339, section 5.6: the days of each month, and 29 February only in leap years.
const DATE: &str = "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)\
    |02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)";
/// The time of RFC 3339 with its offset. Leap seconds are refused, because programs disagree on which ones exist.
const TIME: &str =
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";
/// RFC 9562, section 4.
const UUID: &str = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}";

/// The expression of a format for whole strings; `None` if the engine has a parser for the format.
pub(crate) fn expression_of(format: &str) -> Option<String> {
    Some(match format {
        "date" => DATE.into(),
        "time" => TIME.into(),
        "date-time" => format!("{DATE}[Tt]{TIME}"),
        "uuid" => UUID.into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::automaton;

    #[track_caller]
    fn check(format: &str, valid: &[&str], invalid: &[&str]) {
        let tables = automaton::build(&[expression_of(format).expect(format)]).expect(format);
        let is_valid = |text: &&&str| tables.label(text).is_some();
        assert_eq!(valid.iter().filter(|text| !is_valid(text)).collect::<Vec<_>>(), [&""; 0], "{format}");
        assert_eq!(invalid.iter().filter(is_valid).collect::<Vec<_>>(), [&""; 0], "{format}");
    }

    use alloc::vec::Vec;

    #[test]
    fn dates_exist() {
        let leap = ["2024-02-29", "2000-02-29", "2026-02-28", "2026-12-31", "2026-04-30", "0001-01-01"];
        check("date", &leap, &["2026-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-1-1", ""]);
    }

    #[test]
    fn times_have_an_offset() {
        check("time", &["00:00:00Z", "23:59:59.123+05:30", "08:30:06-08:00"], &["24:00:00Z", "12:00:60Z", "12:00:00"]);
        check("date-time", &["2026-11-28T10:00:00Z", "2026-11-28t10:00:00z"], &["2026-11-28 10:00:00Z", "2026-11-28"]);
    }

    #[test]
    fn a_uuid_has_five_groups() {
        check("uuid", &["2EB8AA08-aa98-11ea-B4AA-73b441d16380"], &["2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-"]);
    }
}
