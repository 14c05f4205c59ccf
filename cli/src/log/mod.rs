//! `callgate log`: commands for the records of a decision log.

mod verify;

use std::path::PathBuf;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Verify the hash chains of a decision log with one JSON record per line, as CloudEvents or in the OPA format
    #[command(after_help = EXIT_CODES)]
    Verify {
        /// The log file [default: standard input]
        file: Option<PathBuf>,
        /// Accept a chain without its first records, for one file of a log in several files
        #[arg(long)]
        partial: bool,
    },
}

const EXIT_CODES: &str = "Exit codes:
  0  no chain has a break; the records alone cannot show that the end of a chain is missing
  1  a chain has a break, or no record has a chain
  2  the command line is invalid, or a file cannot be read";

/// Runs one of the commands.
pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Verify { file, partial } => verify::run(file.as_deref(), *partial),
    }
}
