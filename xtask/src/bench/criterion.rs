//! Reads Criterion's results, which it writes as JSON below cargo's build directory.
//!
//! The group of a benchmark is its table, the function is its row, and the parameter is its column.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::measurement::Measurement;
use super::section::Run;
use crate::edges::policy::Policy;
use crate::process;
use crate::tools::rust_toolchain::cargo;

/// The crate with the benchmarks.
const PACKAGE: &str = "callgate-bench";

/// The used part of `benchmark.json`.
#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    throughput: Option<Throughput>,
}

/// The throughput of one iteration, as stated by the benchmark.
#[derive(Deserialize)]
enum Throughput {
    Bytes(f64),
}

/// The used part of `estimates.json`.
#[derive(Deserialize)]
struct Estimates {
    /// In nanoseconds. Of all estimates, this one is the most robust against other load.
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// Runs one benchmark file and returns its results in order.
pub(crate) fn run(run: &Run<'_>, bench: &str, features: &[&str]) -> Result<Vec<Measurement>> {
    let started = SystemTime::now();
    let mut command = cargo();
    command.current_dir(run.checkout.root());
    Policy::Shipped.choose_for(&mut command);
    command.args(["bench", "--locked", "--package", PACKAGE, "--bench", bench]);
    if !features.is_empty() {
        command.arg("--features").arg(features.join(","));
    }
    command.args(["--", "--quiet"]);
    if run.is_quick {
        command.args(["--warm-up-time", "0.5", "--measurement-time", "1"]);
    }
    process::run(command)?;
    collect(&run.checkout.target().join("criterion"), started)
}

/// The results below a directory that are not older than the run.
fn collect(directory: &Path, started: SystemTime) -> Result<Vec<Measurement>> {
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    find_estimates(directory, &mut found).with_context(|| format!("cannot read `{}`", directory.display()))?;
    found.retain(|(written, _)| *written >= started);
    found.sort();
    let mut measurements = Vec::new();
    for (_, path) in found {
        let benchmark: Benchmark = read(&path.with_file_name("benchmark.json"))?;
        let estimates: Estimates = read(&path)?;
        measurements.extend(measurements_from(benchmark, estimates.median.point_estimate));
    }
    Ok(measurements)
}

/// The time of an iteration and, if the benchmark states its input size, the bytes per second.
fn measurements_from(benchmark: Benchmark, nanoseconds: f64) -> Vec<Measurement> {
    let (row, column) = (benchmark.function_id.unwrap_or_default(), benchmark.value_str.unwrap_or_default());
    let rate = benchmark.throughput.map(|Throughput::Bytes(bytes)| Measurement {
        table: benchmark.group_id.clone(),
        row: row.clone(),
        column: format!("{column}, rate"),
        // Bytes per nanosecond are gigabytes per second.
        value: bytes / nanoseconds,
        unit: "GB/s".to_owned(),
    });
    let time = Measurement { table: benchmark.group_id, row, column, value: nanoseconds, unit: "ns".to_owned() };
    [Some(time), rate].into_iter().flatten().collect()
}

fn find_estimates(directory: &Path, found: &mut Vec<(SystemTime, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            find_estimates(&path, found)?;
        } else if path.ends_with("new/estimates.json") {
            found.push((entry.metadata()?.modified()?, path));
        }
    }
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("`{}` is not a Criterion result", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_become_times_and_rates() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path().join("reader/one string/callgate/new");
        fs::create_dir_all(&place).expect("a place");
        let benchmark = r#"{"group_id":"reader","function_id":"one string","value_str":"callgate",
            "throughput":{"Bytes":250000},"full_id":"reader/one string/callgate"}"#;
        fs::write(place.join("benchmark.json"), benchmark).expect("a file");
        let estimates = r#"{"mean":{"point_estimate":130000.0},"median":{"point_estimate":125000.0}}"#;
        fs::write(place.join("estimates.json"), estimates).expect("a file");
        let found = collect(directory.path(), SystemTime::UNIX_EPOCH).expect("results");
        let shown: Vec<(&str, f64, &str)> =
            found.iter().map(|found| (found.column.as_str(), found.value, found.unit.as_str())).collect();
        assert_eq!(shown, [("callgate", 125_000.0, "ns"), ("callgate, rate", 2.0, "GB/s")]);
        assert!(
            collect(directory.path(), SystemTime::now() + std::time::Duration::from_secs(60)).expect("none").is_empty()
        );
    }
}
