//! The tokens of JSON (RFC 8259), read from a text that is known to be UTF-8.
//!
//! Every byte of a request goes through here, which is most of what a decision costs.
//! The lexers in reach read byte by byte through layers that stay in the machine code: this one takes a fifth of the
//! instructions, which `cargo xtask bench` measures, and the tests and fuzz targets hold it against two of them.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::decimal::Decimal;
use crate::hash_table::hash_name;
use crate::json::Fault;

/// Where a string that was read stands: what is between its quotes, checked and with its escapes unread.
#[derive(Clone, Copy)]
pub(crate) struct Quoted {
    start: usize,
    end: usize,
    has_escape: bool,
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

    /// Goes on at an offset up to which the text was read.
    pub(crate) fn go_on_at(&mut self, offset: usize) {
        self.at = offset;
    }

    /// What was read since the offset `start`; `None` if that is inside a character.
    pub(crate) fn since(&self, start: usize) -> Option<&'a str> {
        self.text.get(start..self.at)
    }

    /// The string that a quoted text stands for. Borrows unless there is an escape.
    #[inline]
    pub(crate) fn unquote(&self, quoted: Quoted) -> Cow<'a, str> {
        // INVARIANT: a quote is a character of its own, so what is between two of them is whole.
        let text = self.text.get(quoted.start..quoted.end).unwrap_or_default();
        if quoted.has_escape { Cow::Owned(unescape(text)) } else { Cow::Borrowed(text) }
    }

    /// The UTF-8 of the string that a quoted text stands for. Borrows unless there is an escape.
    #[inline]
    pub(crate) fn unquote_bytes(&self, quoted: Quoted) -> Cow<'a, [u8]> {
        if quoted.has_escape {
            return Cow::Owned(self.unquote(quoted).into_owned().into_bytes());
        }
        Cow::Borrowed(self.between_quotes(quoted))
    }

    /// The hash of the string that a quoted text stands for.
    #[inline]
    pub(crate) fn hash_of(&self, quoted: Quoted) -> u64 {
        if quoted.has_escape { hash_name(&self.unquote_bytes(quoted)) } else { hash_name(self.between_quotes(quoted)) }
    }

    #[inline]
    fn between_quotes(&self, quoted: Quoted) -> &'a [u8] {
        self.text.as_bytes().get(quoted.start..quoted.end).unwrap_or_default()
    }

    /// The next byte.
    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte after white space, not yet read.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            let next = self.byte();
            // One comparison tells that most bytes are no white space.
            if next.is_none_or(|byte| byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
                return next;
            }
            self.skip(1);
        }
    }

    /// Reads a string, before whose quote the lexer stands.
    #[inline(never)]
    pub(crate) fn string(&mut self) -> Result<Quoted, Fault> {
        self.string_in_place()
    }

    /// [`Lexer::string`] for the one loop in which most strings are read: what is not in line there costs more than the
    /// string does.
    #[expect(clippy::inline_always, reason = "as a call of its own it takes twice as long")]
    #[inline(always)]
    pub(crate) fn string_in_place(&mut self) -> Result<Quoted, Fault> {
        let bytes = self.text.as_bytes();
        let start = self.at.wrapping_add(1);
        let mut at = start;
        // Most strings are short: the first blocks are looked at one by one.
        for _ in 0..4 {
            let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk) else { break };
            let marks = special_marks(*block);
            if marks != 0 {
                at = first_marked(at, marks);
                if bytes.get(at) == Some(&b'"') {
                    self.at = at.wrapping_add(1);
                    return Ok(Quoted { start, end: at, has_escape: false });
                }
                break;
            }
            at = at.wrapping_add(8);
        }
        let quoted;
        (quoted, self.at) = long_string(self.text, start, at)?;
        Ok(quoted)
    }

    /// Reads a number that a binary64 can hold, if not exactly.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.skip(1);
        }
        let has_leading_zero = self.byte() == Some(b'0');
        let digits = self.digits();
        // A zero at the front stands alone.
        if digits == 0 || has_leading_zero && digits > 1 {
            return Err(Fault::Syntax);
        }
        // Fewer than 300 digits are in range whatever they are.
        if digits < 300 && !matches!(self.byte(), Some(b'.' | b'e' | b'E')) {
            return Ok(());
        }
        self.at = long_number(self.text, start, self.at)?;
        Ok(())
    }

    /// What comes after a member or an item: `close`, or the first byte of the next, behind its comma.
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
        // No comma stands at the end.
        self.peek().filter(|&next| next != close).ok_or(Fault::Syntax)
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
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
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
        let byte = self.byte()?;
        self.skip(1);
        Some(byte)
    }

    /// Goes on by bytes that were looked at.
    #[inline]
    pub(crate) fn skip(&mut self, bytes: usize) {
        // INVARIANT: only bytes that are there are skipped, so the sum is at most the length of the text.
        self.at = self.at.wrapping_add(bytes);
    }
}

/// Where the number from `start` on ends, of which nothing but the digits at its front was read, up to `at`.
#[inline(never)]
fn long_number(text: &str, start: usize, at: usize) -> Result<usize, Fault> {
    let mut lexer = Lexer { text, at };
    if lexer.byte() == Some(b'.') {
        lexer.skip(1);
        if lexer.digits() == 0 {
            return Err(Fault::Syntax);
        }
    }
    let has_exponent = matches!(lexer.byte(), Some(b'e' | b'E'));
    if has_exponent {
        lexer.skip(1);
        if matches!(lexer.byte(), Some(b'+' | b'-')) {
            lexer.skip(1);
        }
        if lexer.digits() == 0 {
            return Err(Fault::Syntax);
        }
    }
    let number = lexer.since(start).ok_or(Fault::Syntax)?;
    // Fewer than 300 digits are in range whatever they are.
    let is_finite = || Decimal::read(number).is_some_and(|decimal| decimal.is_finite(number));
    if !has_exponent && number.len() < 300 || is_finite() { Ok(lexer.at) } else { Err(Fault::NumberOutOfRange) }
}

/// The string that starts at `start` and that nothing ends before `at`, and what comes behind it.
#[inline(never)]
fn long_string(text: &str, start: usize, at: usize) -> Result<(Quoted, usize), Fault> {
    let mut lexer = Lexer { text, at };
    let mut has_escape = false;
    loop {
        lexer.at = find_special(text.as_bytes(), lexer.at);
        match lexer.next() {
            Some(b'"') => return Ok((Quoted { start, end: lexer.at.saturating_sub(1), has_escape }, lexer.at)),
            Some(b'\\') => _ = lexer.escape()?,
            _ => return Err(Fault::Syntax),
        }
        has_escape = true;
    }
}

/// The offset, from `at` on, of the first byte that ends a string, starts an escape or may not stand in one; the end if
/// there is none.
fn find_special(bytes: &[u8], mut at: usize) -> usize {
    let (wide, _) = bytes.get(at..).unwrap_or_default().as_chunks::<32>();
    for block in wide {
        let (blocks, _) = block.as_chunks::<8>();
        if blocks.iter().fold(0, |marks, &block| marks | special_marks(block)) != 0 {
            break;
        }
        at = at.wrapping_add(32);
    }
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let marks = special_marks(*block);
        if marks != 0 {
            return first_marked(at, marks);
        }
        at = at.wrapping_add(8);
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    let rest = bytes.get(at..).unwrap_or_default();
    at.wrapping_add(rest.iter().position(is_special).unwrap_or(rest.len()))
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
