//! Writes a tree as a text that people read.
//!
//! A list or an object that fits is on one line, and the lines of a longer one have its parts.

use alloc::format;
use alloc::string::String;

use crate::policy::text::format::Format;
use crate::policy::text::formats::plain::{Plain, classify};
use crate::policy::text::tree::{Member, Node, Value};

/// The columns of a line on which a list or an object fits.
const WIDTH: usize = 100;

/// The longest key of YAML before its colon. The specification allows 1024 characters.
const MAX_KEY: usize = 500;

/// Writes a tree.
pub(crate) fn write(root: &Node<'_>, format: Format) -> String {
    let mut writer = Writer { out: String::new(), is_yaml: format == Format::Yaml };
    match &root.value {
        Value::Object(members) if !members.is_empty() => writer.members(members, 0),
        Value::Array(items) if !items.is_empty() => writer.items(items, 0),
        _ => writer.scalar(root),
    }
    if !writer.out.ends_with('\n') {
        writer.out.push('\n');
    }
    writer.out
}

struct Writer {
    out: String,
    is_yaml: bool,
}

impl Writer {
    /// Writes the members of an object in lines. In YAML, the caller has written the indentation of the first line.
    fn members(&mut self, members: &[Member<'_>], indent: usize) {
        self.open('{');
        for (at, member) in members.iter().enumerate() {
            self.start_line(at, indent);
            let is_long = self.is_yaml && member.name.chars().nth(MAX_KEY).is_some();
            if is_long {
                self.out.push_str("? ");
            }
            self.string(&member.name);
            if is_long {
                self.line(indent);
            }
            self.out.push(':');
            self.value(&member.value, indent, false);
        }
        self.close('}', indent);
    }

    fn items(&mut self, items: &[Node<'_>], indent: usize) {
        self.open('[');
        for (at, item) in items.iter().enumerate() {
            self.start_line(at, indent);
            if self.is_yaml {
                self.out.push('-');
            }
            self.value(item, indent, true);
        }
        self.close(']', indent);
    }

    /// Writes a value after a colon or, in a list, after a dash.
    fn value(&mut self, node: &Node<'_>, indent: usize, is_item: bool) {
        let space = if is_item && !self.is_yaml { "" } else { " " };
        let before = self.out.len();
        self.out.push_str(space);
        let line = self.out.rfind('\n').map_or(0, |at| at.saturating_add(1));
        if self.flow(node, line.saturating_add(WIDTH)) {
            return;
        }
        self.out.truncate(before);
        let indent = indent.saturating_add(2);
        match &node.value {
            Value::Object(members) if !members.is_empty() => {
                // The members of an item start on the line of its dash, unless a key needs a line of its own.
                let is_on_line = !self.is_yaml
                    || is_item && members.first().is_some_and(|first| first.name.chars().nth(MAX_KEY).is_none());
                if is_on_line {
                    self.out.push_str(space)
                } else {
                    self.line(indent)
                }
                self.members(members, indent);
            }
            Value::Array(items) if !items.is_empty() => {
                if self.is_yaml {
                    self.line(indent)
                } else {
                    self.out.push_str(space)
                }
                self.items(items, indent);
            }
            _ => {
                self.out.push_str(space);
                self.scalar(node);
            }
        }
    }

    /// Writes a node on the current line if it ends before `limit`; otherwise, the result is `false`.
    fn flow(&mut self, node: &Node<'_>, limit: usize) -> bool {
        match &node.value {
            Value::Array(items) => {
                self.out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.out.push_str(", ");
                    }
                    if !self.flow(item, limit) {
                        return false;
                    }
                }
                self.out.push(']');
            }
            Value::Object(members) if members.is_empty() => self.out.push_str("{}"),
            Value::Object(members) => {
                for (at, member) in members.iter().enumerate() {
                    self.out.push_str(if at > 0 { ", " } else { "{ " });
                    if member.name.len() > WIDTH {
                        return false;
                    }
                    self.string(&member.name);
                    self.out.push_str(": ");
                    if !self.flow(&member.value, limit) {
                        return false;
                    }
                }
                self.out.push_str(" }");
            }
            Value::String(text) if text.len() > WIDTH => return false,
            _ => self.scalar(node),
        }
        self.out.len() <= limit
    }

    fn scalar(&mut self, node: &Node<'_>) {
        match &node.value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Number(number) => self.out.push_str(number),
            Value::String(text) => self.string(text),
            Value::Array(_) => self.out.push_str("[]"),
            Value::Object(_) => self.out.push_str("{}"),
        }
    }

    fn string(&mut self, text: &str) {
        if self.is_yaml && is_plain(text) {
            self.out.push_str(text);
        } else if self.is_yaml && text.contains(['\\', '"']) && text.chars().all(is_visible) {
            self.out.push('\'');
            self.out.push_str(&text.replace('\'', "''"));
            self.out.push('\'');
        } else {
            self.quoted(text);
        }
    }

    /// Writes a string in double quotes, with escapes for every character that cannot be seen.
    fn quoted(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.out.extend(['\\', c]),
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                _ if is_visible(c) => self.out.push(c),
                // YAML reads an escape of a surrogate as a character of its own.
                _ if self.is_yaml && c > '\u{ffff}' => self.out.push_str(&format!("\\U{:08x}", u32::from(c))),
                _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| self.out.push_str(&format!("\\u{unit:04x}"))),
            }
        }
        self.out.push('"');
    }

    fn open(&mut self, bracket: char) {
        if !self.is_yaml {
            self.out.push(bracket);
        }
    }

    fn start_line(&mut self, at: usize, indent: usize) {
        if self.is_yaml {
            if at > 0 {
                self.line(indent);
            }
        } else {
            if at > 0 {
                self.out.push(',');
            }
            self.line(indent.saturating_add(2));
        }
    }

    fn close(&mut self, bracket: char, indent: usize) {
        if !self.is_yaml {
            self.line(indent);
            self.out.push(bracket);
        }
    }

    fn line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(core::iter::repeat_n(' ', indent));
    }
}

/// Whether a character has a form of its own and does not change the text around it.
fn is_visible(c: char) -> bool {
    // At the start of a text, `escape_debug` also escapes marks that belong to the character before.
    matches!(c, ' '..='~') || !c.is_ascii() && format!("a{c}").escape_debug().nth(2).is_none()
}

/// Whether a string needs no quotes in any place of a YAML text.
fn is_plain(text: &str) -> bool {
    let starts = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '$' | '(');
    let continues = |c: char| c.is_alphanumeric() || " _-./:@+=<>&|()'!?*%$~^;".contains(c);
    text.starts_with(starts)
        && text.chars().all(continues)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && classify(text) == Plain::String
}
