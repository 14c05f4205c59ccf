//! Compares both evaluators on random pairs of policy and call, on all cores, and counts the disagreements; or runs the
//! official tests of JSON Schema.

use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

#[cfg(feature = "jsonschema")]
use callgate_conformance::json::Json;
use callgate_conformance::judge::{Tally, compare_policy, compile_schema, conforms_by_image};
#[cfg(feature = "jsonschema")]
use callgate_conformance::schema::compare;
use callgate_conformance::schema::suite;
use clap::Parser;

/// The number of calls for each policy: compiling a policy takes longer than evaluating many calls.
const CALLS_PER_POLICY: u64 = 20;

/// Compare the engine with the reference on random policies and calls
#[derive(Debug, Parser)]
struct Options {
    /// The number of pairs of policy and call
    #[arg(long, default_value_t = 100_000)]
    pairs: u64,
    /// The seed of the first policy; another seed gives other pairs
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// The maximum number of disagreements that are printed in full
    #[arg(long, default_value_t = 5)]
    show: usize,
    /// The number of pairs that the image and Cedar evaluate instead, in their common part of the language
    #[cfg(feature = "cedar")]
    #[arg(long, value_name = "PAIRS", conflicts_with_all = ["pairs", "pair"])]
    cedar: Option<u64>,
    /// The folder of the official tests of JSON Schema, which has a folder for each draft, to run these instead
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["pairs", "pair"])]
    suite: Option<PathBuf>,
    /// The number of random values for which the reference and the crate `jsonschema` evaluate random schemas instead
    #[cfg(feature = "jsonschema")]
    #[arg(long, value_name = "VALUES", conflicts_with_all = ["pairs", "pair", "suite"])]
    schemas: Option<u64>,
    /// The response of an MCP server to `tools/list`, with whose schemas the image and the crate `jsonschema` evaluate
    /// 1,000 random values for each tool instead
    #[cfg(feature = "jsonschema")]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pairs", "pair", "suite", "schemas"])]
    tools: Option<PathBuf>,
    /// Evaluate one pair again, as named in a disagreement
    #[arg(long, value_name = "POLICY:CALL")]
    pair: Option<String>,
}

fn main() -> io::Result<ExitCode> {
    let options = Options::parse();
    if let Some(tests) = &options.suite {
        return run_suite(tests);
    }
    #[cfg(feature = "jsonschema")]
    if let Some(values) = options.schemas {
        let tally = compare::compare(values, options.first);
        return print_comparison(&tally, &options);
    }
    #[cfg(feature = "jsonschema")]
    if let Some(list) = &options.tools {
        return compare_tools(list, &options);
    }
    let started = Instant::now();
    let tally = match options.pair.as_deref().map(read_pair) {
        None => judge_as_asked(&options),
        Some(Some((policy, call))) => compare_policy(policy, call..call.saturating_add(1)),
        Some(None) => {
            writeln!(io::stderr(), "error: a pair must be two numbers, such as `17:3`")?;
            return Ok(ExitCode::from(2));
        }
    };
    let mut out = io::stdout().lock();
    for disagreement in tally.disagreements.iter().take(options.show) {
        writeln!(out, "{disagreement}\n")?;
    }
    for (code, count) in &tally.codes {
        writeln!(out, "{count:>12} {code}")?;
    }
    let (pairs, disagreements) = (tally.pairs, tally.disagreements.len());
    writeln!(out, "{pairs} pairs, {disagreements} disagreements, {:.1} s", started.elapsed().as_secs_f64())?;
    Ok(if disagreements == 0 && pairs > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the official tests of JSON Schema.
fn run_suite(tests: &Path) -> io::Result<ExitCode> {
    let by_image = |schema: &str, value: &str| conforms_by_image(&compile_schema(schema)?, value);
    let evaluators: [(&str, suite::Evaluator<'_>); 2] = [("reference", &suite::by_reference), ("image", &by_image)];
    let mut out = io::stdout().lock();
    let mut has_errors = false;
    for (name, evaluator) in evaluators {
        let report = suite::run(tests, evaluator)?;
        for error in &report.errors {
            writeln!(out, "{error}\n")?;
        }
        for (reason, count) in &report.skipped {
            writeln!(out, "{count:>12} skipped: {reason}")?;
        }
        let (passed, errors) = (report.passed, report.errors.len());
        writeln!(out, "{passed} tests passed by the {name}, {errors} errors")?;
        has_errors |= errors > 0 || passed == 0;
    }
    Ok(if has_errors { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Compares the image with the crate `jsonschema` on the tools of a server.
#[cfg(feature = "jsonschema")]
fn compare_tools(list: &Path, options: &Options) -> io::Result<ExitCode> {
    let response = Json::read(&std::fs::read_to_string(list)?).map_err(io::Error::other)?;
    let tally = compare::compare_tools(&response, VALUES_FOR_TOOL, options.first, &|schema| {
        let image = compile_schema(schema).ok()?;
        Some(Box::new(move |value: &str| conforms_by_image(&image, value).ok()))
    });
    print_comparison(&tally, options)
}

/// The number of values for each tool of a server.
#[cfg(feature = "jsonschema")]
const VALUES_FOR_TOOL: u64 = 1_000;

#[cfg(feature = "jsonschema")]
fn print_comparison(tally: &compare::Tally, options: &Options) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    for (keywords, found) in &tally.differences {
        for difference in found.iter().take(options.show) {
            writeln!(out, "{difference}\n")?;
        }
        writeln!(out, "{:>12} differences: {keywords}\n", found.len())?;
    }
    for (keywords, count) in &tally.unknown {
        writeln!(out, "{count:>12} unknown: {keywords}")?;
    }
    for (answer, count) in &tally.answers {
        writeln!(out, "{count:>12} {answer}")?;
    }
    let is_passed = tally.differences.is_empty() && !tally.answers.is_empty();
    Ok(if is_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read_pair(text: &str) -> Option<(u64, u64)> {
    let (policy, call) = text.split_once(':')?;
    Some((policy.parse().ok()?, call.parse().ok()?))
}

fn judge_as_asked(options: &Options) -> Tally {
    #[cfg(feature = "cedar")]
    if let Some(pairs) = options.cedar {
        return judge_all(pairs, options.first, callgate_conformance::cedar::compare_policy);
    }
    judge_all(options.pairs, options.first, compare_policy)
}

/// Evaluates `pairs` pairs of the policies from the seed `first`, on all cores.
fn judge_all(pairs: u64, first: u64, compare: fn(u64, Range<u64>) -> Tally) -> Tally {
    let policies = pairs.div_ceil(CALLS_PER_POLICY);
    let next = AtomicU64::new(0);
    let work = || {
        let mut tally = Tally::default();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= policies {
                return tally;
            }
            let left = pairs.saturating_sub(at.saturating_mul(CALLS_PER_POLICY));
            tally.add(compare(first.wrapping_add(at), 0..left.min(CALLS_PER_POLICY)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut sum = Tally::default();
        for worker in workers {
            // A release build aborts on a panic; any other build must not count the pairs of a thread that panicked.
            match worker.join() {
                Ok(tally) => sum.add(tally),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        sum
    })
}
