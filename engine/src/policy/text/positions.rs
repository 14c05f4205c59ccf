//! Positions in a policy text.

use alloc::string::String;
use core::ops::Range;

use crate::policy::text::tree::{self, Node};

/// A position in a policy text for people and programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// JSON pointer (RFC 6901) of the value or member, empty for the whole document; `None` if the text is not JSON.
    pub pointer: Option<String>,
}

/// Finds the positions of spans in one policy text.
#[derive(Debug)]
pub struct Positions<'t> {
    text: &'t str,
    tree: Option<Node<'t>>,
}

impl<'t> Positions<'t> {
    /// Prepares to find positions in `text`, which may be any text.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        Self { text, tree: tree::read(text).ok().map(|(tree, _)| tree) }
    }

    /// The position at which `span` starts.
    #[must_use]
    pub fn position(&self, span: &Range<usize>) -> Position {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let in_line = before.get(line_start..).unwrap_or_default();
        Position {
            line: before.matches('\n').count().saturating_add(1),
            column: in_line.chars().count().saturating_add(1),
            pointer: self.tree.as_ref().map(|tree| tree.pointer_to(span)),
        }
    }
}
