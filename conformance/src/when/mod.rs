//! Expressions, written from the language reference: how they are read as conditions in JSON, and how random conditions
//! are written as expressions.

mod tree;
mod parts;
mod read;
mod times;
mod policy;
mod write;

pub(crate) use policy::has_expressions;
pub use policy::without_expressions;
pub use write::write;
