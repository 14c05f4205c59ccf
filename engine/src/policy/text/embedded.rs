//! Positions inside a string of a policy text.
//!
//! A string may be written with escapes, over several lines or without quotation marks, as the format allows. The source
//! and the decoded string are walked together, so that an offset in the string leads to an offset in the file.

use alloc::vec::Vec;
use core::ops::Range;

/// A string of a policy text, and where each of its characters is in the text.
#[derive(Debug)]
pub(crate) struct Embedded {
    /// For each character, its offset in the string and in the file; then the ends of both.
    offsets: Vec<(usize, usize)>,
}

/// How a string is written.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    /// In `"`, with escapes; JSON has only this one.
    Double,
    /// In `'`, which is doubled inside.
    Single,
    /// Without quotation marks, or as an indented block.
    Plain,
}

impl Embedded {
    /// Finds the characters of a string, which is at `span` of the file.
    pub(crate) fn new(file: &str, span: &Range<usize>, text: &str) -> Self {
        let source = file.get(span.clone()).unwrap_or_default();
        let mut walk = Walk::new(source);
        let mut offsets = Vec::new();
        for (at, c) in text.char_indices() {
            walk.find(c);
            offsets.push((at, span.start.saturating_add(walk.at)));
            walk.pass(c);
        }
        offsets.push((text.len(), span.start.saturating_add(walk.at).min(span.end)));
        Self { offsets }
    }

    /// The bytes of the file for some bytes of the string.
    pub(crate) fn span(&self, of_text: &Range<usize>) -> Range<usize> {
        let start = self.offset(of_text.start);
        start..self.offset(of_text.end).max(start)
    }

    fn offset(&self, of_text: usize) -> usize {
        let at = self.offsets.partition_point(|&(offset, _)| offset < of_text);
        self.offsets.get(at).or(self.offsets.last()).map_or(0, |&(_, offset)| offset)
    }
}

/// A walk over the source of a string.
struct Walk<'s> {
    source: &'s str,
    at: usize,
    style: Style,
}

impl<'s> Walk<'s> {
    fn new(source: &'s str) -> Self {
        let (style, at) = match source.bytes().next() {
            Some(b'"') => (Style::Double, 1),
            Some(b'\'') => (Style::Single, 1),
            // The first line of a block only says how the block is read.
            Some(b'|' | b'>') => (Style::Plain, source.find('\n').map_or(source.len(), |at| at.saturating_add(1))),
            _ => (Style::Plain, 0),
        };
        Self { source, at, style }
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    /// Skips what the source has before a character of the string: indentation, folded lines and escaped line ends.
    fn find(&mut self, c: char) {
        while let Some(next) = self.rest().chars().next() {
            let is_folded = c.is_whitespace() && matches!(next, '\n' | '\r');
            if next == c || is_folded {
                return;
            }
            if self.style == Style::Double && next == '\\' {
                if !matches!(self.rest().chars().nth(1), Some('\n' | '\r')) {
                    return;
                }
                self.at = self.at.saturating_add(1);
            } else if !next.is_whitespace() {
                return;
            }
            self.skip_one();
        }
    }

    /// Moves behind a character of the string.
    fn pass(&mut self, c: char) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        if self.style == Style::Double && first == '\\' {
            let len = escape_len(rest);
            self.at = self.at.saturating_add(len).min(self.source.len());
        } else if self.style == Style::Single && rest.starts_with("''") {
            self.at = self.at.saturating_add(2);
        } else if first != c && matches!(first, '\n' | '\r') {
            // A line end that stands for a space, with the indentation of the next line.
            let trimmed = rest.trim_start();
            self.at = self.at.saturating_add(rest.len().saturating_sub(trimmed.len()));
        } else {
            self.skip_one();
        }
    }

    fn skip_one(&mut self) {
        let len = self.rest().chars().next().map_or(0, char::len_utf8);
        self.at = self.at.saturating_add(len);
    }
}

/// The bytes of an escape sequence, which is at the start of a text.
fn escape_len(text: &str) -> usize {
    let is_high = |digits: Option<&str>| {
        digits
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .is_some_and(|code| (0xd800..0xdc00).contains(&code))
    };
    let len = match text.as_bytes().get(1) {
        // A character beyond U+FFFF has two escapes in JSON.
        Some(b'u') if is_high(text.get(2..6)) && text.get(6..8) == Some("\\u") => 12,
        Some(b'u') => 6,
        Some(b'x') => 4,
        Some(b'U') => 10,
        _ => return text.chars().take(2).map(char::len_utf8).sum(),
    };
    if text.is_char_boundary(len) { len } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that each part of a string leads to the given part of its source.
    #[track_caller]
    fn check(source: &str, text: &str, parts: &[(&str, &str)]) {
        let file = alloc::format!("key: {source} #");
        let embedded = Embedded::new(&file, &(5..source.len().saturating_add(5)), text);
        for (part, expected) in parts {
            let at = text.find(part).expect("a part of the text");
            let span = embedded.span(&(at..at.saturating_add(part.len())));
            assert_eq!(file.get(span), Some(*expected), "{part:?} in {source:?}");
        }
    }

    #[test]
    fn a_string_without_escapes_is_its_source() {
        check(r#""a == b""#, "a == b", &[("a", "a"), ("==", "=="), ("a == b", "a == b")]);
        check("a == b", "a == b", &[("b", "b"), ("== b", "== b")]);
        check("'a == b'", "a == b", &[("a", "a"), ("b", "b")]);
    }

    #[test]
    fn an_escape_is_one_character() {
        check(r#""a == \"x\" && b""#, "a == \"x\" && b", &[("\"x\"", "\\\"x\\\""), ("&&", "&&"), ("b", "b")]);
        check(r#""\ud83d\ude00 == b""#, "\u{1f600} == b", &[("\u{1f600}", "\\ud83d\\ude00"), ("==", "==")]);
        check(r#""\u0061 \n b""#, "a \n b", &[("a", "\\u0061"), ("\n", "\\n"), ("b", "b")]);
        check(r#""\x61\U0001f600 \\ b""#, "a\u{1f600} \\ b", &[("a", "\\x61"), ("\\", "\\\\"), ("b", "b")]);
        check("'it''s b'", "it's b", &[("'", "''"), ("b", "b")]);
    }

    #[test]
    fn the_lines_of_a_block_are_found_behind_their_indentation() {
        check("|\n      a &&\n      b\n", "a &&\nb\n", &[("a", "a"), ("&&", "&&"), ("b", "b")]);
        check(">-\n      a &&\n      b || c\n", "a && b || c", &[("&&", "&&"), ("b", "b"), ("c", "c")]);
        check("a &&\n    b", "a && b", &[("&&", "&&"), ("b", "b")]);
        check("\"a \\\n    && b\"", "a && b", &[("&&", "&&"), ("b", "b")]);
    }

    #[test]
    fn a_source_that_does_not_fit_leads_into_its_span() {
        for (source, text) in
            [("\"a", "abcdef"), ("\"\\", "ab"), ("\"\\u00", "ab"), ("|", "ab"), ("", "ab"), ("'é", "x")]
        {
            let embedded = Embedded::new(source, &(0..source.len()), text);
            let span = embedded.span(&(0..text.len()));
            assert!(span.start <= span.end && span.end <= source.len(), "{source:?}: {span:?}");
        }
    }
}
