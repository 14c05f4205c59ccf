//! JSON Schema, as far as callgate enforces it, evaluated on the text of the schema with no thought of speed.
//!
//! Written from the specifications of draft 7 and 2020-12. Three rules are callgate's own. A value conforms, does not,
//! or it is unknown whether it does, because a comparison of numbers depends on rounding. A keyword whose value is not
//! valid is ignored, as are all keywords that are not in `evaluate.rs`. Six formats are assertions in both drafts.

mod format;
mod pattern;
mod document;
mod keyword;
mod evaluate;
pub mod random;
pub mod suite;
#[cfg(feature = "jsonschema")]
pub mod compare;

pub use document::{Draft, Schema};
