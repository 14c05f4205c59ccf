//! Measures the refund decision with the npm engines that are wasm, in V8.

use anyhow::Result;

use super::measurement::{Measurement, measurements_of};
use super::section::{Run, Section};
use super::table::{Ratio, Table};
use crate::tools::npm_packages;

pub(super) const SECTION: Section = Section {
    name: "v8-peers",
    purpose: "one decision by callgate and Cedar, as wasm in V8",
    run: measure,
    tables: &[Table {
        name: "refund-v8",
        corner: "engine",
        ratios: &[Ratio::Rows { column: "from JSON text", against: "callgate" }],
    }],
};

/// The npm project of the engines, relative to the checkout root.
const PROJECT: &str = "bench/node";
/// callgate as a plain wasm module, below cargo's build directory.
const MODULE: &str = "bench-modules/crm.wasm";

fn measure(run: &Run<'_>) -> Result<Vec<Measurement>> {
    npm_packages::install(run.checkout)?;
    let project = run.checkout.root().join(PROJECT);
    npm_packages::install_in(&project)?;
    let mut command = npm_packages::command(run.checkout, "node")?;
    command.current_dir(&project).arg("measure.ts");
    let module = run.checkout.target().join(MODULE);
    // Without the module, the peers are measured but not compared.
    if module.is_file() {
        command.arg("--module").arg(module);
    }
    if run.is_quick {
        command.arg("--quick");
    }
    measurements_of(command)
}
