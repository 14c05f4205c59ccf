//! YAML test cases as JSON, so that one reader reads both.
//!
//! Ambiguous parts are errors: duplicate keys, aliases, merge keys, tags, several documents, and plain scalars that only
//! YAML reads as a number, a boolean or null. Numbers keep their text.

use std::collections::HashSet;

use callgate_engine::json::{Kind, read};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput, Tag};
use serde_json::Value;

use crate::print::quoted;

/// The maximum nesting of lists and mappings.
const MAX_DEPTH: usize = 48;

/// A position in the file, as line and column from 1.
pub(super) type Place = (usize, usize);

/// A YAML file as JSON.
#[derive(Debug, Default)]
pub(super) struct Converted {
    pub(super) json: String,
    /// The offset of each value in the JSON text, and its place in the file, in order.
    pub(super) places: Vec<(usize, Place)>,
}

/// Why a file is not YAML, and where.
pub(super) type Problem = (Place, String);

/// Converts a file with one document.
///
/// # Errors
/// The file is not YAML, or it is ambiguous.
pub(super) fn convert(text: &str) -> Result<Converted, Problem> {
    let mut converter = Converter { parser: Parser::new_from_str(text), out: Converted::default() };
    loop {
        match converter.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            (Event::StreamEnd, at) => return Err((at, "the file has no test case".to_owned())),
            (first, at) => {
                converter.node(first, at, 0)?;
                break;
            }
        }
    }
    loop {
        match converter.next()? {
            (Event::StreamEnd, _) => return Ok(converter.out),
            (Event::DocumentStart(_), at) => {
                return Err((at, "a case file must be one YAML document; remove this `---`".to_owned()));
            }
            _ => {}
        }
    }
}

struct Converter<'t> {
    parser: Parser<'t, StrInput<'t>>,
    out: Converted,
}

impl<'t> Converter<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Place), Problem> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, place(&span.start))),
            Some(Err(error)) => Err((place(error.marker()), format!("this is not valid YAML: {}", error.info()))),
            None => Ok((Event::StreamEnd, (1, 1))),
        }
    }

    fn node(&mut self, event: Event<'t>, at: Place, depth: usize) -> Result<(), Problem> {
        let depth = depth.saturating_add(1);
        if depth > MAX_DEPTH {
            return Err((at, "lists and mappings are nested too deeply".to_owned()));
        }
        self.out.places.push((self.out.json.len(), at));
        match event {
            Event::Scalar(text, style, _, tag) => {
                let json = scalar(&text, style, tag.as_deref()).map_err(|problem| (at, problem))?;
                self.out.json.push_str(&json);
                Ok(())
            }
            Event::SequenceStart(_, None) => self.list(depth),
            Event::MappingStart(_, None) => self.mapping(depth),
            Event::SequenceStart(..) | Event::MappingStart(..) => Err((at, tags_are_errors())),
            Event::Alias(_) => Err((at, "aliases are not supported; write out the value".to_owned())),
            _ => Err((at, "a value is missing here".to_owned())),
        }
    }

    fn list(&mut self, depth: usize) -> Result<(), Problem> {
        self.out.json.push('[');
        let mut separator = "";
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => break,
                (event, at) => {
                    self.out.json.push_str(separator);
                    self.node(event, at, depth)?;
                    separator = ",";
                }
            }
        }
        self.out.json.push(']');
        Ok(())
    }

    fn mapping(&mut self, depth: usize) -> Result<(), Problem> {
        self.out.json.push('{');
        let mut seen = HashSet::new();
        loop {
            let (event, at) = self.next()?;
            let key = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<" => {
                    return Err((at, "merge keys are not supported; write out the keys".to_owned()));
                }
                Event::Scalar(text, _, _, None) => text.into_owned(),
                _ => return Err((at, "a key must be a string".to_owned())),
            };
            if !seen.is_empty() {
                self.out.json.push(',');
            }
            self.out.json.push_str(&Value::from(&*key).to_string());
            self.out.json.push(':');
            if let Some(key) = seen.replace(key) {
                return Err((at, format!("the key {} is duplicated in this mapping", quoted(&key))));
            }
            let (event, at) = self.next()?;
            self.node(event, at, depth)?;
        }
        self.out.json.push('}');
        Ok(())
    }
}

/// A scalar as JSON.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<String, String> {
    if tag.is_some() {
        return Err(tags_are_errors());
    }
    if style != ScalarStyle::Plain {
        return Ok(Value::from(text).to_string());
    }
    let is_number = || read(text.as_bytes(), 1).is_ok_and(|value| value.kind() == Kind::Number);
    if matches!(text, "true" | "false" | "null") || is_number() {
        Ok(text.to_owned())
    } else if is_only_of_yaml(text) {
        let shown = quoted(text);
        Err(format!("{shown} is ambiguous; write `true`, `false`, `null` or a JSON number, or quote a string"))
    } else {
        Ok(Value::from(text).to_string())
    }
}

/// Whether YAML, but not JSON, reads a plain scalar as a number, a boolean or null (YAML 1.2.2, section 10.3.2).
fn is_only_of_yaml(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') && unsigned.parse::<f64>().is_ok();
    let has_radix = ["0x", "0o", "0b"].iter().any(|prefix| {
        unsigned.strip_prefix(prefix).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    });
    let word = unsigned.to_ascii_lowercase();
    is_number || has_radix || matches!(&*word, "" | "~" | "null" | "true" | "false" | ".inf" | ".nan")
}

fn tags_are_errors() -> String {
    "tags are not supported; remove the tag, and quote a string".to_owned()
}

fn place(marker: &Marker) -> Place {
    (marker.line(), marker.col().saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(convert(text).map(|converted| converted.json), Ok(expected.to_owned()), "{text}");
    }

    #[track_caller]
    fn refuse(text: &str, place: Place, problem: &str) {
        let (at, message) = convert(text).expect_err("a problem");
        assert_eq!(at, place, "{text}: {message}");
        assert!(message.contains(problem), "{text}: {message}");
    }

    #[test]
    fn a_scalar_keeps_its_text_and_no_word_becomes_a_boolean() {
        check("[no, yes, on, kp, 2026-11-24, 1:30, 1_000]", r#"["no","yes","on","kp","2026-11-24","1:30","1_000"]"#);
        check("[true, false, null]", "[true,false,null]");
        check("[\"true\", 'null', \"1\"]", r#"["true","null","1"]"#);
        check("[1.10, -0, 9007199254740993]", "[1.10,-0,9007199254740993]");
        check("a: |\n  x\n  \"y\"\n", r#"{"a":"x\n\"y\"\n"}"#);
    }

    #[test]
    fn what_only_yaml_reads_as_something_else_than_a_string_is_refused() {
        for text in ["~", "True", "NULL", "0x1F", "0o7", "+1", "007", ".5", "1.", ".inf", "-.INF", ".nan", "1e999"] {
            refuse(&format!("a: 1\nb: {text}"), (2, 4), "is ambiguous");
        }
        refuse("a:\nb: 1", (1, 2), "is ambiguous");
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        refuse("a: 1\nb: 2\na: 3", (3, 1), "the key \"a\" is duplicated");
        refuse("a: &x 1\nb: *x", (2, 4), "aliases are not supported");
        refuse("<<: {a: 1}", (1, 1), "merge keys");
        refuse("a: !!int 1", (1, 4), "tags are not supported");
        refuse("a: !x [1]", (1, 4), "tags are not supported");
        refuse("a: 1\n---\nb: 1", (2, 1), "one YAML document");
        refuse("? [a]\n: 1", (1, 3), "a key must be a string");
        refuse("a: [1", (2, 1), "not valid YAML");
        refuse("", (1, 1), "no test case");
        refuse(&"[".repeat(60), (1, 49), "nested too deeply");
    }

    #[test]
    fn each_value_has_its_place() {
        let Converted { json, places } = convert("a:\n  - b: 1\n    c: x\n").expect("YAML");
        assert_eq!(json, r#"{"a":[{"b":1,"c":"x"}]}"#);
        assert_eq!(places, [(0, (1, 1)), (5, (2, 3)), (6, (2, 5)), (11, (2, 8)), (17, (3, 8))]);
    }
}
