//! The paths of the checkout.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cargo_metadata::MetadataCommand;

/// The checkout in which the command was started.
pub(crate) struct Checkout {
    root: PathBuf,
    target: PathBuf,
    cargo_home: PathBuf,
}

impl Checkout {
    /// Finds the checkout and cargo's build directory, which can be configured elsewhere.
    pub(crate) fn find() -> Result<Self> {
        // Without dependencies, this only reads manifests, so it needs no network.
        let metadata = MetadataCommand::new()
            .no_deps()
            .exec()
            .context("the current directory is not in a callgate checkout; run `cargo xtask` inside one")?;
        Ok(Self {
            root: metadata.workspace_root.into_std_path_buf(),
            target: metadata.target_directory.into_std_path_buf(),
            cargo_home: cargo_home()?,
        })
    }

    /// Another checkout, which builds inside itself and has its own cargo home.
    pub(crate) fn at(root: PathBuf, cargo_home: PathBuf) -> Self {
        let target = root.join("target");
        Self { root, target, cargo_home }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's build directory.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Cargo's download directory.
    pub(crate) fn cargo_home(&self) -> &Path {
        &self.cargo_home
    }

    /// The npm project, which also contains the JavaScript tools for the Worker's build.
    pub(crate) fn e2e(&self) -> PathBuf {
        self.root.join("e2e")
    }
}

/// Cargo's download directory.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = env::var_os("CARGO_HOME").filter(|home| !home.is_empty()) {
        return Ok(home.into());
    }
    Ok(env::home_dir().context("cannot find the home directory; set `CARGO_HOME`")?.join(".cargo"))
}
