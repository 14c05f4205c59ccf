//! The Rust source of the checkout: the text of each file, and the root files of crates.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cargo_metadata::{MetadataCommand, Package, TargetKind};

use crate::checkout::Checkout;

/// The targets to check. Tests, benchmarks and examples import the code that they test, and nothing imports them.
const KINDS: [TargetKind; 4] = [TargetKind::Lib, TargetKind::CDyLib, TargetKind::Bin, TargetKind::CustomBuild];

/// The text of all source files, by paths relative to the checkout root.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) files: BTreeMap<PathBuf, String>,
    pub(super) crates: Vec<Root>,
}

/// A crate, with its root file.
pub(super) struct Root {
    pub(super) name: String,
    pub(super) file: PathBuf,
}

impl Sources {
    /// Reads the source of every package of the workspace.
    pub(super) fn read(checkout: &Checkout) -> Result<Self> {
        let mut command = MetadataCommand::new();
        let metadata = command.current_dir(checkout.root()).no_deps().exec().context("cannot read the manifests")?;
        let mut sources = Self::default();
        for package in &metadata.packages {
            sources.add(checkout.root(), package)?;
        }
        Ok(sources)
    }

    fn add(&mut self, checkout: &Path, package: &Package) -> Result<()> {
        let directory = package.manifest_path.parent().context("a manifest has no directory")?.as_std_path();
        for target in &package.targets {
            if !target.kind.iter().any(|kind| KINDS.contains(kind)) {
                continue;
            }
            let file = target.src_path.as_std_path();
            self.add_file(checkout, file)?;
            let name = if target.kind.contains(&TargetKind::CustomBuild) {
                format!("build script of {}", package.name)
            } else {
                target.name.clone()
            };
            self.crates.push(Root { name, file: file.strip_prefix(checkout)?.to_owned() });
        }
        for folder in ["src", "build"] {
            let folder = directory.join(folder);
            if folder.is_dir() {
                self.add_folder(checkout, &folder)?;
            }
        }
        Ok(())
    }

    fn add_folder(&mut self, checkout: &Path, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                self.add_folder(checkout, &path)?;
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                self.add_file(checkout, &path)?;
            }
        }
        Ok(())
    }

    fn add_file(&mut self, checkout: &Path, file: &Path) -> Result<()> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        self.files.insert(file.strip_prefix(checkout)?.to_owned(), text);
        Ok(())
    }
}
