//! A policy text as a tree of JSON values, each with its position.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::json::fault::Fault;
use crate::json::lexer::{Lexer, Name};
use crate::json::{Kind, Reader};
use crate::limits::{MAX_POLICY_BYTES, MAX_POLICY_DEPTH};
use crate::policy::text::diagnostic::{Diagnostic, quoted};

/// A JSON value and its bytes in the text.
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

/// A member of an object: its name, the position of the name, and its value.
#[derive(Debug)]
pub(crate) struct Member<'t> {
    pub(crate) name: Cow<'t, str>,
    pub(crate) name_span: Range<usize>,
    pub(crate) value: Node<'t>,
}

impl Node<'_> {
    /// The kind of the value, for messages.
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

    /// The JSON pointer (RFC 6901) of the innermost value or member that contains `span`.
    pub(crate) fn pointer_to(&self, span: &Range<usize>) -> String {
        let contains = |outer: &Range<usize>| outer.start <= span.start && span.end <= outer.end;
        let mut pointer = String::new();
        let mut node = self;
        loop {
            let child = match &node.value {
                Value::Array(items) => items
                    .iter()
                    .enumerate()
                    .find(|(_, item)| contains(&item.span))
                    .map(|(at, item)| (format!("/{at}"), item, false)),
                Value::Object(members) => members
                    .iter()
                    .find(|member| contains(&(member.name_span.start..member.value.span.end)))
                    .map(|member| {
                        let token = member.name.replace('~', "~0").replace('/', "~1");
                        (format!("/{token}"), &member.value, contains(&member.name_span))
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

/// Reads a policy text, and reports what I-JSON (RFC 7493) forbids beyond the grammar.
///
/// # Errors
/// The text is not JSON; the one diagnostic has the position at which it stops being JSON.
pub(crate) fn read(text: &str) -> Result<(Node<'_>, Vec<Diagnostic>), Diagnostic> {
    if text.len() > MAX_POLICY_BYTES {
        return Err(Diagnostic::error("too_long", &(0..0), "the policy is longer than 256 MiB"));
    }
    let mut builder = Builder { text, problems: Vec::new() };
    let mut reader = Reader::of_policy(text, MAX_POLICY_DEPTH);
    let tree = builder.node(&mut reader).and_then(|tree| reader.end().map(|()| tree));
    match tree {
        Ok(tree) => Ok((tree, builder.problems)),
        Err(fault) => {
            reader.go_to_fault();
            let at = reader.offset();
            let found = text.get(at..).and_then(|rest| rest.chars().next());
            let message = match fault {
                Fault::TooDeep => "objects and lists nest deeper than 128 levels",
                Fault::LoneSurrogate => "this string contains a surrogate without its partner",
                _ if found.is_none() => "the policy ends in the middle of a JSON value",
                _ => "the policy is not valid JSON at this position",
            };
            let end = at.saturating_add(found.map_or(0, char::len_utf8));
            Err(Diagnostic::error("invalid_json", &(at..end), message))
        }
    }
}

struct Builder<'t> {
    text: &'t str,
    problems: Vec<Diagnostic>,
}

impl<'t> Builder<'t> {
    fn node(&mut self, reader: &mut Reader<'t>) -> Result<Node<'t>, Fault> {
        let next = reader.peek()?;
        let start = reader.offset();
        let value = match next {
            b'{' => {
                let mut members = Vec::new();
                reader.object(|reader, name| {
                    members.push(self.member(name, reader)?);
                    Ok::<_, Fault>(())
                })?;
                self.find_duplicates(&members);
                Value::Object(members)
            }
            b'[' => {
                let mut items = Vec::new();
                reader.array(|reader| {
                    items.push(self.node(reader)?);
                    Ok::<_, Fault>(())
                })?;
                Value::Array(items)
            }
            b'"' => Value::String(reader.string()?),
            _ => self.number_or_word(reader)?,
        };
        Ok(Node { span: start..reader.offset(), value })
    }

    fn member(&mut self, name: Name<'t>, reader: &mut Reader<'t>) -> Result<Member<'t>, Fault> {
        let name_span = name.span_in(self.text);
        let name = Lexer::at(self.text, name_span.start).string()?;
        Ok(Member { name, name_span, value: self.node(reader)? })
    }

    fn number_or_word(&mut self, reader: &mut Reader<'t>) -> Result<Value<'t>, Fault> {
        let start = reader.offset();
        let read = match reader.value() {
            Err(Fault::NumberOutOfRange) => {
                reader.go_to_fault();
                let span = start..reader.offset();
                let problem = Diagnostic::error("number_out_of_range", &span, "this number is out of range");
                let fix = "use an absolute value below 1.8e308, and an exponent from -999999 to 999999";
                self.problems.push(problem.with_fix(fix));
                reader.value_from(start).ok_or(Fault::NumberOutOfRange)?
            }
            read => read?,
        };
        Ok(match read.kind() {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(value),
            _ => Value::Number(read.text()),
        })
    }

    fn find_duplicates(&mut self, members: &[Member<'t>]) {
        let mut sorted: Vec<&Member<'t>> = members.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        for pair in sorted.windows(2) {
            if let [first, second] = pair
                && first.name == second.name
            {
                let message = format!("the key {} is duplicated in this object", quoted(&second.name));
                let fix = "remove one of the two, because programs differ in which one they read";
                self.problems.push(Diagnostic::error("duplicate_key", &second.name_span, message).with_fix(fix));
            }
        }
    }
}
