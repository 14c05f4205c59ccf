//! Converts a policy text to another format.

use alloc::string::String;
use alloc::vec::Vec;

use crate::policy::text::canonical::{Canonical, json_of};
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::format::Format;
use crate::policy::text::formats::{self, write};
use crate::policy::text::tree::Node;

/// Writes a text in another format, without its comments. Both texts have the same content.
///
/// # Errors
/// The text does not have its format, or programs read it differently.
pub fn convert(text: &str, from: Format, to: Format) -> Result<String, Vec<Diagnostic>> {
    read(text, from).map(|root| write::write(&root, to))
}

/// The content of a text as compact JSON, which is equal for two texts of any formats if their content is.
///
/// # Errors
/// The text does not have its format, or programs read it differently.
pub fn content(text: &str, format: Format) -> Result<String, Vec<Diagnostic>> {
    read(text, format).map(|root| json_of(&root))
}

/// The content of a text as compact JSON.
#[derive(Debug)]
pub struct Content {
    /// The JSON.
    pub json: String,
    /// The position of each value in the JSON and in the text, in order.
    pub places: Vec<(usize, usize)>,
}

/// Like [`content`], with positions.
///
/// # Errors
/// The text does not have its format, or programs read it differently.
pub fn content_with_places(text: &str, format: Format) -> Result<Content, Vec<Diagnostic>> {
    let (json, places) = Canonical::of(&read(text, format)?).into_json();
    Ok(Content { json, places })
}

fn read(text: &str, format: Format) -> Result<Node<'_>, Vec<Diagnostic>> {
    let mut tree = formats::read(text, format).map_err(|problem| Vec::from([problem]))?;
    tree.ambiguities.append(&mut tree.problems);
    if tree.ambiguities.is_empty() { Ok(tree.root) } else { Err(tree.ambiguities) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[track_caller]
    fn check(json: &str, yaml: &str) {
        let written = convert(json, Format::Json, Format::Yaml).expect(json);
        assert_eq!(written, yaml, "{json}");
        assert_eq!(content(&written, Format::Yaml), content(json, Format::Json), "{written}");
        let back = convert(&written, Format::Yaml, Format::JsonWithComments).expect(&written);
        assert_eq!(content(&back, Format::Json), content(json, Format::Json), "{back}");
    }

    #[test]
    fn a_string_is_plain_only_if_it_is_one_everywhere() {
        check("\"a\"", "a\n");
        check("[\"own && args.amount > 0\", \"a:b\", \"*\"]", "- own && args.amount > 0\n- a:b\n- \"*\"\n");
        check(
            "[\"yes\", \"1\", \"12:30\", \"\", \" a\", \"a: b\", \"a #b\"]",
            "- \"yes\"\n- \"1\"\n- \"12:30\"\n- \"\"\n- \" a\"\n- \"a: b\"\n- \"a #b\"\n",
        );
        check(r#"["^\\d+$", "it's \\", "a\nb", "a\"b"]"#, "- '^\\d+$'\n- 'it''s \\'\n- \"a\\nb\"\n- 'a\"b'\n");
        check("[true, null, 1.50, \"true\"]", "- true\n- null\n- 1.50\n- \"true\"\n");
        check(
            "[\"é\", \"\u{2028}\", \"\u{1f600}\", \"...\", \"a:\"]",
            "- é\n- \"\\u2028\"\n- \"\u{1f600}\"\n- \"...\"\n- \"a:\"\n",
        );
    }

    #[test]
    fn what_fits_is_on_one_line() {
        check(r#"{"a": {"b": [1, {"c": []}], "on": {}}}"#, "a: { b: [1, { c: [] }], \"on\": {} }\n");
        let long = "x".repeat(60);
        let json = format!(r#"{{"a": {{"b": "{long}", "c": ["{long}", [1], {{"d": "{long}", "e": "{long}"}}]}}}}"#);
        check(&json, &format!("a:\n  b: {long}\n  c:\n    - {long}\n    - [1]\n    - d: {long}\n      e: {long}\n"));
        let nested = format!(r#"[["{long}", ["{long}", "{long}"]]]"#);
        check(&nested, &format!("-\n  - {long}\n  -\n    - {long}\n    - {long}\n"));
        let key = "k".repeat(110);
        check(&format!(r#"{{"{key}": {{}}, "{key}2": []}}"#), &format!("{key}: {{}}\n{key}2: []\n"));
        let key = "k".repeat(1100);
        check(&format!(r#"{{"{key}": 1}}"#), &format!("? {key}\n: 1\n"));
        check(
            &format!(r#"{{"{key}": [1, {{"{key}": {{}}}}]}}"#),
            &format!("? {key}\n:\n  - 1\n  -\n    ? {key}\n    : {{}}\n"),
        );
    }

    #[test]
    fn json_has_the_same_lines() {
        let json = convert("a: [1, {b: c}]\nd: {}", Format::Yaml, Format::Json).expect("YAML");
        assert_eq!(json, "{\n  \"a\": [1, { \"b\": \"c\" }],\n  \"d\": {}\n}\n");
    }
}
