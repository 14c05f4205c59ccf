//! The fields that conditions of a policy text read.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::language::dialect::Dialect;
use crate::language::operators::{NumericOp, Source};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::node_reader::{NodeReader, Object};
use crate::policy::text::spanned::Spanned;

/// The fields of the source `Request`.
pub(crate) const REQUEST_FIELDS: [&str; 3] = ["time", "ip", "country"];

/// A field of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The source of the field.
    pub source: Source,
    /// The field as spelled in the text: the name of a top-level member, or a JSON pointer (RFC 6901).
    pub name: Spanned<String>,
    /// The names on the path to the field, from the top; none for an item itself.
    pub path: Vec<String>,
}

impl Field {
    /// A field of the source `Request`.
    pub(crate) fn of_request(name: &str, span: core::ops::Range<usize>) -> Self {
        let name = Spanned { value: String::from(name), span };
        Self { source: Source::Request, path: alloc::vec![name.value.clone()], name }
    }

    /// The field as responses spell it, whichever of its spellings a policy has.
    pub(crate) fn shown(&self) -> String {
        match self.path.as_slice() {
            // In perso's language, every text is a name.
            [only] if *only == self.name.value => only.clone(),
            path => spell(path),
        }
    }

    /// Whether two fields are the same, regardless of spelling.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.source == other.source && self.path == other.path
    }
}

/// A path as a policy spells it: a name if it can be, or otherwise a JSON pointer (RFC 6901).
pub(crate) fn spell(path: &[String]) -> String {
    match path {
        [name] if !name.is_empty() && !name.starts_with('/') => name.clone(),
        _ => path.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect(),
    }
}

/// The position of a condition, which determines what it may contain.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    /// The language of the policy.
    pub(crate) dialect: Dialect,
    /// Whether the condition is about an item, inside `Every` or `Some`.
    pub(crate) has_item: bool,
}

/// Reads a field from the members `source` and `field` of a check.
pub(crate) fn read_field(check: &Object<'_, '_>, reader: &mut NodeReader, scope: Scope) -> Option<Field> {
    read_field_of(check, reader, scope, "source", "field")
}

/// Reads the first of two fields, from the members `source_a` and `field_a`.
pub(crate) fn read_first_field(check: &Object<'_, '_>, reader: &mut NodeReader, scope: Scope) -> Option<Field> {
    read_field_of(check, reader, scope, "source_a", "field_a")
}

/// Reads the second of two fields, from the members `source_b` and `field_b`.
pub(crate) fn read_second_field(check: &Object<'_, '_>, reader: &mut NodeReader, scope: Scope) -> Option<Field> {
    read_field_of(check, reader, scope, "source_b", "field_b")
}

/// Reads one of the operators of a check that compares numbers.
pub(crate) fn read_numeric_op(check: &Object<'_, '_>, reader: &mut NodeReader, what: &str) -> Option<NumericOp> {
    let ops = NumericOp::ALL.map(|op| (op.name(), op));
    check.required("op", reader).and_then(|node| reader.word(node, what, "unknown_op", ops))
}

/// The noun for an operator in messages, which names perso's language because that has fewer operators.
pub(crate) fn operator_noun(check: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Callgate1 => format!("an operator of `{check}`"),
        Dialect::Perso1 => format!("an operator of `{check}` in `perso-1`"),
    }
}

fn read_field_of(
    check: &Object<'_, '_>,
    reader: &mut NodeReader,
    scope: Scope,
    source: &'static str,
    field: &'static str,
) -> Option<Field> {
    let source = check.required(source, reader).and_then(|node| {
        let is_there = |source: &Source| match source {
            Source::Item => scope.has_item,
            Source::Request => scope.dialect == Dialect::Callgate1,
            Source::Arguments | Source::AgentAttributes | Source::ResourceAttributes => true,
        };
        let sources = Source::ALL.into_iter().filter(is_there);
        reader.word(node, "a source", "unknown_source", sources.map(|source| (source.name(), source)))
    });
    let name = check.required(field, reader).and_then(|node| reader.string(node, &format!("`{field}`")))?;
    let path = match scope.dialect {
        // The item itself has no name.
        Dialect::Callgate1 if source == Some(Source::Item) && name.value.is_empty() => Vec::new(),
        Dialect::Callgate1 => reader.field_path(&name)?,
        Dialect::Perso1 => alloc::vec![name.value.clone()],
    };
    let source = source?;
    if source == Source::Request && !REQUEST_FIELDS.contains(&name.value.as_str()) {
        let problem = format!("the source `Request` has no field {}", quoted(&name.value));
        let problem = Diagnostic::error("bad_field", &name.span, problem);
        reader.problems.push(problem.with_likely_word(&name.value, REQUEST_FIELDS.into_iter()));
        return None;
    }
    Some(Field { source, name, path })
}
