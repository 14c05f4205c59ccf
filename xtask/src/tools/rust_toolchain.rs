//! Parts of the Rust toolchain in rust-toolchain.toml that may not be installed.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::missing_tool::find_rustup;
use crate::process;

/// The target of the Cloudflare Worker.
pub(crate) const WORKER_TARGET: &str = "wasm32-unknown-unknown";
/// The target of the Spin app.
pub(crate) const SPIN_TARGET: &str = "wasm32-wasip2";
/// The target without `std`, which proves that the engine does not need it.
pub(crate) const BARE_TARGET: &str = "wasm32v1-none";

/// The cargo of this toolchain.
pub(crate) fn cargo() -> Command {
    Command::new("cargo")
}

/// Installs a compilation target if it is missing.
pub(crate) fn install_target(target: &str) -> Result<()> {
    // Checked in the file system, so that toolchains without rustup work too.
    if sysroot()?.join("lib/rustlib").join(target).join("lib").is_dir() {
        return Ok(());
    }
    println!("installing the Rust target {target}");
    let mut command = Command::new(find_rustup()?);
    command.args(["target", "add", target]);
    process::run(command)
}

/// Installs a component with a cargo command, such as `clippy`, if it is missing.
pub(crate) fn install_component(component: &str, subcommand: &str) -> Result<()> {
    let is_installed = cargo()
        .args([subcommand, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot start `cargo`")?
        .success();
    if is_installed {
        return Ok(());
    }
    println!("installing the Rust component {component}");
    let mut command = Command::new(find_rustup()?);
    command.args(["component", "add", component]);
    process::run(command)
}

/// The directory of the toolchain.
pub(crate) fn sysroot() -> Result<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().context("cannot start `rustc`")?;
    ensure!(output.status.success(), "`rustc --print sysroot` failed: {}", output.status);
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end()))
}
