//! Reads policy texts in YAML 1.2, of which only the parts that every program reads in the same way are accepted.
//!
//! The plain scalars `true`, `false`, `null` and the numbers of JSON are those of JSON, and any other scalar is a string.
//! A plain scalar that a version of YAML reads as another type is an error, and so are anchors, aliases, merge keys, tags
//! and directives.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput};

use crate::limits::MAX_POLICY_DEPTH;
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::formats::characters::{Offsets, find_bad_character};
use crate::policy::text::formats::json::out_of_range;
use crate::policy::text::formats::plain::{Plain, classify};
use crate::policy::text::tree::{Member, Node, Tree, Value, find_duplicates};

/// The most ambiguities that are reported; the text is refused in any case.
const MAX_AMBIGUITIES: usize = 1000;

/// Reads a text with one document.
///
/// # Errors
/// The text is not YAML, has no document, or exceeds a limit.
pub(crate) fn read(text: &str) -> Result<Tree<'_>, Diagnostic> {
    find_bad_character(text)?;
    let offsets = Offsets::of(text);
    let parser = Parser::new_from_str(text);
    let mut reader =
        Reader { text, offsets, parser, last_end: 0, depth: 0, problems: Vec::new(), ambiguities: Vec::new() };
    let root = reader.document()?;
    Ok(Tree { root, problems: reader.problems, ambiguities: reader.ambiguities })
}

struct Reader<'t> {
    text: &'t str,
    offsets: Offsets,
    parser: Parser<'t, StrInput<'t>>,
    /// The end of the event before the current one.
    last_end: usize,
    depth: usize,
    problems: Vec<Diagnostic>,
    ambiguities: Vec<Diagnostic>,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<Node<'t>, Diagnostic> {
        let root = loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::Nothing => {}
                Event::DocumentStart(_) => self.find_directives(span.start),
                Event::StreamEnd => {
                    return Err(Diagnostic::error("invalid_yaml", &(0..0), "the policy has no YAML document"));
                }
                first => break self.node(first, span)?,
            }
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(root),
                (Event::DocumentStart(_), span) => {
                    let problem = unsupported(&span, "a policy must be one YAML document");
                    return Err(problem.with_fix("remove this document"));
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Range<usize>), Diagnostic> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let mut span = self.offset(span.start)..self.offset(span.end);
                if let Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) = &event {
                    // The parser reports the content without its indicator.
                    span.start = self.indicator(self.last_end..span.start, ['|', '>']);
                }
                self.last_end = span.end;
                Ok((event, span))
            }
            Some(Err(error)) => Err(self.describe(&error)),
            None => Ok((Event::StreamEnd, self.text.len()..self.text.len())),
        }
    }

    /// The position of the first of two indicators outside of comments, or the end of the range.
    fn indicator(&self, gap: Range<usize>, indicators: [char; 2]) -> usize {
        let mut is_comment = false;
        for (at, c) in self.text.get(gap.clone()).unwrap_or_default().char_indices() {
            match c {
                '\n' => is_comment = false,
                '#' => is_comment = true,
                _ if !is_comment && indicators.contains(&c) => return gap.start.saturating_add(at),
                _ => {}
            }
        }
        gap.end
    }

    fn offset(&self, marker: Marker) -> usize {
        self.offsets.offset(self.text, marker.index())
    }

    fn describe(&self, error: &ScanError) -> Diagnostic {
        let at = self.offset(*error.marker());
        let span = self.first_character(at);
        if error.info().contains("unknown anchor") {
            return unsupported(&span, "aliases are not supported").with_fix("write out the value");
        }
        // The parser's message can contain a part of the text.
        let is_shown = |c: &char| !c.is_control() && *c != '`';
        let cause: String =
            error.info().chars().map(|c| if c == '`' { '\'' } else { c }).filter(is_shown).take(150).collect();
        Diagnostic::error("invalid_yaml", &span, format!("the policy is not valid YAML at this position: {cause}"))
    }

    fn first_character(&self, at: usize) -> Range<usize> {
        let found = self.text.get(at..).and_then(|rest| rest.chars().next());
        at..at.saturating_add(found.map_or(0, char::len_utf8))
    }

    fn find_directives(&mut self, start: usize) {
        let mut at = 0_usize;
        for line in self.text.get(..start).unwrap_or_default().split_inclusive('\n') {
            if line.starts_with('%') {
                let span = at..at.saturating_add(line.trim_end().len());
                self.doubt(unsupported(&span, "directives are not supported").with_fix("remove this line"));
            }
            at = at.saturating_add(line.len());
        }
    }

    fn doubt(&mut self, problem: Diagnostic) {
        if self.ambiguities.len() < MAX_AMBIGUITIES {
            self.ambiguities.push(problem);
        }
    }

    fn node(&mut self, event: Event<'t>, span: Range<usize>) -> Result<Node<'t>, Diagnostic> {
        self.depth = self.depth.saturating_add(1);
        let node = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.find_properties(anchor, tag.is_some(), &span);
                self.scalar(text, style, span)
            }
            Event::SequenceStart(anchor, tag) => {
                self.find_properties(anchor, tag.is_some(), &span);
                self.check_depth(&span)?;
                self.list(span)?
            }
            Event::MappingStart(anchor, tag) => {
                self.find_properties(anchor, tag.is_some(), &span);
                self.check_depth(&span)?;
                self.mapping(span)?
            }
            Event::Alias(_) => {
                self.doubt(unsupported(&span, "aliases are not supported").with_fix("write out the value"));
                Node { span, value: Value::Null }
            }
            _ => return Err(Diagnostic::error("invalid_yaml", &span, "a value is missing at this position")),
        };
        self.depth = self.depth.saturating_sub(1);
        Ok(node)
    }

    /// Scalars are not a level, as in JSON.
    fn check_depth(&self, span: &Range<usize>) -> Result<(), Diagnostic> {
        if self.depth <= MAX_POLICY_DEPTH {
            return Ok(());
        }
        let span = self.first_character(span.start);
        Err(Diagnostic::error("invalid_yaml", &span, "objects and lists nest deeper than 128 levels"))
    }

    fn find_properties(&mut self, anchor: usize, has_tag: bool, span: &Range<usize>) {
        let place = self.first_character(span.start);
        if anchor != 0 {
            self.doubt(unsupported(&place, "anchors are not supported").with_fix("remove the anchor of this value"));
        }
        if has_tag {
            let problem = unsupported(&place, "tags are not supported");
            self.doubt(problem.with_fix("remove the tag of this value, and quote the value if it is a string"));
        }
    }

    fn list(&mut self, start: Range<usize>) -> Result<Node<'t>, Diagnostic> {
        let mut items: Vec<Node<'t>> = Vec::new();
        let end = loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                break span;
            }
            let place = span.clone();
            let item = self.node(event, span)?;
            self.find_missing(&item, place);
            items.push(item);
        };
        let last = items.last().map(|item| item.span.end);
        Ok(Node { span: self.span_of(start, end, last), value: Value::Array(items) })
    }

    fn mapping(&mut self, start: Range<usize>) -> Result<Node<'t>, Diagnostic> {
        let mut members: Vec<Member<'t>> = Vec::new();
        let end = loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break span;
            }
            let (name, name_span) = self.key(event, span)?;
            let (event, mut span) = self.next()?;
            if let Event::SequenceStart(..) = &event {
                // The parser reports a list that is not indented without its first dash.
                span.start = self.indicator(name_span.end..span.start, ['-', '[']);
            }
            let value = self.node(event, span)?;
            self.find_missing(&value, name_span.clone());
            members.push(Member { name, name_span, value });
        };
        find_duplicates(&members, &mut self.problems);
        let last = members.last().map(|member| member.value.span.end);
        Ok(Node { span: self.span_of(start, end, last), value: Value::Object(members) })
    }

    /// The span of a list or a mapping: to its bracket, or to the end of the last part, because only the next line ends
    /// what is written in lines.
    fn span_of(&self, start: Range<usize>, end: Range<usize>, last: Option<usize>) -> Range<usize> {
        let is_at = |at: usize, brackets: [char; 2]| self.text.get(at..).is_some_and(|text| text.starts_with(brackets));
        let has_brackets = is_at(start.start, ['[', '{']) && is_at(end.start, [']', '}']);
        let to = if has_brackets { end.start.saturating_add(1) } else { last.unwrap_or(end.end) };
        start.start..to.max(start.start)
    }

    fn key(&mut self, event: Event<'t>, span: Range<usize>) -> Result<(Cow<'t, str>, Range<usize>), Diagnostic> {
        let (text, style) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.find_properties(anchor, tag.is_some(), &span);
                (text, style)
            }
            Event::Alias(_) => {
                self.doubt(unsupported(&span, "aliases are not supported").with_fix("write out the key"));
                (Cow::Borrowed(""), ScalarStyle::DoubleQuoted)
            }
            _ => {
                let span = self.first_character(span.start);
                return Err(
                    unsupported(&span, "a key must be a string").with_fix("write a string without a line break")
                );
            }
        };
        let span = self.scalar_span(&text, style, span);
        if style == ScalarStyle::Plain {
            match classify(&text) {
                Plain::String => {}
                _ if text == "<<" => {
                    self.doubt(unsupported(&span, "merge keys are not supported").with_fix("write out the keys"));
                }
                _ if text.is_empty() => {
                    self.doubt(ambiguous(&span, "a key is missing before `:`").with_fix("write a string"))
                }
                _ => {
                    let message = format!(
                        "the key {} is ambiguous, because not every program reads it as a string",
                        quoted(&text)
                    );
                    self.doubt(ambiguous(&span, message).with_fix(quote(&text)));
                }
            }
        }
        Ok((text, span))
    }

    fn scalar(&mut self, text: Cow<'t, str>, style: ScalarStyle, span: Range<usize>) -> Node<'t> {
        let span = self.scalar_span(&text, style, span);
        if style != ScalarStyle::Plain {
            return Node { span, value: Value::String(text) };
        }
        let value = match classify(&text) {
            Plain::Null => Value::Null,
            Plain::Bool(value) => Value::Bool(value),
            Plain::Number => {
                // INVARIANT: a number has no white space, so it is on one line, and its span has the same text.
                let number = self.text.get(span.clone()).unwrap_or_default();
                if crate::json::read(number.as_bytes(), 1).is_err() {
                    self.problems.push(out_of_range(span.clone()));
                }
                Value::Number(number)
            }
            Plain::String => Value::String(text),
            Plain::Ambiguous => {
                if !text.is_empty() {
                    let message =
                        format!("{} is ambiguous, because programs read it as different types", quoted(&text));
                    self.doubt(ambiguous(&span, message).with_fix(quote_it(&text)));
                }
                Value::Null
            }
        };
        Node { span, value }
    }

    /// Reports an empty value at the key or the item that it belongs to.
    fn find_missing(&mut self, value: &Node<'t>, place: Range<usize>) {
        if value.span.is_empty() && matches!(value.value, Value::Null) {
            let problem = ambiguous(&place, "a value is missing, which YAML reads as null");
            self.doubt(problem.with_fix("write the value, such as `null`, `\"\"`, `[]` or `{}`"));
        }
    }

    /// The span of a scalar without its anchor, its tag and the white space at its end; empty if it is missing.
    fn scalar_span(&self, decoded: &str, style: ScalarStyle, span: Range<usize>) -> Range<usize> {
        let source = self.text.get(span.clone()).unwrap_or_default();
        let end = span.start.saturating_add(source.trim_end_matches([' ', '\t', '\r', '\n']).len());
        if style != ScalarStyle::Plain {
            return span.start..end;
        }
        let start = end.saturating_sub(decoded.len()).max(span.start);
        // A scalar of several lines is not equal to its source.
        if self.text.get(start..end) == Some(decoded) { start..end } else { span.start..end }
    }
}

fn quote_it(text: &str) -> String {
    if ["true", "false", "null"].iter().any(|word| word.eq_ignore_ascii_case(text)) {
        format!("write `{}`, or `\"{text}\"` for the string", text.to_ascii_lowercase())
    } else {
        quote(text)
    }
}

fn quote(text: &str) -> String {
    let is_short = text.len() <= 60 && !text.contains(['"', '\\', '`']);
    if is_short { format!("quote it: `\"{text}\"`") } else { String::from("quote it") }
}

fn unsupported(span: &Range<usize>, message: &str) -> Diagnostic {
    Diagnostic::error("unsupported_yaml", span, message)
}

fn ambiguous(span: &Range<usize>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("ambiguous_yaml", span, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of each node in the order of the ends.
    fn parts<'t>(node: &Node<'_>, text: &'t str, parts: &mut Vec<&'t str>) {
        match &node.value {
            Value::Array(items) => items.iter().for_each(|item| self::parts(item, text, parts)),
            Value::Object(members) => {
                for member in members {
                    parts.push(text.get(member.name_span.clone()).expect("a part"));
                    self::parts(&member.value, text, parts);
                }
            }
            _ => {}
        }
        parts.push(text.get(node.span.clone()).expect("a part"));
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let tree = read(text).expect(text);
        let mut seen = Vec::new();
        parts(&tree.root, text, &mut seen);
        assert_eq!(seen, expected, "{text}");
    }

    #[test]
    fn a_node_has_its_exact_bytes() {
        check("[a , \"é\"] # c\n", &["a", "\"é\"", "[a , \"é\"]"]);
        check("é: [ 1 ]  \n\n# c\n", &["é", "1", "[ 1 ]", "é: [ 1 ]"]);
        check("{a: {}, 'b': [] }", &["a", "{}", "'b'", "[]", "{a: {}, 'b': [] }"]);
        check(
            "a:\n  - b # c\n  - c: d e  # f\n\ng: h\r\n",
            &["a", "b", "c", "d e", "c: d e", "- b # c\n  - c: d e", "g", "h", text_of_all()],
        );
        check(
            "a: |\n  b\n   c\n\nd: >-\n  e\n  f\n",
            &["a", "|\n  b\n   c", "d", ">-\n  e\n  f", "a: |\n  b\n   c\n\nd: >-\n  e\n  f"],
        );
        check("- # | >\n  |-\n  b\n- >\n\n\n  c", &["|-\n  b", ">\n\n\n  c", "- # | >\n  |-\n  b\n- >\n\n\n  c"]);
        check("a:\n- b\n- c # d\ne: f", &["a", "b", "c", "- b\n- c", "e", "f", "a:\n- b\n- c # d\ne: f"]);
        check("- |+\n\n\n- |\n- c", &["|+", "|", "c", "- |+\n\n\n- |\n- c"]);
        check("a: b\n  c\nd: \"e\n  f\"\n", &["a", "b\n  c", "d", "\"e\n  f\"", "a: b\n  c\nd: \"e\n  f\""]);
        check("[a: b, {c: d}]", &["a", "b", "a: b", "c", "d", "{c: d}", "[a: b, {c: d}]"]);
        check("- - 1\n  - 2\n", &["1", "2", "- 1\n  - 2", "- - 1\n  - 2"]);
    }

    fn text_of_all() -> &'static str {
        "a:\n  - b # c\n  - c: d e  # f\n\ng: h"
    }
}
