//! The start of the Worker in the runtime that Cloudflare runs, at policies of two sizes and without callgate.

use std::ffi::OsString;

use anyhow::Result;

use super::measurement::{Measurement, measurements_of};
use super::table::{Ratio, Table};
use super::{Run, Section, wasm};
use crate::policy::Policy;
use crate::size::EMPTY_WORKER_CRATE;
use crate::{npm_packages, worker};

pub(super) const SECTION: Section = Section {
    name: "worker-start",
    purpose: "the Worker in workerd, from the process to the first answer, by the size of the policy",
    run: measure,
    tables: &[Table {
        name: "worker-start",
        corner: "Worker",
        ratios: &[Ratio::Rows { column: "to the first answer", against: "callgate, 10 rules" }],
    }],
};

/// The program that starts workerd, from the top of the checkout.
const PROGRAM: &str = "bench/v8/workerd.ts";

fn measure(run: &Run<'_>) -> Result<Vec<Measurement>> {
    let checkout = run.checkout;
    worker::install_needs(checkout)?;
    wasm::build_modules(checkout)?;
    let workers = checkout.target().join("bench-workers");
    let empty = workers.join("empty");
    worker::build_crate(checkout, EMPTY_WORKER_CRATE, &Policy::Shipped, Some(&empty), None)?;
    let mut named = vec![("empty".to_owned(), empty)];
    for (row, name) in [("callgate, 10 rules", "rules-10"), ("callgate, 100,000 rules", "rules-100000")] {
        let directory = workers.join(name);
        let policy = wasm::modules(checkout).join(name).with_extension("json");
        worker::build(checkout, &Policy::File(policy), Some(&directory))?;
        named.push((row.to_owned(), directory));
    }
    let mut command = npm_packages::command(checkout, "node")?;
    command.current_dir(checkout.root()).arg(PROGRAM).arg("--workerd").arg(npm_packages::program(checkout, "workerd"));
    for (row, directory) in named {
        let mut argument = OsString::from(row);
        argument.push("=");
        argument.push(directory);
        command.arg(argument);
    }
    if run.is_quick {
        command.arg("--quick");
    }
    measurements_of(command)
}
