//! Measurements as lines of JSON.

use std::io::{self, Write as _};

use serde::Serialize;
use wasmtime::Result;

/// One figure and its position in a table.
#[derive(Debug, Serialize)]
pub(crate) struct Figure<'a> {
    pub(crate) table: &'a str,
    pub(crate) row: &'a str,
    pub(crate) column: &'a str,
    pub(crate) value: f64,
    pub(crate) unit: &'a str,
}

impl Figure<'_> {
    /// Writes the figure as one line of standard output at once, so that a long run shows its progress.
    pub(crate) fn print(&self) -> Result<()> {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, self)?;
        writeln!(out)?;
        out.flush()?;
        Ok(())
    }
}

/// The median of some figures, which is robust against a few slow turns.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
