//! The tokens of JSON (RFC 8259), read from UTF-8 text.
//!
//! Every byte of a request passes through this lexer, which is most of the cost of a decision. The available lexers
//! read byte by byte through layers that remain in the machine code. This lexer needs a fifth of their instructions, as
//! `cargo xtask bench` measures. Tests and fuzz targets compare it with two other lexers.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
#[cfg(feature = "compile")]
use core::ops::Range;

use crate::json::decimal::Decimal;
use crate::json::fault::Fault;
use crate::json::name_hash::{hash_end, hash_name, hash_word};

/// The name of a member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'a> {
    /// The bytes between the quotes, checked and with the escapes not decoded.
    quoted: &'a [u8],
    has_escape: bool,
    /// [`hash_name`] of the decoded name.
    pub(crate) hash: u64,
}

impl<'a> Name<'a> {
    /// The name as a JSON string.
    pub(crate) fn to_json(self) -> String {
        // INVARIANT: a name is a part of a text between two quotes.
        let quoted = core::str::from_utf8(self.quoted).unwrap_or_default();
        alloc::format!("\"{quoted}\"")
    }

    /// The UTF-8 bytes of the decoded name, which are only compared. Borrows unless there is an escape.
    #[inline]
    pub(crate) fn bytes(self) -> Cow<'a, [u8]> {
        if self.has_escape { Cow::Owned(unescape_bytes(self.quoted)) } else { Cow::Borrowed(self.quoted) }
    }
}

/// A position in a text from which tokens are read.
#[derive(Clone, Copy)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// A lexer at a position in a text. Callers pass the two parts because they fit in registers and a lexer does not.
    pub(crate) fn at(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// How many bytes were read.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// Continues at an offset up to which the text was read.
    pub(crate) fn go_on_at(&mut self, offset: usize) {
        self.at = offset;
    }

    /// The text since the offset `start`; `None` if the offset is inside a character.
    pub(crate) fn since(&self, start: usize) -> Option<&'a str> {
        self.text.get(start..self.at)
    }

    /// The next byte.
    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte after white space, which is not consumed.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            let next = self.byte();
            // One comparison rules out white space for most bytes.
            if next.is_none_or(|byte| byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
                return next;
            }
            self.skip(1);
        }
    }

    /// Reads a string and its escapes; the lexer must be at the opening quote. Borrows unless there is an escape.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let start = self.at.wrapping_add(1);
        let (end, has_escape) = match self.short_string() {
            Some(end) => (end, false),
            None => long_string(self.text, start)?,
        };
        self.at = end.wrapping_add(1);
        // INVARIANT: a quote is one character, so the text between two quotes has whole characters.
        let quoted = self.text.get(start..end).unwrap_or_default();
        Ok(if has_escape { Cow::Owned(unescape(quoted)) } else { Cow::Borrowed(quoted) })
    }

    /// Like [`Lexer::string`], without a result.
    #[expect(clippy::inline_always, reason = "a separate call takes twice as long")]
    #[inline(always)]
    pub(crate) fn skip_string(&mut self) -> Result<(), Fault> {
        let end = match self.short_string() {
            Some(end) => end,
            None => long_string(self.text, self.at.wrapping_add(1))?.0,
        };
        self.at = end.wrapping_add(1);
        Ok(())
    }

    /// The end of the string at whose opening quote the lexer is, if the string is short and has no escape, as most
    /// are.
    #[expect(clippy::inline_always, reason = "a separate call takes twice as long")]
    #[inline(always)]
    fn short_string(&self) -> Option<usize> {
        let mut at = self.at.wrapping_add(1);
        for _ in 0..4 {
            let marks = special_marks(block(self.text, at)?);
            if marks != 0 {
                let end = at.wrapping_add(marked(marks));
                return if self.is_quote(end) { Some(end) } else { None };
            }
            at = at.wrapping_add(8);
        }
        None
    }

    /// Reads the name of a member, like [`Lexer::string`].
    #[expect(clippy::inline_always, reason = "a separate call takes twice as long")]
    #[inline(always)]
    pub(crate) fn name(&mut self) -> Result<Name<'a>, Fault> {
        let start = self.at.wrapping_add(1);
        let Some((len, hash)) = self.short_name() else {
            let name;
            (name, self.at) = long_name(self.text, start)?;
            return Ok(name);
        };
        let end = start.wrapping_add(len);
        self.at = end.wrapping_add(1);
        let quoted = self.text.as_bytes().get(start..end).unwrap_or_default();
        Ok(Name { quoted, has_escape: false, hash })
    }

    /// Like [`Lexer::name`], but returns only the hash.
    #[inline]
    pub(crate) fn skip_name(&mut self) -> Result<u64, Fault> {
        let Some((len, hash)) = self.short_name() else {
            let name;
            (name, self.at) = long_name(self.text, self.at.wrapping_add(1))?;
            return Ok(name.hash);
        };
        self.skip(len.wrapping_add(2));
        Ok(hash)
    }

    /// The length and the hash of the string at whose opening quote the lexer is, if the string is short and has no
    /// escape. The blocks that are searched for its end are also the words of its hash.
    #[expect(clippy::inline_always, reason = "a separate call takes twice as long")]
    #[inline(always)]
    fn short_name(&self) -> Option<(usize, u64)> {
        let start = self.at.wrapping_add(1);
        let (mut at, mut hash) = (start, 0);
        for _ in 0..3 {
            let block = block(self.text, at)?;
            let marks = special_marks(block);
            if marks != 0 {
                at = at.wrapping_add(marked(marks));
                let len = at.wrapping_sub(start);
                let hash = hash_end(hash_word(hash, before(block, marks)), len);
                return if self.is_quote(at) { Some((len, hash)) } else { None };
            }
            hash = hash_word(hash, block);
            at = at.wrapping_add(8);
        }
        None
    }

    #[inline]
    fn is_quote(&self, at: usize) -> bool {
        self.text.as_bytes().get(at) == Some(&b'"')
    }

    /// Reads a number within the range of a binary64.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.skip(1);
        }
        let first = self.byte();
        let (digits, next) = self.digits();
        // A leading zero must be the only digit.
        if digits == 0 || digits > 1 && first == Some(b'0') {
            return Err(Fault::Syntax);
        }
        // Fewer than 300 digits are always in range.
        if digits < 300 && !matches!(next, Some(b'.' | b'e' | b'E')) {
            return Ok(());
        }
        self.at = long_number(self.text, start, self.at)?;
        Ok(())
    }

    /// The byte after a member or an item: `close`, or the first byte of the next one after its comma.
    #[inline]
    pub(crate) fn after_item(&mut self, close: u8) -> Result<u8, Fault> {
        let next = self.peek();
        if next == Some(close) {
            return Ok(close);
        }
        if next != Some(b',') {
            return Err(Fault::Syntax);
        }
        self.skip(1);
        // A trailing comma is not allowed.
        self.peek().filter(|&next| next != close).ok_or(Fault::Syntax)
    }

    /// Reads `true`, `false` or `null`.
    pub(crate) fn literal(&mut self) -> Result<(), Fault> {
        let len = match self.text.as_bytes().get(self.at..) {
            Some([b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..]) => 4,
            Some([b'f', b'a', b'l', b's', b'e', ..]) => 5,
            _ => return Err(Fault::Syntax),
        };
        self.skip(len);
        Ok(())
    }

    /// Reads what follows the digits at the front of the number from `start` on.
    #[inline]
    fn rest_of_number(&mut self, start: usize) -> Result<(), Fault> {
        if self.byte() == Some(b'.') {
            self.skip(1);
            if self.digits().0 == 0 {
                return Err(Fault::Syntax);
            }
        }
        let has_exponent = matches!(self.byte(), Some(b'e' | b'E'));
        if has_exponent {
            self.skip(1);
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.skip(1);
            }
            if self.digits().0 == 0 {
                return Err(Fault::Syntax);
            }
        }
        let number = self.since(start).ok_or(Fault::Syntax)?;
        // Fewer than 300 digits are in range whatever they are.
        let is_finite = || Decimal::read(number).is_some_and(|decimal| decimal.is_finite(number));
        if !has_exponent && number.len() < 300 || is_finite() { Ok(()) } else { Err(Fault::NumberOutOfRange) }
    }

    /// Reads a string from behind its first quote to its last, which stays unread, and says whether it has an escape.
    #[inline]
    fn rest_of_string(&mut self) -> Result<bool, Fault> {
        let mut has_escape = false;
        loop {
            self.at = find_special(self.text, self.at);
            match self.byte() {
                Some(b'"') => return Ok(has_escape),
                Some(b'\\') => self.skip(1),
                _ => return Err(Fault::Syntax),
            }
            self.escape()?;
            has_escape = true;
        }
    }

    /// Reads digits, and returns how many there are and what comes next.
    #[inline]
    fn digits(&mut self) -> (usize, Option<u8>) {
        let start = self.at;
        loop {
            let next = self.byte();
            if !next.is_some_and(|byte| byte.is_ascii_digit()) {
                return (self.at.wrapping_sub(start), next);
            }
            self.skip(1);
        }
    }

    /// Reads the rest of an escape after its backslash, and returns the character.
    fn escape(&mut self) -> Result<char, Fault> {
        let escaped = match self.byte().ok_or(Fault::Syntax)? {
            plain @ (b'"' | b'\\' | b'/') => char::from(plain),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            _ => return Err(Fault::Syntax),
        };
        self.skip(1);
        Ok(escaped)
    }

    /// Reads the unit of UTF-16 before whose `u` the lexer stands, and its partner in the next escape if it needs one.
    fn code_point(&mut self) -> Result<char, Fault> {
        self.skip(1);
        let first = self.code_unit()?;
        let is_pair = matches!(first, 0xd800..=0xdbff);
        if is_pair && !(self.next() == Some(b'\\') && self.next() == Some(b'u')) {
            return Err(Fault::LoneSurrogate);
        }
        let second = if is_pair { Some(self.code_unit()?) } else { None };
        let read = char::decode_utf16([first].into_iter().chain(second)).next();
        read.and_then(Result::ok).ok_or(Fault::LoneSurrogate)
    }

    /// Reads the four digits of a UTF-16 code unit.
    fn code_unit(&mut self) -> Result<u16, Fault> {
        let mut unit = 0_u16;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16)).ok_or(Fault::Syntax)?;
            self.skip(1);
            unit = unit << 4 | u16::try_from(digit).unwrap_or_default();
        }
        Ok(unit)
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.byte()?;
        self.skip(1);
        Some(byte)
    }

    /// Skips bytes that were already inspected.
    #[inline]
    pub(crate) fn skip(&mut self, bytes: usize) {
        // INVARIANT: only existing bytes are skipped, so the sum is at most the length of the text.
        self.at = self.at.wrapping_add(bytes);
    }
}

/// The reader of policy texts reports each fault with its position, which the faults themselves do not have.
#[cfg(feature = "compile")]
impl Lexer<'_> {
    /// The offset of the first wrong byte in the next token: the start of the token if it is correct, or if it is a string
    /// with a lone surrogate; the end of the token if it is a number that is out of range.
    pub(crate) fn fault_offset(mut self) -> usize {
        let start = self.at;
        let next = self.byte();
        self.skip(1);
        let read = match next {
            Some(b'"') => self.rest_of_string().map(drop),
            Some(b'-' | b'0'..=b'9') => {
                self.digits();
                self.rest_of_number(start)
            }
            _ => Ok(()),
        };
        if matches!(read, Ok(()) | Err(Fault::LoneSurrogate)) { start } else { self.at }
    }
}

#[cfg(feature = "compile")]
impl Name<'_> {
    /// The bytes of the name, with its quotes, in the text from which it was read.
    pub(crate) fn span_in(self, text: &str) -> Range<usize> {
        // INVARIANT: the name borrows from the text, so the difference of the addresses is an offset in the text.
        let start = self.quoted.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
        start.wrapping_sub(1)..start.wrapping_add(self.quoted.len()).wrapping_add(1)
    }
}

/// Where the number from `start` on ends, of which nothing but the digits at its front was read, up to `at`.
#[inline(never)]
fn long_number(text: &str, start: usize, at: usize) -> Result<usize, Fault> {
    let mut lexer = Lexer { text, at };
    lexer.rest_of_number(start)?;
    Ok(lexer.at)
}

/// The end of the string whose content starts at `start`, and whether it has an escape.
#[inline(never)]
fn long_string(text: &str, start: usize) -> Result<(usize, bool), Fault> {
    let mut lexer = Lexer { text, at: start };
    let has_escape = lexer.rest_of_string()?;
    Ok((lexer.at, has_escape))
}

/// The name whose content starts at `start`, and the offset after its closing quote.
#[inline(never)]
fn long_name(text: &str, start: usize) -> Result<(Name<'_>, usize), Fault> {
    let (end, has_escape) = long_string(text, start)?;
    let quoted = text.as_bytes().get(start..end).unwrap_or_default();
    let mut name = Name { quoted, has_escape, hash: 0 };
    name.hash = hash_name(&name.bytes());
    Ok((name, end.wrapping_add(1)))
}

/// The offset, from `at`, of the first byte that ends a string, starts an escape or is not allowed in a string;
/// otherwise the end of the text.
fn find_special(text: &str, mut at: usize) -> usize {
    let (wide, _) = text.as_bytes().get(at..).unwrap_or_default().as_chunks::<32>();
    for block in wide {
        let (blocks, _) = block.as_chunks::<8>();
        if blocks.iter().fold(0, |marks, &block| marks | special_marks(u64::from_le_bytes(block))) != 0 {
            break;
        }
        at = at.wrapping_add(32);
    }
    while let Some(block) = block(text, at) {
        let marks = special_marks(block);
        if marks != 0 {
            return at.wrapping_add(marked(marks));
        }
        at = at.wrapping_add(8);
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at.wrapping_add(rest.iter().position(is_special).unwrap_or(rest.len()))
}

/// The eight bytes from an offset as one number, which is fast even without vector instructions.
#[inline]
fn block(text: &str, at: usize) -> Option<u64> {
    let block = text.as_bytes().get(at..at.wrapping_add(8))?.first_chunk()?;
    Some(u64::from_le_bytes(*block))
}

/// Marks the high bit of bytes that are `"`, `\` or below 0x20. The lowest mark is exact; a borrow may set others above.
#[inline]
fn special_marks(block: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let all = |byte: u8| ONES.wrapping_mul(u64::from(byte));
    // Subtracting a bound from a smaller byte borrows from its high bit; a byte whose own high bit is set is not ASCII.
    // After its second bit is flipped, a quote is 0x20, directly above the control characters, which stay below 0x20. A
    // space and `!` become 0x22 and 0x23.
    let below_space_or_quote = (block ^ all(0x02)).wrapping_sub(all(0x21));
    let backslash = (block ^ all(b'\\')).wrapping_sub(ONES);
    (below_space_or_quote | backslash) & !block & HIGH
}

/// The number of bytes of a block before the lowest marked byte.
#[inline]
fn marked(marks: u64) -> usize {
    usize::try_from(marks.trailing_zeros() / 8).unwrap_or_default()
}

/// The bytes of a block before the lowest marked byte; the bytes above are zero.
#[inline]
fn before(block: u64, marks: u64) -> u64 {
    // All bits up to the lowest mark, which is the high bit of its byte.
    let up_to_mark = marks ^ marks.wrapping_sub(1);
    block & up_to_mark >> 8
}

/// Like [`unescape`], for the bytes of a name.
#[cold]
#[inline(never)]
fn unescape_bytes(quoted: &[u8]) -> Vec<u8> {
    // INVARIANT: the bytes between two quotes of a text have whole characters, because a quote is one character.
    unescape(core::str::from_utf8(quoted).unwrap_or_default()).into_bytes()
}

/// Decodes the escapes of a checked string.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lexer = Lexer::new(text);
    while let Some((plain, _)) = lexer.text.get(lexer.at..).and_then(|rest| rest.split_once('\\')) {
        out.push_str(plain);
        lexer.skip(plain.len().saturating_add(1));
        // INVARIANT: the escapes are valid, because the string was checked.
        out.extend(lexer.escape());
    }
    out.push_str(lexer.text.get(lexer.at..).unwrap_or_default());
    out
}
