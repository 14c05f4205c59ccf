//! Measures callgate compiled to wasm in wasmtime. Every figure is a line of JSON on standard output.
//!
//! `build` makes the modules, the others measure what it made. Exit codes: 0 done, 1 failed, 2 a wrong argument.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Parser, Subcommand};
use wasmtime::Result;

mod figure;
mod policy;
mod bodies;
mod modules;
mod guest;
mod perso;

mod time;
mod start;
mod memory;
mod check;

use modules::Modules;

#[derive(Parser)]
#[command(about = "Measures callgate compiled to wasm in wasmtime", disable_help_subcommand = true)]
struct Arguments {
    /// Where the modules are
    #[arg(long, global = true, value_name = "DIR", default_value = "target/bench-modules")]
    modules: PathBuf,
    /// Measure roughly
    #[arg(long, global = true)]
    quick: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the modules, one for each policy
    Build {
        /// The level of optimization, instead of that of what deploys
        #[arg(long, value_name = "LEVEL")]
        opt_level: Option<String>,
    },
    /// Measures how long a call takes, bytes in and bytes out
    Time {
        /// The module of perso, which is measured beside
        #[arg(long, value_name = "FILE", env = "PERSO_WASM")]
        perso: Option<PathBuf>,
    },
    /// Measures how long a module takes from its start to its first decision, by the size of its policy
    Start,
    /// Measures linear memory after few calls and after many
    Memory,
    /// Counts the instructions of the hot paths and fails where one takes more than its committed count
    Check {
        /// Commits the counts of this run
        #[arg(long, env = "BLESS", value_parser = FalseyValueParser::new())]
        bless: bool,
        /// The committed counts
        #[arg(long, value_name = "FILE", default_value = "bench/instructions.json")]
        counts: PathBuf,
    },
}

fn main() -> ExitCode {
    let Err(error) = run(&Arguments::parse()) else { return ExitCode::SUCCESS };
    _ = writeln!(io::stderr(), "error: {error:#}");
    ExitCode::FAILURE
}

fn run(arguments: &Arguments) -> Result<()> {
    // A relative path starts where the command does, which cargo leaves where a person stands: the top of the checkout.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    let modules = Modules::built(&arguments.modules);
    match &arguments.command {
        Command::Build { opt_level } => Modules::build(&arguments.modules, root, opt_level.as_deref()).map(|_| ()),
        Command::Time { perso } => time::run(&modules, perso.as_deref(), root, arguments.quick),
        Command::Start => start::run(&modules, arguments.quick),
        Command::Memory => memory::run(&modules),
        Command::Check { bless, counts } => check::run(&modules, counts, *bless),
    }
}
