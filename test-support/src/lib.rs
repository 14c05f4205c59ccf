//! The code that the tests of several crates share.
//!
//! A failure is reported at the caller's line: every function that can fail tracks its caller.
#![expect(clippy::panic, reason = "a failed test panics")]

mod edge;

use callgate_engine::{compile, parse, validate};

pub use edge::{Did, Edge, Served, send_all};

/// The image of a valid policy.
///
/// # Panics
/// The policy has an error; the message contains all errors.
#[must_use]
#[track_caller]
pub fn image_of(policy: &str) -> Vec<u8> {
    match parse(policy).and_then(validate) {
        Ok(policy) => compile(&policy),
        Err(findings) => panic!("{findings:#?}"),
    }
}
