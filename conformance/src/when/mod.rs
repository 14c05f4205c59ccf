//! Expressions, written from the language reference: how they are read as conditions in JSON, and how random conditions
//! are written as expressions.

mod tree;
mod read;
mod write;

pub(crate) use read::{has_expressions, without_expressions};
pub use write::write;
