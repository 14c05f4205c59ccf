//! What a program measured, as lines of JSON.

use std::io::{self, Write as _};

use serde::Serialize;
use wasmtime::Result;

/// One figure and its place in a table.
#[derive(Debug, Serialize)]
pub(crate) struct Figure<'a> {
    pub(crate) table: &'a str,
    pub(crate) row: &'a str,
    pub(crate) column: &'a str,
    pub(crate) value: f64,
    pub(crate) unit: &'a str,
}

impl Figure<'_> {
    /// Writes the figure as one line of standard output, at once, so that a long run shows where it is.
    pub(crate) fn print(&self) -> Result<()> {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, self)?;
        writeln!(out)?;
        out.flush()?;
        Ok(())
    }
}

/// The middle one of some figures, which a few slow turns can't move.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
