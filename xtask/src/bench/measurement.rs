//! The measurements of a section, and the JSON lines in which programs report them.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::process;

/// One cell of a table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measurement {
    pub(crate) table: String,
    pub(crate) row: String,
    pub(crate) column: String,
    pub(crate) value: f64,
    /// `ns` for times and `B` for sizes, which are converted to larger units for display; other units are shown as they
    /// are.
    pub(crate) unit: String,
}

/// Runs a program to its end and reads its measurements from standard output.
///
/// The program writes messages for people to standard error.
pub(crate) fn measurements_of(mut command: Command) -> Result<Vec<Measurement>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("measurements");
    command.stdout(fs::File::create(&path)?);
    process::run(command)?;
    read_lines(&fs::read_to_string(&path)?)
}

/// Reads one measurement from each line that is not empty.
pub(crate) fn read_lines(text: &str) -> Result<Vec<Measurement>> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).with_context(|| format!("not a measurement: `{line}`")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_measurement() {
        let line = r#"{"table":"wasm","row":"refund","column":"callgate","value":812.5,"unit":"ns"}"#;
        let read = read_lines(&format!("{line}\n\n{line}\n")).expect("two lines");
        let [first, second] = read.as_slice() else { panic!("two measurements, not {}", read.len()) };
        assert_eq!(first, second);
        assert_eq!((first.table.as_str(), first.unit.as_str()), ("wasm", "ns"));
    }

    #[test]
    fn lines_that_say_anything_else_are_refused() {
        assert!(read_lines("warming up").is_err());
        assert!(read_lines(r#"{"table":"wasm","row":"refund","value":812.5,"unit":"ns"}"#).is_err());
    }
}
