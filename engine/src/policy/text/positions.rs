//! Positions in a policy text.

use alloc::string::String;
use alloc::vec::Vec;
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
    /// Where each line but the first starts.
    lines: Vec<usize>,
}

impl<'t> Positions<'t> {
    /// Prepares to find positions in `text`, which may be any text.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        let lines = text.match_indices('\n').map(|(at, _)| at.saturating_add(1)).collect();
        Self { text, tree: tree::read(text).ok().map(|(tree, _)| tree), lines }
    }

    /// The position at which `span` starts.
    #[must_use]
    pub fn position(&self, span: &Range<usize>) -> Position {
        let before = self.lines.partition_point(|&start| start <= span.start);
        let line_start = before.checked_sub(1).and_then(|at| self.lines.get(at)).copied().unwrap_or_default();
        let in_line = self.text.get(line_start..span.start).unwrap_or_default();
        Position {
            line: before.saturating_add(1),
            column: in_line.chars().count().saturating_add(1),
            pointer: self.pointer(span),
        }
    }

    /// The JSON pointer (RFC 6901) of the value or member that contains `span`; `None` if the text is not JSON.
    #[must_use]
    pub fn pointer(&self, span: &Range<usize>) -> Option<String> {
        self.tree.as_ref().map(|tree| tree.pointer_to(span))
    }
}
