//! The nodes of a policy text as compact JSON, which is the same for all formats.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::policy::text::tree::{Node, Value};

/// The texts of a node and of everything in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Canonical {
    json: String,
    /// The span of each node in the policy text, in order, and its span in `json`.
    places: Vec<(Range<usize>, Range<usize>)>,
}

impl Canonical {
    /// Writes a node and remembers its parts.
    pub(crate) fn of(node: &Node<'_>) -> Self {
        let mut this = Self::default();
        let mut json = String::new();
        write_node(node, &mut json, &mut |span, place| this.places.push((span, place)));
        this.json = json;
        this
    }

    /// The whole text, and the start of each node in it and in the policy text, in order.
    pub(crate) fn into_json(self) -> (String, Vec<(usize, usize)>) {
        let mut starts: Vec<_> = self.places.into_iter().map(|(span, place)| (place.start, span.start)).collect();
        starts.sort_unstable();
        (self.json, starts)
    }
}

/// A node as compact JSON.
pub(crate) fn json_of(node: &Node<'_>) -> String {
    let mut json = String::new();
    write_node(node, &mut json, &mut |_, _| ());
    json
}

fn write_node(node: &Node<'_>, out: &mut String, note: &mut impl FnMut(Range<usize>, Range<usize>)) {
    let start = out.len();
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(number),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_node(item, out, note);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (at, member) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_string(&member.name, out);
                out.push(':');
                write_node(&member.value, out, note);
            }
            out.push('}');
        }
    }
    note(node.span.clone(), start..out.len());
}

/// Writes a string of JSON with the escapes that JSON requires, so that the text is at most three times as long as in any
/// format.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{0}'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
}
