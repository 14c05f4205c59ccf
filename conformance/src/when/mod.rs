//! Expressions, written from the language reference: how they are read as conditions in JSON, and how random conditions
//! are written as expressions.

mod tree;
mod read;
mod write;

pub(crate) use read::has_expressions;
pub use read::without_expressions;
pub use write::write;
