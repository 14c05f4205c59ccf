//! The code that the tests of several crates share.
//!
//! A failure is reported at the caller's line: every function that can fail tracks its caller.
#![expect(clippy::panic, reason = "a failed test panics")]

mod checkout;
mod policy;
#[cfg(feature = "edge")]
mod edge;

pub use checkout::{checkout_path, read_checkout};
#[cfg(feature = "edge")]
pub use edge::{Did, Edge, Served, send_all};
pub use policy::{
    Answer, answer_to, assert_same_image, decide, decide_with, error_codes_of, errors_of, findings_of, image_of, open,
    try_decide, valid_policy,
};
