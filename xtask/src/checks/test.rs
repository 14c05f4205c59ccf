//! `cargo xtask test`: runs every check of the checkout, the fastest ones first.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, ValueEnum as _};

use super::steps::{self, Step};
use super::summary::{self, Outcome, Row};
use crate::checkout::Checkout;
use crate::failure::{Reported, exit_code};
use crate::tools::missing_tool::{find_cxx, find_python};

/// The selection of steps.
#[derive(Args)]
pub(crate) struct Options {
    /// Run only this step; repeatable
    #[arg(long, value_name = "STEP", value_enum)]
    only: Vec<Step>,
    /// Skip this step; repeatable
    #[arg(long, value_name = "STEP", value_enum)]
    skip: Vec<Step>,
}

impl Options {
    /// The reason to skip a step, if any.
    fn reason_to_skip(&self, step: Step) -> Option<&'static str> {
        if self.skip.contains(&step) {
            Some("excluded by --skip")
        } else if !self.only.is_empty() && !self.only.contains(&step) {
            Some("not named by --only")
        } else if step == Step::Fuzz && self.only.is_empty() && find_cxx().is_err() {
            // All other steps only require Rust and Node.js.
            Some("libFuzzer requires a C++ compiler, which is missing")
        } else if step == Step::Schemathesis && self.only.is_empty() && find_python().is_err() {
            Some("schemathesis requires Python 3.10 with the module venv, which is missing")
        } else if step == Step::JsonSchema && self.only.is_empty() && find_python().is_err() {
            Some("the download of the tests requires Python 3.10 with the module venv, which is missing")
        } else {
            None
        }
    }
}

/// Runs the selected steps up to the first failure, and prints the summary.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let mut rows = Vec::new();
    let mut failure = None;
    for &step in Step::value_variants() {
        let row = if let Some(reason) = options.reason_to_skip(step) {
            Row { step, time: Duration::ZERO, outcome: Outcome::Skipped(reason) }
        } else if failure.is_some() {
            Row { step, time: Duration::ZERO, outcome: Outcome::Skipped("an earlier step failed") }
        } else {
            println!("\n== {}: {}", step.name(), step.purpose());
            let started = Instant::now();
            let result = steps::run(checkout, step);
            let time = started.elapsed();
            let outcome = if result.is_ok() { Outcome::Passed } else { Outcome::Failed };
            failure = result.err();
            if let Some(error) = &failure {
                eprintln!("error: {}: {error:#}", step.name());
            }
            Row { step, time, outcome }
        };
        rows.push(row);
    }
    summary::print(&rows);
    // The summary ends the output, so the failure is already printed.
    failure.map_or(Ok(()), |error| Err(Reported { exit_code: exit_code(&error) }.into()))
}
