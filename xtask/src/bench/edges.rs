//! Measures the two edges over HTTP, next to apps of the same platform that make no decisions.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::measurement::{Measurement, measurements_of};
use super::section::{Run, Section};
use super::table::{Ratio, Table};
use crate::checkout::Checkout;
use crate::edges::policy::Policy;
use crate::edges::{spin, worker};
use crate::tools::missing_tool::find_wrk;
use crate::tools::{cargo_tools, npm_packages};

pub(super) const SECTION: Section = Section {
    name: "edges",
    purpose: "calls per second over HTTP, compared with a Worker and a Spin app that make no decisions",
    run: measure,
    tables: &[
        Table { name: "worker", corner: "on workerd", ratios: RATIOS },
        Table { name: "spin", corner: "on wasmtime", ratios: RATIOS },
    ],
};

const RATIOS: &[Ratio] = &[
    Ratio::Columns { heading: "callgate of empty", of: CALLGATE, against: EMPTY },
    Ratio::Columns { heading: "callgate of reading", of: CALLGATE, against: READING },
];

/// An app that does nothing and does not read its input.
const EMPTY: &str = "empty";
/// An app that reads the body and responds with 500 bytes.
const READING: &str = "reading";
const CALLGATE: &str = "callgate";

/// The program that starts the runtimes and the load, relative to the checkout root.
const PROGRAM: &str = "bench/edges/throughput.ts";

fn measure(run: &Run<'_>) -> Result<Vec<Measurement>> {
    let checkout = run.checkout;
    // A missing tool is reported before everything is built.
    find_wrk()?;
    worker::install_needs(checkout)?;
    spin::install_needs()?;
    let mut command = npm_packages::command(checkout, "node")?;
    command.current_dir(checkout.root()).arg(PROGRAM);
    command.arg("--workerd").arg(npm_packages::program(checkout, "workerd"));
    command.arg("--wasmtime").arg(cargo_tools::install_wasmtime()?);
    if run.is_quick {
        command.arg("--quick");
    }
    for (kind, name, path) in build(checkout)? {
        let mut argument = OsString::from(format!("{kind}:{name}="));
        argument.push(path);
        command.arg(argument);
    }
    measurements_of(command)
}

/// Builds the measured apps: the platform, the name and the path of each.
fn build(checkout: &Checkout) -> Result<Vec<(&'static str, &'static str, PathBuf)>> {
    let directory = checkout.target().join("bench-edges");
    let mut built = Vec::new();
    for (name, features) in [(EMPTY, None), (READING, Some("read")), (CALLGATE, None)] {
        let bundle = directory.join(name);
        let component = if name == CALLGATE {
            worker::build(checkout, &Policy::Shipped, Some(&bundle))?;
            spin::build(checkout, &Policy::Shipped, checkout.target())?
        } else {
            worker::build_empty(checkout, &bundle, features)?;
            spin::build_crate(checkout, spin::EMPTY_PACKAGE, &Policy::Shipped, checkout.target(), features)?
        };
        // The next build uses the same path.
        let copy = directory.join(name).with_extension("wasm");
        fs::copy(component, &copy)?;
        built.extend([("worker", name, bundle), ("spin", name, copy)]);
    }
    Ok(built)
}
