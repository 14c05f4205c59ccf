//! The policy language and the decision engine of callgate.
//!
//! Each stage has its own type and accepts only the type of the previous stage: policy text, [`PolicyDocument`],
//! [`ValidPolicy`], [`PolicyImage`] (bytes), [`Decision`]. The folders `policy` and `compile` contain the stages up to
//! the image; they belong to the feature `compile` and run at build time. An edge contains the image and the code that
//! reads it in place. That code does no input or output, reads no clock and does not panic. Both halves are `no_std`, but
//! some crates of the feature `compile` need the standard library.
//!
//! # Examples
//!
//! A policy is compiled once, and its image decides calls:
//!
//! ```
//! use callgate_engine::{Call, Effect, PolicyImage, RequestFacts, compile, evaluate, parse, validate};
//!
//! let policy = r#"{ "version": "callgate-1", "tools": ["process_refund"], "roles": { "agent": {} }, "rules": [
//!     { "id": "refund", "effect": "Allow", "tool_name": "process_refund", "roles": ["agent"], "condition":
//!         { "NumericCheck": { "source": "Arguments", "field": "amount", "op": "Lte", "value": 500 } } } ] }"#;
//! let bytes = compile(&parse(policy).and_then(validate).expect("the policy has no error"));
//! let image = PolicyImage::open(&bytes).expect("the bytes are an image");
//!
//! let facts = RequestFacts::default();
//! let decide = |body: &[u8]| evaluate(&image, &Call::read(body, &facts, &image).expect("a call")).effect;
//! assert_eq!(decide(br#"{"tool":"process_refund","role":"agent","args":{"amount":200}}"#), Effect::Allow);
//! assert_eq!(decide(br#"{"tool":"process_refund","role":"agent","args":{"amount":800}}"#), Effect::Deny);
//! ```
//!
//! A policy with errors does not compile. All errors are reported, each with its position and, if known, the fix:
//!
//! ```
//! use callgate_engine::{parse, validate};
//!
//! let policy = r#"{ "version": "callgate-1", "tools": ["view"], "roles": { "agent": {} }, "rules": [
//!     { "effect": "Allow", "tool_name": "veiw", "roles": ["agnet"] } ] }"#;
//! let findings = parse(policy).and_then(validate).expect_err("two names are unknown");
//! let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
//! assert_eq!(codes, ["unknown_tool", "unknown_role"]);
//! assert_eq!(findings[1].fix.as_deref(), Some("did you mean `agent`?"));
//! ```
#![no_std]

extern crate alloc;

// The foundation of both halves.
pub mod limits;
pub mod json;
pub mod language;
mod canonical;

// Text to image, at build time.
#[cfg(feature = "compile")]
pub mod policy;
#[cfg(feature = "compile")]
mod compile;

// Image and call to decision, in an edge.
mod image;
pub mod call;
pub mod condition;
pub mod judge;

pub use call::{Call, CallerFacts, RequestError, RequestFacts};
#[cfg(feature = "compile")]
pub use compile::compile;
pub use image::{ImageError, PolicyImage};
pub use json::fault::Fault;
pub use judge::decision::{Code, Decision, Failure};
pub use judge::evaluate;
pub use language::dialect::Dialect;
pub use language::effect::Effect;
pub use language::target::TargetKind;
pub use limits::CallLimits;
#[cfg(feature = "compile")]
#[cfg(feature = "report")]
pub use policy::text::report;
#[cfg(feature = "compile")]
pub use policy::{Format, PolicyDocument, UnknownFormat, ValidPolicy, parse, validate};
