//! Policy text to valid policy, at build time.

pub mod text;
pub mod document;
pub mod condition;
pub(crate) mod parse;
pub(crate) mod automaton;
pub(crate) mod check;

pub use check::{ValidPolicy, validate};
pub use document::PolicyDocument;
pub use parse::parse;
