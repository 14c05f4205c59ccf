//! Builds the Cloudflare Worker.

use std::path::{Path, absolute};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::checkout::Checkout;
use crate::policy::Policy;
use crate::rust_toolchain::{WORKER_TARGET, install_target};
use crate::{cargo_tools, npm_packages, process};

/// The cargo package of the Worker.
pub(crate) const PACKAGE: &str = "callgate-edge-cloudflare";

/// Installs what building the Worker takes, where it is missing.
pub(crate) fn install_needs(checkout: &Checkout) -> Result<()> {
    install_target(WORKER_TARGET)?;
    npm_packages::install(checkout)?;
    cargo_tools::install_wasm_bindgen(checkout)?;
    cargo_tools::install_worker_build()?;
    Ok(())
}

/// The directory of the Worker's crate, from the top of the checkout.
const CRATE: &str = "edge-cloudflare";

/// Builds the Worker with `policy` embedded into `out_dir` or its usual place.
pub(crate) fn build(checkout: &Checkout, policy: &Policy, out_dir: Option<&Path>) -> Result<()> {
    policy.check(checkout)?;
    build_crate(checkout, CRATE, policy, out_dir)
}

/// Builds the crate in the directory `package` as a Worker.
pub(crate) fn build_crate(checkout: &Checkout, package: &str, policy: &Policy, out_dir: Option<&Path>) -> Result<()> {
    let mut command = Command::new(cargo_tools::install_worker_build()?);
    npm_packages::put_on_path(checkout, &mut command)?;
    // worker-build would fetch these three from the network; each is pinned here instead.
    command.env("WASM_BINDGEN_BIN", cargo_tools::install_wasm_bindgen(checkout)?);
    command.env("WASM_OPT_BIN", npm_packages::program(checkout, "wasm-opt"));
    command.env("ESBUILD_BIN", npm_packages::program(checkout, "esbuild"));
    policy.choose_for(&mut command);
    // Where its own traces come from does not matter to the people who read what went wrong.
    command.env("RUST_BACKTRACE", "0");
    command.current_dir(checkout.root()).args(["--release", package]);
    if let Some(directory) = out_dir {
        let full = absolute(directory).with_context(|| format!("can't resolve `{}`", directory.display()))?;
        command.arg("--out-dir").arg(full);
    }
    process::run(command)
}
