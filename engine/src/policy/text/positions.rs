//! Positions in a policy text.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::policy::text::format::Format;
use crate::policy::text::formats::read;
use crate::policy::text::tree::Node;

/// A position in a policy text for people and programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// JSON pointer (RFC 6901) of the value or member, empty for the whole document; `None` if the text does not have its format.
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
    pub fn new(text: &'t str, format: Format) -> Self {
        let lines = text.match_indices('\n').map(|(at, _)| at.saturating_add(1)).collect();
        Self { text, tree: read(text, format).ok().map(|tree| tree.root), lines }
    }

    /// The position at which `span` starts.
    #[must_use]
    pub fn position(&self, span: &Range<usize>) -> Position {
        let (line, column) = self.line_and_column(span.start);
        Position { line, column, pointer: self.pointer(span) }
    }

    /// The line and the column of an offset, from 1.
    #[must_use]
    pub fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = self.lines.partition_point(|&start| start <= offset);
        let line_start = before.checked_sub(1).and_then(|at| self.lines.get(at)).copied().unwrap_or_default();
        let in_line = self.text.get(line_start..offset).unwrap_or_default();
        (before.saturating_add(1), in_line.chars().count().saturating_add(1))
    }

    /// The JSON pointer (RFC 6901) of the value or member that contains `span`; `None` if the text does not have its format.
    #[must_use]
    pub fn pointer(&self, span: &Range<usize>) -> Option<String> {
        self.tree.as_ref().map(|tree| tree.pointer_to(span))
    }
}
