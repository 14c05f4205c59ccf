//! Findings of a migration: parts that were not migrated, and parts with another meaning.

/// The effect of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Migrated, but the new policy is stricter for some calls, or needs a review.
    Note,
    /// Without a counterpart; calls that it allowed are now denied.
    Lost,
    /// The source is invalid, so no policy is written.
    Error,
}

impl Weight {
    /// The name in output for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Lost => "warning",
            Self::Error => "error",
        }
    }
}

/// A position in the source: line and column in characters, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// One finding about the source.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The effect.
    pub weight: Weight,
    /// A stable name for programs.
    pub code: &'static str,
    /// The position in the source.
    pub position: Position,
    /// The description: lower case, no full stop.
    pub message: String,
    /// The fix, if there is one.
    pub fix: Option<String>,
}

impl Finding {
    pub(crate) fn new(weight: Weight, code: &'static str, position: Position, message: impl Into<String>) -> Self {
        Self { weight, code, position, message: message.into(), fix: None }
    }

    pub(crate) fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// The starts of a text's lines, to find the positions of bytes.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The position of the byte at `offset`.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = line.checked_sub(1).and_then(|at| self.starts.get(at)).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        Position { line, column: before.chars().count().saturating_add(1) }
    }
}

/// A text of the source in backticks, truncated if it is long and without dangerous terminal characters.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).map(printable).collect();
    if text.chars().count() > LONGEST {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// JSON on one line, ready to paste.
pub(crate) fn snippet(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The character, or a replacement if it is invisible, moves a cursor or changes the text direction, so that no text
/// can look like another one.
fn printable(c: char) -> char {
    let is_printable = matches!(c, '"' | '\'' | '\\') || c.escape_debug().eq([c]);
    if is_printable { c } else { '\u{fffd}' }
}
