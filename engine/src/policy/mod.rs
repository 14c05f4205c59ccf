//! Policy text to valid policy, at build time.

pub mod text;
pub mod document;
pub(crate) mod schema;
pub(crate) mod format;
pub(crate) mod when;
pub(crate) mod parse;
pub(crate) mod automaton;
pub(crate) mod calendar;
pub(crate) mod check;
pub(crate) mod semantics;
pub mod convert;

pub use crate::condition;
pub use check::{ValidPolicy, validate};
pub use convert::{ConditionForm, convert};
pub use document::PolicyDocument;
pub use parse::parse;
pub use text::format::{Format, UnknownFormat};
