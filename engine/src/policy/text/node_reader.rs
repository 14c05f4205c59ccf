//! Reads typed values from the nodes of a policy text and keeps the type errors.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::policy::text::diagnostic::{Diagnostic, Severity, quoted};
use crate::policy::text::misplaced;
use crate::policy::text::spanned::Spanned;
use crate::policy::text::tree::{Member, Node, Value};

/// Reads typed values from nodes and keeps the type errors.
#[derive(Debug)]
pub(crate) struct NodeReader {
    pub(crate) problems: Vec<Diagnostic>,
    /// The severity of an unknown key.
    pub(crate) unknown_keys: Severity,
    /// The names of conditions that `define` states, which are known before the rules are read.
    pub(crate) defined: Vec<String>,
}

/// An object whose keys were checked.
pub(crate) struct Object<'n, 't> {
    node: &'n Node<'t>,
    members: &'n [Member<'t>],
}

impl<'n, 't> Object<'n, 't> {
    pub(crate) fn optional(&self, key: &str) -> Option<&'n Node<'t>> {
        self.members.iter().find(|member| member.name == key).map(|member| &member.value)
    }

    pub(crate) fn required(&self, key: &'static str, reader: &mut NodeReader) -> Option<&'n Node<'t>> {
        let found = self.optional(key);
        if found.is_none() {
            let problem = Diagnostic::error("missing_key", &start_of(self.node), format!("`{key}` is missing"));
            reader.problems.push(problem);
        }
        found
    }
}

/// The first byte of a node, which marks an object without underlining all of it. The span is empty if a key starts
/// there.
pub(crate) fn start_of(node: &Node<'_>) -> core::ops::Range<usize> {
    let start = node.span.start;
    let is_key = |first: &Member<'_>| first.name_span.start == start;
    let has_key = matches!(&node.value, Value::Object(members) if members.first().is_some_and(is_key));
    start..start.saturating_add(usize::from(!has_key))
}

impl NodeReader {
    pub(crate) fn new(problems: Vec<Diagnostic>) -> Self {
        Self { problems, unknown_keys: Severity::Error, defined: Vec::new() }
    }

    /// Whether `define` states a condition with a name.
    pub(crate) fn is_defined(&self, name: &str) -> bool {
        self.defined.iter().any(|defined| defined == name)
    }

    pub(crate) fn wrong_type(&mut self, node: &Node<'_>, what: &str, expected: &str) {
        let message = format!("{what} must be {expected}, not {}", node.kind());
        self.problems.push(Diagnostic::error("wrong_type", &node.span, message));
    }

    pub(crate) fn object<'n, 't>(
        &mut self,
        node: &'n Node<'t>,
        what: &str,
        keys: &[&'static str],
    ) -> Option<Object<'n, 't>> {
        let Value::Object(members) = &node.value else {
            self.wrong_type(node, what, "an object");
            return None;
        };
        for member in members.iter().filter(|member| !keys.contains(&&*member.name)) {
            let name = quoted(&member.name);
            let problem = match self.unknown_keys {
                Severity::Error => {
                    Diagnostic::error("unknown_key", &member.name_span, format!("{what} has no key {name}"))
                }
                Severity::Warning | Severity::Note => {
                    let message = format!("perso ignores the key {name}, so it has no effect");
                    Diagnostic::warning("unknown_key", &member.name_span, message)
                }
            };
            self.problems.push(match misplaced::key_fix(what, &member.name) {
                Some(fix) => problem.with_fix(fix),
                None => problem.with_likely_word(&member.name, keys.iter().copied()),
            });
        }
        Some(Object { node, members })
    }

    pub(crate) fn list<'n, 't>(&mut self, node: &'n Node<'t>, what: &str) -> Option<&'n [Node<'t>]> {
        let Value::Array(items) = &node.value else {
            self.wrong_type(node, what, "a list");
            return None;
        };
        Some(items)
    }

    pub(crate) fn string(&mut self, node: &Node<'_>, what: &str) -> Option<Spanned<String>> {
        let Value::String(text) = &node.value else {
            self.wrong_type(node, what, "a string");
            return None;
        };
        Some(Spanned { value: text.clone().into_owned(), span: node.span.clone() })
    }

    pub(crate) fn strings(&mut self, node: &Node<'_>, what: &str) -> Option<Vec<Spanned<String>>> {
        let items = self.list(node, what)?;
        let strings: Vec<_> =
            items.iter().filter_map(|item| self.string(item, &format!("an item of {what}"))).collect();
        (strings.len() == items.len()).then_some(strings)
    }

    pub(crate) fn number(&mut self, node: &Node<'_>, what: &str) -> Option<String> {
        let Value::Number(text) = &node.value else {
            self.wrong_type(node, what, "a number");
            return None;
        };
        Some((*text).to_owned())
    }

    pub(crate) fn boolean(&mut self, node: &Node<'_>, what: &str) -> Option<bool> {
        let Value::Bool(value) = &node.value else {
            self.wrong_type(node, what, "`true` or `false`");
            return None;
        };
        Some(*value)
    }

    /// The names on the path to a field: one name, or the tokens of a JSON pointer (RFC 6901) if it starts with `/`.
    pub(crate) fn field_path(&mut self, field: &Spanned<String>) -> Option<Vec<String>> {
        let Some(pointer) = field.value.strip_prefix('/') else {
            if field.value.is_empty() {
                let message = "the name of a field must not be empty";
                self.problems.push(Diagnostic::error("bad_field", &field.span, message));
                return None;
            }
            return Some(alloc::vec![field.value.clone()]);
        };
        let tokens: Option<Vec<String>> = pointer.split('/').map(unescape_token).collect();
        if tokens.is_none() {
            let message = format!("{} is not a valid JSON pointer", quoted(&field.value));
            let problem = Diagnostic::error("bad_field", &field.span, message);
            self.problems.push(problem.with_fix("write `~` as `~0`, and `/` in a name as `~1`"));
        }
        tokens
    }

    /// A string that must be one of a few words.
    pub(crate) fn word<T>(
        &mut self,
        node: &Node<'_>,
        what: &str,
        code: &'static str,
        words: impl IntoIterator<Item = (&'static str, T)>,
    ) -> Option<T> {
        let text = self.string(node, what)?;
        let mut known = Vec::new();
        for (word, meaning) in words {
            if word == text.value {
                return Some(meaning);
            }
            known.push(word);
        }
        let problem = Diagnostic::error(code, &text.span, format!("{} is not {what}", quoted(&text.value)));
        let likely = || match code {
            "unknown_op" => misplaced::operator_fix(what, &text.value).filter(|_| !is_respelled(&known, &text.value)),
            _ => None,
        };
        self.problems.push(match likely() {
            Some(fix) => problem.with_fix(fix),
            None => problem.with_likely_word(&text.value, known.iter().copied()),
        });
        None
    }
}

/// Whether a text is one of the words except for case.
fn is_respelled(words: &[&str], text: &str) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Decodes `~1` as `/` and `~0` as `~` (RFC 6901, section 4); `None` for another use of `~`.
fn unescape_token(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut name = String::from(parts.next()?);
    for part in parts {
        let (escaped, rest) = match (part.strip_prefix('0'), part.strip_prefix('1')) {
            (Some(rest), _) => ('~', rest),
            (_, Some(rest)) => ('/', rest),
            _ => return None,
        };
        name.push(escaped);
        name.push_str(rest);
    }
    Some(name)
}
