//! Detects slowdowns: compares the wasm instructions per call with committed counts.
//!
//! wasmtime's fuel counts the executed instructions, so the figures are the same on every machine and in every run.
//! They do not show how long an instruction takes; `time` measures that.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::{fmt::Write as _, fs};

use callgate_bench::Padding;
use serde::{Deserialize, Serialize};
use wasmtime::error::Context as _;
use wasmtime::{Result, ensure};

use crate::bodies;
use crate::figure::Figure;
use crate::guest::{Compiled, Entry};
use crate::modules::Modules;
use crate::policy::Policy;

/// The tolerance for a count, in percent.
const TOLERANCE: u64 = 3;
/// The number of warm-up calls, until memory has reached its size.
const WARM_UP: usize = 8;
/// The number of counted calls: the allocator's work differs slightly between calls.
const COUNTED: u64 = 8;

/// The command that updates the counts.
const BLESS: &str = "BLESS=1 cargo xtask bench --check";

/// The committed counts, by path name.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counts {
    instructions: BTreeMap<String, u64>,
}

/// A hot path of a deployed module.
struct HotPath {
    name: &'static str,
    policy: Policy,
    entry: Entry,
    body: Vec<u8>,
}

fn hot_paths() -> Vec<HotPath> {
    use Entry::{Decide, Evaluate, EvaluateBatch, Read};
    use Policy::{Crm, CrmWithoutSchema as Plain, Open, Rules};
    let refund = |padding| bodies::refund(200, padding);
    [
        ("refund, allowed", Plain, Evaluate, refund(Padding::None)),
        ("refund with its schema, allowed", Crm, Evaluate, refund(Padding::None)),
        ("refund with its schema, denied", Crm, Evaluate, bodies::refund(800, Padding::None)),
        ("refund without digest", Plain, Evaluate, bodies::refund_without_digest()),
        ("refund, denied", Plain, Evaluate, bodies::refund(800, Padding::None)),
        ("refund, decided and not answered", Plain, Decide, refund(Padding::None)),
        ("refund, read alone", Plain, Read, refund(Padding::None)),
        ("refund and one string of 1 KB", Plain, Evaluate, refund(Padding::OneString(1_000))),
        ("refund and small objects of 1 KB", Plain, Evaluate, refund(Padding::Members(1_000))),
        ("refund and one string of 100 KB", Plain, Evaluate, refund(Padding::OneString(100_000))),
        ("refund and small objects of 100 KB", Plain, Evaluate, refund(Padding::Members(100_000))),
        ("one string of 100 KB, read alone", Plain, Read, refund(Padding::OneString(100_000))),
        ("small objects of 100 KB, read alone", Plain, Read, refund(Padding::Members(100_000))),
        ("a batch of 100 refunds", Plain, EvaluateBatch, bodies::refund_batch(100)),
        ("a tool by name, 10 rules", Rules(10), Decide, bodies::exact_tool()),
        ("a tool by name, 100,000 rules", Rules(100_000), Decide, bodies::exact_tool()),
        ("a tool by pattern, 200 patterns", Open, Evaluate, bodies::pattern_tool()),
    ]
    .into_iter()
    .map(|(name, policy, entry, body)| HotPath { name, policy, entry, body })
    .collect()
}

/// Counts all hot paths and compares them with the file `committed`, or writes it if `bless` is set.
pub(crate) fn run(modules: &Modules, committed: &Path, bless: bool) -> Result<()> {
    let counts = count(modules)?;
    if bless {
        let text = serde_json::to_string_pretty(&counts)?;
        return fs::write(committed, format!("{text}\n"))
            .with_context(|| format!("cannot write `{}`", committed.display()));
    }
    let text = fs::read_to_string(committed).with_context(|| format!("cannot read `{}`", committed.display()))?;
    let expected: Counts = serde_json::from_str(&text).with_context(|| format!("in `{}`", committed.display()))?;
    let Comparison { worse, better } = compare(&expected, &counts);
    if !better.is_empty() {
        writeln!(io::stderr(), "{better}to commit the smaller counts, run: {BLESS}")?;
    }
    ensure!(
        worse.is_empty(),
        "a hot path is slower\n{worse}if this is acceptable, commit the new counts with: {BLESS}"
    );
    Ok(())
}

fn count(modules: &Modules) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut compiled: Vec<(Policy, Compiled)> = Vec::new();
    for path in hot_paths() {
        if !compiled.iter().any(|(policy, _)| *policy == path.policy) {
            compiled.push((path.policy, Compiled::counting(&modules.read(path.policy)?)?));
        }
        let Some((_, module)) = compiled.iter().find(|(policy, _)| *policy == path.policy) else { continue };
        let instructions = count_one(module, &path)?;
        let value = u32::try_from(instructions).map(f64::from).unwrap_or(f64::INFINITY);
        Figure { table: "instructions", row: path.name, column: "wasm", value, unit: "instructions" }.print()?;
        counts.instructions.insert(path.name.to_owned(), instructions);
    }
    Ok(counts)
}

/// Instructions per call, in a new instance for each path, so that no path inherits another path's memory.
fn count_one(module: &Compiled, path: &HotPath) -> Result<u64> {
    let mut guest = module.start()?;
    for _ in 0..WARM_UP {
        guest.count(path.entry, &path.body).with_context(|| path.name)?;
    }
    let mut sum = 0_u64;
    for _ in 0..COUNTED {
        sum = sum.saturating_add(guest.count(path.entry, &path.body)?);
    }
    Ok(sum / COUNTED)
}

/// The differences from the committed counts beyond the tolerance, one line each.
#[derive(Debug, Default, PartialEq)]
struct Comparison {
    /// Failures: counts that grew, and paths without a count.
    worse: String,
    /// Improvements: smaller counts, which should be committed.
    better: String,
}

fn compare(expected: &Counts, seen: &Counts) -> Comparison {
    let mut found = Comparison::default();
    for (name, &now) in &seen.instructions {
        let Some(&before) = expected.instructions.get(name) else {
            _ = writeln!(found.worse, "`{name}` has no committed count; it takes {now} instructions");
            continue;
        };
        let change = now.abs_diff(before);
        if change <= before.saturating_mul(TOLERANCE) / 100 {
            continue;
        }
        let percent = percent(change, before);
        let (lines, verb, more) =
            if now > before { (&mut found.worse, "grew", "more") } else { (&mut found.better, "shrank", "less") };
        _ = writeln!(lines, "`{name}` {verb} from {before} to {now} instructions, {percent} percent {more}");
    }
    for name in expected.instructions.keys().filter(|name| !seen.instructions.contains_key(*name)) {
        _ = writeln!(found.worse, "`{name}` has a committed count but is no longer counted");
    }
    found
}

/// A percentage with one decimal place.
fn percent(part: u64, of: u64) -> String {
    let permille = part.saturating_mul(1_000).checked_div(of).unwrap_or(u64::MAX);
    format!("{}.{}", permille / 10, permille % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(paths: &[(&str, u64)]) -> Counts {
        Counts { instructions: paths.iter().map(|&(name, count)| (name.to_owned(), count)).collect() }
    }

    #[track_caller]
    fn check(expected: &[(&str, u64)], seen: &[(&str, u64)], worse: &str, better: &str) {
        let found = compare(&counts(expected), &counts(seen));
        assert_eq!(found, Comparison { worse: worse.to_owned(), better: better.to_owned() });
    }

    #[test]
    fn a_count_may_differ_by_three_percent() {
        check(&[("path", 1_000)], &[("path", 1_030)], "", "");
        check(&[("path", 1_000)], &[("path", 970)], "", "");
    }

    #[test]
    fn a_count_that_grew_is_named_with_how_much() {
        let worse = "`path` grew from 1000 to 1042 instructions, 4.2 percent more\n";
        check(&[("other", 7), ("path", 1_000)], &[("other", 7), ("path", 1_042)], worse, "");
    }

    #[test]
    fn a_count_that_shrank_fails_nothing() {
        let better = "`path` shrank from 1000 to 500 instructions, 50.0 percent less\n";
        check(&[("path", 1_000)], &[("path", 500)], "", better);
    }

    #[test]
    fn a_path_without_its_count_fails() {
        check(&[], &[("path", 5)], "`path` has no committed count; it takes 5 instructions\n", "");
        check(&[("path", 5)], &[], "`path` has a committed count but is no longer counted\n", "");
    }
}
