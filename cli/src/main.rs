//! `callgate`: check a policy before it is deployed, sign it, and ask it what it would decide.
//!
//! Exit codes: 0 all is well; 1 the policy has an error or is not signed as it must be, a case failed, or a call got no
//! decision; 2 the command line is wrong or a
//! file can't be read or written; 3 a migrated policy was written, but not all of it could be carried over.

mod case;
mod check;
mod config;
mod eval;
mod keygen;
mod log;
mod migrate;
mod password;
mod policy_file;
mod print;
mod sign;
mod test;
mod tools;
mod verify;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use callgate_signing::Refusal;
use clap::{Parser, Subcommand, ValueEnum};

/// Checks policies for MCP tool calls, signs them, evaluates calls against them, and migrates policies of other engines.
#[derive(Parser)]
#[command(name = "callgate", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes:
  0  all is well: the policy has no error; every call got a decision, be it Allow or Deny
  1  the policy has an error, a case failed, or a call was no call and got no decision
  2  the command line is wrong, or a file can't be read or written";

const CONFIG_EXIT_CODES: &str = "Exit codes:
  0  the configuration can be deployed
  1  it has a mistake, which was printed
  2  the command line is wrong, or a file can't be read";

const MIGRATE_EXIT_CODES: &str = "Exit codes:
  0  the new policy is written, and says all that the old one did
  1  the old policy has an error, or the new one would: nothing is written
  2  the command line is wrong, or a file can't be read or written
  3  the new policy is written, but has no counterpart for a part of the old one, which is denied";

const SIGNING_EXIT_CODES: &str = "Exit codes:
  0  all is well
  1  the policy has an error, or is not signed as it must be
  2  the command line is wrong, or a file can't be read or written";

#[derive(Subcommand)]
enum Command {
    /// Check a policy: errors keep it from being deployed, warnings name what its author may not have meant
    #[command(after_help = EXIT_CODES)]
    Check {
        /// The policy file
        file: PathBuf,
        /// How findings are printed
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Refuse a policy with a warning too
        #[arg(long)]
        deny_warnings: bool,
    },
    /// Run the cases beside each policy: `crm.json` has `crm.test.jsonl`
    #[command(after_help = EXIT_CODES)]
    Test {
        /// The policy files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Take the tools of a policy, with their schemas, from what MCP servers answered to `tools/list`
    #[command(after_help = EXIT_CODES)]
    Tools {
        /// The saved answers, one for each page or server
        #[arg(required = true)]
        lists: Vec<PathBuf>,
        /// The policy file
        #[arg(long)]
        policy: PathBuf,
        /// Change the policy file, unless the policy would have an error; else the policy is printed
        #[arg(long)]
        write: bool,
    },
    /// Evaluate the call on standard input and print the answer that `POST /evaluate` gives
    #[command(after_help = EXIT_CODES)]
    Eval {
        /// The policy file
        #[arg(long)]
        policy: PathBuf,
        /// Read one call from each line, and print one answer for each
        #[arg(long)]
        jsonl: bool,
    },
    /// Check a configuration before it is deployed as `CALLGATE_CONFIG`
    #[command(after_help = CONFIG_EXIT_CODES)]
    Config {
        /// The configuration file
        file: PathBuf,
    },
    /// Work on the records of a decision log
    #[command(subcommand)]
    Log(log::Command),
    /// Write a policy of perso or mcpkit in the language of callgate, and say what has no counterpart
    #[command(after_help = MIGRATE_EXIT_CODES)]
    Migrate(migrate::Options),
    /// Sign a policy: write a manifest and its signature beside it
    #[command(after_help = SIGNING_EXIT_CODES)]
    Sign(sign::Options),
    /// Verify a signed policy as a build does
    #[command(after_help = SIGNING_EXIT_CODES)]
    Verify(verify::Options),
    /// Make a pair of keys, in the files of minisign
    #[command(after_help = SIGNING_EXIT_CODES)]
    Keygen(keygen::Options),
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// As a compiler prints them, with the line shown
    Text,
    /// One JSON object for programs
    Json,
}

/// Why a command did not succeed.
enum Failure {
    /// The input was read and is not right; what is wrong was printed.
    Refused,
    /// A policy was written that says less than the one that it was made from, as was printed.
    Incomplete,
    /// Something in the surroundings is not right, as the message says.
    Unusable(String),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Check { file, format, deny_warnings } => check::run(&file, format, deny_warnings),
        Command::Test { files } => test::run(&files),
        Command::Tools { lists, policy, write } => tools::run(&lists, &policy, write),
        Command::Eval { policy, jsonl } => eval::run(&policy, jsonl),
        Command::Config { file } => config::run(&file),
        Command::Log(command) => log::run(&command),
        Command::Migrate(options) => migrate::run(&options),
        Command::Sign(options) => sign::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Keygen(options) => keygen::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Refused) => ExitCode::from(1),
        Err(Failure::Incomplete) => ExitCode::from(3),
        Err(Failure::Unusable(message)) => {
            // Nothing is left to say it to if standard error is closed too.
            _ = print::err(&format!("callgate: {message}"));
            ExitCode::from(2)
        }
    }
}

/// Reads a file of text.
fn read_text(file: &Path) -> Result<String, Failure> {
    let bytes =
        fs::read(file).map_err(|error| Failure::Unusable(format!("can't read `{}`: {error}", file.display())))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::Unusable(format!("`{}` is not UTF-8: byte {at} starts no character", file.display()))
    })
}

/// Prints why a signed policy is refused, and what to do about it, to standard error.
fn print_refusal(policy: &Path, refusal: &Refusal) -> Failure {
    let printed = print::err(&format!("error: {}: {refusal}\n  = help: {}", policy.display(), refusal.fix()));
    printed.map_or_else(|failure| failure, |()| Failure::Refused)
}
