//! Authentication: API keys and tokens, each with rejected twins.
#![cfg(feature = "jwt")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a failed test panics"
)]

mod issuer;
mod api_keys;
mod configuration;
mod header;
mod claims;
mod signatures;
mod keys;
mod fetching;
mod same_time;
mod single_use;
mod seam;
