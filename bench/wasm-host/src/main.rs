//! Measures callgate as wasm in wasmtime. Every figure is a line of JSON on standard output.
//!
//! `build` creates the modules; the other commands measure them. Exit codes: 0 success, 1 failure, 2 a wrong argument.

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
#[command(about = "Measure callgate as wasm in wasmtime", disable_help_subcommand = true)]
struct Arguments {
    /// The directory of the modules
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
    /// Build the modules, one for each policy
    Build {
        /// The optimization level, instead of the release level
        #[arg(long, value_name = "LEVEL")]
        opt_level: Option<String>,
    },
    /// Measure the duration of a call, from bytes to bytes
    Time {
        /// The perso module, which is measured too
        #[arg(long, value_name = "FILE", env = "PERSO_WASM")]
        perso: Option<PathBuf>,
    },
    /// Measure the time from the start of a module to its first decision, by policy size
    Start,
    /// Measure linear memory after few calls and after many
    Memory,
    /// Count the instructions of the hot paths, and fail if one exceeds its committed count
    Check {
        /// Commit the counts of this run
        #[arg(long, env = "BLESS", value_parser = FalseyValueParser::new())]
        bless: bool,
        /// The file with the committed counts
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
    // A relative path starts in the command's directory, which is the checkout root if cargo runs the command.
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
