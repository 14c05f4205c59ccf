//! Strict JSON: what I-JSON (RFC 7493) asks beyond the grammar of RFC 8259.
//!
//! `hifijson` lexes: it knows the grammar of tokens, strings, escapes and numbers.
//! This module adds what no parser in reach refuses while it skips a value: a name that stands twice in an object
//! at any depth, a lone surrogate, a number that a binary64 can't hold, and nesting beyond a bound.

use alloc::borrow::Cow;

use hifijson::token::Lex as _;
use hifijson::{Expect, SliceLexer, num, str as string};
use smallvec::SmallVec;

use crate::decimal::Decimal;
use crate::limits::MAX_REQUEST_DEPTH;

/// What is wrong with a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes are not UTF-8, or start with a byte-order mark.
    NotUtf8,
    /// The text does not follow the grammar of JSON, ends early or goes on after its value.
    Syntax,
    /// A string holds a surrogate without its partner.
    LoneSurrogate,
    /// A number is beyond the range of a binary64, or names a power of ten beyond a million.
    NumberOutOfRange,
    /// An object names one member twice, after escapes are read.
    DuplicateMember,
    /// Objects and arrays nest deeper than the bound.
    TooDeep,
}

impl From<Expect> for Fault {
    fn from(_: Expect) -> Self {
        Self::Syntax
    }
}

impl From<num::Error> for Fault {
    fn from(_: num::Error) -> Self {
        Self::Syntax
    }
}

impl From<string::Error> for Fault {
    fn from(error: string::Error) -> Self {
        if error.is_unicode_error() { Self::LoneSurrogate } else { Self::Syntax }
    }
}

/// A JSON value as it stands in its text, checked and not converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawValue<'a>(&'a str);

/// What a [`RawValue`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number,
    String,
    Array,
    Object,
}

impl<'a> RawValue<'a> {
    pub(crate) fn kind(self) -> Kind {
        // INVARIANT: the text is one checked JSON value without white space around it, so its first byte tells its kind.
        match self.0.as_bytes().first() {
            Some(b'"') => Kind::String,
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b't') => Kind::Bool(true),
            Some(b'f') => Kind::Bool(false),
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    pub(crate) fn text(self) -> &'a str {
        self.0
    }

    /// The text of the number, or `None` for another kind.
    pub(crate) fn as_number(self) -> Option<&'a str> {
        (self.kind() == Kind::Number).then_some(self.0)
    }

    /// How many characters a string, items a list or members an object has; `None` for another kind.
    pub(crate) fn length(self) -> Option<usize> {
        let mut count = 0_usize;
        match self.kind() {
            Kind::String => return Some(self.as_string()?.chars().count()),
            Kind::Array => Reader::inside(self).array(|reader| {
                count = count.saturating_add(1);
                reader.value().map(drop)
            }),
            Kind::Object => Reader::inside(self).object(|reader, _| {
                count = count.saturating_add(1);
                reader.value().map(drop)
            }),
            Kind::Null | Kind::Bool(_) | Kind::Number => return None,
        }
        .ok()?;
        Some(count)
    }

    /// The member or item that `name` leads to, as a token of a JSON pointer does.
    pub(crate) fn member(self, name: &str) -> Option<Self> {
        let mut found = None;
        match self.kind() {
            Kind::Object => Reader::inside(self).object(|reader, member| {
                let value = reader.value()?;
                found = if member == name { Some(value) } else { found };
                Ok::<_, Fault>(())
            }),
            Kind::Array => {
                let mut index = 0_usize;
                Reader::inside(self).array(|reader| {
                    let value = reader.value()?;
                    found = if itoa::Buffer::new().format(index) == name { Some(value) } else { found };
                    index = index.saturating_add(1);
                    Ok::<_, Fault>(())
                })
            }
            Kind::Null | Kind::Bool(_) | Kind::Number | Kind::String => return None,
        }
        .ok()?;
        found
    }

    /// Gives each item of a list to `look` until that answers false; `None` for another kind.
    pub(crate) fn for_items(self, mut look: impl FnMut(Self) -> bool) -> Option<()> {
        if self.kind() != Kind::Array {
            return None;
        }
        // The only fault that a checked list can have here is the one that ends the reading.
        _ = Reader::inside(self).array(|reader| {
            let item = reader.value()?;
            if look(item) { Ok(()) } else { Err(Fault::Syntax) }
        });
        Some(())
    }

    /// The string with its escapes read, or `None` for another kind. Borrows unless there is an escape.
    pub(crate) fn as_string(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if !inner.as_bytes().contains(&b'\\') {
            return Some(Cow::Borrowed(inner));
        }
        use hifijson::str::LexAlloc as _;
        SliceLexer::new(self.0.as_bytes()).discarded().str_string().ok()
    }
}

/// The names of the objects that are open at one point of a text, innermost last.
type OpenNames<'a> = SmallVec<[Cow<'a, str>; 32]>;

/// Reads one JSON text from front to back.
pub(crate) struct Reader<'a> {
    text: &'a str,
    lexer: SliceLexer<'a>,
    names: OpenNames<'a>,
    depth: usize,
    max_depth: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the front of `bytes`, which must be UTF-8 without a byte-order mark.
    pub(crate) fn new(bytes: &'a [u8], max_depth: usize) -> Result<Self, Fault> {
        let text = core::str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?;
        if text.starts_with('\u{feff}') {
            return Err(Fault::NotUtf8);
        }
        Ok(Self { text, lexer: SliceLexer::new(bytes), names: SmallVec::new(), depth: 0, max_depth })
    }

    /// Starts at the front of a value that was checked before.
    pub(crate) fn inside(value: RawValue<'a>) -> Self {
        let lexer = SliceLexer::new(value.0.as_bytes());
        Self { text: value.0, lexer, names: SmallVec::new(), depth: 0, max_depth: MAX_REQUEST_DEPTH }
    }

    /// How many bytes were read, for the place of a fault.
    pub(crate) fn offset(&self) -> usize {
        self.text.len().saturating_sub(self.lexer.as_slice().len())
    }

    /// The value that was read since `start`, the [`Reader::offset`] of its first byte.
    pub(crate) fn value_from(&self, start: usize) -> Option<RawValue<'a>> {
        self.text.get(start..self.offset()).map(RawValue)
    }

    /// The next byte after white space, not yet read.
    pub(crate) fn peek(&mut self) -> Result<u8, Fault> {
        self.lexer.ws_peek().ok_or(Fault::Syntax)
    }

    /// Ends the text: only white space may follow.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.lexer.ws_peek().map_or(Ok(()), |_| Err(Fault::Syntax))
    }

    /// Counts nesting from here on anew, so that a call in a batch is bounded like a call alone.
    pub(crate) fn restart_depth(&mut self) -> usize {
        core::mem::take(&mut self.depth)
    }

    /// Goes on with the nesting that [`Reader::restart_depth`] put aside.
    pub(crate) fn resume_depth(&mut self, depth: usize) {
        self.depth = depth;
    }

    /// Reads an object; `member` must read the value of each name that it is given.
    pub(crate) fn object<E: From<Fault>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'{')?;
        let outer = self.names.len();
        if self.peek()? == b'}' {
            return Ok(self.leave(b'}')?);
        }
        loop {
            if self.peek()? != b'"' {
                return Err(Fault::Syntax.into());
            }
            let name = self.string()?;
            self.lexer.expect(SliceLexer::ws_peek, b':').ok_or(Fault::Syntax)?;
            self.names.push(name.clone());
            self.peek()?;
            member(self, name)?;
            if !self.comma_or(b'}')? {
                break;
            }
        }
        let open = self.names.get_mut(outer..).unwrap_or_default();
        if has_duplicate(open) {
            return Err(Fault::DuplicateMember.into());
        }
        self.names.truncate(outer);
        Ok(self.leave(b'}')?)
    }

    /// Reads an array; `item` must read each item.
    pub(crate) fn array<E: From<Fault>>(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        self.enter(b'[')?;
        if self.peek()? == b']' {
            return Ok(self.leave(b']')?);
        }
        loop {
            self.peek()?;
            item(self)?;
            if !self.comma_or(b']')? {
                break;
            }
        }
        Ok(self.leave(b']')?)
    }

    /// Checks the next value to its end and returns it as it stands in the text.
    pub(crate) fn value(&mut self) -> Result<RawValue<'a>, Fault> {
        let first = self.peek()?;
        let start = self.offset();
        match first {
            b'{' => self.object(|reader, _| reader.value().map(drop))?,
            b'[' => self.array(|reader| reader.value().map(drop))?,
            b'"' => self.skip_string().map(drop)?,
            b'-' | b'0'..=b'9' => self.skip_number()?,
            _ => self.lexer.null_or_bool().map(drop).ok_or(Fault::Syntax)?,
        }
        self.value_from(start).ok_or(Fault::Syntax)
    }

    /// Reads the next value, which must be a string, with its escapes read. Borrows unless there is an escape.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let start = self.offset();
        if self.skip_string()? {
            return self.value_from(start).and_then(RawValue::as_string).ok_or(Fault::Syntax);
        }
        let (first, end) = (start.saturating_add(1), self.offset().saturating_sub(1));
        self.text.get(first..end).map(Cow::Borrowed).ok_or(Fault::Syntax)
    }

    /// Checks a string to its end, and says whether there is an escape in it.
    fn skip_string(&mut self) -> Result<bool, Fault> {
        use hifijson::escape::Lex as _;
        use hifijson::str::LexWrite as _;
        use hifijson::{Read as _, escape};
        let bytes = self.lexer.discarded().as_slice();
        let rest = bytes.get(find_special(bytes)..).unwrap_or_default();
        if let Some((b'"', after)) = rest.split_first() {
            self.lexer = SliceLexer::new(after);
            return Ok(false);
        }
        // What an escape may be, and that nothing else may stand here, the lexer knows.
        self.lexer = SliceLexer::new(rest);
        self.lexer.str_fold(
            (),
            |_, ()| Ok(()),
            |lexer, ()| {
                let kind = lexer.take_next().ok_or(string::Error::Escape(escape::Error::Eof))?;
                lexer.escape(kind).map(drop).map_err(string::Error::Escape)
            },
        )?;
        Ok(true)
    }

    fn skip_number(&mut self) -> Result<(), Fault> {
        use hifijson::num::LexWrite as _;
        let (text, parts) = self.lexer.num_string().validated()?;
        // Shorter integers are in range whatever their digits are.
        if parts.is_int() && text.len() < 300 {
            return Ok(());
        }
        let in_range = Decimal::read(text).is_some_and(|decimal| decimal.is_finite(text));
        in_range.then_some(()).ok_or(Fault::NumberOutOfRange)
    }

    fn enter(&mut self, open: u8) -> Result<(), Fault> {
        self.lexer.expect(SliceLexer::ws_peek, open).ok_or(Fault::Syntax)?;
        self.depth = self.depth.checked_add(1).filter(|&depth| depth <= self.max_depth).ok_or(Fault::TooDeep)?;
        Ok(())
    }

    fn leave(&mut self, close: u8) -> Result<(), Fault> {
        self.lexer.expect(SliceLexer::ws_peek, close).ok_or(Fault::Syntax)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    /// Reads a comma and answers true, or stands before `close` and answers false.
    fn comma_or(&mut self, close: u8) -> Result<bool, Fault> {
        match self.peek()? {
            b',' => {
                self.lexer.discarded();
                Ok(true)
            }
            next if next == close => Ok(false),
            _ => Err(Fault::Syntax),
        }
    }
}

/// Whether one of `names` stands twice. Puts them in another order.
/// The place of the first byte that ends a string, starts an escape or may not stand in one; the length if there is none.
///
/// Eight bytes are looked at as one number: strings are mostly too short for vectors, and wasm has none by default.
fn find_special(bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks::<8>();
    for (at, block) in blocks.iter().enumerate() {
        let marks = special_marks(u64::from_le_bytes(*block));
        if marks != 0 {
            // INVARIANT: there are at most seven bytes before the first that is marked.
            let before = usize::try_from(marks.trailing_zeros() / 8).unwrap_or(0);
            return at.saturating_mul(8).saturating_add(before);
        }
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    let looked_at = bytes.len().saturating_sub(rest.len());
    looked_at.saturating_add(rest.iter().position(is_special).unwrap_or(rest.len()))
}

/// Marks the high bit of bytes that are `"`, `\` or below 0x20. The lowest mark is exact; a borrow may set others above.
fn special_marks(bytes: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |bytes: u64, bound: u8| bytes.wrapping_sub(ONES.wrapping_mul(u64::from(bound))) & !bytes & HIGH;
    let equal = |byte: u8| below(bytes ^ ONES.wrapping_mul(u64::from(byte)), 1);
    below(bytes, 0x20) | equal(b'"') | equal(b'\\')
}

fn has_duplicate(names: &mut [Cow<'_, str>]) -> bool {
    // Comparing each with each is the fastest for the few names that objects have;
    // sorting keeps an object of 40,000 names from costing 800 million comparisons.
    if names.len() <= 16 {
        return names
            .iter()
            .enumerate()
            .any(|(at, name)| names.iter().skip(at.saturating_add(1)).any(|other| other == name));
    }
    names.sort_unstable();
    names.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    #[track_caller]
    fn check(text: impl AsRef<[u8]>, expected: Result<&str, Fault>) {
        let read = Reader::new(text.as_ref(), 32).and_then(|mut reader| {
            let value = reader.value()?;
            reader.end()?;
            Ok(value.text())
        });
        assert_eq!(read, expected);
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
