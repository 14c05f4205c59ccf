//! What a migration says about the source: what was not carried over, and what means something else now.

/// What follows from a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It was carried over; on some calls the new policy is stricter, or a person should know something.
    Note,
    /// It has no counterpart. What it allowed is denied now.
    Lost,
    /// The source can't be read for what it is, so nothing is written.
    Error,
}

impl Weight {
    /// How a finding is called for people.
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
    /// What follows from it.
    pub weight: Weight,
    /// A stable name for programs.
    pub code: &'static str,
    /// Where it is in the source.
    pub position: Position,
    /// What it is: lower case, no full stop.
    pub message: String,
    /// What to do about it, if that is known.
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

/// Where the lines of a text start, to find the places of bytes.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The place of the byte at `offset`.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = line.checked_sub(1).and_then(|at| self.starts.get(at)).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        Position { line, column: before.chars().count().saturating_add(1) }
    }
}

/// A text of the source in backticks, cut where it is long and without characters that could steer a terminal.
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

/// The character, or another in place of one that has no shape of its own: it moves a cursor or turns the direction of
/// writing, so that a text could look like another one.
fn printable(c: char) -> char {
    let is_printable = matches!(c, '"' | '\'' | '\\') || c.escape_debug().eq([c]);
    if is_printable { c } else { '\u{fffd}' }
}
