//! The commands of the checkout: `cargo xtask up` serves callgate, `cargo xtask test` runs all checks.
//!
//! Missing tools are installed at pinned versions, once per machine, outside the checkout. Exit codes: 0 success, 1
//! failure, 2 a missing tool or a wrong argument, 130 interrupted.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command prints for its users")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod checkout;
mod failure;
mod process;

mod tools;
mod edges;
mod bench;
mod checks;

use checkout::Checkout;
use checks::{fuzz, load, mutants, rooms, test};
use edges::policy::Policy;
use edges::{parts, reproduce, size, spin, up, worker};
use failure::{Reported, exit_code};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Serve, check, measure and build callgate", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build callgate and serve it on this machine until Ctrl-C
    Up(up::Options),
    /// Run every check of the checkout and print a summary
    Test(test::Options),
    /// Print the folders and modules of the Rust source, and fail on an import cycle or an oversized folder or file
    Rooms,
    /// Run the fuzz targets and keep the inputs that crash them
    Fuzz(fuzz::Options),
    /// Change the engine and the HTTP contract, one detail at a time, and require a test to fail
    Mutants(mutants::Options),
    /// Measure callgate and its peers, and write the tables of bench/README.md
    Bench(bench::Options),
    /// Load the Worker on workerd for eleven minutes, and fail if it misses a requirement
    Load(load::Options),
    /// Build the Cloudflare Worker; the build command of wrangler.toml
    Worker {
        /// The policy to embed [default: $CALLGATE_POLICY]
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// The directory of the bundle [default: edge-cloudflare/build]
        #[arg(long, value_name = "DIR")]
        out_dir: Option<PathBuf>,
    },
    /// Build the Spin app; the build command of spin.toml
    Spin {
        /// The policy to embed [default: $CALLGATE_POLICY]
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// The features of the app's crate, such as `spin-variables`
        #[arg(long)]
        features: Option<String>,
    },
    /// Build every edge twice from the last commit, in different directories, and compare the builds
    Reproduce,
    /// Print the raw and gzipped size of the Worker's wasm, compared with that of an empty Worker
    Size {
        /// Print the size of each module instead
        #[arg(long)]
        parts: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Err(error) = run(arguments.command) else { return ExitCode::SUCCESS };
    if !error.is::<Reported>() {
        eprintln!("error: {error:#}");
    }
    ExitCode::from(exit_code(&error))
}

fn run(command: Command) -> Result<()> {
    process::watch_for_interrupt()?;
    let checkout = Checkout::find()?;
    match command {
        Command::Up(options) => up::run(&checkout, &options),
        Command::Test(options) => test::run(&checkout, &options),
        Command::Rooms => rooms::run(&checkout),
        Command::Fuzz(options) => fuzz::run(&checkout, &options),
        Command::Mutants(options) => mutants::run(&checkout, &options),
        Command::Bench(options) => bench::run(&checkout, &options),
        Command::Load(options) => load::run(&checkout, &options),
        Command::Worker { policy, out_dir } => {
            worker::install_needs(&checkout)?;
            let policy = Policy::choose(&checkout, policy.as_deref())?;
            worker::build(&checkout, &policy, out_dir.as_deref())
        }
        Command::Spin { policy, features } => {
            spin::install_needs()?;
            let policy = Policy::choose(&checkout, policy.as_deref())?;
            // The directory in which spin.toml looks for it.
            let target = checkout.root().join("target");
            spin::build_with(&checkout, &policy, &target, features.as_deref()).map(|_| ())
        }
        Command::Reproduce => reproduce::run(&checkout),
        Command::Size { parts: false } => size::print(&checkout),
        Command::Size { parts: true } => parts::print(&checkout),
    }
}
