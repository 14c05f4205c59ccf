//! How a command ends that did not do what it was asked for.

use std::fmt;

use anyhow::Error;

use crate::tools::missing_tool::MissingTool;

/// Somebody pressed Ctrl-C or asked the command to end.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// A failure that people have been told of, so that it is not told again.
#[derive(Debug)]
pub(crate) struct Reported {
    /// The exit code that the failure asks for.
    pub(crate) exit_code: u8,
}

impl fmt::Display for Reported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("failed")
    }
}

impl std::error::Error for Reported {}

/// The exit code for an error: the one that shells give to Ctrl-C, 2 for a tool that a person has to get, else 1.
pub(crate) fn exit_code(error: &Error) -> u8 {
    if let Some(reported) = error.downcast_ref::<Reported>() {
        reported.exit_code
    } else if error.is::<Interrupted>() {
        130
    } else if error.is::<MissingTool>() {
        2
    } else {
        1
    }
}
