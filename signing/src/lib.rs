//! Signed policies: changing a policy file alone does not change the deployed policy.
//!
//! A policy has two files next to it: its [`Manifest`], a JSON text with the policy's SHA-256, and a minisign signature
//! of the manifest's bytes. [`verify`] checks them with public keys from another source. It runs when a policy is built,
//! not in a deployment.
//!
//! # Examples
//!
//! A key owner signs the manifest of a policy, and a build verifies it with the public key:
//!
//! ```
//! use std::time::SystemTime;
//!
//! use callgate_signing::{Manifest, PublicKey, SigningKey, verify};
//! use sha2::{Digest, Sha256};
//!
//! let (policy, now) = (br#"{ "version": "callgate-1" }"#, SystemTime::now());
//! let manifest = Manifest { sha256: Sha256::digest(policy).into(), revision: 1, not_before: None, expires: None };
//! let manifest = manifest.write();
//!
//! let (key, _secret_key_file) = SigningKey::generate(None).expect("random bytes");
//! let signature = key.sign(&manifest, "crm.json.manifest", now).expect("a signature");
//!
//! let trusted = PublicKey::read_all(&key.public_key().expect("a public key")).expect("one key");
//! let verify = |policy: &[u8]| verify(policy, manifest.as_bytes(), signature.as_bytes(), &trusted, now, 1);
//! assert_eq!(verify(policy).map(|manifest| manifest.revision), Ok(1));
//!
//! // A changed policy is refused.
//! let refusal = verify(br#"{ "version": "perso-1" }"#).expect_err("another policy");
//! assert!(refusal.to_string().starts_with("the policy differs from the signed policy"));
//! ```
//!
//! A refusal includes a fix:
//!
//! ```
//! use callgate_signing::PublicKey;
//!
//! let refusal = PublicKey::read_all("untrusted").expect_err("not a key");
//! assert_eq!(refusal.to_string(), "`untrusted` is not a minisign public key");
//! assert_eq!(refusal.fix(), "use the second line of the `.pub` file: 56 characters that start with `RW`");
//! ```

mod refusal;
mod time;
mod manifest;
mod public_key;
mod signature;
mod verify;
mod files;
mod trust;
#[cfg(feature = "sign")]
mod signing_key;

pub use files::SignedFiles;
pub use manifest::{MAX_REVISION, Manifest};
pub use public_key::PublicKey;
pub use refusal::Refusal;
#[cfg(feature = "sign")]
pub use signing_key::{KeyFile, SigningKey, UnusableKey};
pub use time::{parse_time, write_time};
pub use trust::{MINIMUM_REVISION_VARIABLE, PUBLIC_KEY_VARIABLE, Trust};
pub use verify::verify;
