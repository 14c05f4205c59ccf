//! `cargo xtask bench`: measures callgate beside its peers and writes the tables of bench/README.md.
//!
//! A section is one way to measure and the tables that come of it; all of them stand in `sections.rs`.
//! A section measures callgate and the peers that it is compared with in one run, so that the ratios mean something on a
//! machine whose figures do not.

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

/// Where the tables go, from the top of the checkout.
const README: &str = "bench/README.md";
/// The marker of the line that says what machine was measured on.
const MACHINE: &str = "machine";

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// The sections to run, one after the other [default: all]
    #[arg(value_name = "SECTION", value_parser = PossibleValuesParser::new(SECTIONS.map(|section| section.name)))]
    sections: Vec<String>,
    /// Measure roughly, and leave the README as it is
    #[arg(long)]
    quick: bool,
    /// Count the instructions of the hot paths instead, and fail where one takes more than bench/instructions.json says
    #[arg(long, conflicts_with_all = ["sections", "quick"])]
    check: bool,
}

/// Runs the chosen sections and prints their tables; writes them into the README, where the other tables stay.
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
            // Each section is written when it ends, so that one that fails does not lose those before it.
            let mut text = fs::read_to_string(&path).with_context(|| format!("can't read `{README}`"))?;
            for (table, content) in section.tables.iter().zip(&tables) {
                text = readme::put(&text, table.name, content)?;
            }
            text = readme::put(&text, MACHINE, &machine())?;
            fs::write(&path, text).with_context(|| format!("can't write `{README}`"))?;
        }
    }
    Ok(())
}

/// The tables of a section, in its order; a measurement that fits none of them is a mistake of the section.
fn render(section: &Section, measurements: &[Measurement]) -> Result<Vec<String>> {
    for measurement in measurements {
        if !section.tables.iter().any(|table| table.name == measurement.table) {
            bail!("`{}` is no table of the section `{}`", measurement.table, section.name);
        }
    }
    section.tables.iter().map(|table| table.render(measurements)).collect()
}

/// The machine, as far as a reader needs it to judge the figures.
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
