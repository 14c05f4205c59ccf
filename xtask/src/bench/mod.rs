//! `cargo xtask bench`: measures callgate and its peers, and writes the tables of bench/README.md.
//!
//! A section is one kind of measurement with its tables; `sections.rs` lists all of them. A section measures callgate
//! and its peers in one run, so that the ratios are meaningful on a machine with varying speed.

use std::fs;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::checkout::Checkout;

pub(crate) mod measurement;
pub(crate) mod table;
pub(crate) mod criterion;

mod edges;
mod figure;
mod native;
mod peers;
mod readme;
mod section;
mod sections;
mod v8_peers;
mod wasm;
mod worker_start;

use measurement::Measurement;
use section::{Run, Section};
use sections::SECTIONS;
pub(crate) use wasm::{MODULE, check};

/// The file with the tables, relative to the checkout root.
const README: &str = "bench/README.md";
/// The marker of the line that describes the machine.
const MACHINE: &str = "machine";

/// The options of the command.
#[derive(Args)]
pub(crate) struct Options {
    /// The sections to run, in order [default: all]
    #[arg(value_name = "SECTION", value_parser = PossibleValuesParser::new(SECTIONS.map(|section| section.name)))]
    sections: Vec<String>,
    /// Measure roughly, and do not change the README
    #[arg(long)]
    quick: bool,
    /// Only count the instructions of the hot paths, and fail if one exceeds bench/instructions.json
    #[arg(long, conflicts_with_all = ["sections", "quick"])]
    check: bool,
}

/// Runs the selected sections and prints their tables; writes them into the README, whose other tables do not change.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    if options.check {
        return check(checkout);
    }
    let run = Run { checkout, is_quick: options.quick };
    let path = checkout.root().join(README);
    for section in SECTIONS {
        if !options.sections.is_empty() && !options.sections.iter().any(|name| name == section.name) {
            continue;
        }
        println!("\n== {}: {}", section.name, section.purpose);
        let measurements = (section.run)(&run).with_context(|| format!("section `{}`", section.name))?;
        let tables = render(section, &measurements)?;
        for (table, text) in section.tables.iter().zip(&tables) {
            println!("\n{}\n{text}", table.name);
        }
        if !options.quick {
            // Each section is written when it ends, so that a failure does not lose earlier ones.
            let mut text = fs::read_to_string(&path).with_context(|| format!("cannot read `{README}`"))?;
            for (table, content) in section.tables.iter().zip(&tables) {
                text = readme::put(&text, table.name, content)?;
            }
            text = readme::put(&text, MACHINE, &machine())?;
            fs::write(&path, text).with_context(|| format!("cannot write `{README}`"))?;
        }
    }
    Ok(())
}

/// The tables of a section, in order; a measurement for an unknown table is a bug in the section.
fn render(section: &Section, measurements: &[Measurement]) -> Result<Vec<String>> {
    for measurement in measurements {
        if !section.tables.iter().any(|table| table.name == measurement.table) {
            bail!("`{}` is not a table of the section `{}`", measurement.table, section.name);
        }
    }
    section.tables.iter().map(|table| table.render(measurements)).collect()
}

/// A description of the machine for the readers of the figures.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("Measured on {cores} cores, {}, {}.\n", std::env::consts::ARCH, std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn readme_has_a_place_for_every_table_and_no_other() {
        let checkout = Checkout::find().expect("a checkout");
        let mut text = fs::read_to_string(checkout.root().join(README)).expect("a README");
        let names: Vec<&str> = SECTIONS.iter().flat_map(|section| section.tables).map(|table| table.name).collect();
        for name in &names {
            text = readme::put(&text, name, "").expect("a place for the table");
        }
        let unique: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(unique.len(), names.len(), "two tables have one name");
        assert_eq!(text.matches("<!-- bench:").count(), names.len() + 1, "a place that no section fills");
    }

    #[test]
    fn sections_refuse_measurements_of_other_tables() {
        let section = Section { name: "one", purpose: "", run: |_| Ok(Vec::new()), tables: &[] };
        let stray = measurement::read_lines(r#"{"table":"t","row":"r","column":"c","value":1.5,"unit":"ns"}"#);
        assert!(render(&section, &stray.expect("a measurement")).is_err());
    }
}
