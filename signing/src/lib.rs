//! Signed policies: whoever may change a policy file can't by that alone change what is deployed.
//!
//! Beside a policy lie its [`Manifest`], a JSON text that names the policy by its SHA-256, and a minisign signature over
//! the bytes of the manifest. [`verify`] holds the three against public keys that come from elsewhere. It runs where a
//! policy is built and never where it is deployed.

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
