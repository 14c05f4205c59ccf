//! Where things are in the checkout.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cargo_metadata::MetadataCommand;

/// The checkout that the command was started in.
pub(crate) struct Checkout {
    root: PathBuf,
    target: PathBuf,
    cargo_home: PathBuf,
}

impl Checkout {
    /// Finds the checkout, and the directory that cargo builds into, which a person may have moved.
    pub(crate) fn find() -> Result<Self> {
        // Without dependencies this reads manifests alone, so that it needs no network.
        let metadata = MetadataCommand::new()
            .no_deps()
            .exec()
            .context("this is no checkout of callgate: run `cargo xtask` inside one")?;
        Ok(Self {
            root: metadata.workspace_root.into_std_path_buf(),
            target: metadata.target_directory.into_std_path_buf(),
            cargo_home: cargo_home()?,
        })
    }

    /// Another checkout, which builds within itself and finds what cargo downloads under a name of its own.
    pub(crate) fn at(root: PathBuf, cargo_home: PathBuf) -> Self {
        let target = root.join("target");
        Self { root, target, cargo_home }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where cargo keeps what it downloads.
    pub(crate) fn cargo_home(&self) -> &Path {
        &self.cargo_home
    }

    /// The npm project, which also holds the JavaScript tools that the Worker's build takes.
    pub(crate) fn e2e(&self) -> PathBuf {
        self.root.join("e2e")
    }
}

/// Where cargo keeps what it downloads.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = env::var_os("CARGO_HOME").filter(|home| !home.is_empty()) {
        return Ok(home.into());
    }
    Ok(env::home_dir().context("can't find the home directory: set `CARGO_HOME`")?.join(".cargo"))
}
