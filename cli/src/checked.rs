//! A policy with its findings and the verdict on it.

use std::path::Path;

use callgate_engine::policy::text::Diagnostic;

use crate::failure::Failure;
use crate::policy_file::PolicyFile;

/// A policy and its findings.
pub(crate) struct Checked {
    pub(crate) file: PolicyFile,
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) verdict: Verdict,
}

/// The outcome for a policy.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    Ok,
    Refused,
    /// The policy has only warnings, and `--deny-warnings` is set.
    WarningsDenied,
}

impl Checked {
    /// Reads a policy and checks it.
    pub(crate) fn read(path: &Path, deny_warnings: bool) -> Result<Self, Failure> {
        let file = PolicyFile::read(path)?;
        let (findings, verdict) = match file.validate() {
            Ok(policy) if deny_warnings && !policy.warnings().is_empty() => {
                (policy.findings().to_vec(), Verdict::WarningsDenied)
            }
            Ok(policy) => (policy.findings().to_vec(), Verdict::Ok),
            Err(findings) => (findings, Verdict::Refused),
        };
        Ok(Self { file, findings, verdict })
    }
}
