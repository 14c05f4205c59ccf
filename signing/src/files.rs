//! The paths of a policy's manifest and signature.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::refusal::Refusal;

/// The files next to a policy: for `crm.json`, `crm.json.manifest` and `crm.json.manifest.minisig`.
#[derive(Clone, Debug)]
pub struct SignedFiles {
    /// The path of the manifest.
    pub manifest: PathBuf,
    /// The path of the signature, where `minisign -V` expects it.
    pub signature: PathBuf,
}

impl SignedFiles {
    /// The files next to `policy`.
    #[must_use]
    pub fn beside(policy: &Path) -> Self {
        let manifest = with_ending(policy, ".manifest");
        let signature = with_ending(&manifest, ".minisig");
        Self { manifest, signature }
    }

    /// Reads the manifest and the signature.
    ///
    /// # Errors
    /// [`Refusal::Unreadable`]: one of the files is missing or cannot be read.
    pub fn read(&self) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
        Ok((read(&self.manifest)?, read(&self.signature)?))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    fs::read(path).map_err(|error| Refusal::Unreadable { file: path.display().to_string(), problem: error.to_string() })
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut whole = OsString::from(path);
    whole.push(ending);
    whole.into()
}
