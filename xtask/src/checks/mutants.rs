//! `cargo xtask mutants`: makes one small change at a time in the engine and the HTTP contract, and requires a test to
//! fail.
//!
//! `.cargo/mutants.toml` excludes changes that no test can detect because they change no result.
//! `.cargo/mutants-missed.txt` lists those that cargo-mutants cannot select separately.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::{MetadataCommand, TargetKind};
use clap::Args;
use serde::Deserialize;

use crate::checkout::Checkout;
use crate::process::Group;
use crate::tools::cargo_tools;

/// A mutated package. Its own tests must detect the changes.
struct Package {
    name: &'static str,
    /// Its directory, relative to the checkout root.
    directory: &'static str,
    /// The tests that are not run, because each of them starts cargo, which takes minutes.
    slow_tests: &'static [&'static str],
}

const PACKAGES: [Package; 2] = [
    Package { name: "callgate-engine", directory: "engine", slow_tests: &[] },
    Package { name: "callgate-edge-core", directory: "edge-core", slow_tests: &["signed_build"] },
];

/// The list of mutants that may be missed, relative to the checkout root.
const KNOWN: &str = ".cargo/mutants-missed.txt";
/// The minimum percentage of caught mutants.
const MIN_PERCENT: usize = 95;
/// The minimum timeout of the tests in seconds, so that other load on the machine does not look like an endless mutant.
const MIN_TIMEOUT: &str = "120";
/// The exit codes of cargo-mutants after it tried all mutants: all caught, some missed, some timed out.
const TRIED: [i32; 3] = [0, 2, 3];

/// The options of the command.
#[derive(Args)]
pub(crate) struct Options {
    /// The modules to mutate with their submodules, by the ends of their paths, such as `evaluate` or `auth/keys`
    /// [default: all]
    #[arg(value_name = "MODULE", value_parser = module)]
    modules: Vec<String>,
    /// Only mutate files that differ from the merge base with BASE
    #[arg(
        long,
        value_name = "BASE",
        num_args = 0..=1,
        default_missing_value = "main",
        conflicts_with = "modules"
    )]
    changed: Option<String>,
    /// The number of mutants that run in parallel
    #[arg(long, value_name = "N", default_value_t = 1)]
    jobs: u32,
}

/// The end of a module's path, in the form of its file: `auth::keys` and `auth/keys` are equivalent.
fn module(text: &str) -> Result<String, String> {
    let path = text.replace("::", "/");
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if path.split('/').all(is_name) {
        Ok(path)
    } else {
        Err("name a module, such as `evaluate` or `auth/keys`".to_owned())
    }
}

/// The report of cargo-mutants.
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
    /// The unchanged code.
    Baseline,
    Mutant(Mutant),
}

#[derive(Deserialize)]
struct Mutant {
    /// The change and its position.
    name: String,
    file: String,
}

/// The outcome of a mutant.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
enum Summary {
    /// A test failed.
    CaughtMutant,
    /// A test timed out, which counts as caught.
    Timeout,
    /// All tests passed.
    MissedMutant,
    /// The mutant does not compile.
    Unviable,
    Success,
    Failure,
}

/// The number of mutants for each outcome.
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

    /// The caught mutants per thousand that can be caught; all if there are none.
    fn per_mille(self) -> usize {
        let tried = self.caught.saturating_add(self.missed);
        self.caught.saturating_mul(1000).checked_div(tried).unwrap_or(1000)
    }

    fn row(self, name: &str) -> String {
        let Self { caught, missed, unviable } = self;
        let score = format!("{}.{} %", self.per_mille() / 10, self.per_mille() % 10);
        format!("{name:<40}{caught:>8}{missed:>8}{unviable:>10}{score:>10}")
    }
}

/// Tries the mutants, prints the counts per file and the missed mutants, and fails if one was missed.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let changed = options.changed.as_deref().map(|base| changed_files(checkout, base)).transpose()?;
    let mut outcomes = Vec::new();
    for package in &PACKAGES {
        let globs = globs(package, &options.modules, changed.as_deref());
        if !globs.is_empty() {
            outcomes.extend(try_all(checkout, package, &globs, options.jobs)?.outcomes);
        }
    }
    let report = Report { outcomes };
    let (files, missed) = count(&report);
    if files.is_empty() {
        // A mistyped module has no mutants; changed files may have none.
        ensure!(changed.is_some(), "no code to mutate in {}", options.modules.join(", "));
        println!("no code to mutate in the files that differ");
        return Ok(());
    }
    println!("\n{:<40}{:>8}{:>8}{:>10}{:>10}", "file", "caught", "missed", "unviable", "score");
    files.iter().for_each(|(file, tally)| println!("{}", tally.row(file)));
    let all = files.values().fold(Tally::default(), |all, file| Tally {
        caught: all.caught.saturating_add(file.caught),
        missed: all.missed.saturating_add(file.missed),
        unviable: all.unviable.saturating_add(file.unviable),
    });
    println!("{}", all.row("all"));
    if all.per_mille() < MIN_PERCENT * 10 {
        println!("\nfewer than {MIN_PERCENT} % of the mutants were caught");
    }
    let known = fs::read_to_string(checkout.root().join(KNOWN)).with_context(|| format!("cannot read `{KNOWN}`"))?;
    let surprising = not_known(&missed, &known);
    println!("\n{} missed mutants are in `{KNOWN}`", missed.len().saturating_sub(surprising.len()));
    if !surprising.is_empty() {
        println!("\nno test detects:\n{}", surprising.join("\n"));
        bail!("write a test that detects it, or explain in `.cargo/mutants.toml` why none can");
    }
    ensure!(all.per_mille() >= MIN_PERCENT * 10, "too few mutants were caught");
    Ok(())
}

/// The files in the checkout that differ from the merge base with `base`, committed or not.
fn changed_files(checkout: &Checkout, base: &str) -> Result<Vec<String>> {
    let git = |arguments: &[&str]| -> Result<String> {
        let mut command = Command::new("git");
        command.current_dir(checkout.root()).args(arguments);
        let output = command.output().context("cannot start `git`")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cannot compare with `{base}`: {}", said.trim_end());
        Ok(String::from_utf8(output.stdout)?)
    };
    let tracked = git(&["diff", "--name-only", "--no-renames", "--diff-filter=d", "--merge-base", base, "--"])?;
    let untracked = git(&["ls-files", "--others", "--exclude-standard"])?;
    Ok(tracked.lines().chain(untracked.lines()).map(str::to_owned).collect())
}

/// The globs of the files of a package to mutate.
fn globs(package: &Package, modules: &[String], changed: Option<&[String]>) -> Vec<String> {
    let source = format!("{}/src/", package.directory);
    match (changed, modules) {
        (Some(files), _) => {
            let own = |file: &&String| file.starts_with(&source) && file.ends_with(".rs");
            files.iter().filter(own).cloned().collect()
        }
        (None, []) => vec![format!("{source}**/*.rs")],
        (None, modules) => {
            let globs = |module| [format!("{source}**/{module}.rs"), format!("{source}**/{module}/**/*.rs")];
            modules.iter().flat_map(globs).collect()
        }
    }
}

/// The missed mutants that are not listed: each list line that is not a comment stands for one, at any position.
fn not_known<'m>(missed: &[&'m str], known: &str) -> Vec<&'m str> {
    let mut known: Vec<&str> = known.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let is_new = |name: &&&str| {
        let at = known.iter().position(|known| *known == without_place(name));
        at.map(|at| known.swap_remove(at)).is_none()
    };
    missed.iter().filter(is_new).copied().collect()
}

/// The mutant's change without its file, line and column, which other edits can move.
fn without_place(name: &str) -> &str {
    name.splitn(4, ':').nth(3).map_or(name, str::trim_start)
}

/// Runs cargo-mutants on a package in a copy of the checkout.
fn try_all(checkout: &Checkout, package: &Package, globs: &[String], jobs: u32) -> Result<Report> {
    let output = checkout.target().join("mutants").join(package.name);
    let path = output.join("mutants.out/outcomes.json");
    // If there is nothing to mutate, no report is written, so an older report must not be read instead.
    let _gone = fs::remove_file(&path);
    fs::create_dir_all(&output).with_context(|| format!("cannot create `{}`", output.display()))?;
    let mut command = Command::new(cargo_tools::install_cargo_mutants()?);
    command.current_dir(checkout.root()).args(["mutants", "--colors", "never"]);
    command.args(["--minimum-test-timeout", MIN_TIMEOUT, "--package", package.name]);
    command.args(globs.iter().flat_map(|glob| ["--file", glob]));
    command.args(tests(checkout, package)?.iter().flat_map(|test| ["--cargo-arg", test]));
    command.arg("--output").arg(output).arg("--jobs").arg(jobs.to_string());
    let status = Group::start(command)?.wait()?;
    ensure!(status.code().is_some_and(|code| TRIED.contains(&code)), "cargo-mutants failed: {status}");
    if !path.is_file() {
        return Ok(Report { outcomes: Vec::new() });
    }
    let text = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot read `{}`", path.display()))
}

/// The cargo arguments that run the package's own tests.
fn tests(checkout: &Checkout, package: &Package) -> Result<Vec<String>> {
    let mut command = MetadataCommand::new();
    let metadata = command.current_dir(checkout.root()).no_deps().exec().context("cannot read the manifests")?;
    let found = metadata.packages.iter().find(|found| *found.name == *package.name);
    let targets = &found.with_context(|| format!("the package `{}` does not exist", package.name))?.targets;
    let tests: Vec<&str> = targets
        .iter()
        .filter(|target| target.kind.contains(&TargetKind::Test))
        .map(|target| target.name.as_str())
        .collect();
    for slow in package.slow_tests {
        ensure!(tests.contains(slow), "`{}` has no test `{slow}`", package.name);
    }
    let judging = tests.into_iter().filter(|test| !package.slow_tests.contains(test));
    Ok(std::iter::once("--lib".to_owned()).chain(judging.map(|test| format!("--test={test}"))).collect())
}

/// The outcomes for each file, and the missed mutants.
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
            ["a.rs:2:1: replace < with > in f", "b/a.rs:3:1: replace < with > in f", "a.rs:3:1: delete ! in f::g"];
        let known = "# They cost more.\n\nreplace < with > in f\ndelete ! in f::g\ndelete ! in f::h\n";
        assert_eq!(not_known(&missed, known), ["b/a.rs:3:1: replace < with > in f"]);
        assert_eq!(not_known(&missed, ""), missed);
    }

    #[test]
    fn a_module_is_chosen_by_the_end_of_its_path() {
        let [engine, edge_core] = &PACKAGES;
        let modules = [module("evaluate"), module("auth::keys")].map(|module| module.expect("a module"));
        let expected = [
            "engine/src/**/evaluate.rs",
            "engine/src/**/evaluate/**/*.rs",
            "engine/src/**/auth/keys.rs",
            "engine/src/**/auth/keys/**/*.rs",
        ];
        assert_eq!(globs(engine, &modules, None), expected);
        assert_eq!(globs(edge_core, &[], None), ["edge-core/src/**/*.rs"]);
        for wrong in ["", "evaluate.rs", "a//b", "../a", "*"] {
            assert!(module(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn of_the_files_that_differ_only_source_of_the_package_is_changed() {
        let [engine, edge_core] = &PACKAGES;
        let changed = ["README.md", "engine/src/a.rs", "engine/src/a.json", "engine/tests/a.rs", "cli/src/a.rs"];
        let changed = changed.map(str::to_owned);
        assert_eq!(globs(engine, &[], Some(&changed)), ["engine/src/a.rs"]);
        assert!(globs(edge_core, &[], Some(&changed)).is_empty());
    }

    #[test]
    fn files_differ_that_were_edited_or_added_since_the_base_and_none_that_is_gone() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let checkout = Checkout::at(directory.path().to_owned(), directory.path().to_owned());
        let write = |file: &str, text: &str| fs::write(directory.path().join(file), text).expect("a file");
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command.current_dir(directory.path()).args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]);
            assert!(command.args(arguments).status().expect("git starts").success(), "{arguments:?}");
        };
        git(&["init", "--quiet", "--initial-branch", "main"]);
        ["same.rs", "edited.rs", "committed.rs", "gone.rs"].iter().for_each(|file| write(file, "fn before() {}"));
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message", "Begin"]);
        git(&["switch", "--quiet", "--create", "branch"]);
        write("committed.rs", "fn after() {}");
        git(&["commit", "--quiet", "--all", "--message", "Change"]);
        write("edited.rs", "fn after() {}");
        write("added.rs", "fn added() {}");
        fs::remove_file(directory.path().join("gone.rs")).expect("a file");
        let changed = changed_files(&checkout, "main").expect("the files that differ");
        assert_eq!(changed, ["committed.rs", "edited.rs", "added.rs"]);
        let error = changed_files(&checkout, "elsewhere").expect_err("an error").to_string();
        assert!(error.starts_with("cannot compare with `elsewhere`: "), "{error}");
    }

    #[test]
    fn the_tests_of_a_package_judge_it_but_for_the_slow_ones() {
        let checkout = Checkout::find().expect("a checkout");
        let [engine, edge_core] = PACKAGES.map(|package| tests(&checkout, &package).expect("tests"));
        assert!(engine.iter().any(|test| test == "--test=policy_errors"), "{engine:?}");
        assert!(edge_core.iter().any(|test| test == "--test=contract"), "{edge_core:?}");
        assert!(edge_core.iter().all(|test| test != "--test=signed_build"), "{edge_core:?}");
    }

    #[test]
    fn what_is_no_rust_is_no_part_of_the_score() {
        assert_eq!(Tally { caught: 19, missed: 1, unviable: 80 }.per_mille(), 950);
        assert_eq!(Tally::default().per_mille(), 1000);
        assert!(Tally { caught: 2, missed: 1, unviable: 0 }.row("a.rs").ends_with("66.6 %"));
    }
}
