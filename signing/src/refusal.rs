//! Reasons to refuse a signed policy.

use std::error::Error;
use std::fmt;
use std::time::SystemTime;

use crate::time::write_time;

/// Reasons to refuse a signed policy, each with a fix for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A variable that configures trust has an invalid value.
    Variable {
        /// The name of the variable.
        name: &'static str,
        /// The error.
        problem: String,
    },
    /// No public key is set, so no signature is trusted.
    NoPublicKey,
    /// A text is not a minisign public key.
    PublicKey {
        /// The text.
        text: String,
    },
    /// A file next to the policy cannot be read.
    Unreadable {
        /// The name of the file, for people.
        file: String,
        /// The system's error message.
        problem: String,
    },
    /// The signature does not have minisign's format.
    SignatureForm {
        /// The error.
        problem: &'static str,
    },
    /// The signature is from an untrusted key.
    UnknownSigner {
        /// The identifier of the signing key, in minisign's format.
        signer: String,
        /// The identifiers of the trusted keys.
        trusted: Vec<String>,
    },
    /// The signature names a trusted key but does not match the manifest.
    ManifestChanged {
        /// Whether the manifest has line endings that signing never writes.
        has_other_line_ends: bool,
    },
    /// A trusted key signed a text that is not a manifest.
    ManifestForm {
        /// The error.
        problem: String,
    },
    /// The policy differs from the one in the manifest.
    PolicyChanged {
        /// The SHA-256 of the signed policy.
        signed: String,
        /// The SHA-256 of the actual policy.
        found: String,
        /// Whether only line endings differ.
        has_other_line_ends: bool,
    },
    /// The policy is older than the minimum revision.
    OldRevision {
        /// The revision of the policy.
        revision: u64,
        /// The minimum revision.
        minimum: u64,
    },
    /// The policy is not valid yet.
    NotYetValid {
        /// The start of its validity.
        not_before: SystemTime,
        /// The current time.
        now: SystemTime,
    },
    /// The policy has expired.
    Expired {
        /// The time of its expiry.
        expires: SystemTime,
        /// The current time.
        now: SystemTime,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable { name, problem } => write!(out, "the variable `{name}` {problem}"),
            Self::NoPublicKey => write!(out, "no trusted public key is set"),
            Self::PublicKey { text } => write!(out, "`{text}` is not a minisign public key"),
            Self::Unreadable { file, problem } => write!(out, "cannot read `{file}`: {problem}"),
            Self::SignatureForm { problem } => write!(out, "the signature {problem}"),
            Self::UnknownSigner { signer, trusted } => {
                write!(out, "the manifest is signed by the untrusted key {signer}; trusted keys: {}", {
                    trusted.join(", ")
                })
            }
            Self::ManifestChanged { .. } => write!(out, "the signature does not match the manifest"),
            Self::ManifestForm { problem } => write!(out, "the manifest {problem}"),
            Self::PolicyChanged { signed, found, .. } => {
                write!(out, "the policy differs from the signed policy; its SHA-256 is {found} instead of {signed}")
            }
            Self::OldRevision { revision, minimum } => {
                write!(out, "the policy is revision {revision}, but the minimum is revision {minimum}")
            }
            Self::NotYetValid { not_before, now } => {
                let (not_before, now) = (write_time(*not_before), write_time(*now));
                write!(out, "the policy is not valid before {not_before}; the time is {now}")
            }
            Self::Expired { expires, now } => {
                let (expires, now) = (write_time(*expires), write_time(*now));
                write!(out, "the policy expired at {expires}; the time is {now}")
            }
        }
    }
}

impl Error for Refusal {}

impl Refusal {
    /// The fix for the operator.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Variable { .. } => {
                "set both variables as described in docs/integrity.md, or unset both to build without a signature check"
            }
            Self::NoPublicKey => {
                "use the second line of the signer's `.pub` file; separate several keys with white space"
            }
            Self::PublicKey { .. } => "use the second line of the `.pub` file: 56 characters that start with `RW`",
            Self::Unreadable { .. } => "sign the policy with `callgate sign`, and keep both files next to it",
            Self::SignatureForm { .. } => "sign again with `callgate sign`, or with minisign without `-l` and `-c`",
            Self::UnknownSigner { .. } => "sign with a trusted key, or add the new key to the trusted keys",
            Self::ManifestChanged { has_other_line_ends: true }
            | Self::PolicyChanged { has_other_line_ends: true, .. } => {
                "the line endings were changed; set `-text` in .gitattributes, and check the file out again"
            }
            Self::ManifestChanged { has_other_line_ends: false } => {
                "restore the manifest and the signature from one commit, or review the changes and sign again"
            }
            Self::ManifestForm { .. } => "create the manifest with `callgate sign`",
            Self::PolicyChanged { has_other_line_ends: false, .. } => {
                "review the changes since the signature; if they are intended, sign again with `callgate sign`"
            }
            Self::OldRevision { .. } => {
                "build the newest revision; to roll back, sign the old policy again as a new revision"
            }
            Self::NotYetValid { .. } => "wait, correct the clock, or sign again with another `--not-before`",
            Self::Expired { .. } => "sign again with a later `--expires`, or correct the clock",
        }
    }
}
