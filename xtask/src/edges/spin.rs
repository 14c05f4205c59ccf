//! Builds the Spin app.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::policy::Policy;
use super::remap;
use crate::checkout::Checkout;
use crate::process;
use crate::tools::rust_toolchain::{SPIN_TARGET, cargo, install_target};

/// The cargo package of the Spin app.
pub(crate) const PACKAGE: &str = "callgate-edge-spin";

/// Installs the missing tools for building the Spin app.
pub(crate) fn install_needs() -> Result<()> {
    install_target(SPIN_TARGET)
}

/// The cargo package of the empty Spin app.
pub(crate) const EMPTY_PACKAGE: &str = "callgate-empty-spin";

/// Builds the component with `policy` embedded, and returns its path below the directory `target`.
pub(crate) fn build(checkout: &Checkout, policy: &Policy, target: &Path) -> Result<PathBuf> {
    build_with(checkout, policy, target, None)
}

/// Builds the component and copies it to `spin.wasm` in `directory`, because the next build overwrites it.
pub(crate) fn build_into(checkout: &Checkout, policy: &Policy, directory: &Path) -> Result<()> {
    let component = build(checkout, policy, checkout.target())?;
    let copy = directory.join("spin.wasm");
    fs::create_dir_all(directory)
        .and_then(|()| fs::copy(component, &copy))
        .with_context(|| format!("cannot write `{}`", copy.display()))?;
    Ok(())
}

/// Builds the component with features of its crate.
pub(crate) fn build_with(
    checkout: &Checkout,
    policy: &Policy,
    target: &Path,
    features: Option<&str>,
) -> Result<PathBuf> {
    policy.check(checkout)?;
    build_crate(checkout, PACKAGE, policy, target, features)
}

/// Builds the crate `package` as a Spin app with the given features.
pub(crate) fn build_crate(
    checkout: &Checkout,
    package: &str,
    policy: &Policy,
    target: &Path,
    features: Option<&str>,
) -> Result<PathBuf> {
    let mut command = cargo();
    command.current_dir(checkout.root()).args(["build", "--release", "--target", SPIN_TARGET, "--package", package]);
    command.args(remap::cargo_arguments(checkout, SPIN_TARGET)?);
    command.env("CARGO_TARGET_DIR", target).env("CARGO_HOME", checkout.cargo_home());
    if let Some(features) = features {
        command.args(["--features", features]);
    }
    policy.choose_for(&mut command);
    process::run(command)?;
    let component = target.join(SPIN_TARGET).join("release").join(package.replace('-', "_"));
    let component = component.with_extension("wasm");
    ensure!(component.is_file(), "the build created no component at `{}`", component.display());
    Ok(component)
}
