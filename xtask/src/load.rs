//! `cargo xtask load`: whether the Worker bears load, as fast as it comes and for long.

use anyhow::Result;
use clap::Args;

use crate::checkout::Checkout;
use crate::missing_tool::find_wrk;
use crate::policy::Policy;
use crate::{npm_packages, process, worker};

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
