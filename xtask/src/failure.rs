//! The exit of a failed command.

use std::fmt;

use anyhow::Error;

use crate::tools::missing_tool::MissingTool;

/// The user pressed Ctrl-C or stopped the command.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// A failure that was already printed.
#[derive(Debug)]
pub(crate) struct Reported {
    /// The exit code of the failure.
    pub(crate) exit_code: u8,
}

impl fmt::Display for Reported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("failed")
    }
}

impl std::error::Error for Reported {}

/// The exit code for an error: the shell's code for Ctrl-C, 2 for a missing tool, otherwise 1.
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
