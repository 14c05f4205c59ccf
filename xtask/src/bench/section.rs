//! What a way to measure consists of.

use anyhow::Result;

use super::measurement::Measurement;
use super::table::Table;
use crate::checkout::Checkout;

/// One way to measure.
pub(crate) struct Section {
    /// What a person calls it on the command line.
    pub(crate) name: &'static str,
    /// What it measures, in a line.
    pub(crate) purpose: &'static str,
    /// Measures; what comes back belongs to the tables.
    pub(crate) run: fn(&Run<'_>) -> Result<Vec<Measurement>>,
    pub(crate) tables: &'static [Table],
}

/// What a section is told.
pub(crate) struct Run<'c> {
    pub(crate) checkout: &'c Checkout,
    /// Whether a rough figure will do.
    pub(crate) is_quick: bool,
}
