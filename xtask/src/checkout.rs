//! Where things are in the checkout.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cargo_metadata::MetadataCommand;

/// The checkout that the command was started in.
pub(crate) struct Checkout {
    root: PathBuf,
    target: PathBuf,
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
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The npm project, which also holds the JavaScript tools that the Worker's build takes.
    pub(crate) fn e2e(&self) -> PathBuf {
        self.root.join("e2e")
    }
}
