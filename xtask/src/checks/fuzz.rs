//! `cargo xtask fuzz`: runs each fuzz target for a given time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use crate::checkout::Checkout;
use crate::process::{self, Group};
use crate::tools::cargo_tools;
use crate::tools::missing_tool::find_cxx;
use crate::tools::rust_toolchain::cargo;

/// The time limit for one input. The slowest known inputs take some milliseconds.
const INPUT_LIMIT: Duration = Duration::from_secs(10);

/// The options of the command.
#[derive(Args)]
pub(crate) struct Options {
    /// The targets to run [default: all]
    #[arg(value_name = "TARGET", value_enum)]
    targets: Vec<Target>,
    /// How long each target runs
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Run one target on this input only, for example one that crashed
    #[arg(long, value_name = "FILE", conflicts_with = "seconds", requires = "targets")]
    input: Option<PathBuf>,
}

/// A fuzz target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Target {
    /// Arbitrary bytes as the body of a request
    RequestReader,
    /// Arbitrary text as a policy
    PolicyText,
    /// Arbitrary text as a policy in YAML and in JSON with comments
    PolicyYaml,
    /// The engine against the reference, on policies and calls derived from the input
    Evaluator,
    /// An arbitrary string as a path, a URL and an address
    PathAndUrl,
    /// JSON Schemas and values, in the image and in the reference
    JsonSchema,
    /// An arbitrary string as an expression
    When,
}

impl Target {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// The outcome of a target's run.
struct Row {
    target: Target,
    /// The number of inputs, in total and per second, as counted by the fuzzer.
    runs: String,
    runs_per_second: String,
    /// The failure, if any.
    crash: Option<Crash>,
}

struct Crash {
    /// The end of the target's output.
    said: String,
    /// The path of the input, if the fuzzer stored it.
    input: Option<PathBuf>,
}

/// Runs the selected targets, or one input.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    match (&options.input, options.targets.as_slice()) {
        (None, []) => run_for(checkout, Target::value_variants(), options.seconds),
        (None, targets) => run_for(checkout, targets, options.seconds),
        (Some(input), &[target]) => run_input(checkout, target, input),
        (Some(_), _) => bail!("`--input` requires exactly one target"),
    }
}

/// Runs every target for `seconds`.
pub(crate) fn run_all(checkout: &Checkout, seconds: u32) -> Result<()> {
    run_for(checkout, Target::value_variants(), seconds)
}

fn run_for(checkout: &Checkout, targets: &[Target], seconds: u32) -> Result<()> {
    find_cxx()?;
    // cargo-fuzz would silently update an outdated lock file.
    let mut fetch = cargo();
    fetch.current_dir(directory(checkout)).args(["fetch", "--locked"]);
    process::run(fetch)?;
    process::run(cargo_fuzz(checkout, "build")?)?;
    write_seeds(checkout)?;
    let mut rows = Vec::new();
    for &target in targets {
        println!("fuzzing {} for {seconds} seconds", target.name());
        rows.push(run_target(checkout, target, seconds)?);
    }
    println!("\n{:<16}{:<10}{:>12}{:>12}", "target", "outcome", "runs", "runs/s");
    for Row { target, runs, runs_per_second, crash } in &rows {
        let outcome = if crash.is_some() { "crashed" } else { "passed" };
        println!("{:<16}{outcome:<10}{runs:>12}{runs_per_second:>12}", target.name());
    }
    let crashes: Vec<(Target, Crash)> = rows.into_iter().filter_map(|row| Some((row.target, row.crash?))).collect();
    for (target, Crash { said, input }) in &crashes {
        println!("\n{said}\n");
        if let Some(input) = input {
            let input = input.display();
            println!("the input: {input}\nto run it again: cargo xtask fuzz {} --input {input}", target.name());
        }
    }
    match crashes.as_slice() {
        [] => Ok(()),
        [(target, _)] => bail!("the fuzz target {} crashed", target.name()),
        more => bail!("{} fuzz targets crashed", more.len()),
    }
}

/// Writes the initial inputs of the targets, next to the inputs that earlier runs found.
fn write_seeds(checkout: &Checkout) -> Result<()> {
    let mut command = cargo();
    command.current_dir(checkout.root());
    command.args(["run", "--quiet", "--locked", "--package", "callgate-fuzz-oracles", "--bin", "fuzz-seeds", "--"]);
    command.arg(checkout.root()).arg(directory(checkout).join("corpus"));
    process::run(command)
}

fn run_target(checkout: &Checkout, target: Target, seconds: u32) -> Result<Row> {
    let mut command = cargo_fuzz(checkout, "run")?;
    command.arg(target.name()).arg("--").arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
    command.arg(format!("-timeout={}", INPUT_LIMIT.as_secs()));
    let dictionary = directory(checkout).join("dictionaries").join(target.name()).with_extension("dict");
    if dictionary.is_file() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    // The fuzzer prints thousands of lines about new inputs, which matter only if it fails.
    let log_path = checkout.target().join(format!("fuzz-{}.log", target.name()));
    let log = File::create(&log_path).with_context(|| format!("cannot write `{}`", log_path.display()))?;
    command.stdout(log.try_clone()?).stderr(log);
    let status = Group::start(command)?.wait()?;
    let log = fs::read(&log_path).with_context(|| format!("cannot read `{}`", log_path.display()))?;
    let log = String::from_utf8_lossy(&log);
    let crash = (!status.success()).then(|| Crash { said: what_was_said(&log), input: kept_input(checkout, &log) });
    let statistic = |name: &str| statistic(&log, name).unwrap_or("-").to_owned();
    Ok(Row {
        target,
        runs: statistic("number_of_executed_units"),
        runs_per_second: statistic("average_exec_per_sec"),
        crash,
    })
}

/// Runs a target on one input, with its full output.
fn run_input(checkout: &Checkout, target: Target, input: &Path) -> Result<()> {
    // cargo-fuzz starts the target in the checkout root.
    let input = fs::canonicalize(input).with_context(|| format!("cannot read `{}`", input.display()))?;
    let mut command = cargo_fuzz(checkout, "run")?;
    command.arg(target.name()).arg(input);
    process::run(command)
}

/// The cargo-fuzz command for the targets, with fixed build options, so that builds are reused.
fn cargo_fuzz(checkout: &Checkout, subcommand: &str) -> Result<Command> {
    let mut command = Command::new(cargo_tools::install_cargo_fuzz()?);
    command.current_dir(checkout.root()).args([subcommand, "--fuzz-dir"]).arg(directory(checkout));
    // No sanitizer: the address sanitizer finds memory errors, but all callgate code forbids `unsafe`. With it, a
    // target runs only a seventh to two fifths of the inputs, and the compiler needs unstable options. Overflow checks,
    // debug assertions and the oracles check the engine.
    command.args(["--sanitizer", "none", "--release", "--debug-assertions"]);
    // The position in the target matters, not the fuzzer's backtrace.
    command.env("RUST_BACKTRACE", "0");
    Ok(command)
}

/// The workspace of the targets.
fn directory(checkout: &Checkout) -> PathBuf {
    checkout.root().join("fuzz")
}

/// A number from the fuzzer's final statistics.
fn statistic<'l>(log: &'l str, name: &str) -> Option<&'l str> {
    let line = log.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':'));
    line.map(str::trim)
}

/// The stored input, relative to the checkout root.
fn kept_input(checkout: &Checkout, log: &str) -> Option<PathBuf> {
    let path = log.lines().find_map(|line| line.split_once("Test unit written to "))?.1;
    let path = Path::new(path.trim());
    Some(path.strip_prefix(checkout.root()).unwrap_or(path).to_owned())
}

/// The target's failure message: its panic or the fuzzer's message; otherwise, the last lines.
fn what_was_said(log: &str) -> String {
    const MOST_LINES: usize = 40;
    let lines: Vec<&str> = log.lines().collect();
    let starts = |line: &&str| line.contains("panicked at") || line.contains("ERROR: libFuzzer");
    let ends = |line: &&str| ["note: run with", "SUMMARY:"].iter().any(|end| line.starts_with(end));
    let from = lines.iter().position(starts).unwrap_or(lines.len().saturating_sub(MOST_LINES));
    let said = lines.into_iter().skip(from).take_while(|line| !ends(line)).take(MOST_LINES);
    said.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "#2 INITED cov: 1\n\nthread '<unnamed>' panicked at fuzz_targets/evaluator.rs:9:9:\nreference Allow\n\
                       image     Deny\nnote: run with `RUST_BACKTRACE=1`\n==7== ERROR: libFuzzer: deadly signal\n\
                       stat::number_of_executed_units: 12\nstat::average_exec_per_sec:     3\n";

    #[test]
    fn statistics_are_found_by_name() {
        assert_eq!(statistic(LOG, "number_of_executed_units"), Some("12"));
        assert_eq!(statistic(LOG, "average_exec_per_sec"), Some("3"));
        assert_eq!(statistic(LOG, "peak_rss_mb"), None);
    }

    #[test]
    fn what_a_target_said_is_its_panic() {
        let said = what_was_said(LOG);
        assert!(said.starts_with("thread '<unnamed>' panicked"), "{said}");
        assert!(said.ends_with("\nreference Allow\nimage     Deny"), "{said}");
        assert_eq!(what_was_said("error: no such target"), "error: no such target");
    }

    #[test]
    fn a_target_is_named_as_its_file_is() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
        for target in Target::value_variants() {
            assert!(root.join(target.name()).with_extension("rs").is_file(), "{}", target.name());
        }
    }
}
