//! Runs random pairs of policy and call past both judges, on all cores, and counts where they disagree.

use std::io::{self, Write as _};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use callgate_conformance::judge::{Tally, compare_policy};
use clap::Parser;

/// The calls that each policy judges: compiling one takes longer than judging many calls.
const CALLS_PER_POLICY: u64 = 20;

/// Holds the engine against the reference on random policies and calls.
#[derive(Debug, Parser)]
struct Options {
    /// How many pairs of policy and call are judged.
    #[arg(long, default_value_t = 100_000)]
    pairs: u64,
    /// The number of the first policy; a run with another one judges other pairs.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// The most disagreements that are printed in full.
    #[arg(long, default_value_t = 5)]
    show: usize,
    /// How many pairs, of the part of the language that Cedar has too, the image and Cedar judge instead.
    #[cfg(feature = "cedar")]
    #[arg(long, value_name = "PAIRS", conflicts_with_all = ["pairs", "pair"])]
    cedar: Option<u64>,
    /// Judges one pair again, as a disagreement names it.
    #[arg(long, value_name = "POLICY:CALL")]
    pair: Option<String>,
}

fn main() -> io::Result<ExitCode> {
    let options = Options::parse();
    let started = Instant::now();
    let tally = match options.pair.as_deref().map(read_pair) {
        None => judge_as_asked(&options),
        Some(Some((policy, call))) => compare_policy(policy, call..call.saturating_add(1)),
        Some(None) => {
            writeln!(io::stderr(), "error: a pair is two numbers, as in `17:3`")?;
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

/// Judges `pairs` pairs of the policies from number `first` on, on all cores.
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
            // A release build ends at a panic; any other must not count the pairs of a thread that had one.
            match worker.join() {
                Ok(tally) => sum.add(tally),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        sum
    })
}
