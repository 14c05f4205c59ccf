//! A policy text as a tree of JSON values that know where they stand.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use hifijson::token::Lex as _;
use hifijson::{Expect, Read as _, SliceLexer, num, str as string};

use crate::json::decimal::Decimal;
use crate::json::fault::Fault;
use crate::limits::{MAX_POLICY_BYTES, MAX_POLICY_DEPTH};
use crate::policy::text::diagnostic::{Diagnostic, quoted};

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

/// A JSON value and the bytes that it takes in the text.
#[derive(Debug)]
pub(crate) struct Node<'t> {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value<'t>,
}

#[derive(Debug)]
pub(crate) enum Value<'t> {
    Null,
    Bool(bool),
    Number(&'t str),
    String(Cow<'t, str>),
    Array(Vec<Node<'t>>),
    Object(Vec<Member<'t>>),
}

/// A member of an object: its name, where the name stands, and its value.
#[derive(Debug)]
pub(crate) struct Member<'t> {
    pub(crate) name: Cow<'t, str>,
    pub(crate) name_span: Range<usize>,
    pub(crate) value: Node<'t>,
}

impl Node<'_> {
    /// What the value is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        }
    }

    /// The JSON pointer (RFC 6901) of the innermost value or member that holds `span`.
    pub(crate) fn pointer_to(&self, span: &Range<usize>) -> String {
        let holds = |outer: &Range<usize>| outer.start <= span.start && span.end <= outer.end;
        let mut pointer = String::new();
        let mut node = self;
        loop {
            let child = match &node.value {
                Value::Array(items) => items
                    .iter()
                    .enumerate()
                    .find(|(_, item)| holds(&item.span))
                    .map(|(at, item)| (format!("/{at}"), item, false)),
                Value::Object(members) => members
                    .iter()
                    .find(|member| holds(&(member.name_span.start..member.value.span.end)))
                    .map(|member| {
                        let token = member.name.replace('~', "~0").replace('/', "~1");
                        (format!("/{token}"), &member.value, holds(&member.name_span))
                    }),
                _ => None,
            };
            let Some((token, inner, is_name)) = child else { return pointer };
            pointer.push_str(&token);
            if is_name {
                return pointer;
            }
            node = inner;
        }
    }
}

/// Reads a text and finds what I-JSON forbids beyond the grammar.
///
/// # Errors
/// The text is no JSON: the one diagnostic says where reading stopped.
pub(crate) fn read(text: &str) -> Result<(Node<'_>, Vec<Diagnostic>), Diagnostic> {
    if text.len() > MAX_POLICY_BYTES {
        return Err(Diagnostic::error("too_long", &(0..0), "the policy is longer than 256 MiB"));
    }
    let mut builder = Builder { text, problems: Vec::new() };
    let mut lexer = SliceLexer::new(text.as_bytes());
    let tree = lexer.exactly_one(SliceLexer::ws_peek, |next, lexer| builder.node(next, lexer, MAX_POLICY_DEPTH));
    match tree {
        Ok(tree) => Ok((tree, builder.problems)),
        Err(fault) => {
            let at = text.floor_char_boundary(builder.offset(&lexer));
            let rest = text.get(at..).unwrap_or_default();
            let found = rest.chars().next().map_or(0, char::len_utf8);
            let message = match fault {
                Fault::TooDeep => "objects and arrays nest deeper than 128",
                Fault::LoneSurrogate => "this string holds a surrogate without its partner",
                _ if rest.is_empty() => "the text ends in the middle of a JSON value",
                _ => "this is not JSON",
            };
            Err(Diagnostic::error("invalid_json", &(at..at.saturating_add(found)), message))
        }
    }
}

struct Builder<'t> {
    text: &'t str,
    problems: Vec<Diagnostic>,
}

impl<'t> Builder<'t> {
    fn offset(&self, lexer: &SliceLexer<'t>) -> usize {
        self.text.len().saturating_sub(lexer.as_slice().len())
    }

    fn node(&mut self, next: u8, lexer: &mut SliceLexer<'t>, depth: usize) -> Result<Node<'t>, Fault> {
        use hifijson::num::LexWrite as _;
        use hifijson::str::LexAlloc as _;
        let start = self.offset(lexer);
        let value = match next {
            b'{' => self.object(lexer, depth.checked_sub(1).ok_or(Fault::TooDeep)?)?,
            b'[' => {
                let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
                let mut items = Vec::new();
                lexer.discarded().seq(b']', SliceLexer::ws_peek, |next, lexer| {
                    items.push(self.node(next, lexer, depth)?);
                    Ok::<_, Fault>(())
                })?;
                Value::Array(items)
            }
            b'"' => Value::String(lexer.discarded().str_string()?),
            b'-' | b'0'..=b'9' => {
                let (text, _) = lexer.num_string().validated()?;
                if !Decimal::read(text).is_some_and(|number| number.is_finite(text)) {
                    let span = start..self.offset(lexer);
                    self.problems.push(Diagnostic::error("number_out_of_range", &span, "this number is out of range"));
                }
                Value::Number(text)
            }
            _ => self.word(lexer)?,
        };
        Ok(Node { span: start..self.offset(lexer), value })
    }

    fn object(&mut self, lexer: &mut SliceLexer<'t>, depth: usize) -> Result<Value<'t>, Fault> {
        use hifijson::str::LexAlloc as _;
        let mut members: Vec<Member<'t>> = Vec::new();
        lexer.discarded().seq(b'}', SliceLexer::ws_peek, |next, lexer| {
            let start = self.offset(lexer);
            lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
            let name = lexer.str_string()?;
            let name_span = start..self.offset(lexer);
            lexer.expect(SliceLexer::ws_peek, b':').ok_or(Expect::Colon)?;
            let next = lexer.ws_peek().ok_or(Expect::Value)?;
            let value = self.node(next, lexer, depth)?;
            members.push(Member { name, name_span, value });
            Ok::<_, Fault>(())
        })?;
        self.find_duplicates(&members);
        Ok(Value::Object(members))
    }

    fn find_duplicates(&mut self, members: &[Member<'t>]) {
        let mut sorted: Vec<&Member<'t>> = members.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        for pair in sorted.windows(2) {
            if let [first, second] = pair
                && first.name == second.name
            {
                let message = format!("{} stands twice in this object", quoted(&second.name));
                let fix = "keep one of the two: programs differ in which one they read";
                self.problems.push(Diagnostic::error("duplicate_key", &second.name_span, message).with_fix(fix));
            }
        }
    }

    fn word(&mut self, lexer: &mut SliceLexer<'t>) -> Result<Value<'t>, Fault> {
        // The lexer eats a letter before it knows that no word follows; look first, so that the place is right.
        let rest = lexer.as_slice();
        let (word, value) = [(&b"null"[..], Value::Null), (b"true", Value::Bool(true)), (b"false", Value::Bool(false))]
            .into_iter()
            .find(|(word, _)| rest.starts_with(word))
            .ok_or(Fault::Syntax)?;
        lexer.strip_prefix(word);
        Ok(value)
    }
}
