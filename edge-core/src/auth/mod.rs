//! Authentication of callers: API keys or signed tokens, as the section `auth` of the configuration selects.
//!
//! All functions depend only on values from the edge: the credential, the time, the bytes of a key set. An edge fetches
//! keys on request, and verifies signatures itself if its platform is better than a crate.

mod api_keys;
mod algorithm;
mod base64url;
mod public_key;
mod keys;
mod token;
mod caller;
mod claims;
mod secrets;
mod settings;
mod key_cache;
mod unverified;
#[cfg(feature = "jwt")]
mod signature;
mod authentication;

pub use algorithm::Algorithm;
pub use authentication::{Authentication, Step};
pub use caller::Caller;
pub use key_cache::KeyCache;
pub use keys::{KeysFault, MAX_KEYS_BYTES};
pub use public_key::PublicKey;
pub use secrets::Secrets;
pub use token::{MAX_TOKEN_BYTES, MAX_TOKEN_DEPTH};
pub use unverified::Unverified;
