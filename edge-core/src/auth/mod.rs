//! Who is calling: API keys or signed tokens, as the section `auth` of the configuration says.
//!
//! All of it is a function of what an edge hands in: the credential, the time, the bytes of a set of keys.
//! An edge fetches keys where it is told to, and verifies signatures where its platform does it better than a crate.

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
