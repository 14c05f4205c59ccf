//! A second evaluator of `callgate-1`, and random policies and calls to compare it with the image.
//!
//! The reference reads the policy document, scans its rules and follows the documentation, regardless of speed. It
//! shares only the parser with the engine: numbers, expressions, paths, URLs, addresses and times are read by other
//! code. If it disagrees with the image, one of them has a bug.

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
