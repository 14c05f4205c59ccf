//! `callgate log`: what can be told from the records of decisions.

mod verify;

use std::path::PathBuf;

use clap::Subcommand;

use crate::Failure;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Verify the hash chains of records: one JSON object a line, as CloudEvents or as OPA shapes them
    #[command(after_help = EXIT_CODES)]
    Verify {
        /// The file of records; standard input where it is left out
        file: Option<PathBuf>,
        /// Take a chain that begins in the middle, as where a log is kept in several files
        #[arg(long)]
        partial: bool,
    },
}

const EXIT_CODES: &str = "Exit codes:
  0  no chain is broken; that nothing was cut off at the end of one can't be told from the records alone
  1  a chain is broken, or nothing is chained
  2  the command line is wrong, or a file can't be read";

/// Runs one of the commands.
pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Verify { file, partial } => verify::run(file.as_deref(), *partial),
    }
}
