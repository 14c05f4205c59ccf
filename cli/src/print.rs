//! Text from files as a terminal may show it.

use std::fmt::Write as _;

/// The most characters of a value that are shown.
const MAX_SHOWN_CHARS: usize = 60;

/// A text as a JSON string, cut where it is long, without a character that could change what a terminal shows.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for c in text.chars().take(MAX_SHOWN_CHARS) {
        match c {
            '"' | '\\' => shown.extend(['\\', c]),
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            _ if is_printable(c) => shown.push(c),
            _ => push_escaped(&mut shown, c),
        }
    }
    if text.chars().nth(MAX_SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown.push('"');
    shown
}

/// Whether a character has a shape of its own: it moves no cursor, changes no direction and is not invisible.
fn is_printable(c: char) -> bool {
    // `escape_debug` keeps what Unicode calls printable. It also escapes these three, which are.
    matches!(c, '"' | '\'' | '\\') || c.escape_debug().eq([c])
}

/// Adds the escape that JSON has for a character.
fn push_escaped(text: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // A write to a string does not fail.
        _ = write!(text, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_as_a_json_string_without_characters_that_steer_a_terminal() {
        for (text, shown) in [
            ("kp", r#""kp""#),
            ("a \"b\" \\", r#""a \"b\" \\""#),
            ("\u{1b}[2J\r\n\t", r#""\u001b[2J\u000d\n\t""#),
            ("\u{7f}\u{9b}2J\u{202e}\u{200b}\u{feff}", r#""\u007f\u009b2J\u202e\u200b\ufeff""#),
            ("\u{e0041}", r#""\udb40\udc41""#),
            ("é漢🙂", r#""é漢🙂""#),
        ] {
            assert_eq!(quoted(text), shown);
            let read: String = serde_json::from_str(&quoted(text)).expect("JSON");
            assert_eq!(read, text);
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(quoted(&"a".repeat(60)).len(), 62);
        assert_eq!(quoted(&"a".repeat(61)), format!("\"{}…\"", "a".repeat(60)));
    }
}
