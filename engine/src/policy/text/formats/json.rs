//! Reads policy texts in JSON.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use crate::json::fault::Fault;
use crate::json::lexer::{Lexer, Name};
use crate::json::{Kind, Reader};
use crate::limits::MAX_POLICY_DEPTH;
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::format::Format;
use crate::policy::text::tree::{Member, Node, Tree, Value, find_duplicates};

/// Reads a text. `json` is the text without comments; every value has the same bytes and the same position in both.
///
/// # Errors
/// The text is not JSON; the diagnostic has the position at which it stops being JSON.
pub(crate) fn read<'t>(text: &'t str, json: &str, format: Format) -> Result<Tree<'t>, Diagnostic> {
    let mut builder = Builder { text, json, problems: Vec::new() };
    let mut reader = Reader::of_policy(json, MAX_POLICY_DEPTH);
    let root = builder.node(&mut reader).and_then(|root| reader.end().map(|()| root));
    match root {
        Ok(root) => Ok(Tree { root, problems: builder.problems, ambiguities: Vec::new() }),
        Err(fault) => {
            reader.go_to_fault();
            Err(describe(fault, reader.offset(), json, format))
        }
    }
}

fn describe(fault: Fault, at: usize, json: &str, format: Format) -> Diagnostic {
    let rest = json.get(at..).unwrap_or_default();
    let found = rest.chars().next();
    let end = at.saturating_add(found.map_or(0, char::len_utf8));
    let error = |message| Diagnostic::error("invalid_json", &(at..end), message);
    match fault {
        Fault::TooDeep => error("objects and lists nest deeper than 128 levels"),
        Fault::LoneSurrogate => error("this string contains a surrogate without its partner"),
        _ if found.is_none() => error("the policy ends in the middle of a JSON value"),
        _ if format == Format::Json && ["//", "/*"].iter().any(|start| rest.starts_with(start)) => {
            error("JSON has no comments").with_fix("name the file `.jsonc`, or remove the comment")
        }
        _ => error("the policy is not valid JSON at this position"),
    }
}

struct Builder<'t, 'j> {
    text: &'t str,
    json: &'j str,
    problems: Vec<Diagnostic>,
}

impl<'t, 'j> Builder<'t, 'j> {
    fn node(&mut self, reader: &mut Reader<'j>) -> Result<Node<'t>, Fault> {
        let next = reader.peek()?;
        let start = reader.offset();
        let value = match next {
            b'{' => {
                let mut members = Vec::new();
                reader.object(|reader, name| {
                    members.push(self.member(name, reader)?);
                    Ok::<_, Fault>(())
                })?;
                find_duplicates(&members, &mut self.problems);
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
            b'"' => {
                let read = reader.string()?;
                Value::String(self.string(read, start..reader.offset()))
            }
            _ => self.number_or_word(reader)?,
        };
        Ok(Node { span: start..reader.offset(), value })
    }

    fn member(&mut self, name: Name<'j>, reader: &mut Reader<'j>) -> Result<Member<'t>, Fault> {
        let name_span = name.span_in(self.json);
        let name = Lexer::at(self.json, name_span.start).string()?;
        Ok(Member { name: self.string(name, name_span.clone()), name_span, value: self.node(reader)? })
    }

    /// Lets a string borrow from the text.
    fn string(&self, read: Cow<'j, str>, span: Range<usize>) -> Cow<'t, str> {
        match read {
            Cow::Owned(decoded) => Cow::Owned(decoded),
            Cow::Borrowed(_) => {
                let inside = span.start.saturating_add(1)..span.end.saturating_sub(1);
                Cow::Borrowed(self.text.get(inside).unwrap_or_default())
            }
        }
    }

    fn number_or_word(&mut self, reader: &mut Reader<'j>) -> Result<Value<'t>, Fault> {
        let start = reader.offset();
        let read = match reader.value() {
            Err(Fault::NumberOutOfRange) => {
                reader.go_to_fault();
                self.problems.push(out_of_range(start..reader.offset()));
                reader.value_from(start).ok_or(Fault::NumberOutOfRange)?
            }
            read => read?,
        };
        Ok(match read.kind() {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(value),
            _ => Value::Number(self.text.get(start..reader.offset()).unwrap_or_default()),
        })
    }
}

/// The problem of a number that is beyond a binary64.
pub(crate) fn out_of_range(span: Range<usize>) -> Diagnostic {
    let problem = Diagnostic::error("number_out_of_range", &span, "this number is out of range");
    problem.with_fix("use an absolute value below 1.8e308, and an exponent from -999999 to 999999")
}
