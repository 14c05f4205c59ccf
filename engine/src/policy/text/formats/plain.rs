//! Plain scalars of YAML: which ones are strings in every version of YAML.

use crate::json::{Kind, read};

/// What a plain scalar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    /// A number of JSON.
    Number,
    String,
    /// Not a number, a boolean or null of JSON, but one in a version of YAML.
    Ambiguous,
}

/// Reads a plain scalar.
pub(crate) fn classify(text: &str) -> Plain {
    match text {
        "null" => Plain::Null,
        "true" => Plain::Bool(true),
        "false" => Plain::Bool(false),
        _ if is_json_number(text) => Plain::Number,
        _ if is_word(text) || is_number(text) || is_date(text) => Plain::Ambiguous,
        _ => Plain::String,
    }
}

/// Whether a text is a number of JSON, also one that is out of range.
fn is_json_number(text: &str) -> bool {
    let is_start = |byte: &u8| *byte == b'-' || byte.is_ascii_digit();
    text.as_bytes().first().is_some_and(is_start)
        && match read(text.as_bytes(), 1) {
            Ok(value) => value.kind() == Kind::Number,
            Err(fault) => fault == crate::Fault::NumberOutOfRange,
        }
}

/// The words of YAML 1.1 and 1.2 for booleans and null, and its special keys.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 13] = ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<"];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether a version of YAML reads a text as a number.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if [".inf", ".nan"].iter().any(|word| word.eq_ignore_ascii_case(unsigned)) {
        return true;
    }
    let radix = unsigned.strip_prefix('0').and_then(|rest| rest.strip_prefix(['x', 'X', 'o', 'O', 'b', 'B']));
    if let Some(digits) = radix {
        return digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_');
    }
    let is_part = |part: &str| part.starts_with(|c: char| c.is_ascii_digit()) && has_only(part, b"_");
    match unsigned.rsplit_once(':') {
        // Numbers of base 60, such as `12:30`.
        Some((parts, last)) => parts.split(':').all(is_part) && is_decimal(last),
        None => is_decimal(unsigned),
    }
}

/// Whether a text consists of digits and underscores, with an optional point and an optional exponent.
fn is_decimal(text: &str) -> bool {
    let (number, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(number, rest)| (number, Some(rest)));
    let is_exponent = |text: &str| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        digits.starts_with(|c: char| c.is_ascii_digit()) && has_only(digits, b"_")
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let starts = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    (starts(whole) || whole.is_empty() && starts(fraction))
        && has_only(whole, b"_")
        && has_only(fraction, b"_")
        && exponent.is_none_or(is_exponent)
}

/// Whether a text is a date of YAML 1.1, or a date and a time.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (year, month, rest) = (parts.next(), parts.next(), parts.next());
    let is = |text: &str, most: usize| (1..=most).contains(&text.len()) && has_only(text, b"");
    let (Some(year), Some(month), Some(rest)) = (year, month, rest) else { return false };
    let day = rest.split(['T', 't', ' ', '\t']).next().unwrap_or_default();
    let time = rest.get(day.len()..).unwrap_or_default().trim_start_matches(['T', 't', ' ', '\t']);
    let is_time = time.starts_with(|c: char| c.is_ascii_digit()) && time.contains(':');
    year.len() == 4 && is(year, 4) && is(month, 2) && is(day, 2) && (rest.len() == day.len() || is_time)
}

/// Whether a text consists of digits and the other bytes.
fn has_only(text: &str, others: &[u8]) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || others.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: Plain, texts: &[&str]) {
        for text in texts {
            assert_eq!(classify(text), expected, "{text}");
        }
    }

    #[test]
    fn the_literals_of_json_keep_their_meaning() {
        check(Plain::Null, &["null"]);
        check(Plain::Bool(true), &["true"]);
        check(Plain::Bool(false), &["false"]);
        check(Plain::Number, &["0", "-0", "1.50", "1e5", "-1.0E+7", "9007199254740993", "1e999"]);
    }

    #[test]
    fn a_text_that_some_yaml_reads_as_another_type_is_ambiguous() {
        check(
            Plain::Ambiguous,
            &["", "~", "Null", "NULL", "True", "FALSE", "yes", "No", "ON", "off", "y", "N", "=", "<<"],
        );
        check(
            Plain::Ambiguous,
            &["0x1F", "-0xff", "0o17", "0b1", "017", "007", "1_000", "0x", "+1", "+1.5", ".5", "-.5"],
        );
        check(Plain::Ambiguous, &["1.", "1.e5", "1_0.5", "1e1_0", ".inf", "-.INF", "+.Inf", ".nan", ".NaN"]);
        check(Plain::Ambiguous, &["12:30", "1:30:00", "12:30:45.5", "8080:80", "-1:30", "+01:00", "685_230"]);
        check(Plain::Ambiguous, &["2026-11-28", "2026-1-2", "2026-11-28T10:00:00Z", "2026-11-28 10:00:00 +1"]);
    }

    #[test]
    fn other_texts_are_strings() {
        check(
            Plain::String,
            &["yess", "none", "nil", "nan", "inf", "x", "15m", "2fa", "1.2.3", "127.0.0.1", "10.0.0.0/8"],
        );
        check(
            Plain::String,
            &["1 000", "1,5", "e5", "_1", ".", "..", "a:b", ":80", "12:", "1-2-3", "2026-11-28x", "2026-11"],
        );
        check(Plain::String, &["/rules/0", "*", "0xyz", "own && args.amount > 0", "1/2", "user@example.com", "é", "٣"]);
    }
}
