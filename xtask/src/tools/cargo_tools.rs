//! Tools from crates: installed at pinned versions, once per machine, outside the checkout.
//!
//! They are in `$CARGO_HOME/callgate-tools/<crate>-<version>/bin`, so checkouts share them and several versions can
//! coexist.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use cargo_lock::Lockfile;

use super::rust_toolchain::cargo;
use crate::checkout::{Checkout, cargo_home};
use crate::failure::Interrupted;
use crate::process::{self, is_interrupted};

/// A crate with a binary to install.
struct Tool {
    package: &'static str,
    version: String,
    binary: &'static str,
    /// The features to build instead of the default features.
    features: Option<&'static str>,
}

/// Installs the tool that writes the JavaScript beside the Worker's wasm.
pub(crate) fn install_wasm_bindgen(checkout: &Checkout) -> Result<PathBuf> {
    let version = wasm_bindgen_version(&checkout.root().join("Cargo.lock"))?;
    install(&Tool { package: "wasm-bindgen-cli", version, binary: "wasm-bindgen", features: None })
}

/// Installs a WASI host that serves the Spin app if Spin is not installed.
pub(crate) fn install_wasmtime() -> Result<PathBuf> {
    install(&Tool {
        package: "wasmtime-cli",
        version: "48.0.8".to_owned(),
        binary: "wasmtime",
        // Only the features for serving: the default features take several times as long to build.
        features: Some("run,serve,cranelift,component-model-async,pooling-allocator,parallel-compilation"),
    })
}

/// Installs the tool that builds and runs the fuzz targets.
pub(crate) fn install_cargo_fuzz() -> Result<PathBuf> {
    install(&Tool { package: "cargo-fuzz", version: "0.13.2".to_owned(), binary: "cargo-fuzz", features: None })
}

/// Installs the tool that changes the code for `cargo xtask mutants`.
pub(crate) fn install_cargo_mutants() -> Result<PathBuf> {
    install(&Tool { package: "cargo-mutants", version: "27.1.0".to_owned(), binary: "cargo-mutants", features: None })
}

/// The wasm-bindgen version of the Worker, which the tool must have too.
fn wasm_bindgen_version(lock: &Path) -> Result<String> {
    let locked = Lockfile::load(lock).with_context(|| format!("cannot read `{}`", lock.display()))?;
    let mut versions = locked.packages.iter().filter(|package| package.name.as_str() == "wasm-bindgen");
    let version = versions.next().context("`Cargo.lock` has no version of `wasm-bindgen`")?.version.to_string();
    ensure!(versions.next().is_none(), "`Cargo.lock` has more than one version of `wasm-bindgen`");
    Ok(version)
}

fn install(tool: &Tool) -> Result<PathBuf> {
    let Tool { package, version, binary, .. } = tool;
    let root = cargo_home()?.join("callgate-tools").join(format!("{package}-{version}"));
    let path = root.join("bin").join(binary).with_extension(env::consts::EXE_EXTENSION);
    if path.is_file() {
        return Ok(path);
    }
    println!("installing {package} {version}; this takes some minutes, once per machine");
    // First with the versions that the authors locked, then with the newest compatible ones if a locked version is not
    // available.
    if let Err(error) = cargo_install(tool, &root, true) {
        if is_interrupted() {
            bail!(Interrupted);
        }
        println!("{error:#}; trying again without the lock file of {package}");
        cargo_install(tool, &root, false)?;
    }
    ensure!(path.is_file(), "{package} {version} is installed but has no `{binary}`");
    Ok(path)
}

fn cargo_install(tool: &Tool, root: &Path, is_locked: bool) -> Result<()> {
    let mut command = cargo();
    command.args(["install", tool.package, "--version", &tool.version, "--root"]).arg(root);
    if is_locked {
        command.arg("--locked");
    }
    if let Some(features) = tool.features {
        command.args(["--no-default-features", "--features", features]);
    }
    // The settings of this checkout must not affect a tool that all checkouts share.
    command.current_dir(env::temp_dir()).env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
    process::run(command)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[track_caller]
    fn check(packages: &[(&str, &str)], expected: Result<&str, &str>) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let lock = directory.path().join("Cargo.lock");
        let text = packages.iter().fold("version = 4\n".to_owned(), |text, (name, version)| {
            format!("{text}\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n")
        });
        fs::write(&lock, text).expect("a file in it");
        let version = wasm_bindgen_version(&lock).map_err(|error| error.to_string());
        assert_eq!(version.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn the_tool_is_of_the_version_that_the_lock_file_names() {
        check(&[("wasm-bindgen", "0.2.130"), ("wasm-bindgen-macro", "0.2.131")], Ok("0.2.130"));
    }

    #[test]
    fn a_lock_file_without_one_version_is_refused() {
        check(&[("worker", "0.8.7")], Err("`Cargo.lock` has no version of `wasm-bindgen`"));
        check(
            &[("wasm-bindgen", "0.2.129"), ("wasm-bindgen", "0.2.130")],
            Err("`Cargo.lock` has more than one version of `wasm-bindgen`"),
        );
    }
}
