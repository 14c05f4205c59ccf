//! Builds the Cloudflare Worker.

use std::path::{Path, absolute};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::policy::Policy;
use super::remap;
use crate::checkout::Checkout;
use crate::process;
use crate::tools::rust_toolchain::{WORKER_TARGET, install_target};
use crate::tools::{cargo_tools, npm_packages};

/// The cargo package of the Worker.
pub(crate) const PACKAGE: &str = "callgate-edge-cloudflare";
/// The cargo package of the Worker that does nothing.
pub(crate) const EMPTY_PACKAGE: &str = "callgate-empty-worker";
/// Its directory, from the top of the checkout.
pub(crate) const EMPTY_CRATE: &str = "bench/empty-worker";

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
    run_worker_build(checkout, checkout, CRATE, policy, out_dir, None)
}

/// Builds the Worker of the checkout `source`, with the tools of another, into `worker` in `directory`.
pub(crate) fn build_into(tools: &Checkout, source: &Checkout, policy: &Policy, directory: &Path) -> Result<()> {
    policy.check(source)?;
    run_worker_build(tools, source, CRATE, policy, Some(&directory.join("worker")), None)
}

/// Builds the crate in the directory `package` as a Worker, with features of it.
pub(crate) fn build_crate(
    checkout: &Checkout,
    package: &str,
    policy: &Policy,
    out_dir: Option<&Path>,
    features: Option<&str>,
) -> Result<()> {
    run_worker_build(checkout, checkout, package, policy, out_dir, features)
}

fn run_worker_build(
    tools: &Checkout,
    source: &Checkout,
    package: &str,
    policy: &Policy,
    out_dir: Option<&Path>,
    features: Option<&str>,
) -> Result<()> {
    let mut command = Command::new(cargo_tools::install_worker_build()?);
    npm_packages::put_on_path(tools, &mut command)?;
    // worker-build would fetch these three from the network; each is pinned here instead.
    command.env("WASM_BINDGEN_BIN", cargo_tools::install_wasm_bindgen(tools)?);
    command.env("WASM_OPT_BIN", npm_packages::program(tools, "wasm-opt"));
    command.env("ESBUILD_BIN", npm_packages::program(tools, "esbuild"));
    policy.choose_for(&mut command);
    // Where its own traces come from does not matter to the people who read what went wrong.
    command.env("RUST_BACKTRACE", "0");
    command.current_dir(source.root()).env("CARGO_TARGET_DIR", source.target()).arg("--release");
    command.env("CARGO_HOME", source.cargo_home());
    if let Some(directory) = out_dir {
        let full = absolute(directory).with_context(|| format!("can't resolve `{}`", directory.display()))?;
        command.arg("--out-dir").arg(full);
    }
    // What follows the package goes to cargo.
    command.args(["--", package]).args(remap::cargo_arguments(source, WORKER_TARGET)?);
    if let Some(features) = features {
        command.args(["--features", features]);
    }
    process::run(command)
}
