//! Policy text to document.
//!
//! The format selects a front end before the text is read, so that a front end for another format need not start from
//! JSON.

mod callgate;
mod json;
mod perso;
mod schema;

use alloc::vec::Vec;

use crate::policy::document::PolicyDocument;
use crate::policy::text::diagnostic::Diagnostic;

/// The format of a policy text, which selects its front end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON; `version` selects the language: `callgate-1`, or a version of perso.
    Json,
}

impl Format {
    /// Reads a policy text of this format.
    ///
    /// # Errors
    /// The text does not have the format, or its language is unknown. Other errors are kept in the document.
    pub fn parse(self, text: &str) -> Result<PolicyDocument<'_>, Vec<Diagnostic>> {
        match self {
            Self::Json => json::parse(text),
        }
    }
}

/// Reads a policy text in JSON.
///
/// # Errors
/// The text is not a JSON object with a supported `version`. Other errors are kept in the document.
pub fn parse(text: &str) -> Result<PolicyDocument<'_>, Vec<Diagnostic>> {
    Format::Json.parse(text)
}
