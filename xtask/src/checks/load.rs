//! `cargo xtask load`: whether the Worker bears load, as fast as it comes and for long.

use anyhow::Result;
use clap::Args;

use crate::checkout::Checkout;
use crate::edges::policy::Policy;
use crate::edges::worker;
use crate::process;
use crate::tools::missing_tool::find_wrk;
use crate::tools::npm_packages;

/// The program that starts workerd and the load, from the top of the checkout.
const PROGRAM: &str = "bench/edges/load.ts";

/// How long to load.
#[derive(Args)]
pub(crate) struct Options {
    /// Load for half a minute, and only report
    #[arg(long)]
    quick: bool,
}

/// Builds the Worker with the policy that ships, loads it, and fails where it misses what it has to hold.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    // Better told before everything is built than after.
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
