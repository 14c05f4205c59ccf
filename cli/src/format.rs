//! The output formats.

use clap::ValueEnum;

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// Like compiler messages, with the source line
    Text,
    /// One JSON object
    Json,
}
