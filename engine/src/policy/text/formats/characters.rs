//! The characters of a YAML text: which ones are allowed, and where they are.

use alloc::vec::Vec;

use crate::policy::text::diagnostic::Diagnostic;

/// Refuses characters that YAML forbids, and those that only some programs read as a line break.
pub(crate) fn find_bad_character(text: &str) -> Result<(), Diagnostic> {
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let span = at..at.saturating_add(c.len_utf8());
        let error = |message| Diagnostic::error("invalid_yaml", &span, message);
        match c {
            '\t' | '\n' => {}
            '\r' if rest.peek().is_some_and(|(_, next)| *next == '\n') => {}
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                let problem = error("this line break is not one for every program");
                return Err(
                    problem.with_fix("end the line with a line feed, or write an escape such as `\\r` in a string")
                );
            }
            '\u{feff}' if at == 0 => {
                return Err(
                    error("the policy starts with a byte-order mark").with_fix("save it as UTF-8 without the mark")
                );
            }
            _ if turns_text(c) => {
                let problem = error("this character changes the direction of the text around it");
                return Err(problem.with_fix("remove it, or write an escape such as `\\u202e` in a string"));
            }
            '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
                let problem = error("this character is not allowed in YAML");
                return Err(problem.with_fix("remove it, or write an escape such as `\\u0007` in a string"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a character reorders the text that follows, so that an editor shows another text than a program reads.
pub(crate) fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The positions of characters as offsets of bytes, because the parser counts characters.
pub(crate) struct Offsets {
    /// The offset of every [`STEP`](Self::STEP)th character; empty if the text is ASCII.
    marks: Vec<usize>,
}

impl Offsets {
    const STEP: usize = 64;

    pub(crate) fn of(text: &str) -> Self {
        let marks = || text.char_indices().step_by(Self::STEP).map(|(at, _)| at).collect();
        Self { marks: if text.is_ascii() { Vec::new() } else { marks() } }
    }

    /// The offset of a character, or the end of the text.
    pub(crate) fn offset(&self, text: &str, character: usize) -> usize {
        if self.marks.is_empty() {
            return character.min(text.len());
        }
        let (mark, more) = (character.checked_div(Self::STEP), character.checked_rem(Self::STEP));
        let Some(start) = mark.and_then(|mark| self.marks.get(mark)) else { return text.len() };
        let mut after = text.get(*start..).unwrap_or_default().char_indices();
        after.nth(more.unwrap_or_default()).map_or(text.len(), |(at, _)| start.saturating_add(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    #[test]
    fn offsets_are_those_of_characters() {
        let text: String = "aé\u{1f600}".repeat(100);
        for text in [text.as_str(), "abc", "é", ""] {
            let offsets = Offsets::of(text);
            for (at, (offset, _)) in text.char_indices().enumerate() {
                assert_eq!(offsets.offset(text, at), offset, "{at} in {text}");
            }
            assert_eq!(offsets.offset(text, text.chars().count()), text.len(), "{text}");
        }
    }
}
