//! Measures the start of the Worker in workerd, with policies of two sizes and without callgate.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::measurement::{Measurement, measurements_of};
use super::section::{Run, Section};
use super::table::{Ratio, Table};
use super::wasm;
use crate::edges::policy::Policy;
use crate::edges::worker;
use crate::tools::npm_packages;

pub(super) const SECTION: Section = Section {
    name: "worker-start",
    purpose: "the Worker in workerd, from process start to first response, by policy size",
    run: measure,
    tables: &[Table {
        name: "worker-start",
        corner: "policy",
        ratios: &[
            Ratio::Columns { heading: "callgate against empty", of: CALLGATE, against: EMPTY },
            Ratio::Rows { column: EMPTY, against: FEW },
            Ratio::Rows { column: CALLGATE, against: FEW },
        ],
    }],
};

const EMPTY: &str = "empty";
const CALLGATE: &str = "callgate";
const FEW: &str = "10 rules";
const MANY: &str = "100,000 rules";

/// The program that starts workerd, relative to the checkout root.
const PROGRAM: &str = "bench/v8/workerd.ts";

fn measure(run: &Run<'_>) -> Result<Vec<Measurement>> {
    let checkout = run.checkout;
    worker::install_needs(checkout)?;
    wasm::build_modules(checkout)?;
    let workers = checkout.target().join("bench-workers");
    let empty = workers.join("empty");
    worker::build_empty(checkout, &empty, None)?;
    let build = |name: &str| -> Result<PathBuf> {
        let directory = workers.join(name);
        let policy = wasm::modules(checkout).join(name).with_extension("json");
        worker::build(checkout, &Policy::File(policy), Some(&directory))?;
        Ok(directory)
    };
    let (few, many) = (build("rules-10")?, build("rules-100000")?);
    // workerd reads all files that a configuration embeds before it starts a Worker, whatever their content.
    let rules = wasm_bytes(&many)?.saturating_sub(wasm_bytes(&few)?);
    let mut command = npm_packages::command(checkout, "node")?;
    command.current_dir(checkout.root()).arg(PROGRAM).arg("--workerd").arg(npm_packages::program(checkout, "workerd"));
    for (column, row, directory, bytes_beside) in
        [(EMPTY, FEW, &empty, 0), (CALLGATE, FEW, &few, 0), (EMPTY, MANY, &empty, rules), (CALLGATE, MANY, &many, 0)]
    {
        let mut argument = OsString::from(format!("{column}:{row}="));
        argument.push(directory);
        argument.push(format!("+{bytes_beside}"));
        command.arg(argument);
    }
    if run.is_quick {
        command.arg("--quick");
    }
    measurements_of(command)
}

fn wasm_bytes(bundle: &Path) -> Result<u64> {
    let path = bundle.join("index_bg.wasm");
    Ok(fs::metadata(&path).with_context(|| format!("cannot read `{}`", path.display()))?.len())
}
