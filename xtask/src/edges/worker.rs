//! Builds the Cloudflare Worker.

use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::policy::Policy;
use super::remap;
use crate::checkout::Checkout;
use crate::process;
use crate::tools::rust_toolchain::{WORKER_TARGET, cargo, install_target};
use crate::tools::{cargo_tools, npm_packages};

/// The cargo package of the Worker.
pub(crate) const PACKAGE: &str = "callgate-edge-cloudflare";
/// The cargo package of the empty Worker.
pub(crate) const EMPTY_PACKAGE: &str = "callgate-empty-worker";

/// The module that the runtime starts, from the top of the checkout.
const ENTRY: &str = "edge-cloudflare/src/entry.js";
/// The directory of the finished Worker, from the top of the checkout: `wrangler.toml` and `workerd.capnp` name it.
const OUTPUT: &str = "edge-cloudflare/build";
/// The name of the wasm, which `entry.js` imports.
const WASM: &str = "index_bg.wasm";

/// Every pass that makes the code smaller, until nothing changes.
const OPTIMIZATION: [&str; 2] = ["-Oz", "--converge"];
/// What rustc and wasm-bindgen emit. A newer encoding could be one that the runtime does not support.
const WASM_FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-exception-handling",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Installs what the build requires.
pub(crate) fn install_needs(checkout: &Checkout) -> Result<()> {
    install_target(WORKER_TARGET)?;
    npm_packages::install(checkout)?;
    cargo_tools::install_wasm_bindgen(checkout)?;
    Ok(())
}

/// Builds the Worker with `policy` embedded into `out_dir` or its usual place.
pub(crate) fn build(checkout: &Checkout, policy: &Policy, out_dir: Option<&Path>) -> Result<()> {
    policy.check(checkout)?;
    let usual = checkout.root().join(OUTPUT);
    bundle(checkout, checkout, PACKAGE, policy, out_dir.unwrap_or(&usual), None)
}

/// Builds the Worker of the checkout `source`, with the tools of another checkout, into `worker` in `directory`.
pub(crate) fn build_into(tools: &Checkout, source: &Checkout, policy: &Policy, directory: &Path) -> Result<()> {
    policy.check(source)?;
    bundle(tools, source, PACKAGE, policy, &directory.join("worker"), None)
}

/// Builds a Worker that does nothing but what its features name.
pub(crate) fn build_empty(checkout: &Checkout, out_dir: &Path, features: Option<&str>) -> Result<()> {
    bundle(checkout, checkout, EMPTY_PACKAGE, &Policy::Shipped, out_dir, features)
}

/// Compiles a package to wasm, and writes that and one JavaScript module with all that it needs to `out_dir`.
fn bundle(
    tools: &Checkout,
    source: &Checkout,
    package: &str,
    policy: &Policy,
    out_dir: &Path,
    features: Option<&str>,
) -> Result<()> {
    let compiled = compile(source, package, policy, features)?;
    let parts = tempfile::tempdir()?;

    let mut bind = Command::new(cargo_tools::install_wasm_bindgen(tools)?);
    bind.arg(compiled).args(["--target", "web", "--out-name", "index", "--out-dir"]).arg(parts.path());
    bind.args(["--no-typescript", "--omit-default-module-path"]);
    bind.args(["--remove-name-section", "--remove-producers-section"]);
    // After a trap, the memory of the wasm can contain anything. With the handler, the next call gets a new instance.
    bind.arg("--force-enable-abort-handler");
    process::run(bind)?;
    let entry = source.root().join(ENTRY);
    fs::copy(&entry, parts.path().join("entry.js")).with_context(|| format!("cannot copy `{}`", entry.display()))?;

    let out_dir = absolute(out_dir).with_context(|| format!("cannot resolve `{}`", out_dir.display()))?;
    fs::create_dir_all(&out_dir).with_context(|| format!("cannot create `{}`", out_dir.display()))?;
    let mut optimize = npm_packages::command(tools, "wasm-opt")?;
    optimize.args(OPTIMIZATION).args(WASM_FEATURES).arg(parts.path().join(WASM));
    optimize.arg("--output").arg(out_dir.join(WASM));
    process::run(optimize)?;

    let mut join = npm_packages::command(tools, "esbuild")?;
    join.current_dir(parts.path()).args(["entry.js", "--bundle", "--format=esm", "--minify", "--log-level=error"]);
    join.arg(format!("--external:./{WASM}")).arg("--outfile=bundle.js");
    process::run(join)?;
    let script = out_dir.join("index.js");
    fs::copy(parts.path().join("bundle.js"), &script)
        .with_context(|| format!("cannot write `{}`", script.display()))?;
    Ok(())
}

/// Compiles a package to wasm.
fn compile(source: &Checkout, package: &str, policy: &Policy, features: Option<&str>) -> Result<PathBuf> {
    let mut command = cargo();
    command.current_dir(source.root()).args(["build", "--release", "--target", WORKER_TARGET, "--package", package]);
    command.args(remap::cargo_arguments(source, WORKER_TARGET)?);
    command.env("CARGO_TARGET_DIR", source.target()).env("CARGO_HOME", source.cargo_home());
    if let Some(features) = features {
        command.args(["--features", features]);
    }
    policy.choose_for(&mut command);
    process::run(command)?;
    let wasm = source.target().join(WORKER_TARGET).join("release").join(package.replace('-', "_"));
    let wasm = wasm.with_extension("wasm");
    ensure!(wasm.is_file(), "the build left no wasm at `{}`", wasm.display());
    Ok(wasm)
}
