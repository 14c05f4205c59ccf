//! What the tests of several crates share.
//!
//! A failure is reported at the line of the test that called: every function that can fail tracks its caller.
#![expect(clippy::panic, reason = "a test states what must hold by failing")]

mod edge;

use callgate_engine::{compile, parse, validate};

pub use edge::{Did, Edge, Served, send_all};

/// The image of a valid policy.
///
/// # Panics
/// The policy has an error; the message has all of them.
#[must_use]
#[track_caller]
pub fn image_of(policy: &str) -> Vec<u8> {
    match parse(policy).and_then(validate) {
        Ok(policy) => compile(&policy),
        Err(findings) => panic!("{findings:#?}"),
    }
}
