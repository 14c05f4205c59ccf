//! The steps of `cargo xtask test`.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use super::{fuzz, rooms};
use crate::bench;
use crate::checkout::Checkout;
use crate::edges::policy::Policy;
use crate::edges::table::{EDGES, Edge, cross_compiled};
use crate::edges::worker;
use crate::process::run as run_command;
use crate::tools::rust_toolchain::{BARE_TARGET, WORKER_TARGET, cargo, install_component, install_target};
use crate::tools::{cargo_tools, npm_packages, python_packages};

/// The additional policies for the end-to-end suite, with their names there.
const OTHER_POLICIES: [(&str, &str); 4] = [
    ("perso", "testdata/perso-1/policies/crm-demo.json"),
    ("crm-perso", "policies/crm-perso.json"),
    ("conditions", "testdata/http/conditions.json"),
    ("targets", "testdata/http/targets.json"),
];

/// The duration of each fuzz target: enough for every seed and some thousand inputs derived from them.
const FUZZ_SECONDS: u32 = 10;

/// A step, in the order of execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    Setup,
    Fmt,
    Rooms,
    Clippy,
    ClippyWasm,
    Test,
    Conformance,
    JsonSchema,
    Instructions,
    Doc,
    NoStd,
    TypeCheck,
    Fuzz,
    BuildPerso,
    Build,
    E2e,
    Schemathesis,
    Deploy,
}

impl Step {
    /// The name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The guarantee if the step passes.
    pub(crate) fn purpose(self) -> &'static str {
        match self {
            Self::Setup => "every tool is installed at its pinned version",
            Self::Fmt => "rustfmt would change nothing",
            Self::Rooms => "no files import each other, and no folder or file is too large",
            Self::Clippy => "the native crates and their tests pass the lints",
            Self::ClippyWasm => "the wasm edges pass the lints on their targets",
            Self::Test => "the native tests pass",
            Self::Conformance => "the engine and its reference agree on random policies and calls",
            Self::JsonSchema => "the official tests of JSON Schema pass, except for a list with reasons",
            Self::Instructions => "the hot paths take no more wasm instructions than the committed counts",
            Self::Doc => "the documentation builds without a warning",
            Self::NoStd => "the engine builds without std",
            Self::TypeCheck => "the TypeScript of the test suite and the benchmarks has no type errors",
            Self::Fuzz => "the fuzz targets run for a short time each, and none crashes",
            Self::BuildPerso => "every edge builds with the other policies that e2e requires",
            Self::Build => "every edge builds with the default policy",
            Self::E2e => "every edge and the command line return the same responses over HTTP",
            Self::Schemathesis => "every edge follows its OpenAPI document for generated requests",
            Self::Deploy => "wrangler deploy --dry-run accepts the Worker",
        }
    }
}

/// Runs one step.
pub(crate) fn run(checkout: &Checkout, step: Step) -> Result<()> {
    match step {
        Step::Setup => setup(checkout),
        Step::Fmt => fmt(checkout),
        Step::Rooms => rooms::run(checkout),
        Step::Clippy => clippy(checkout),
        Step::ClippyWasm => clippy_wasm(checkout),
        Step::Test => test(checkout),
        Step::Conformance => conformance(checkout),
        Step::JsonSchema => json_schema(checkout),
        Step::Instructions => bench::check(checkout),
        Step::Doc => doc(checkout),
        Step::NoStd => no_std(checkout),
        Step::TypeCheck => type_check(checkout),
        Step::Fuzz => fuzz::run_all(checkout, FUZZ_SECONDS),
        Step::BuildPerso => {
            OTHER_POLICIES.into_iter().try_for_each(|(name, file)| build_edges(checkout, name, &Policy::Example(file)))
        }
        Step::Build => build_edges(checkout, "crm", &Policy::Shipped),
        Step::E2e => e2e(checkout),
        Step::Schemathesis => schemathesis(checkout),
        Step::Deploy => deploy(checkout),
    }
}

fn setup(checkout: &Checkout) -> Result<()> {
    install_component("rustfmt", "fmt")?;
    install_component("clippy", "clippy")?;
    install_target(BARE_TARGET)?;
    for edge in EDGES {
        (edge.install_needs)(checkout)?;
        if let Some(runtime) = &edge.runtime {
            (runtime.install)(checkout)?;
        }
    }
    cargo_tools::install_cargo_fuzz()?;
    Ok(())
}

fn fmt(checkout: &Checkout) -> Result<()> {
    run_cargo(checkout, &["fmt", "--all", "--check"])?;
    // The fuzz targets have their own workspace.
    run_cargo(checkout, &["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"])
}

fn clippy(checkout: &Checkout) -> Result<()> {
    run_native(checkout, &["clippy", "--locked", "--workspace", "--all-targets"], &["--", "--deny", "warnings"])
}

fn test(checkout: &Checkout) -> Result<()> {
    run_native(checkout, &["test", "--locked", "--workspace"], &[])?;
    // The host-independent parts of the Spin app are also tested natively.
    run_cargo(checkout, &["test", "--locked", "--package", crate::edges::spin::PACKAGE, "--all-features"])
}

fn clippy_wasm(checkout: &Checkout) -> Result<()> {
    let edges = cross_compiled(EDGES).map(|(edge, target)| (edge.package, target));
    for (package, target) in edges.chain([(bench::MODULE, WORKER_TARGET)]) {
        install_target(target)?;
        let arguments = ["clippy", "--locked", "--package", package, "--target", target];
        run_cargo(checkout, &[&arguments[..], &["--", "--deny", "warnings"]].concat())?;
        // An edge can have features that change the source of its keys.
        run_cargo(checkout, &[&arguments[..], &["--all-features", "--", "--deny", "warnings"]].concat())?;
    }
    Ok(())
}

/// The number of policy and call pairs that are compared.
const PAIRS: &str = "200000";

fn conformance(checkout: &Checkout) -> Result<()> {
    let run = ["run", "--locked", "--release", "--package", "callgate-conformance", "--", "--pairs", PAIRS];
    run_cargo(checkout, &run)
}

fn json_schema(checkout: &Checkout) -> Result<()> {
    let tests = python_packages::download_json_schema_tests(checkout)?;
    let mut command = cargo_in(checkout);
    command.args(["run", "--locked", "--release", "--package", "callgate-conformance", "--", "--suite"]).arg(tests);
    run_command(command)
}

fn doc(checkout: &Checkout) -> Result<()> {
    let mut command = cargo_in(checkout);
    command.args(["doc", "--locked", "--no-deps", "--workspace"]).args(without_wasm(EDGES));
    command.env("RUSTDOCFLAGS", "--deny warnings");
    run_command(command)
}

fn no_std(checkout: &Checkout) -> Result<()> {
    install_target(BARE_TARGET)?;
    let package = ["build", "--locked", "--package", "callgate-engine"];
    run_cargo(checkout, &[&package[..], &["--target", BARE_TARGET, "--no-default-features"]].concat())
}

fn type_check(checkout: &Checkout) -> Result<()> {
    npm_packages::install(checkout)?;
    for project in ["hosts", "e2e", "bench/edges", "bench/v8"] {
        let mut command = npm_packages::command(checkout, "tsc")?;
        command.current_dir(checkout.root()).args(["--noEmit", "--project", project]);
        run_command(command)?;
    }
    Ok(())
}

/// Builds every edge and copies it for the end-to-end suite.
///
/// The default policy is built last: wrangler then finds compiled crates and need not compile them again.
fn build_edges(checkout: &Checkout, name: &str, policy: &Policy) -> Result<()> {
    let directory = edges_for_e2e(checkout).join(name);
    EDGES.iter().try_for_each(|edge| {
        (edge.install_needs)(checkout)?;
        (edge.build)(checkout, checkout, policy, &directory)
    })
}

fn e2e(checkout: &Checkout) -> Result<()> {
    run_native(checkout, &["build", "--locked", "--workspace", "--bin", "callgate"], &[])?;
    let callgate = checkout.target().join("debug/callgate").with_extension(env::consts::EXE_EXTENSION);
    let mut command = node_with_edges(checkout)?;
    command.args(["--test", "*.test.ts"]).env("CALLGATE_BIN", callgate);
    run_command(command)
}

fn schemathesis(checkout: &Checkout) -> Result<()> {
    let program = python_packages::install_schemathesis(checkout)?;
    let mut command = node_with_edges(checkout)?;
    command.arg("schemathesis.ts").env("CALLGATE_SCHEMATHESIS", program);
    run_command(command)
}

/// Node.js in the end-to-end suite, with the paths of the edges and their runtimes.
fn node_with_edges(checkout: &Checkout) -> Result<Command> {
    npm_packages::install(checkout)?;
    let mut command = npm_packages::command(checkout, "node")?;
    command.current_dir(checkout.e2e()).env("CALLGATE_EDGES", edges_for_e2e(checkout));
    for runtime in EDGES.iter().filter_map(|edge| edge.runtime.as_ref()) {
        command.env(runtime.variable, (runtime.install)(checkout)?);
    }
    Ok(command)
}

fn deploy(checkout: &Checkout) -> Result<()> {
    worker::install_needs(checkout)?;
    let out_dir = tempfile::tempdir()?;
    let mut command = npm_packages::command(checkout, "wrangler")?;
    Policy::Shipped.choose_for(&mut command);
    command.current_dir(checkout.root()).args(["deploy", "--dry-run", "--outdir"]).arg(out_dir.path());
    run_command(command)
}

/// The directory of the edges for the end-to-end suite: `<policy>/worker/` and `<policy>/spin.wasm`.
fn edges_for_e2e(checkout: &Checkout) -> PathBuf {
    checkout.target().join("e2e")
}

/// Runs cargo on the native crates.
fn run_native(checkout: &Checkout, arguments: &[&str], last: &[&str]) -> Result<()> {
    run_cargo(checkout, &[arguments, &without_wasm(EDGES), last].concat())
}

/// The cargo arguments that exclude the wasm crates from a workspace command.
fn without_wasm(edges: &[Edge]) -> Vec<&'static str> {
    let packages = cross_compiled(edges).flat_map(|(edge, _)| [edge.package, edge.empty_package]);
    packages.chain([bench::MODULE]).flat_map(|package| ["--exclude", package]).collect()
}

fn run_cargo(checkout: &Checkout, arguments: &[&str]) -> Result<()> {
    let mut command = cargo_in(checkout);
    command.args(arguments);
    run_command(command)
}

fn cargo_in(checkout: &Checkout) -> Command {
    let mut command = cargo();
    command.current_dir(checkout.root());
    // The tests require the default policy.
    Policy::Shipped.choose_for(&mut command);
    command
}

#[cfg(test)]
mod tests {
    use cargo_metadata::MetadataCommand;

    use super::*;

    #[test]
    fn what_is_made_for_wasm_is_left_out_of_native_commands() {
        let metadata = MetadataCommand::new().no_deps().exec().expect("the metadata of the checkout");
        let arguments = without_wasm(EDGES);
        for edge in EDGES {
            for package in [edge.package, edge.empty_package] {
                assert!(metadata.packages.iter().any(|found| *found.name == *package), "there is no package {package}");
                let is_left_out = arguments.contains(&package);
                assert_eq!(is_left_out, edge.target.is_some(), "{package}");
            }
        }
    }

    #[test]
    fn a_native_edge_is_checked_like_every_native_crate() {
        let edge = |target| Edge {
            package: "edge",
            empty_package: "empty",
            target,
            install_needs: |_| Ok(()),
            build: |_, _, _, _| Ok(()),
            files: &[],
            runtime: None,
        };
        assert_eq!(without_wasm(&[edge(None)]), without_wasm(&[]));
        let wasm = without_wasm(&[edge(Some(WORKER_TARGET))]);
        assert_eq!(wasm, [&["--exclude", "edge", "--exclude", "empty"], &*without_wasm(&[])].concat());
    }
}
