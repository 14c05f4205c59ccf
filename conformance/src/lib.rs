//! A second judge of `callgate-1`, and random policies and calls to hold it against the image.
//!
//! The reference reads the policy document, scans its rules and says what the documentation says, with no thought of
//! speed. It shares the parser with the engine and nothing behind it: numbers, expressions, paths, URLs, addresses and
//! times are read by other code. Where it and the image disagree, one of them is wrong.

pub mod json;
pub mod request;
pub mod readers;
pub mod reference;
mod values;
pub mod generate;
pub mod targets;
pub mod judge;
#[cfg(feature = "cedar")]
pub mod cedar;
