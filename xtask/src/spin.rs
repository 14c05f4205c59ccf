//! Builds the Spin app.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::checkout::Checkout;
use crate::policy::Policy;
use crate::process;
use crate::rust_toolchain::{SPIN_TARGET, cargo, install_target};

/// The cargo package of the Spin app.
pub(crate) const PACKAGE: &str = "callgate-edge-spin";

/// Installs what building the Spin app takes, where it is missing.
pub(crate) fn install_needs() -> Result<()> {
    install_target(SPIN_TARGET)
}

/// Builds the component with `policy` embedded, and tells where below the directory `target` it is.
pub(crate) fn build(checkout: &Checkout, policy: &Policy, target: &Path) -> Result<PathBuf> {
    policy.check(checkout)?;
    let mut command = cargo();
    command.current_dir(checkout.root()).args(["build", "--release", "--target", SPIN_TARGET, "--package", PACKAGE]);
    command.env("CARGO_TARGET_DIR", target);
    policy.choose_for(&mut command);
    process::run(command)?;
    let component = target.join(SPIN_TARGET).join("release").join(PACKAGE.replace('-', "_"));
    let component = component.with_extension("wasm");
    ensure!(component.is_file(), "the build left no component at `{}`", component.display());
    Ok(component)
}
