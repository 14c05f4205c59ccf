//! The text of a policy: its nodes and their positions, its findings, and how they are printed.

pub(crate) mod clock;
pub mod diagnostic;
pub mod format;
pub mod positions;
#[cfg(feature = "report")]
pub mod report;
pub mod spanned;
pub(crate) mod embedded;
mod misplaced;
pub(crate) mod node_reader;
pub(crate) mod tree;
pub(crate) mod formats;
pub(crate) mod canonical;
pub mod convert;

pub use diagnostic::{Diagnostic, Severity};
pub use format::{Format, UnknownFormat};
pub use positions::{Position, Positions};
pub use spanned::Spanned;
