//! `cargo xtask load`: tests the Worker under maximum load for a long time.

use anyhow::Result;
use clap::Args;

use crate::checkout::Checkout;
use crate::edges::policy::Policy;
use crate::edges::worker;
use crate::process;
use crate::tools::missing_tool::find_wrk;
use crate::tools::npm_packages;

/// The program that starts workerd and the load, relative to the checkout root.
const PROGRAM: &str = "bench/edges/load.ts";

/// The duration of the load.
#[derive(Args)]
pub(crate) struct Options {
    /// Load for half a minute, and only report the results
    #[arg(long)]
    quick: bool,
}

/// Builds the Worker with the default policy, loads it, and fails if it misses a requirement.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    // A missing tool is reported before everything is built.
    find_wrk()?;
    worker::install_needs(checkout)?;
    let bundle = checkout.target().join("load");
    worker::build(checkout, &Policy::Shipped, Some(&bundle))?;
    let mut command = npm_packages::command(checkout, "node")?;
    command.current_dir(checkout.root()).arg(PROGRAM).arg(bundle);
    command.arg("--workerd").arg(npm_packages::program(checkout, "workerd"));
    if options.quick {
        command.arg("--quick");
    }
    process::run(command)
}
