//! Measures callgate as a plain wasm module, in wasmtime and in V8: time, start and memory; also detects slowdowns.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::measurement::{Measurement, measurements_of};
use super::section::{Run, Section};
use super::table::{Ratio, Table};
use crate::checkout::Checkout;
use crate::process;
use crate::tools::npm_packages;
use crate::tools::rust_toolchain::{WORKER_TARGET, cargo, install_target};

pub(super) const SECTION: Section = Section {
    name: "wasm",
    purpose: "bytes to bytes, start and memory as wasm in wasmtime and in V8, compared with perso if PERSO_WASM is set",
    run: measure,
    tables: &[
        Table {
            name: "wasm",
            corner: "body",
            ratios: &[
                Ratio::Columns {
                    heading: "perso against no digest, wasmtime",
                    of: "perso, wasmtime",
                    against: "no digest, wasmtime",
                },
                Ratio::Columns { heading: "perso against no digest, V8", of: "perso, V8", against: "no digest, V8" },
            ],
        },
        Table {
            name: "start",
            corner: "policy",
            ratios: &[
                Ratio::Rows { column: "wasmtime", against: "10 rules" },
                Ratio::Rows { column: "V8", against: "10 rules" },
            ],
        },
        Table {
            name: "memory",
            corner: "linear memory",
            ratios: &[
                Ratio::Rows { column: "wasmtime", against: "after 1,000 calls" },
                Ratio::Rows { column: "V8", against: "after 1,000 calls" },
            ],
        },
    ],
};

/// The program that builds and runs the modules in wasmtime.
const HOST: &str = "callgate-bench-wasm";
/// The crate of the modules, which is built only for wasm.
pub(crate) const MODULE: &str = "callgate-bench-module";
/// The program that runs them in V8, relative to the checkout root.
const V8_HOST: &str = "bench/v8/measure.ts";

fn measure(run: &Run<'_>) -> Result<Vec<Measurement>> {
    let checkout = run.checkout;
    npm_packages::install(checkout)?;
    build_modules(checkout)?;
    let mut measurements = Vec::new();
    for subcommand in ["time", "start", "memory"] {
        let mut command = host(checkout, subcommand);
        let mut v8 = npm_packages::command(checkout, "node")?;
        v8.current_dir(checkout.root()).arg(V8_HOST).arg("--modules").arg(modules(checkout)).arg(subcommand);
        if run.is_quick {
            command.arg("--quick");
            v8.arg("--quick");
        }
        measurements.extend(measurements_of(command)?);
        measurements.extend(measurements_of(v8)?);
    }
    Ok(measurements)
}

/// Counts the instructions of the hot paths and fails if one exceeds the committed count. `BLESS=1` updates the counts.
pub(crate) fn check(checkout: &Checkout) -> Result<()> {
    build_modules(checkout)?;
    process::run(host(checkout, "check"))
}

/// Builds the modules, each next to its embedded policy.
pub(super) fn build_modules(checkout: &Checkout) -> Result<()> {
    install_target(WORKER_TARGET)?;
    process::run(host(checkout, "build"))
}

fn host(checkout: &Checkout, subcommand: &str) -> Command {
    let mut command = cargo();
    command.current_dir(checkout.root());
    command.args(["run", "--quiet", "--locked", "--profile", "host", "--package", HOST, "--"]);
    command.arg("--modules").arg(modules(checkout)).arg(subcommand);
    command
}

/// The directory of the modules and their policies.
pub(super) fn modules(checkout: &Checkout) -> PathBuf {
    checkout.target().join("bench-modules")
}
