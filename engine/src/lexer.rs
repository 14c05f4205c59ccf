//! The tokens of JSON (RFC 8259), read from a text that is known to be UTF-8.
//!
//! Every byte of a request goes through here, which is most of what a decision costs.
//! The lexers in reach read byte by byte through layers that stay in the machine code: this one takes a fifth of the
//! instructions, which `cargo xtask bench` measures, and the tests and fuzz targets hold it against two of them.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::decimal::Decimal;
use crate::json::Fault;

/// A string as it stands between its quotes, checked and with its escapes unread.
#[derive(Clone, Copy)]
pub(crate) struct RawString<'a> {
    text: &'a str,
    has_escape: bool,
}

impl<'a> RawString<'a> {
    /// The string that the text between two quotes stands for. Borrows unless there is an escape.
    pub(crate) fn read(self) -> Cow<'a, str> {
        if self.has_escape { Cow::Owned(unescape(self.text)) } else { Cow::Borrowed(self.text) }
    }
}

/// A place in a text from which tokens are read.
#[derive(Clone, Copy)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes were read.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// What was read since the offset `start`; `None` if that is inside a character.
    pub(crate) fn since(&self, start: usize) -> Option<&'a str> {
        self.text.get(start..self.at)
    }

    /// The next byte after white space, not yet read.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.skip(1),
                next => return next.copied(),
            }
        }
    }

    /// Reads one byte after white space, which must be `expected`.
    #[inline]
    pub(crate) fn expect(&mut self, expected: u8) -> Result<(), Fault> {
        if self.peek() != Some(expected) {
            return Err(Fault::Syntax);
        }
        self.skip(1);
        Ok(())
    }

    /// Reads a string, before whose quote the lexer stands.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<RawString<'a>, Fault> {
        self.skip(1);
        let start = self.at;
        self.at = self.find_special();
        if self.text.as_bytes().get(self.at) == Some(&b'"') {
            let text = self.since(start).ok_or(Fault::Syntax)?;
            self.skip(1);
            return Ok(RawString { text, has_escape: false });
        }
        self.string_with_escapes(start)
    }

    /// Reads a string on from its first escape.
    fn string_with_escapes(&mut self, start: usize) -> Result<RawString<'a>, Fault> {
        loop {
            match self.next() {
                Some(b'"') => {
                    let text = self.text.get(start..self.at.saturating_sub(1)).ok_or(Fault::Syntax)?;
                    return Ok(RawString { text, has_escape: true });
                }
                Some(b'\\') => _ = self.escape()?,
                _ => return Err(Fault::Syntax),
            }
            self.at = self.find_special();
        }
    }

    /// Reads a number that a binary64 can hold, if not exactly.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        if self.text.as_bytes().get(self.at) == Some(&b'-') {
            self.skip(1);
        }
        let has_leading_zero = self.text.as_bytes().get(self.at) == Some(&b'0');
        let digits = self.digits();
        // A zero at the front stands alone.
        if digits == 0 || has_leading_zero && digits > 1 {
            return Err(Fault::Syntax);
        }
        let mut next = self.text.as_bytes().get(self.at);
        if next == Some(&b'.') {
            self.skip(1);
            if self.digits() == 0 {
                return Err(Fault::Syntax);
            }
            next = self.text.as_bytes().get(self.at);
        }
        let has_exponent = matches!(next, Some(b'e' | b'E'));
        if has_exponent {
            self.skip(1);
            if matches!(self.text.as_bytes().get(self.at), Some(b'+' | b'-')) {
                self.skip(1);
            }
            if self.digits() == 0 {
                return Err(Fault::Syntax);
            }
        }
        // Fewer than 300 digits are in range whatever they are.
        if !has_exponent && self.at.wrapping_sub(start) < 300 {
            return Ok(());
        }
        let text = self.since(start).ok_or(Fault::Syntax)?;
        let in_range = Decimal::read(text).is_some_and(|decimal| decimal.is_finite(text));
        in_range.then_some(()).ok_or(Fault::NumberOutOfRange)
    }

    /// Reads `true`, `false` or `null`.
    pub(crate) fn literal(&mut self) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let literal = ["true", "false", "null"].into_iter().find(|literal| rest.starts_with(literal.as_bytes()));
        self.skip(literal.ok_or(Fault::Syntax)?.len());
        Ok(())
    }

    /// Reads digits and returns how many there are.
    #[inline]
    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.text.as_bytes().get(self.at).is_some_and(u8::is_ascii_digit) {
            self.skip(1);
        }
        self.at.wrapping_sub(start)
    }

    /// Reads what follows a backslash, and returns the character that both stand for.
    fn escape(&mut self) -> Result<char, Fault> {
        Ok(match self.next().ok_or(Fault::Syntax)? {
            plain @ (b'"' | b'\\' | b'/') => char::from(plain),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.code_unit()?;
                let is_pair = matches!(first, 0xd800..=0xdbff);
                if is_pair && !(self.next() == Some(b'\\') && self.next() == Some(b'u')) {
                    return Err(Fault::LoneSurrogate);
                }
                let second = if is_pair { Some(self.code_unit()?) } else { None };
                let read = char::decode_utf16([first].into_iter().chain(second)).next();
                read.and_then(Result::ok).ok_or(Fault::LoneSurrogate)?
            }
            _ => return Err(Fault::Syntax),
        })
    }

    /// Reads the four digits of a unit of UTF-16.
    fn code_unit(&mut self) -> Result<u16, Fault> {
        let mut unit = 0_u16;
        for _ in 0..4 {
            let digit = self.next().and_then(|byte| char::from(byte).to_digit(16)).ok_or(Fault::Syntax)?;
            unit = unit << 4 | u16::try_from(digit).unwrap_or_default();
        }
        Ok(unit)
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.text.as_bytes().get(self.at).copied()?;
        self.skip(1);
        Some(byte)
    }

    #[inline]
    fn skip(&mut self, bytes: usize) {
        // INVARIANT: only bytes that are there are skipped, so the sum is at most the length of the text.
        self.at = self.at.wrapping_add(bytes);
    }

    /// The offset of the next byte that ends a string, starts an escape or may not stand in one; the end if there is none.
    #[inline]
    fn find_special(&self) -> usize {
        let mut at = self.at;
        // Most strings are short: look at one block of eight bytes at a time before many.
        for _ in 0..2 {
            let Some(block) = self.text.as_bytes().get(at..).and_then(<[u8]>::first_chunk) else { break };
            let marks = special_marks(*block);
            if marks != 0 {
                return first_marked(at, marks);
            }
            at = at.wrapping_add(8);
        }
        self.find_special_from(at)
    }

    fn find_special_from(&self, mut at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let (wide, _) = rest.as_chunks::<32>();
        for block in wide {
            let (blocks, _) = block.as_chunks::<8>();
            if blocks.iter().fold(0, |marks, &block| marks | special_marks(block)) != 0 {
                break;
            }
            at = at.wrapping_add(32);
        }
        while let Some(block) = self.text.as_bytes().get(at..).and_then(<[u8]>::first_chunk) {
            let marks = special_marks(*block);
            if marks != 0 {
                return first_marked(at, marks);
            }
            at = at.wrapping_add(8);
        }
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        at.wrapping_add(rest.iter().position(is_special).unwrap_or(rest.len()))
    }
}

/// Marks the high bit of bytes that are `"`, `\` or below 0x20. The lowest mark is exact; a borrow may set others above.
///
/// Eight bytes are looked at as one number: wasm has no vectors by default.
#[inline]
fn special_marks(block: [u8; 8]) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let bytes = u64::from_le_bytes(block);
    // A byte below a bound borrows from its high bit; a byte that has it set itself is beyond ASCII.
    let below = |bytes: u64, bound: u8| bytes.wrapping_sub(ONES.wrapping_mul(u64::from(bound)));
    let quote = bytes ^ ONES.wrapping_mul(u64::from(b'"'));
    let backslash = bytes ^ ONES.wrapping_mul(u64::from(b'\\'));
    (below(bytes, 0x20) | below(quote, 1) | below(backslash, 1)) & !bytes & HIGH
}

/// The offset of the lowest byte that is marked in the block at `at`.
#[inline]
fn first_marked(at: usize, marks: u64) -> usize {
    // INVARIANT: there are at most seven bytes before it.
    at.wrapping_add(usize::try_from(marks.trailing_zeros() / 8).unwrap_or_default())
}

/// Reads the escapes of a string that was checked.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lexer = Lexer::new(text);
    while let Some((plain, _)) = lexer.text.get(lexer.at..).and_then(|rest| rest.split_once('\\')) {
        out.push_str(plain);
        lexer.skip(plain.len().saturating_add(1));
        // INVARIANT: the escapes were read once before, when the string was checked.
        out.extend(lexer.escape());
    }
    out.push_str(lexer.text.get(lexer.at..).unwrap_or_default());
    out
}
