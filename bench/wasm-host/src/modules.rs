//! The modules that are measured: the same code with one policy each, built by cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use callgate_bench::{CRM_POLICY, open_crm_policy, policy_text, refund_text, without_digest};
use serde_json::{Value, json};
use wasmtime::error::Context as _;
use wasmtime::{Error, Result, ensure};

use crate::bodies;

/// The cargo package of the modules and the file that cargo makes of it.
const PACKAGE: &str = "callgate-bench-module";
const FILE: &str = "callgate_bench_module.wasm";
/// The target of the Worker.
const TARGET: &str = "wasm32-unknown-unknown";
/// The sizes of the generated policies, in rules.
pub(crate) const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];

/// Which policy a module embeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The one that ships.
    Crm,
    /// The same with a refund that takes any argument.
    CrmAnyArguments,
    /// A generated one of so many rules.
    Rules(usize),
    /// One without a list of tools, whose rules are patterns.
    Open,
}

impl Policy {
    /// All that are measured.
    fn all() -> impl Iterator<Item = Self> {
        [Self::Crm, Self::CrmAnyArguments, Self::Open].into_iter().chain(SIZES.map(Self::Rules))
    }

    /// The name of its module.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Crm => "crm".to_owned(),
            Self::CrmAnyArguments => "crm-any-arguments".to_owned(),
            Self::Rules(rules) => format!("rules-{rules}"),
            Self::Open => "open".to_owned(),
        }
    }

    fn text(self) -> Result<String> {
        match self {
            Self::Crm => Ok(CRM_POLICY.to_owned()),
            Self::CrmAnyArguments => open_crm_policy().map_err(Error::msg),
            Self::Rules(rules) => Ok(policy_text(rules)),
            Self::Open => Ok(open_policy_text()),
        }
    }
}

/// An open policy of a hundred servers, each with a rule for its tools that read and one for those that delete.
fn open_policy_text() -> String {
    let rules: Vec<Value> = (0..100)
        .flat_map(|server| {
            [("Allow", "read"), ("Deny", "delete")].map(|(effect, verb)| {
                json!({
                    "id": format!("{verb}-{server}"),
                    "effect": effect,
                    "tool_name": format!("server{server}_{verb}_*"),
                    "roles": ["agent"],
                })
            })
        })
        .collect();
    json!({ "version": "callgate-1", "roles": { "agent": {} }, "rules": rules }).to_string()
}

/// The calls that are measured, for hosts that are written in another language.
fn calls_text() -> Result<String> {
    let refunds = bodies::REFUNDS.map(|padding| {
        let body = refund_text(200, padding);
        json!({ "row": padding.name(), "module": bodies::policy_of(padding).name(), "body": body, "withoutDigest": without_digest(&body) })
    });
    let exact_tool = String::from_utf8(bodies::exact_tool())?;
    Ok(json!({ "refunds": refunds, "exactTool": exact_tool, "sizes": SIZES }).to_string())
}

/// Where the modules are.
#[derive(Debug)]
pub(crate) struct Modules {
    directory: PathBuf,
}

impl Modules {
    /// Those that were built into `directory`.
    pub(crate) fn built(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// Builds all modules of the checkout at `root`, and keeps each policy as a file beside its module.
    ///
    /// The build is the release build of what deploys, but for the level of optimization where `opt_level` names one.
    pub(crate) fn build(directory: &Path, root: &Path, opt_level: Option<&str>) -> Result<Self> {
        fs::create_dir_all(directory).with_context(|| format!("can't create `{}`", directory.display()))?;
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
        // Cargo starts this program with its own path; by hand, the one that stands first is taken.
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(root).env("CALLGATE_POLICY", &text);
        cargo.args(["build", "--quiet", "--locked", "--release", "--package", PACKAGE, "--target", TARGET]);
        cargo.arg("--target-dir").arg(&target);
        match opt_level {
            Some(level) => cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level),
            None => cargo.env_remove("CARGO_PROFILE_RELEASE_OPT_LEVEL"),
        };
        let status = cargo.status().context("can't start cargo")?;
        ensure!(status.success(), "the module of the policy `{}` can't be built: {status}", policy.name());
        let built = target.join(TARGET).join("release").join(FILE);
        let module = self.path(policy);
        fs::copy(&built, &module).with_context(|| format!("can't write `{}`", module.display()))?;
        Ok(())
    }

    /// The bytes of one module.
    pub(crate) fn read(&self, policy: Policy) -> Result<Vec<u8>> {
        let path = self.path(policy);
        fs::read(&path).with_context(|| {
            format!("can't read `{}`: build the modules first, with the subcommand `build`", path.display())
        })
    }

    fn path(&self, policy: Policy) -> PathBuf {
        self.directory.join(policy.name()).with_extension("wasm")
    }
}

/// Leaves a file alone that holds the text already, so that cargo finds it unchanged.
fn write_changed(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("can't write `{}`", path.display()))
}
