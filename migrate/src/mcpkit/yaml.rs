//! Reads YAML into a tree with positions.
//!
//! The parser's events are read one by one, so a hostile text is rejected at a limit. Ambiguous parts are errors:
//! duplicate keys, aliases, merge keys, tags, and several documents.

use std::collections::HashSet;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use crate::finding::{Finding, Position, Weight, quoted};

/// The maximum length of a text in bytes; a policy of a thousand rules has a tenth.
const MAX_BYTES: usize = 1024 * 1024;

/// The maximum nesting of lists and mappings.
const MAX_DEPTH: usize = 32;

#[derive(Debug)]
pub(super) struct Node {
    pub(super) position: Position,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Null,
    Text(String),
    /// A boolean or a number, as written.
    Word(String),
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A key of a mapping and its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) position: Position,
    pub(super) value: Node,
}

impl Node {
    /// The type of the value, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Text(_) => "a string",
            Value::Word(_) => "a number or a boolean",
            Value::List(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }

    /// Whether the value is `true` or `false`.
    pub(super) fn is_boolean(&self) -> bool {
        matches!(&self.value, Value::Word(word) if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false"))
    }

    /// Whether the value is an integer from 0 to `most`.
    pub(super) fn is_integer_up_to(&self, most: u64) -> bool {
        let Value::Word(word) = &self.value else { return false };
        matches!(integer(word), Some((false, digits, radix)) if u64::from_str_radix(digits, radix).is_ok_and(|number| number <= most))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let Value::Mapping(entries) = &self.value else { return None };
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }
}

/// Reads a text with one document.
///
/// # Errors
/// The text is not YAML, exceeds a limit, or is ambiguous.
pub(super) fn read(text: &str) -> Result<Node, Finding> {
    if text.len() > MAX_BYTES {
        let start = Position { line: 1, column: 1 };
        return Err(Finding::new(Weight::Error, "too_long", start, "the policy is larger than 1 MiB"));
    }
    Reader { parser: Parser::new_from_str(text) }.document()
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Position), Finding> {
        match self.parser.next_event() {
            Some(Ok((event, Span { start, .. }))) => Ok((event, position(&start))),
            Some(Err(error)) => Err(no_yaml(&error)),
            None => Ok((Event::StreamEnd, Position { line: 1, column: 1 })),
        }
    }

    fn document(mut self) -> Result<Node, Finding> {
        let node = loop {
            let (event, at) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd => return Err(error("invalid_yaml", at, "the file has no YAML document")),
                first => break self.node(first, at, 0)?,
            }
        };
        loop {
            let (event, at) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(node),
                Event::DocumentStart(_) => {
                    return Err(error("two_documents", at, "a policy must be one YAML document"));
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'t>, at: Position, depth: usize) -> Result<Node, Finding> {
        let depth = depth.saturating_add(1);
        if depth > MAX_DEPTH {
            return Err(error(
                "too_deep",
                at,
                format!("lists and mappings are nested more than {MAX_DEPTH} levels deep"),
            ));
        }
        let value = match event {
            Event::Scalar(text, style, _, tag) => scalar(&text, style, tag.as_deref(), at)?,
            Event::SequenceStart(_, tag) => {
                only_tag(tag.as_deref(), "seq", at)?;
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, at) => items.push(self.node(event, at, depth)?),
                    }
                }
                Value::List(items)
            }
            Event::MappingStart(_, tag) => {
                only_tag(tag.as_deref(), "map", at)?;
                Value::Mapping(self.entries(depth)?)
            }
            Event::Alias(_) => {
                let finding = error("alias", at, "aliases are not supported");
                return Err(finding.with_fix("write out the value"));
            }
            _ => return Err(error("invalid_yaml", at, "a value is missing here")),
        };
        Ok(Node { position: at, value })
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<Entry>, Finding> {
        let mut entries = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(entries);
            }
            let key = match self.node(event, at, depth)?.value {
                Value::Text(key) => key,
                _ => return Err(error("key_type", at, "a key must be a string")),
            };
            if key == "<<" {
                return Err(
                    error("merge_key", at, "merge keys are not supported").with_fix("write out the keys that it adds")
                );
            }
            if !seen.insert(key.clone()) {
                let finding =
                    error("duplicate_key", at, format!("the key {} is duplicated in this mapping", quoted(&key)));
                return Err(finding.with_fix("remove one of the two, because programs differ in which one they read"));
            }
            let (event, value_at) = self.next()?;
            entries.push(Entry { key, position: at, value: self.node(event, value_at, depth)? });
        }
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Position) -> Result<Value, Finding> {
    only_tag(tag, "str", at)?;
    let is_text = tag.is_some() || style != ScalarStyle::Plain;
    Ok(if is_text {
        Value::Text(text.to_owned())
    } else if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        Value::Null
    } else if is_word(text) {
        if is_out_of_range(text) {
            return Err(error("number_range", at, format!("the integer {} does not fit in 64 bits", quoted(text))));
        }
        Value::Word(text.to_owned())
    } else {
        Value::Text(text.to_owned())
    })
}

/// Whether a plain scalar is a boolean or a number (YAML 1.2.2, section 10.3.2).
fn is_word(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix = |prefix: &str, radix: u32| {
        unsigned
            .strip_prefix(prefix)
            .is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix)))
    };
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') && unsigned.parse::<f64>().is_ok();
    let is_named = matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN");
    let is_boolean = matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE");
    is_boolean || is_number || is_named || radix("0x", 16) || radix("0o", 8) || radix("0b", 2)
}

/// An integer in one of YAML's notations: whether it is negative, its digits, and their base.
fn integer(word: &str) -> Option<(bool, &str, u32)> {
    let negative = word.starts_with('-');
    let unsigned = word.strip_prefix(['-', '+']).unwrap_or(word);
    let (digits, radix) = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, radix)| Some((unsigned.strip_prefix(prefix)?, radix)))
        .unwrap_or((unsigned, 10));
    let is_integer = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    is_integer.then_some((negative, digits, radix))
}

/// Whether a number is an integer that does not fit in 64 bits, which mcpkit rejects anywhere.
fn is_out_of_range(word: &str) -> bool {
    let Some((negative, digits, radix)) = integer(word) else { return false };
    let magnitude = u64::from_str_radix(digits, radix);
    let most = if negative { i64::MIN.unsigned_abs() } else { u64::MAX };
    !magnitude.is_ok_and(|magnitude| magnitude <= most)
}

/// Accepts only a tag that states the type of a plain value.
fn only_tag(tag: Option<&Tag>, expected: &str, at: Position) -> Result<(), Finding> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == expected) => {
            Err(error("tag", at, format!("the tag {} is not supported", quoted(&tag.to_string()))))
        }
        _ => Ok(()),
    }
}

fn no_yaml(error_found: &ScanError) -> Finding {
    // The parser's message can contain a part of the text.
    let what = quoted(error_found.info()).replace('`', "");
    error("invalid_yaml", position(error_found.marker()), format!("this is not YAML: {what}"))
}

fn error(code: &'static str, at: Position, message: impl Into<String>) -> Finding {
    Finding::new(Weight::Error, code, at, message)
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col().saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let seen = match read(text) {
            Ok(node) => format!("{:?}", node.value),
            Err(finding) => format!("{} at {}:{}", finding.code, finding.position.line, finding.position.column),
        };
        assert!(seen.starts_with(expected), "{text:.80}: {seen}");
    }

    #[test]
    fn a_scalar_is_what_yaml_says_it_is() {
        check("'1.0'", "Text");
        check("1.0", "Word");
        check("0x1F", "Word");
        check("+12", "Word");
        check(".inf", "Word");
        check("yes", "Text");
        check("infinity", "Text");
        check("!!str 1", "Text");
        check("~", "Null");
        check("\"~\"", "Text");
        check("*star", "invalid_yaml");
    }

    #[test]
    fn what_programs_read_in_different_ways_is_an_error() {
        check("a: 1\nb: 2\na: 3\n", "duplicate_key at 3:1");
        check("a: &x [1]\nb: *x\n", "alias at 2:4");
        check("a:\n  <<: {b: 1}\n", "merge_key at 2:3");
        check("a: !secret x\n", "tag at 1:");
        check("--- a\n--- b\n", "two_documents at 2:1");
        check("? [a]\n: b\n", "key_type at 1:3");
        check("1: b\n", "key_type at 1:1");
        check("", "invalid_yaml");
    }

    #[test]
    fn a_hostile_text_is_given_up_at_a_bound() {
        check(&"a".repeat(MAX_BYTES + 1), "too_long");
        check(&"- ".repeat(MAX_BYTES / 2), "too_deep");
        check(&"[".repeat(MAX_BYTES), "invalid_yaml");
        check(&"{a: ".repeat(MAX_BYTES / 4), "invalid_yaml");
        check(&(0..1000).map(|n| format!("{:n$}a:\n", "")).collect::<String>(), "too_deep");
        let bomb: String = (1..60).map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1)).collect();
        check(&format!("a0: &a0 x\n{bomb}"), "alias at 2:");
        check(&(0..80_000).map(|n| format!("k{n}: v\n")).collect::<String>(), "Mapping");
    }
}
