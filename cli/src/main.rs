//! `callgate`: checks, tests, signs, migrates and evaluates policies.
//!
//! Exit codes: 0 success; 1 the policy has an error or an invalid signature, a test case failed, or a call was invalid;
//! 2 the command line is wrong, or a file cannot be read or written; 3 a migrated policy was written, but parts of its
//! source could not be migrated.

mod check;
mod checked;
mod config;
mod convert;
mod eval;
mod explain;
mod failure;
mod fmt;
mod log;
mod migrate;
mod policy_file;
mod print;
mod sarif;
mod signing;
mod test;
mod text_file;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;
use crate::signing::{keygen, sign, verify};

/// Check, test, sign and migrate policies for MCP tool calls, and evaluate calls.
#[derive(Parser)]
#[command(name = "callgate", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes:
  0  the policy has no error, every test case passed, and every call has a decision: Allow, RequireApproval or Deny
  1  the policy has an error, a test case failed, or a call is invalid and has no decision
  2  the command line is invalid, or a file cannot be read or written";

const FMT_EXIT_CODES: &str = "Exit codes:
  0  every policy is formatted
  1  with `--check`, a policy is not formatted; or a file is not JSON or YAML
  2  the command line is invalid, or a file cannot be read or written";

const CONFIG_EXIT_CODES: &str = "Exit codes:
  0  the configuration can be deployed
  1  the configuration is invalid
  2  the command line is invalid, or a file cannot be read";

const MIGRATE_EXIT_CODES: &str = "Exit codes:
  0  the new policy is written and has a counterpart for every part of the source
  1  the source or the new policy has an error; nothing is written
  2  the command line is invalid, or a file cannot be read or written
  3  the new policy is written, but it denies a part of the source that has no counterpart";

const SIGNING_EXIT_CODES: &str = "Exit codes:
  0  success
  1  the policy has an error, or its signature is not valid
  2  the command line is invalid, or a file cannot be read or written";

#[derive(Subcommand)]
enum Command {
    /// Check policies: errors prevent its deployment, warnings report probable mistakes
    #[command(after_help = EXIT_CODES)]
    Check {
        /// The policy files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The output format
        #[arg(long, value_enum, default_value_t = check::Format::Text)]
        format: check::Format,
        /// Also fail if a policy has a warning that it does not accept
        #[arg(long)]
        deny_warnings: bool,
        /// Print all findings, including those that the policy accepts, not only three of each kind
        #[arg(long)]
        all: bool,
    },
    /// Run the test cases of each policy: those of `crm.json` are in `crm.test.jsonl` or `crm.test.yaml`
    #[command(after_help = EXIT_CODES)]
    Test(test::Options),
    /// Replace the tools and schemas of a policy with the `tools/list` responses of MCP servers
    #[command(after_help = EXIT_CODES)]
    Tools {
        /// The saved responses, one file per page or server
        #[arg(required = true)]
        lists: Vec<PathBuf>,
        /// The policy file
        #[arg(long)]
        policy: PathBuf,
        /// The server that owns the tools; without it, the tools of every server are replaced
        #[arg(long, value_name = "NAME")]
        server: Option<String>,
        /// Change the policy file instead of printing the policy; a policy with an error is not written
        #[arg(long)]
        write: bool,
    },
    /// Evaluate the call on standard input and print the response of `POST /evaluate`
    #[command(after_help = EXIT_CODES)]
    Eval {
        /// The policy file
        #[arg(long)]
        policy: PathBuf,
        /// Read one call per line and print one response per line
        #[arg(long)]
        jsonl: bool,
    },
    /// Explain the call on standard input: the rules that match it, and the truth of each check in them
    #[command(after_help = EXIT_CODES)]
    Explain {
        /// The policy file
        #[arg(long)]
        policy: PathBuf,
        /// Print the response of `POST /evaluate` to a call with `"explain": true`
        #[arg(long)]
        json: bool,
    },
    /// Rewrite the conditions of a policy as expressions, or as JSON; everything else of the text stays as it is
    #[command(after_help = EXIT_CODES)]
    Convert {
        /// The policy file
        file: PathBuf,
        /// The form of the conditions
        #[arg(long, value_enum)]
        to: convert::Form,
        /// Change the policy file instead of printing the policy
        #[arg(long)]
        write: bool,
    },
    /// Format policies; comments stay, and the content does not change
    #[command(after_help = FMT_EXIT_CODES)]
    Fmt {
        /// The policy files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Change no file, and fail if a policy is not formatted
        #[arg(long)]
        check: bool,
    },
    /// Check a configuration file for `CALLGATE_CONFIG`
    #[command(after_help = CONFIG_EXIT_CODES)]
    Config {
        /// The configuration file
        file: PathBuf,
    },
    /// Verify a decision log
    #[command(subcommand)]
    Log(log::Command),
    /// Migrate a perso or mcpkit policy to callgate, and report everything that has no counterpart
    #[command(after_help = MIGRATE_EXIT_CODES)]
    Migrate(migrate::Options),
    /// Sign a policy: write its manifest and the signature next to it
    #[command(after_help = SIGNING_EXIT_CODES)]
    Sign(sign::Options),
    /// Verify a signed policy as a build does
    #[command(after_help = SIGNING_EXIT_CODES)]
    Verify(verify::Options),
    /// Make a key pair for signing policies, in minisign format; this does not create an API key
    #[command(after_help = SIGNING_EXIT_CODES)]
    Keygen(keygen::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Check { files, format, all, deny_warnings } => {
            check::run(&files, check::Options { format, all, deny_warnings })
        }
        Command::Test(options) => test::run(&options),
        Command::Tools { lists, policy, server, write } => tools::run(&lists, &policy, server.as_deref(), write),
        Command::Eval { policy, jsonl } => eval::run(&policy, jsonl),
        Command::Explain { policy, json } => explain::run(&policy, json),
        Command::Convert { file, to, write } => convert::run(&file, to, write),
        Command::Fmt { files, check } => fmt::run(&files, check),
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
            // If standard error is closed too, there is nowhere to report the failure.
            _ = print::err(&format!("callgate: {message}"));
            ExitCode::from(2)
        }
    }
}
