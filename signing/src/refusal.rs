//! Why a signed policy is refused.

use std::error::Error;
use std::fmt;
use std::time::SystemTime;

use crate::time::write_time;

/// Why a signed policy is refused, each with what an operator can do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A variable that says whom to trust holds something else.
    Variable {
        /// The name of the variable.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// No public key is given, so nobody is trusted.
    NoPublicKey,
    /// A public key is none of minisign's.
    PublicKey {
        /// What stands in its place.
        text: String,
    },
    /// A file beside the policy can't be read.
    Unreadable {
        /// The file as a person names it.
        file: String,
        /// What the system says.
        problem: String,
    },
    /// The signature is not of the form that minisign writes.
    SignatureForm {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The signature is of a key that is not trusted.
    UnknownSigner {
        /// The identifier of the key that signed, as minisign writes it.
        signer: String,
        /// The identifiers of the keys that are trusted.
        trusted: Vec<String>,
    },
    /// A trusted key is named, but the signature is not its signature of this manifest.
    ManifestChanged {
        /// Whether the manifest has line ends that signing never writes.
        has_other_line_ends: bool,
    },
    /// A trusted key signed something that is no manifest.
    ManifestForm {
        /// What is wrong with it, and where.
        problem: String,
    },
    /// The policy is not the one that the manifest names.
    PolicyChanged {
        /// The SHA-256 of the policy that was signed.
        signed: String,
        /// The SHA-256 of the policy that is there.
        found: String,
        /// Whether only line ends differ.
        has_other_line_ends: bool,
    },
    /// The policy is older than the oldest that may be built.
    OldRevision {
        /// The revision of the policy.
        revision: u64,
        /// The least that is allowed.
        minimum: u64,
    },
    /// The time from which the policy may be built is still to come.
    NotYetValid {
        /// From when it may be.
        not_before: SystemTime,
        /// The time of the clock.
        now: SystemTime,
    },
    /// The time up to which the policy may be built is over.
    Expired {
        /// Up to when it could be.
        expires: SystemTime,
        /// The time of the clock.
        now: SystemTime,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable { name, problem } => write!(out, "the variable `{name}` {problem}"),
            Self::NoPublicKey => write!(out, "no public key is given, so no signature can be trusted"),
            Self::PublicKey { text } => write!(out, "`{text}` is no public key of minisign"),
            Self::Unreadable { file, problem } => write!(out, "can't read `{file}`: {problem}"),
            Self::SignatureForm { problem } => write!(out, "the signature {problem}"),
            Self::UnknownSigner { signer, trusted } => {
                write!(out, "the manifest is signed by the key {signer}, which is not trusted; trusted: {}", {
                    trusted.join(", ")
                })
            }
            Self::ManifestChanged { .. } => write!(out, "the signature is not of this manifest"),
            Self::ManifestForm { problem } => write!(out, "the manifest {problem}"),
            Self::PolicyChanged { signed, found, .. } => {
                write!(out, "the policy is not the one that was signed: SHA-256 {found} instead of {signed}")
            }
            Self::OldRevision { revision, minimum } => {
                write!(out, "the policy is revision {revision}, and {minimum} is the oldest that may be built")
            }
            Self::NotYetValid { not_before, now } => {
                let (not_before, now) = (write_time(*not_before), write_time(*now));
                write!(out, "the policy may be built from {not_before} on, and it is {now}")
            }
            Self::Expired { expires, now } => {
                let (expires, now) = (write_time(*expires), write_time(*now));
                write!(out, "the policy could be built until {expires}, and it is {now}")
            }
        }
    }
}

impl Error for Refusal {}

impl Refusal {
    /// What an operator can do about it.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Variable { .. } => {
                "set both variables as docs/integrity.md says, or unset both to build without a signature"
            }
            Self::NoPublicKey => {
                "give the second line of the signer's `.pub` file; several keys are separated by white space"
            }
            Self::PublicKey { .. } => {
                "a public key is the second line of the `.pub` file: 56 characters that start with `RW`"
            }
            Self::Unreadable { .. } => "sign the policy with `callgate sign`, and keep both files beside it",
            Self::SignatureForm { .. } => "sign again with `callgate sign`, or with minisign without `-l` and `-c`",
            Self::UnknownSigner { .. } => {
                "have somebody sign whose key is trusted; if the key was replaced, trust the new one beside the old one"
            }
            Self::ManifestChanged { has_other_line_ends: true }
            | Self::PolicyChanged { has_other_line_ends: true, .. } => {
                "its line ends were changed: have git leave them alone, with `-text` in .gitattributes, and check it out again"
            }
            Self::ManifestChanged { has_other_line_ends: false } => {
                "restore the manifest and the signature from one commit, or look at what changed and sign again"
            }
            Self::ManifestForm { .. } => "let `callgate sign` write it",
            Self::PolicyChanged { has_other_line_ends: false, .. } => {
                "look at what changed since it was signed; if that is meant, sign again with `callgate sign`"
            }
            Self::OldRevision { .. } => {
                "build the newest revision; to go back on purpose, sign the old text again, which gives it a new revision"
            }
            Self::NotYetValid { .. } => "wait, set the clock right, or sign again with another `--not-before`",
            Self::Expired { .. } => "sign again with a later `--expires`, or set the clock right",
        }
    }
}
