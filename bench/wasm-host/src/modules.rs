//! The measured modules: the same code with one policy each, built by cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use callgate_bench::{refund_text, without_digest};
use serde_json::json;
use wasmtime::error::Context as _;
use wasmtime::{Result, ensure};

use crate::bodies;
use crate::policy::{Policy, SIZES};

/// The cargo package of the modules and the file name of its output.
const PACKAGE: &str = "callgate-bench-module";
const FILE: &str = "callgate_bench_module.wasm";
/// The target of the Worker.
const TARGET: &str = "wasm32-unknown-unknown";

/// The measured calls, for hosts in another language.
fn calls_text() -> Result<String> {
    let refunds = bodies::REFUNDS.map(|padding| {
        let body = refund_text(200, padding);
        json!({ "row": padding.name(), "module": bodies::policy_of(padding).name(), "body": body, "withoutDigest": without_digest(&body) })
    });
    let exact_tool = String::from_utf8(bodies::exact_tool())?;
    Ok(json!({ "refunds": refunds, "exactTool": exact_tool, "sizes": SIZES }).to_string())
}

/// The directory of the modules.
#[derive(Debug)]
pub(crate) struct Modules {
    directory: PathBuf,
}

impl Modules {
    /// The modules in `directory`.
    pub(crate) fn built(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// Builds all modules of the checkout at `root`, and writes each policy next to its module.
    ///
    /// The build is the deployed release build, except for the optimization level in `opt_level`.
    pub(crate) fn build(directory: &Path, root: &Path, opt_level: Option<&str>) -> Result<Self> {
        fs::create_dir_all(directory).with_context(|| format!("cannot create `{}`", directory.display()))?;
        let modules = Self { directory: directory.canonicalize()? };
        for policy in Policy::all() {
            modules.build_one(policy, root, opt_level)?;
        }
        write_changed(&modules.directory.join("calls.json"), &calls_text()?)?;
        Ok(modules)
    }

    fn build_one(&self, policy: Policy, root: &Path, opt_level: Option<&str>) -> Result<()> {
        let text = self.directory.join(policy.name()).with_extension("json");
        write_changed(&text, &policy.text()?)?;
        let target = self.directory.join("cargo");
        // Cargo sets its own path in the variable; otherwise, the first cargo on `PATH` is used.
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root).env("CALLGATE_POLICY", &text);
        cargo.args(["build", "--quiet", "--locked", "--release", "--package", PACKAGE, "--target", TARGET]);
        cargo.arg("--target-dir").arg(&target);
        match opt_level {
            Some(level) => cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level),
            None => cargo.env_remove("CARGO_PROFILE_RELEASE_OPT_LEVEL"),
        };
        let status = cargo.status().context("cannot start cargo")?;
        ensure!(status.success(), "the module of the policy `{}` cannot be built: {status}", policy.name());
        let built = target.join(TARGET).join("release").join(FILE);
        let module = self.path(policy);
        fs::copy(&built, &module).with_context(|| format!("cannot write `{}`", module.display()))?;
        Ok(())
    }

    /// The bytes of one module.
    pub(crate) fn read(&self, policy: Policy) -> Result<Vec<u8>> {
        let path = self.path(policy);
        fs::read(&path).with_context(|| {
            format!("cannot read `{}`; build the modules first with the subcommand `build`", path.display())
        })
    }

    fn path(&self, policy: Policy) -> PathBuf {
        self.directory.join(policy.name()).with_extension("wasm")
    }
}

/// Does not write a file that already has the content, so that cargo finds it unchanged.
fn write_changed(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}
