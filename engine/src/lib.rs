//! The policy language and the decision engine of callgate.
//!
//! Each stage has its type, and a stage takes only the type of the one before:
//! policy text, [`PolicyDocument`], [`ValidPolicy`], [`PolicyImage`] (bytes), [`Decision`].
//! The stages up to the image are the folders `policy` and `compile`; they belong to the feature `compile` and run at
//! build time.
//! What deploys holds the image and the code that reads it in place; that part is `no_std`,
//! does no input or output, reads no clock and does not panic.
#![no_std]

extern crate alloc;
#[cfg(feature = "compile")]
extern crate std;

// What both halves stand on.
pub mod limits;
pub mod json;
pub mod language;
mod canonical;

// Text to image, at build time.
#[cfg(feature = "compile")]
pub mod policy;
#[cfg(feature = "compile")]
mod compile;

// Image and call to decision, where it is deployed.
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
pub use policy::{PolicyDocument, ValidPolicy, parse, validate};
