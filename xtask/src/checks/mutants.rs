//! `cargo xtask mutants`: changes the code that judges a call, one small thing at a time, and asks whether a test notices.
//!
//! `.cargo/mutants.toml` says which files are changed and which tests must notice.
//! `engine/mutants-missed.txt` lists the changes that no test can notice, each with why: they change no answer.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde::Deserialize;

use crate::checkout::Checkout;
use crate::process::Group;
use crate::tools::cargo_tools;

/// The mutants that may be missed, from the top of the checkout.
const KNOWN: &str = "engine/mutants-missed.txt";
/// How many of a hundred mutants must be caught.
const LEAST_PERCENT: usize = 95;
/// How many seconds the tests may take at the least before a mutant counts as one that never ends: other work on the
/// machine must not look like that.
const LEAST_TIMEOUT: &str = "120";
/// What cargo-mutants ends with where it tried all mutants: all were caught, some were missed, some did not end.
const TRIED: [i32; 3] = [0, 2, 3];

/// What to change.
#[derive(Args)]
pub(crate) struct Options {
    /// The files to change, by their names without `.rs` [default: all in .cargo/mutants.toml]
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// How many mutants are tried at the same time
    #[arg(long, value_name = "N", default_value_t = 1)]
    jobs: u32,
}

/// The report that cargo-mutants writes.
#[derive(Deserialize)]
struct Report {
    outcomes: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    scenario: Scenario,
    summary: Summary,
}

#[derive(Deserialize)]
enum Scenario {
    /// The code as it is.
    Baseline,
    Mutant(Mutant),
}

#[derive(Deserialize)]
struct Mutant {
    /// What was changed, and where.
    name: String,
    file: String,
}

/// What became of a mutant.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
enum Summary {
    /// A test failed.
    CaughtMutant,
    /// A test did not end, which is noticed too.
    Timeout,
    /// All tests passed.
    MissedMutant,
    /// It is no Rust.
    Unviable,
    Success,
    Failure,
}

/// How many mutants came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    caught: usize,
    missed: usize,
    unviable: usize,
}

impl Tally {
    fn add(&mut self, summary: Summary) {
        let count = match summary {
            Summary::CaughtMutant | Summary::Timeout => &mut self.caught,
            Summary::MissedMutant => &mut self.missed,
            Summary::Unviable | Summary::Success | Summary::Failure => &mut self.unviable,
        };
        *count = count.saturating_add(1);
    }

    /// The caught of a thousand that could be; all where there is none.
    fn per_mille(self) -> usize {
        let tried = self.caught.saturating_add(self.missed);
        self.caught.saturating_mul(1000).checked_div(tried).unwrap_or(1000)
    }

    fn row(self, name: &str) -> String {
        let Self { caught, missed, unviable } = self;
        let score = format!("{}.{} %", self.per_mille() / 10, self.per_mille() % 10);
        format!("{name:<28}{caught:>8}{missed:>8}{unviable:>10}{score:>10}")
    }
}

/// Tries the mutants, prints how many each file has and which were missed, and fails where one was.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let path = checkout.target().join("mutants.out/outcomes.json");
    // Where nothing is to change no report is written, and the one of a run before must not pass for it.
    let _gone = fs::remove_file(&path);
    try_all(checkout, options)?;
    ensure!(path.is_file(), "there is nothing to change in {}", options.files.join(", "));
    let text = fs::read(&path).with_context(|| format!("can't read `{}`", path.display()))?;
    let report: Report = serde_json::from_slice(&text).with_context(|| format!("can't read `{}`", path.display()))?;
    let (files, missed) = count(&report);
    println!("\n{:<28}{:>8}{:>8}{:>10}{:>10}", "file", "caught", "missed", "unviable", "score");
    files.iter().for_each(|(file, tally)| println!("{}", tally.row(file)));
    let all = files.values().fold(Tally::default(), |all, file| Tally {
        caught: all.caught.saturating_add(file.caught),
        missed: all.missed.saturating_add(file.missed),
        unviable: all.unviable.saturating_add(file.unviable),
    });
    println!("{}", all.row("all"));
    if all.per_mille() < LEAST_PERCENT * 10 {
        println!("\nfewer than {LEAST_PERCENT} of a hundred mutants were caught");
    }
    let known = fs::read_to_string(checkout.root().join(KNOWN)).with_context(|| format!("can't read `{KNOWN}`"))?;
    let surprising = not_known(&missed, &known);
    println!("\n{} missed mutants are in `{KNOWN}`", missed.len().saturating_sub(surprising.len()));
    if !surprising.is_empty() {
        println!("\nno test notices:\n{}", surprising.join("\n"));
        bail!("write a test that notices, or say in `{KNOWN}` why none can");
    }
    ensure!(all.per_mille() >= LEAST_PERCENT * 10, "too few mutants were caught");
    Ok(())
}

/// The missed mutants that are not known: each line of the list that is no comment stands for one, without its place.
fn not_known<'m>(missed: &[&'m str], known: &str) -> Vec<&'m str> {
    let mut known: Vec<&str> = known.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let is_new = |name: &&&str| {
        let at = known.iter().position(|known| *known == without_place(name));
        at.map(|at| known.swap_remove(at)).is_none()
    };
    missed.iter().filter(is_new).copied().collect()
}

/// The name of a mutant without its line and column, which any edit above it moves.
fn without_place(name: &str) -> String {
    let mut parts = name.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_), Some(_), Some(change)) => format!("{file}:{change}"),
        _ => name.to_owned(),
    }
}

/// Has cargo-mutants try the mutants in a copy of the checkout, and write its report where cargo builds.
fn try_all(checkout: &Checkout, options: &Options) -> Result<()> {
    let mut command = Command::new(cargo_tools::install_cargo_mutants()?);
    command.current_dir(checkout.root()).args([
        "mutants",
        "--colors",
        "never",
        "--minimum-test-timeout",
        LEAST_TIMEOUT,
    ]);
    command.arg("--output").arg(checkout.target()).arg("--jobs").arg(options.jobs.to_string());
    if !options.files.is_empty() {
        command.arg("--re").arg(format!("/src/({})\\.rs:", options.files.join("|")));
    }
    let status = Group::start(command)?.wait()?;
    ensure!(status.code().is_some_and(|code| TRIED.contains(&code)), "cargo-mutants failed: {status}");
    Ok(())
}

/// How many mutants of each file came to what, and which were missed.
fn count(report: &Report) -> (BTreeMap<&str, Tally>, Vec<&str>) {
    let mut files: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut missed = Vec::new();
    for Outcome { scenario, summary } in &report.outcomes {
        let Scenario::Mutant(mutant) = scenario else { continue };
        files.entry(&mutant.file).or_default().add(*summary);
        if *summary == Summary::MissedMutant {
            missed.push(mutant.name.as_str());
        }
    }
    (files, missed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{ "total_mutants": 5, "outcomes": [
        { "scenario": "Baseline", "summary": "Success", "phase_results": [] },
        { "scenario": { "Mutant": { "name": "a.rs:1:1: x", "file": "a.rs", "genre": "FnValue" } }, "summary": "CaughtMutant" },
        { "scenario": { "Mutant": { "name": "a.rs:2:1: y", "file": "a.rs", "genre": "FnValue" } }, "summary": "MissedMutant" },
        { "scenario": { "Mutant": { "name": "a.rs:3:1: z", "file": "a.rs", "genre": "FnValue" } }, "summary": "Unviable" },
        { "scenario": { "Mutant": { "name": "b.rs:1:1: x", "file": "b.rs", "genre": "FnValue" } }, "summary": "Timeout" }
    ] }"#;

    #[test]
    fn mutants_are_counted_by_file() {
        let report: Report = serde_json::from_str(REPORT).expect("a report");
        let (files, missed) = count(&report);
        let expected = [
            ("a.rs", Tally { caught: 1, missed: 1, unviable: 1 }),
            ("b.rs", Tally { caught: 1, missed: 0, unviable: 0 }),
        ];
        assert_eq!(files.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(missed, ["a.rs:2:1: y"]);
    }

    #[test]
    fn a_line_of_the_list_stands_for_one_mutant_wherever_it_is() {
        let missed =
            ["a.rs:2:1: replace < with > in f", "a.rs:3:1: replace < with > in f", "a.rs:3:1: delete ! in f::g"];
        let known =
            "# They cost more.\n\na.rs: replace < with > in f\na.rs: delete ! in f::g\nb.rs: delete ! in f::g\n";
        assert_eq!(not_known(&missed, known), ["a.rs:3:1: replace < with > in f"]);
        assert_eq!(not_known(&missed, ""), missed);
    }

    #[test]
    fn what_is_no_rust_is_no_part_of_the_score() {
        assert_eq!(Tally { caught: 19, missed: 1, unviable: 80 }.per_mille(), 950);
        assert_eq!(Tally::default().per_mille(), 1000);
        assert!(Tally { caught: 2, missed: 1, unviable: 0 }.row("a.rs").ends_with("66.6 %"));
    }
}
