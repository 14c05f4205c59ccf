//! The form of what a command prints.

use clap::ValueEnum;

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// Like compiler messages, with the source line
    Text,
    /// One JSON object
    Json,
}
