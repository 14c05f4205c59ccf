//! A second evaluator of `callgate-1`, and random policies and calls to compare it with the image.
//!
//! The reference reads the policy text, scans its rules and says what the documentation says, with no thought of speed.
//! With the engine it shares the names of effects, codes and kinds of targets, in which the two are compared, and nothing
//! else: the policy, schemas, numbers, expressions, paths, URLs, addresses and times are read by other code. Where it and
//! the image disagree, one of them is wrong.

pub mod json;
mod truth;
mod numbers;
pub mod schema;
pub mod request;
pub mod policy;
pub mod when;
pub mod readers;
mod facts;
pub mod reference;
mod values;
pub mod generate;
pub mod targets;
pub mod shrink;
pub mod judge;
#[cfg(feature = "cedar")]
pub mod cedar;
