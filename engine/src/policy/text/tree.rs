//! A policy text as a tree of JSON values, each with its position.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

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
            // Without brackets, the first key starts where the object does, and the only value ends where it does.
            if node.span == *span || span.is_empty() && span.start == node.span.start {
                return pointer;
            }
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

/// A text that was read.
#[derive(Debug)]
pub(crate) struct Tree<'t> {
    pub(crate) root: Node<'t>,
    /// What I-JSON (RFC 7493) forbids beyond the grammar.
    pub(crate) problems: Vec<Diagnostic>,
    /// What programs read differently, so that the tree may not be what its author meant.
    pub(crate) ambiguities: Vec<Diagnostic>,
}

/// Reports each key of an object that is a duplicate.
pub(crate) fn find_duplicates(members: &[Member<'_>], problems: &mut Vec<Diagnostic>) {
    let mut sorted: Vec<&Member<'_>> = members.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    for pair in sorted.windows(2) {
        if let [first, second] = pair
            && first.name == second.name
        {
            let message = format!("the key {} is duplicated in this object", quoted(&second.name));
            let fix = "remove one of the two, because programs differ in which one they read";
            problems.push(Diagnostic::error("duplicate_key", &second.name_span, message).with_fix(fix));
        }
    }
}
