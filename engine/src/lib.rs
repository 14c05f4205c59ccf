//! The policy language and the decision engine of callgate.
//!
//! Each stage has its type, and a stage takes only the type of the one before:
//! policy text, [`PolicyDocument`], [`ValidPolicy`], [`PolicyImage`] (bytes), [`Decision`].
//! The stages up to the image belong to the feature `compile` and run at build time.
//! What deploys holds the image and the code that reads it in place; that part is `no_std`,
//! does no input or output, reads no clock and does not panic.
#![no_std]

extern crate alloc;
#[cfg(feature = "compile")]
extern crate std;

// What both halves stand on.
pub mod limits;
mod hash_table;
mod decimal;
mod lexer;
mod member_names;
pub mod json;
mod raw_value;

// What both halves speak of: languages, and what calls are for.
mod dialect;
pub mod target;
mod path;
mod address;
mod url;
mod uri;

// Text to image, at build time.
#[cfg(feature = "compile")]
pub mod error;
#[cfg(feature = "compile")]
mod tree;
#[cfg(feature = "compile")]
pub mod document;
#[cfg(feature = "compile")]
pub mod condition;
#[cfg(feature = "compile")]
mod shape;
#[cfg(feature = "compile")]
mod parse;
#[cfg(feature = "compile")]
mod parse_condition;
#[cfg(feature = "compile")]
mod parse_schema;
#[cfg(feature = "compile")]
mod perso;
#[cfg(feature = "compile")]
mod regex;
#[cfg(feature = "compile")]
mod names;
#[cfg(feature = "compile")]
mod catalog;
#[cfg(feature = "compile")]
mod schema;
#[cfg(feature = "compile")]
mod domain;
#[cfg(feature = "compile")]
mod guard;
#[cfg(feature = "compile")]
mod validate;
#[cfg(feature = "compile")]
mod compile;
#[cfg(feature = "compile")]
mod compile_condition;
#[cfg(feature = "compile")]
mod compile_rows;
#[cfg(feature = "report")]
pub mod report;

// Image and call to decision, where it is deployed.
mod records;
mod image_bytes;
mod image;
pub mod predicate;
mod automaton;
pub mod time;
mod request_error;
mod request_facts;
pub mod request;
mod evaluate;
mod explain;
mod perso_value;
pub mod decision;
pub mod reason;

#[cfg(feature = "compile")]
pub use compile::compile;
pub use decision::{Code, Decision, Effect, Failure};
pub use dialect::Dialect;
#[cfg(feature = "compile")]
pub use document::PolicyDocument;
pub use evaluate::evaluate;
pub use image::{ImageError, PolicyImage};
pub use json::Fault;
pub use limits::CallLimits;
#[cfg(feature = "compile")]
pub use parse::parse;
pub use request::{Call, CallerFacts, RequestError, RequestFacts};
pub use target::TargetKind;
#[cfg(feature = "compile")]
pub use validate::{ValidPolicy, validate};
