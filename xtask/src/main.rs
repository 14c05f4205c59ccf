//! The commands of the checkout: `cargo xtask up` serves callgate, `cargo xtask test` checks all of it.
//!
//! Tools that are missing are installed at pinned versions, once per machine, outside the checkout.
//! Exit codes: 0 done, 1 failed, 2 a missing tool or a wrong argument, 130 interrupted.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to the people who run it")]

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
#[command(
    name = "cargo xtask",
    about = "Serves callgate, checks it, measures it, builds it",
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds callgate and serves it on this machine until Ctrl-C
    Up(up::Options),
    /// Runs every check of the checkout and sums up what ran
    Test(test::Options),
    /// Prints the folders and modules of the Rust source, and fails on an import cycle or an oversized folder or file
    Rooms,
    /// Runs the fuzz targets and keeps what crashes them
    Fuzz(fuzz::Options),
    /// Changes the engine and the HTTP contract, one thing at a time, and asks whether a test notices
    Mutants(mutants::Options),
    /// Measures callgate beside its peers and writes the tables of bench/README.md
    Bench(bench::Options),
    /// Loads the Worker on workerd for eleven minutes and fails where it does not hold
    Load(load::Options),
    /// Builds the Cloudflare Worker; the build command of wrangler.toml
    Worker {
        /// The policy to embed [default: $CALLGATE_POLICY, then policies/crm.json]
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Where the bundle goes [default: edge-cloudflare/build]
        #[arg(long, value_name = "DIR")]
        out_dir: Option<PathBuf>,
    },
    /// Builds the Spin app; the build command of spin.toml
    Spin {
        /// The policy to embed [default: $CALLGATE_POLICY, then policies/crm.json]
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Features of the app's crate, such as `spin-variables`
        #[arg(long)]
        features: Option<String>,
    },
    /// Builds every edge twice from the last commit, at different places, and compares the builds
    Reproduce,
    /// Prints how large the Worker's wasm is, raw and gzipped, beside that of a Worker that does nothing
    Size {
        /// Prints what its code is made of instead, by module
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
            // Where spin.toml looks for it.
            let target = checkout.root().join("target");
            spin::build_with(&checkout, &policy, &target, features.as_deref()).map(|_| ())
        }
        Command::Reproduce => reproduce::run(&checkout),
        Command::Size { parts: false } => size::print(&checkout),
        Command::Size { parts: true } => parts::print(&checkout),
    }
}
