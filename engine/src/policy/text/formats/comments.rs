//! JSON with comments: the text as JSON of the same length.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::formats::characters::turns_text;

/// Replaces comments and trailing commas by spaces, so that every value keeps its position.
///
/// # Errors
/// A comment has no end, or programs disagree on where it ends.
pub(crate) fn blank(text: &str) -> Result<Cow<'_, str>, Diagnostic> {
    let mut blanks: Vec<Range<usize>> = Vec::new();
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    // The last two bytes outside of strings, comments and white space, and the position of the last one.
    let (mut before, mut last) = (b'[', (b'[', 0));
    while let Some(byte) = scan.peek() {
        let start = scan.at;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => scan.skip(1),
            b'/' if matches!(scan.next(), Some(b'/' | b'*')) => {
                scan.comment(text)?;
                blanks.push(start..scan.at);
            }
            _ => {
                // `[,]` and `[1,,]` keep a comma, so they stay errors.
                if matches!(byte, b']' | b'}') && last.0 == b',' && !matches!(before, b'[' | b'{' | b',' | b':') {
                    blanks.push(last.1..last.1.saturating_add(1));
                }
                (before, last) = (last.0, (byte, start));
                if byte == b'"' { scan.string() } else { scan.skip(1) }
            }
        }
    }
    if blanks.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = text.as_bytes().to_vec();
    for blank in blanks {
        for byte in bytes.get_mut(blank).into_iter().flatten().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
    }
    // INVARIANT: a comment starts and ends at ASCII characters, so no character is blanked in part.
    Ok(Cow::Owned(String::from_utf8(bytes).unwrap_or_default()))
}

struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&self) -> Option<u8> {
        self.bytes.get(self.at.saturating_add(1)).copied()
    }

    fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// Skips a string; the reader of JSON reports a string without an end.
    fn string(&mut self) {
        self.skip(1);
        while let Some(byte) = self.peek() {
            self.skip(if byte == b'\\' { 2 } else { 1 });
            if byte == b'"' {
                return;
            }
        }
    }

    fn comment(&mut self, text: &str) -> Result<(), Diagnostic> {
        let start = self.at;
        let rest = text.get(start..).unwrap_or_default();
        let is_block = self.next() == Some(b'*');
        let length = if is_block {
            let Some(length) = rest.get(2..).and_then(|inside| inside.find("*/")) else {
                let span = start..start.saturating_add(2);
                let problem = Diagnostic::error("invalid_json", &span, "this comment has no end");
                return Err(problem.with_fix("write `*/` at its end"));
            };
            length.saturating_add(4)
        } else {
            let line = rest.split('\n').next().unwrap_or_default();
            line.strip_suffix('\r').unwrap_or(line).len()
        };
        for (at, c) in rest.get(..length).unwrap_or_default().char_indices() {
            let at = start.saturating_add(at);
            let span = at..at.saturating_add(c.len_utf8());
            // Some programs end a line here, so they would read the rest of the comment as a part of the policy.
            if !is_block && matches!(c, '\r' | '\u{2028}' | '\u{2029}') {
                let message = "this line break in a comment is not one for every program";
                return Err(Diagnostic::error("invalid_json", &span, message).with_fix("end the line with a line feed"));
            }
            if turns_text(c) {
                let message = "this character changes the direction of the text around it";
                return Err(Diagnostic::error("invalid_json", &span, message).with_fix("remove it"));
            }
        }
        self.skip(length);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(blank(text).expect(text), expected, "{text}");
    }

    #[track_caller]
    fn refuse(text: &str, span: Range<usize>) {
        assert_eq!(blank(text).expect_err(text).span, span, "{text}");
    }

    #[test]
    fn comments_become_spaces_of_the_same_length() {
        check("[1] // é\n", "[1]      \n");
        check("[/* \n */1]//", "[   \n   1]  ");
        check("/*/ 1 */2", "        2");
        check("[1, // a\r\n2]", "[1,     \r\n2]");
        check("{\"a\"/**/:/*\"*/1}", "{\"a\"    :     1}");
    }

    #[test]
    fn a_string_keeps_what_looks_like_a_comment() {
        for text in ["[\"// a\", \"/* b */\"]", "\"\\\"// a\"", "\"\\\\\" ", "[1, 2]", "\"//", "\"\\"] {
            assert!(matches!(blank(text), Ok(Cow::Borrowed(same)) if same == text), "{text}");
        }
    }

    #[test]
    fn one_comma_may_follow_the_last_item() {
        check("[1,]", "[1 ]");
        check("{\"a\": [1, 2, /* , */ ], }", "{\"a\": [1, 2          ]  }");
        for text in ["[,]", "{,}", "[1,,]", "[,,]", "{\"a\":,}", "[1],"] {
            check(text, text);
        }
    }

    #[test]
    fn a_comment_whose_end_is_not_certain_is_refused() {
        refuse("[1] /* a", 4..6);
        refuse("/*/", 0..2);
        refuse("// a\rb\n", 4..5);
        refuse("// \u{2028}b", 3..6);
        refuse("/* a\u{202e} */", 4..7);
        refuse("[1] // \u{2066}", 7..10);
        check("// a\r\n/* \r */", "    \r\n   \r   ");
    }
}
