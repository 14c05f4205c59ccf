//! Strict JSON: what I-JSON (RFC 7493) asks beyond the grammar of RFC 8259.
//!
//! Beyond tokens and their order, no name may stand twice in an object at any depth, a surrogate has a partner, a
//! binary64 can hold each number, and nesting has a bound: no parser in reach refuses all of this while it skips a value.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::hash_table::hash_name;
use crate::lexer::Lexer;
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

/// A JSON value as it stands in its text, checked and not converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawValue<'a>(&'a str);

/// What a [`RawValue`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number
    Number,
    /// A string
    String,
    /// A list of values
    Array,
    /// Members, each with a name and a value
    Object,
}

/// Reads a text that is one strict JSON value and nothing else, in which objects and lists nest at most `max_depth` deep.
///
/// # Errors
/// The text is not UTF-8, no JSON, or more than JSON; or it is not I-JSON (RFC 7493), as [`Fault`] tells.
pub fn read(text: &[u8], max_depth: usize) -> Result<RawValue<'_>, Fault> {
    let mut reader = Reader::new(text, max_depth)?;
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

impl<'a> RawValue<'a> {
    /// Which kind of value it is.
    #[must_use]
    pub fn kind(self) -> Kind {
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

    /// The value as it stands in its text, without white space around it.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.0
    }

    /// The text of the number, or `None` for another kind.
    #[must_use]
    pub fn as_number(self) -> Option<&'a str> {
        (self.kind() == Kind::Number).then_some(self.0)
    }

    /// How many characters a string, items a list or members an object has; `None` for another kind.
    #[must_use]
    pub fn length(self) -> Option<usize> {
        let mut count = 0_usize;
        match self.kind() {
            Kind::String => return Some(self.as_string()?.chars().count()),
            Kind::Array => Reader::inside(self).array(|reader| {
                count = count.saturating_add(1);
                reader.skip()
            }),
            Kind::Object => Reader::inside(self).object(|reader, _| {
                count = count.saturating_add(1);
                reader.skip()
            }),
            Kind::Null | Kind::Bool(_) | Kind::Number => return None,
        }
        .ok()?;
        Some(count)
    }

    /// The member or item that `name` leads to, as a token of a JSON pointer does.
    #[must_use]
    pub fn member(self, name: &str) -> Option<Self> {
        let mut found = None;
        match self.kind() {
            Kind::Object => Reader::inside(self).object(|reader, member| {
                let value = reader.value()?;
                found = if *member.bytes == *name.as_bytes() { Some(value) } else { found };
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
    pub fn for_items(self, mut look: impl FnMut(Self) -> bool) -> Option<()> {
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

    /// Gives each member of an object to `look`, by its name with the escapes read, until that answers false; `None` for
    /// another kind.
    pub fn for_members(self, mut look: impl FnMut(&str, Self) -> bool) -> Option<()> {
        if self.kind() != Kind::Object {
            return None;
        }
        _ = Reader::inside(self).object(|reader, name| {
            let value = reader.value()?;
            let is_wanted = core::str::from_utf8(&name.bytes).is_ok_and(|name| look(name, value));
            if is_wanted { Ok(()) } else { Err(Fault::Syntax) }
        });
        Some(())
    }

    /// The string with its escapes read, or `None` for another kind. Borrows unless there is an escape.
    #[must_use]
    pub fn as_string(self) -> Option<Cow<'a, str>> {
        if self.kind() != Kind::String {
            return None;
        }
        let mut lexer = Lexer::new(self.0);
        let quoted = lexer.string().ok()?;
        Some(lexer.unquote(quoted))
    }
}

/// The name of a member, with its escapes read.
pub(crate) struct Name<'a> {
    /// Its UTF-8: names are compared and not read.
    pub(crate) bytes: Cow<'a, [u8]>,
    /// [`hash_name`] of it.
    pub(crate) hash: u64,
}

/// How many hashes of the names of open objects are kept in place.
const MAX_KEPT_NAMES: usize = 48;

/// How many hashes of the names of wide objects are kept beside them: what a request costs is bounded, however many names
/// it has.
const MAX_WIDE_NAMES: usize = 8_192;

/// The names of one object, as far as it takes to see that it names no member twice.
struct Names {
    count: usize,
    /// Where the kept hashes of its names start.
    first: usize,
    /// Where they start beside those in place, once the object is too wide for that.
    first_wide: Option<usize>,
    /// A bit for each name, by its hash: most objects have no two names with one bit.
    seen: u64,
    /// Whether two names have one bit.
    may_repeat: bool,
}

/// Reads one JSON text from front to back.
pub(crate) struct Reader<'a> {
    lexer: Lexer<'a>,
    depth: usize,
    max_depth: usize,
    /// The hashes of the names of the objects that are open, innermost last, and how many they are.
    kept: [u64; MAX_KEPT_NAMES],
    kept_count: usize,
    /// The hashes of the names of open objects that are too wide to be kept in place.
    wide: Vec<u64>,
    /// Whether names that stand twice are looked for.
    is_strict: bool,
}

impl<'a> Reader<'a> {
    /// Starts at the front of `bytes`, which must be UTF-8 without a byte-order mark.
    pub(crate) fn new(bytes: &'a [u8], max_depth: usize) -> Result<Self, Fault> {
        let text = core::str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?;
        if text.starts_with('\u{feff}') {
            return Err(Fault::NotUtf8);
        }
        Ok(Self::start(text, max_depth, true))
    }

    /// Starts at the front of a value that was checked before.
    pub(crate) fn inside(value: RawValue<'a>) -> Self {
        Self::start(value.0, MAX_REQUEST_DEPTH, false)
    }

    fn start(text: &'a str, max_depth: usize, is_strict: bool) -> Self {
        let (lexer, kept) = (Lexer::new(text), [0; MAX_KEPT_NAMES]);
        Self { lexer, depth: 0, max_depth, kept, kept_count: 0, wide: Vec::new(), is_strict }
    }

    /// How many bytes were read, for the place of a fault.
    pub(crate) fn offset(&self) -> usize {
        self.lexer.offset()
    }

    /// The value that was read since `start`, the [`Reader::offset`] of its first byte.
    pub(crate) fn value_from(&self, start: usize) -> Option<RawValue<'a>> {
        self.lexer.since(start).map(RawValue)
    }

    /// The next byte after white space, not yet read.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<u8, Fault> {
        self.lexer.peek().ok_or(Fault::Syntax)
    }

    /// Ends the text: only white space may follow.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.lexer.peek().map_or(Ok(()), |_| Err(Fault::Syntax))
    }

    /// Counts nesting from here on anew, so that a call in a batch is bounded like a call alone.
    pub(crate) fn restart_depth(&mut self) -> usize {
        core::mem::take(&mut self.depth)
    }

    /// Goes on with the nesting that [`Reader::restart_depth`] put aside.
    pub(crate) fn resume_depth(&mut self, depth: usize) {
        self.depth = depth;
    }

    /// Reads an object, before whose brace the reader stands; `member` must read the value of each name that it is given.
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
            let quoted = self.lexer.string()?;
            if self.peek()? != b':' {
                return Err(Fault::Syntax.into());
            }
            self.lexer.skip(1);
            let bytes = self.lexer.unquote_bytes(quoted);
            let hash = hash_name(&bytes);
            if self.is_strict {
                self.keep_name(&mut names, hash);
            }
            self.peek()?;
            member(self, Name { bytes, hash })?;
            next = self.lexer.after_item(b'}')?;
        }
        self.lexer.skip(1);
        self.leave_object(&names, self.lexer, start)?;
        Ok(())
    }

    /// Reads an array, before whose bracket the reader stands; `item` must read each item.
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

    /// Checks the next value to its end and returns it as it stands in the text.
    pub(crate) fn value(&mut self) -> Result<RawValue<'a>, Fault> {
        self.peek()?;
        let start = self.offset();
        self.skip()?;
        self.value_from(start).ok_or(Fault::Syntax)
    }

    /// Checks the next value to its end.
    pub(crate) fn skip(&mut self) -> Result<(), Fault> {
        let end = self.skip_value(self.lexer)?;
        self.lexer.go_on_at(end);
        Ok(())
    }

    /// The offset of the end of the next value, which is checked on the way.
    ///
    /// Here and below, a lexer goes from hand to hand as a value, and an offset comes back: they stay in registers, where
    /// a lexer in memory would make each step wait until the one before is stored.
    #[expect(clippy::inline_always, reason = "as a call of its own it takes twice as long")]
    #[inline(always)]
    fn skip_value(&mut self, mut lexer: Lexer<'a>) -> Result<usize, Fault> {
        match lexer.peek().ok_or(Fault::Syntax)? {
            b'"' => _ = lexer.string_in_place()?,
            b'-' | b'0'..=b'9' => lexer.number()?,
            b'{' => return self.skip_object(lexer),
            b'[' => return self.skip_array(lexer),
            _ => lexer.literal()?,
        }
        Ok(lexer.offset())
    }

    /// As [`Reader::object`], for members that nobody asks for.
    #[inline(never)]
    fn skip_object(&mut self, mut lexer: Lexer<'a>) -> Result<usize, Fault> {
        let start = lexer.offset();
        let mut names = self.enter_object()?;
        lexer.skip(1);
        let mut next = lexer.peek().ok_or(Fault::Syntax)?;
        while next != b'}' {
            if next != b'"' {
                return Err(Fault::Syntax);
            }
            let quoted = lexer.string_in_place()?;
            if self.is_strict {
                self.keep_name(&mut names, lexer.hash_of(quoted));
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

    /// As [`Reader::array`], for items that nobody asks for.
    #[inline(never)]
    fn skip_array(&mut self, mut lexer: Lexer<'a>) -> Result<usize, Fault> {
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

    /// Reads the next value, which must be a string, with its escapes read. Borrows unless there is an escape.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        if self.peek()? != b'"' {
            return Err(Fault::Syntax);
        }
        let quoted = self.lexer.string()?;
        Ok(self.lexer.unquote(quoted))
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
    fn enter_object(&mut self) -> Result<Names, Fault> {
        self.enter()?;
        Ok(Names { count: 0, first: self.kept_count, first_wide: None, seen: 0, may_repeat: false })
    }

    /// Forgets the names of the object between `start` and `lexer`, unless one of them stands twice.
    #[inline]
    fn leave_object(&mut self, names: &Names, lexer: Lexer<'a>, start: usize) -> Result<(), Fault> {
        self.leave();
        if names.may_repeat && self.has_duplicate(names, lexer, start) {
            return Err(Fault::DuplicateMember);
        }
        self.kept_count = names.first;
        if let Some(first) = names.first_wide {
            self.wide.truncate(first);
        }
        Ok(())
    }

    #[inline]
    fn keep_name(&mut self, names: &mut Names, hash: u64) {
        let bit = 1 << (hash >> 58);
        names.may_repeat |= names.seen & bit != 0;
        names.seen |= bit;
        names.count = names.count.wrapping_add(1);
        if names.first_wide.is_some() {
            return self.keep_wide(hash);
        }
        match self.kept.get_mut(self.kept_count) {
            Some(kept) => {
                *kept = hash;
                self.kept_count = self.kept_count.wrapping_add(1);
            }
            None => self.widen(names, hash),
        }
    }

    /// Keeps the hashes of an object's names elsewhere, so that those within it have room.
    #[cold]
    fn widen(&mut self, names: &mut Names, hash: u64) {
        names.first_wide = Some(self.wide.len());
        self.wide.reserve_exact(MAX_WIDE_NAMES.saturating_sub(self.wide.len()));
        for at in names.first..self.kept_count {
            self.keep_wide(self.kept.get(at).copied().unwrap_or_default());
        }
        self.kept_count = names.first;
        self.keep_wide(hash);
    }

    fn keep_wide(&mut self, hash: u64) {
        if self.wide.len() < MAX_WIDE_NAMES {
            self.wide.push(hash);
        }
    }

    /// Whether the object between `start` and `lexer` names a member twice.
    ///
    /// Equal hashes are taken for equal names. Two that only hash alike are refused too, which denies no call that was
    /// not made for it: of 64 bits, a body has too few names to meet by chance.
    #[inline(never)]
    fn has_duplicate(&mut self, names: &Names, lexer: Lexer<'a>, start: usize) -> bool {
        let hashes = match names.first_wide {
            Some(first) => self.wide.get_mut(first..),
            None => self.kept.get_mut(names.first..self.kept_count),
        };
        match hashes {
            Some(hashes) if hashes.len() == names.count => is_repetitive(hashes),
            _ => lexer.since(start).is_none_or(|object| has_duplicate_among_many(names.count, RawValue(object))),
        }
    }
}

/// As [`Reader::has_duplicate`], where the hashes are too many to be kept: goes through the object again and again, for a
/// part of them each time.
#[cold]
fn has_duplicate_among_many(count: usize, object: RawValue<'_>) -> bool {
    // A quarter stays free, as hashes don't spread evenly.
    let parts = count.div_ceil(MAX_WIDE_NAMES / 4 * 3);
    let mut hashes = Vec::with_capacity(count.min(MAX_WIDE_NAMES));
    (0..parts).any(|part| {
        hashes.clear();
        let read = Reader::inside(object).object(|reader, name| {
            if usize::try_from(name.hash >> 33).unwrap_or_default().checked_rem(parts) == Some(part) {
                hashes.push(name.hash);
            }
            if hashes.len() > MAX_WIDE_NAMES { Err(Fault::DuplicateMember) } else { reader.skip() }
        });
        read.is_err() || is_repetitive(&mut hashes)
    })
}

/// Whether a number stands twice among `hashes`. Puts them in another order.
fn is_repetitive(hashes: &mut [u64]) -> bool {
    hashes.sort_unstable();
    hashes.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
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

    /// An object with these names.
    fn object_of(names: &[String]) -> String {
        let members: Vec<String> = names.iter().map(|name| format!("\"{name}\":0")).collect();
        format!("{{{}}}", members.join(","))
    }

    #[test]
    fn the_names_of_a_wide_object_are_kept_up_to_a_bound() {
        for (count, expected) in [(MAX_KEPT_NAMES, 0), (100, 100), (9_000, MAX_WIDE_NAMES)] {
            let names: Vec<String> = (0..count).map(|n| format!("n{n}")).collect();
            let text = object_of(&names);
            let mut reader = Reader::new(text.as_bytes(), 32).expect("UTF-8");
            let mut most = 0;
            let read: Result<(), Fault> = reader.object(|reader, _| {
                most = most.max(reader.wide.len());
                reader.skip()
            });
            assert_eq!((read, most), (Ok(()), expected), "{count}");
            assert!(reader.wide.is_empty() && reader.wide.capacity() <= MAX_WIDE_NAMES, "{count}");
        }
    }

    #[test]
    fn two_names_are_compared_only_where_their_hashes_have_one_bit() {
        let mut reader = Reader::new(b"", 32).expect("UTF-8");
        let mut names = Names { count: 0, first: 0, first_wide: None, seen: 0, may_repeat: false };
        for at in 0..64 {
            reader.keep_name(&mut names, at << 58);
            assert!(!names.may_repeat, "{at}");
        }
        reader.keep_name(&mut names, 5 << 58 | 1);
        assert!(names.may_repeat);
    }

    #[test]
    fn names_that_crowd_into_one_part_are_refused_before_they_take_more_memory() {
        // More names than are kept, in two parts by their hashes: one of so many, and the rest.
        let part_of = |name: &String| hash_name(name.as_bytes()) >> 33 & 1;
        let names = |part: u64| (0..).map(|n| format!("n{n}")).filter(move |name| part_of(name) == part);
        let object = |crowded: usize| {
            let all: Vec<String> = names(0).take(crowded).chain(names(1).take(9_000 - crowded)).collect();
            object_of(&all)
        };
        let full = object(MAX_WIDE_NAMES);
        check(&full, Ok(&full));
        check(object(MAX_WIDE_NAMES + 1), Err(Fault::DuplicateMember));
    }
}
