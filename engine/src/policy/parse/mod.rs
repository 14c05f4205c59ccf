//! Policy text to document.
//!
//! The format selects the reader of the text, and `version` selects the language.

mod approval;
mod callgate;
mod condition;
mod perso;
mod schema;
mod servers;
mod targets;
mod tools;
mod version;

use alloc::vec::Vec;

use crate::policy::document::PolicyDocument;
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::format::Format;

impl Format {
    /// Reads a policy text of this format.
    ///
    /// # Errors
    /// The text does not have the format, or its language is unknown. Other errors are kept in the document.
    pub fn parse(self, text: &str) -> Result<PolicyDocument<'_>, Vec<Diagnostic>> {
        version::parse(text, self)
    }
}

/// Reads a policy text in JSON.
///
/// # Errors
/// The text is not a JSON object with a supported `version`. Other errors are kept in the document.
pub fn parse(text: &str) -> Result<PolicyDocument<'_>, Vec<Diagnostic>> {
    Format::Json.parse(text)
}
