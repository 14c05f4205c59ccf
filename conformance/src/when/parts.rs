//! The parts of conditions in JSON, and the literals of expressions.

use crate::json::{Json, object};
use crate::when::tree::Tree;

pub(super) type Members = Vec<(&'static str, Json)>;

pub(super) fn check(kind: &'static str, members: Members) -> Json {
    object([(kind, Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))])
}

/// A literal text; a function that changes its case is left out, because checks that ignore case do so themselves.
pub(super) fn text_of(tree: &Tree) -> Result<&str, String> {
    match tree {
        Tree::Text(text) => Ok(text),
        Tree::Call(Some(target), name, arguments)
            if arguments.is_empty() && matches!(name.as_str(), "lowerAscii" | "foldCase") =>
        {
            text_of(target)
        }
        other => Err(format!("{other:?} is not a text")),
    }
}

/// One text or several.
pub(super) fn texts_of(tree: &Tree) -> Result<Vec<&str>, String> {
    match tree {
        Tree::List(items) => items.iter().map(text_of).collect(),
        other => Ok(vec![text_of(other)?]),
    }
}

pub(super) fn defined(name: &str, definitions: &[(String, Json)]) -> Result<Json, String> {
    let found = definitions.iter().find(|(own, _)| own == name);
    found.map(|(_, condition)| condition.clone()).ok_or_else(|| format!("{name} is not defined"))
}
