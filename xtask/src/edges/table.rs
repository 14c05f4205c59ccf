//! The edges of callgate. An edge in this table is linted, built, tested and reproduced.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::policy::Policy;
use super::{spin, worker};
use crate::checkout::Checkout;
use crate::tools::rust_toolchain::{SPIN_TARGET, WORKER_TARGET};
use crate::tools::{cargo_tools, npm_packages};

/// One edge: a crate that serves callgate on one platform.
pub(crate) struct Edge {
    /// The cargo package.
    pub(crate) package: &'static str,
    /// The package of an empty app for the same platform, for comparison in measurements.
    pub(crate) empty_package: &'static str,
    /// The wasm target of both packages; without one they are native, and every native step includes them.
    pub(crate) target: Option<&'static str>,
    /// Installs the requirements of the build.
    pub(crate) install_needs: fn(&Checkout) -> Result<()>,
    pub(crate) build: Build,
    /// The output of the build, relative to its directory.
    pub(crate) files: &'static [&'static str],
    /// The runtime of the built edge, unless it runs by itself.
    pub(crate) runtime: Option<Runtime>,
}

/// Builds an edge of the checkout `source` with the tools of the checkout `tools` into `directory`.
type Build = fn(tools: &Checkout, source: &Checkout, policy: &Policy, directory: &Path) -> Result<()>;

/// The runtime of an edge.
pub(crate) struct Runtime {
    /// The variable with the runtime's path for the end-to-end suite.
    pub(crate) variable: &'static str,
    /// Installs the runtime and returns its path.
    pub(crate) install: fn(&Checkout) -> Result<PathBuf>,
}

/// Every edge, in build order.
pub(crate) const EDGES: &[Edge] = &[
    Edge {
        package: worker::PACKAGE,
        empty_package: worker::EMPTY_PACKAGE,
        target: Some(WORKER_TARGET),
        install_needs: worker::install_needs,
        build: worker::build_into,
        files: &["worker/index_bg.wasm", "worker/index.js"],
        runtime: Some(Runtime {
            variable: "CALLGATE_WORKERD",
            install: |checkout| {
                npm_packages::install(checkout)?;
                Ok(npm_packages::program(checkout, "workerd"))
            },
        }),
    },
    Edge {
        package: spin::PACKAGE,
        empty_package: spin::EMPTY_PACKAGE,
        target: Some(SPIN_TARGET),
        install_needs: |_| spin::install_needs(),
        build: |_, source, policy, directory| spin::build_into(source, policy, directory),
        files: &["spin.wasm"],
        runtime: Some(Runtime { variable: "CALLGATE_WASMTIME", install: |_| cargo_tools::install_wasmtime() }),
    },
];

/// The edges that are not native, each with its target.
pub(crate) fn cross_compiled(edges: &[Edge]) -> impl Iterator<Item = (&Edge, &'static str)> {
    edges.iter().filter_map(|edge| Some((edge, edge.target?)))
}
