//! What a migration says about the source: what was not carried over, and what means something else now.

use std::io::{self, Write as _};

use crate::print::write_line;

/// What follows from a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It was carried over; on some calls the new policy is stricter, or a person should know something.
    Note,
    /// It has no counterpart. What it allowed is denied now.
    Lost,
    /// The source can't be read for what it is, so nothing is written.
    Error,
}

impl Weight {
    fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Lost => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in the source: line and column in characters, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// One finding about the source.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) weight: Weight,
    /// A stable name for programs.
    pub(super) code: &'static str,
    pub(super) place: Place,
    /// Lower case, no full stop.
    pub(super) message: String,
    /// What to do about it, where that is known.
    pub(super) fix: Option<String>,
}

impl Finding {
    pub(super) fn new(weight: Weight, code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self { weight, code, place, message: message.into(), fix: None }
    }

    pub(super) fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Prints findings, each on a line of its own and its fix below, in the order of the source.
///
/// The source is not shown beside them: a hostile one has more findings than it would be pleasant to repeat it for.
pub(super) fn print(file: &str, findings: &mut [Finding]) -> io::Result<()> {
    findings.sort_by_key(|finding| finding.place);
    let mut err = io::BufWriter::new(io::stderr().lock());
    for finding in findings {
        let Finding { weight, code, place: Place { line, column }, message, fix } = finding;
        write_line(&mut err, &format!("{file}:{line}:{column}: {}[{code}]: {message}", weight.name()))?;
        if let Some(fix) = fix {
            write_line(&mut err, &format!("  help: {fix}"))?;
        }
    }
    err.flush()
}

/// Where the lines of a text start, to find the places of bytes.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// The place of the byte at `offset`.
    pub(super) fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = line.checked_sub(1).and_then(|at| self.starts.get(at)).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        Place { line, column: before.chars().count().saturating_add(1) }
    }
}

/// A text of the source in backticks, cut where it is long and without characters that could steer a terminal.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).map(printable).collect();
    if text.chars().count() > LONGEST {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// JSON on one line, ready to paste, without characters that could steer a terminal.
pub(super) fn snippet(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    // Outside of a string JSON has no such character, so the escape is one within a string.
    crate::print::printable_json(&text)
}

/// The character, or another in place of one that has no shape of its own: it moves a cursor or turns the direction of
/// writing, so that a text could look like another one.
fn printable(c: char) -> char {
    let is_printable = matches!(c, '"' | '\'' | '\\') || c.escape_debug().eq([c]);
    if is_printable { c } else { '\u{fffd}' }
}
