//! Lines on standard output and standard error.
//!
//! Text from a policy, a case file, a log or a server can contain characters that move the cursor, clear the screen or
//! change the text direction. All output goes through this file, which escapes these characters.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use crate::failure::Failure;

/// The maximum number of shown characters of a value.
const MAX_SHOWN_CHARS: usize = 60;

/// Writes a line to standard output.
pub(crate) fn out(line: &str) -> Result<(), Failure> {
    write_line(&mut io::stdout().lock(), line).map_err(|error| unwritable(&error))
}

/// Writes a response unchanged to a program, and with dangerous characters escaped to a terminal.
pub(crate) fn response(body: &[u8]) -> Result<(), Failure> {
    let mut to = io::stdout().lock();
    let is_terminal = to.is_terminal();
    write_response(&mut to, body, is_terminal).map_err(|error| unwritable(&error))
}

fn write_response(to: &mut impl Write, body: &[u8], is_terminal: bool) -> io::Result<()> {
    if is_terminal {
        return write_line(to, &printable_json(&String::from_utf8_lossy(body)));
    }
    to.write_all(body)?;
    to.write_all(b"\n")
}

/// Writes a line to standard error.
pub(crate) fn err(line: &str) -> Result<(), Failure> {
    write_line(&mut io::stderr().lock(), line).map_err(|error| unwritable(&error))
}

/// Writes a line, which can contain line breaks.
pub(crate) fn write_line(to: &mut impl Write, line: &str) -> io::Result<()> {
    writeln!(to, "{}", printable(line))
}

/// The error for a failed write to standard output or standard error.
pub(crate) fn unwritable(error: &io::Error) -> Failure {
    Failure::Unusable(format!("cannot write the output: {error}"))
}

/// A count with its noun: `1 error`, `2 errors`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A text with dangerous terminal characters escaped; line breaks and tabs are unchanged.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let stays = |c: char| matches!(c, '\n' | '\t') || is_printable(c);
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if stays(c) {
            shown.push(c);
        } else {
            push_escaped(&mut shown, c);
        }
    }
    Cow::Owned(shown)
}

/// A text within a line: [`out`] escapes the other characters, but a line break could fake a line.
pub(crate) fn on_one_line(text: &str) -> String {
    text.replace('\n', "\\n")
}

/// An equivalent JSON text without dangerous terminal characters.
pub(crate) fn printable_json(text: &str) -> String {
    // Outside of strings, the only such character in JSON is the carriage return, which is white space there.
    printable(&text.replace('\r', "\n")).into_owned()
}

/// A text as a JSON string, truncated if it is long, without dangerous terminal characters.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    if text.chars().nth(MAX_SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    printable(&Value::from(shown).to_string()).into_owned()
}

/// Whether a character is visible: it does not move the cursor, change the text direction or hide itself.
fn is_printable(c: char) -> bool {
    // `escape_debug` does not escape characters that Unicode calls printable. It also escapes these three, which are
    // printable.
    matches!(c, '"' | '\'' | '\\') || c.escape_debug().eq([c])
}

/// Appends the JSON escape of a character.
fn push_escaped(text: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
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
            ("\u{1b}[2J\r\n\t", r#""\u001b[2J\r\n\t""#),
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
    fn a_line_keeps_its_line_breaks_and_nothing_that_steers_a_terminal() {
        assert_eq!(printable("a\tb\n'c' \"d\" \\ é"), "a\tb\n'c' \"d\" \\ é");
        assert_eq!(printable("\u{1b}[2J\r\u{9b}1A\u{202e}"), "\\u001b[2J\\u000d\\u009b1A\\u202e");
    }

    #[test]
    fn printable_json_says_the_same() {
        let text = "{\"a\u{9b}\u{e0041}\":\r\n[\"\u{7f}\",\r1]}";
        let shown = printable_json(text);
        assert!(shown.chars().all(|c| c == '\n' || is_printable(c)), "{shown:?}");
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(value(&shown), value(text));
    }

    #[test]
    fn a_response_is_escaped_for_a_terminal_and_unchanged_for_a_program() {
        let body = "{\"reason\":\"no\u{202e}\"}".as_bytes();
        let written = |is_terminal| {
            let mut out = Vec::new();
            write_response(&mut out, body, is_terminal).expect("a vector accepts all bytes");
            out
        };
        assert_eq!(written(true), b"{\"reason\":\"no\\u202e\"}\n");
        assert_eq!(written(false), [body, b"\n"].concat());
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(quoted(&"a".repeat(60)).len(), 62);
        assert_eq!(quoted(&"a".repeat(61)), format!("\"{}…\"", "a".repeat(60)));
    }
}
