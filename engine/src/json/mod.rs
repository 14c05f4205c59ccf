//! Strict JSON: the grammar of RFC 8259 and the additional rules of I-JSON (RFC 7493).
//!
//! No object at any depth may have a duplicate name, and a surrogate must be paired. Each number must be in the range
//! of a binary64, and nesting is limited. No available parser enforces all of this while it skips a value.

pub(crate) mod fault;
pub(crate) mod name_hash;
pub(crate) mod decimal;
pub(crate) mod lexer;
mod member_names;
mod raw_value;

use alloc::borrow::Cow;

use crate::json::fault::Fault;
use crate::json::lexer::{Lexer, Name};
use crate::json::member_names::{MemberNames, OpenNames};
pub use crate::json::raw_value::{Kind, RawValue, sort_members};
use crate::limits::MAX_REQUEST_DEPTH;

/// Reads a text that is exactly one strict JSON value, in which objects and lists nest at most `max_depth` deep.
///
/// # Errors
/// The text is not UTF-8, not exactly one JSON value, or not I-JSON (RFC 7493); see [`Fault`].
pub fn read(text: &[u8], max_depth: usize) -> Result<RawValue<'_>, Fault> {
    let mut reader = Reader::new(text, max_depth)?;
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

/// Reads one JSON text from start to end.
pub(crate) struct Reader<'a> {
    lexer: Lexer<'a>,
    depth: usize,
    max_depth: usize,
    names: OpenNames,
    /// Whether duplicate names are searched for.
    is_strict: bool,
}

impl<'a> Reader<'a> {
    /// Starts to read `bytes`, which must be UTF-8 without a byte-order mark.
    pub(crate) fn new(bytes: &'a [u8], max_depth: usize) -> Result<Self, Fault> {
        let text = core::str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?;
        if text.starts_with('\u{feff}') {
            return Err(Fault::NotUtf8);
        }
        Ok(Self::start(text, max_depth, true))
    }

    /// Starts to read a value that was already checked.
    pub(crate) fn inside(value: RawValue<'a>) -> Self {
        Self::start(value.text(), MAX_REQUEST_DEPTH, false)
    }

    fn start(text: &'a str, max_depth: usize, is_strict: bool) -> Self {
        Self { lexer: Lexer::new(text), depth: 0, max_depth, names: OpenNames::new(), is_strict }
    }

    /// How many bytes were read, for the position of a fault.
    pub(crate) fn offset(&self) -> usize {
        self.lexer.offset()
    }

    /// The value that was read since `start`, the [`Reader::offset`] of its first byte.
    pub(crate) fn value_from(&self, start: usize) -> Option<RawValue<'a>> {
        self.lexer.since(start).map(RawValue::of_checked)
    }

    /// The next byte after white space, which is not consumed.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<u8, Fault> {
        self.lexer.peek().ok_or(Fault::Syntax)
    }

    /// Ends the text: only white space may follow.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.lexer.peek().map_or(Ok(()), |_| Err(Fault::Syntax))
    }

    /// Restarts the nesting depth at zero, so that a call in a batch has the same limit as a single call.
    pub(crate) fn restart_depth(&mut self) -> usize {
        core::mem::take(&mut self.depth)
    }

    /// Restores the nesting depth that [`Reader::restart_depth`] returned.
    pub(crate) fn resume_depth(&mut self, depth: usize) {
        self.depth = depth;
    }

    /// Reads an object; the reader must be at its brace. `member` must read the value of each name that it receives.
    #[inline]
    pub(crate) fn object<E: From<Fault>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Name<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.offset();
        let mut names = self.enter_object()?;
        self.lexer.skip(1);
        let mut next = self.peek()?;
        while next != b'}' {
            if next != b'"' {
                return Err(Fault::Syntax.into());
            }
            let name = self.lexer.name()?;
            if self.peek()? != b':' {
                return Err(Fault::Syntax.into());
            }
            self.lexer.skip(1);
            if self.is_strict {
                self.names.keep(&mut names, name.hash);
            }
            self.peek()?;
            member(self, name)?;
            next = self.lexer.after_item(b'}')?;
        }
        self.lexer.skip(1);
        self.leave_object(&names, self.lexer, start)?;
        Ok(())
    }

    /// Reads an array; the reader must be at its bracket. `item` must read each item.
    #[inline]
    pub(crate) fn array<E: From<Fault>>(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        self.enter()?;
        self.lexer.skip(1);
        let mut next = self.peek()?;
        while next != b']' {
            item(self)?;
            next = self.lexer.after_item(b']')?;
        }
        self.lexer.skip(1);
        self.leave();
        Ok(())
    }

    /// Checks the whole next value and returns its text.
    pub(crate) fn value(&mut self) -> Result<RawValue<'a>, Fault> {
        self.peek()?;
        let start = self.offset();
        self.skip()?;
        self.value_from(start).ok_or(Fault::Syntax)
    }

    /// Checks the whole next value.
    pub(crate) fn skip(&mut self) -> Result<(), Fault> {
        let end = self.skip_value(self.lexer)?;
        self.lexer.go_on_at(end);
        Ok(())
    }

    /// Checks the next value and returns the offset of its end.
    ///
    /// These functions receive a lexer by value and return an offset, so that both stay in registers. A lexer in memory
    /// would make each step wait for the store of the previous one.
    #[expect(clippy::inline_always, reason = "a separate call takes twice as long")]
    #[inline(always)]
    fn skip_value(&mut self, mut lexer: Lexer<'a>) -> Result<usize, Fault> {
        match lexer.peek().ok_or(Fault::Syntax)? {
            b'"' => lexer.skip_string()?,
            b'-' | b'0'..=b'9' => lexer.number()?,
            b'{' => return self.skip_object(lexer.text(), lexer.offset()),
            b'[' => return self.skip_array(lexer.text(), lexer.offset()),
            _ => lexer.literal()?,
        }
        Ok(lexer.offset())
    }

    /// Like [`Reader::object`], for members that are not read.
    #[inline(never)]
    fn skip_object(&mut self, text: &'a str, at: usize) -> Result<usize, Fault> {
        let mut lexer = Lexer::at(text, at);
        let start = lexer.offset();
        let mut names = self.enter_object()?;
        lexer.skip(1);
        let mut next = lexer.peek().ok_or(Fault::Syntax)?;
        while next != b'}' {
            if next != b'"' {
                return Err(Fault::Syntax);
            }
            let hash = lexer.skip_name()?;
            if self.is_strict {
                self.names.keep(&mut names, hash);
            }
            if lexer.peek() != Some(b':') {
                return Err(Fault::Syntax);
            }
            lexer.skip(1);
            let end = self.skip_value(lexer)?;
            lexer.go_on_at(end);
            next = lexer.after_item(b'}')?;
        }
        lexer.skip(1);
        self.leave_object(&names, lexer, start)?;
        Ok(lexer.offset())
    }

    /// Like [`Reader::array`], for items that are not read.
    #[inline(never)]
    fn skip_array(&mut self, text: &'a str, at: usize) -> Result<usize, Fault> {
        let mut lexer = Lexer::at(text, at);
        self.enter()?;
        lexer.skip(1);
        let mut next = lexer.peek().ok_or(Fault::Syntax)?;
        while next != b']' {
            let end = self.skip_value(lexer)?;
            lexer.go_on_at(end);
            next = lexer.after_item(b']')?;
        }
        lexer.skip(1);
        self.leave();
        Ok(lexer.offset())
    }

    /// Reads and decodes the next value, which must be a string. Borrows unless there is an escape.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        if self.peek()? != b'"' {
            return Err(Fault::Syntax);
        }
        self.lexer.string()
    }

    #[inline]
    fn enter(&mut self) -> Result<(), Fault> {
        // INVARIANT: the depth is at most `max_depth`, so it does not overflow.
        self.depth = self.depth.wrapping_add(1);
        if self.depth > self.max_depth { Err(Fault::TooDeep) } else { Ok(()) }
    }

    #[inline]
    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    #[inline]
    fn enter_object(&mut self) -> Result<MemberNames, Fault> {
        self.enter()?;
        Ok(self.names.open())
    }

    /// Leaves the object between `start` and `lexer`, unless it has a duplicate name.
    #[inline]
    fn leave_object(&mut self, names: &MemberNames, lexer: Lexer<'a>, start: usize) -> Result<(), Fault> {
        self.leave();
        let is_repetitive = self.names.close(names, || lexer.since(start).map(RawValue::of_checked));
        if is_repetitive { Err(Fault::DuplicateMember) } else { Ok(()) }
    }
}

/// The reader of policy texts reports each fault with its position, and continues after some of them.
#[cfg(feature = "compile")]
impl<'a> Reader<'a> {
    /// Starts at the front of a policy text. Duplicate names are no fault, because the caller reports each of them.
    pub(crate) fn of_policy(text: &'a str, max_depth: usize) -> Self {
        Self::start(text, max_depth, false)
    }

    /// Moves to the first wrong byte of the next token, or to the end of a number that is out of range.
    pub(crate) fn go_to_fault(&mut self) {
        self.lexer.go_on_at(self.lexer.fault_offset());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    #[track_caller]
    fn check(text: impl AsRef<[u8]>, expected: Result<&str, Fault>) {
        assert_eq!(read(text.as_ref(), 32).map(RawValue::text), expected);
    }

    #[test]
    fn a_value_is_returned_as_it_stands() {
        check(" {\"a\" : [1, 2.50, \"\\u0041\", null]} ", Ok("{\"a\" : [1, 2.50, \"\\u0041\", null]}"));
        check("-0.0e+7", Ok("-0.0e+7"));
        check("\"\\ud83d\\ude00\"", Ok("\"\\ud83d\\ude00\""));
        check("[]", Ok("[]"));
        check("{}", Ok("{}"));
    }

    #[test]
    fn text_outside_the_grammar_is_refused() {
        let texts = [
            "",
            " ",
            "{",
            "}",
            "[",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "{'a':1}",
            "[1 2]",
            "{} {}",
            "{}}",
            "01",
            "0500",
            "+1",
            "1.",
            ".5",
            "1e",
            "- 1",
            "NaN",
            "Infinity",
            "nul",
            "nulll",
            "True",
            "\"",
            "\"\n\"",
            "\"\\x\"",
            "\"\\u12\"",
            "[1/*,2*/]",
            "\u{b}1",
        ];
        for text in texts {
            check(text, Err(Fault::Syntax));
        }
    }

    #[test]
    fn bytes_that_peers_read_differently_are_refused() {
        check("\u{feff}{}", Err(Fault::NotUtf8));
        check(b"\"\xff\"", Err(Fault::NotUtf8));
        check(b"\"\xc0\xaf\"", Err(Fault::NotUtf8));
        check(b"\"\xed\xa0\x80\"", Err(Fault::NotUtf8));
        check("\"\\ud800\"", Err(Fault::LoneSurrogate));
        check("\"\\udc00\"", Err(Fault::LoneSurrogate));
        check("\"\\ud800\\u0041\"", Err(Fault::LoneSurrogate));
        check("{\"\\ud800\":1}", Err(Fault::LoneSurrogate));
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_at_any_depth() {
        check(r#"{"a":1,"a":1}"#, Err(Fault::DuplicateMember));
        check(r#"{"a":1,"\u0061":1}"#, Err(Fault::DuplicateMember));
        check(r#"[{"x":{"b":{},"c":1,"b":2}}]"#, Err(Fault::DuplicateMember));
        check(r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#, Ok(r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#));
        let many: String = (0..500).map(|n| format!("\"n{n}\":0,")).collect();
        check(format!("{{{many}\"last\":0}}"), Ok(&format!("{{{many}\"last\":0}}")));
        check(format!("{{{many}\"n250\":0}}"), Err(Fault::DuplicateMember));
    }

    #[test]
    fn a_name_hashes_as_a_policy_hashes_it() {
        let alphabet = "abcdefghijklmnopqrstuvwxyz\u{e9}0123456789";
        for name in alphabet.char_indices().map(|(end, _)| alphabet.split_at(end).0) {
            let escaped: String = name.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
            // At the end of a text, fewer bytes remain than one block has.
            for object in
                [format!(r#"{{"{name}":0}}"#), format!(r#"{{"{name}":0{:40}}}"#, ""), format!(r#"{{"{escaped}":0}}"#)]
            {
                let mut reader = Reader::new(object.as_bytes(), 32).expect("UTF-8");
                let read = reader.object(|reader, read| {
                    assert_eq!(read.hash, name_hash::hash_name(name.as_bytes()), "{object}");
                    assert_eq!(*read.bytes(), *name.as_bytes(), "{object}");
                    reader.skip()
                });
                assert_eq!(read, Ok(()), "{object}");
            }
        }
    }

    #[test]
    fn numbers_beyond_a_binary64_are_refused() {
        check("1e400", Err(Fault::NumberOutOfRange));
        check("[-1e400]", Err(Fault::NumberOutOfRange));
        check("1e-1000000", Err(Fault::NumberOutOfRange));
        check("9".repeat(400), Err(Fault::NumberOutOfRange));
        check("1.7976931348623157e308", Ok("1.7976931348623157e308"));
        check("9007199254740993", Ok("9007199254740993"));
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        check(nested(32), Ok(&nested(32)));
        check(nested(33), Err(Fault::TooDeep));
        check("[".repeat(100_000), Err(Fault::TooDeep));
    }
}
