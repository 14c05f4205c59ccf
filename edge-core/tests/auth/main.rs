//! Who is let in: API keys and tokens, each with the twins that are not.
#![cfg(feature = "jwt")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test states what must hold by failing"
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
