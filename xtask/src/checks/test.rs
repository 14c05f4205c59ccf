//! `cargo xtask test`: runs every check of the checkout, in an order that tells the cheapest mistakes first.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, ValueEnum as _};

use super::steps::{self, Step};
use super::summary::{self, Outcome, Row};
use crate::checkout::Checkout;
use crate::failure::{Reported, exit_code};
use crate::tools::missing_tool::{find_cxx, find_python};

/// Which steps to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Run only this step; may be given more than once
    #[arg(long, value_name = "STEP", value_enum)]
    only: Vec<Step>,
    /// Leave this step out; may be given more than once
    #[arg(long, value_name = "STEP", value_enum)]
    skip: Vec<Step>,
}

impl Options {
    /// Why a step does not run, if it does not.
    fn reason_to_skip(&self, step: Step) -> Option<&'static str> {
        if self.skip.contains(&step) {
            Some("left out by --skip")
        } else if !self.only.is_empty() && !self.only.contains(&step) {
            Some("not named by --only")
        } else if step == Step::Fuzz && self.only.is_empty() && find_cxx().is_err() {
            // All else takes Rust and Node.js, and nothing more is asked of a machine for it.
            Some("libFuzzer takes a C++ compiler, and there is none")
        } else if step == Step::Schemathesis && self.only.is_empty() && find_python().is_err() {
            Some("schemathesis takes Python 3.10 with its module venv, and there is none")
        } else {
            None
        }
    }
}

/// Runs the chosen steps up to the first that fails, and sums up.
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
    // The summary closes the output, so the failure was told before it.
    failure.map_or(Ok(()), |error| Err(Reported { exit_code: exit_code(&error) }.into()))
}
