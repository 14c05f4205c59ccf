//! The parts of a kind of measurement.

use anyhow::Result;

use super::measurement::Measurement;
use super::table::Table;
use crate::checkout::Checkout;

/// One kind of measurement.
pub(crate) struct Section {
    /// The name on the command line.
    pub(crate) name: &'static str,
    /// A one-line description.
    pub(crate) purpose: &'static str,
    /// Measures; the results belong to the tables.
    pub(crate) run: fn(&Run<'_>) -> Result<Vec<Measurement>>,
    pub(crate) tables: &'static [Table],
}

/// The inputs of a section.
pub(crate) struct Run<'c> {
    pub(crate) checkout: &'c Checkout,
    /// Whether rough figures suffice.
    pub(crate) is_quick: bool,
}
