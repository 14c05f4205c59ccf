//! A second reader of policies, written from the language reference.
//!
//! The engine gets the text of a policy and nothing else, so a text that the engine misreads leads to another decision
//! than the one of the reference. Only the form of a policy is read here: which keys there are and what type each has.
//! Whether a name is declared, or whether a check can be true, is a question for the engine's validation alone.

mod strict;
pub mod condition;
pub mod callgate;
pub mod tools;
pub mod perso;

use serde::Deserialize;
use serde::de::Error as _;

/// A policy text of either dialect.
#[derive(Debug)]
pub enum Document {
    /// A policy of `callgate-1`.
    Callgate(callgate::Policy),
    /// A policy of `perso-1`.
    Perso(perso::Policy),
}

/// The key that selects the dialect; its reader ignores the others.
#[derive(Debug, Deserialize)]
struct Version {
    version: String,
}

/// Reads a policy text.
///
/// # Errors
/// The text is not JSON, or it is not a policy of the dialect that its `version` names.
pub fn read(text: &str) -> Result<Document, serde_json::Error> {
    let Version { version } = serde_json::from_str(text)?;
    match version.as_str() {
        "callgate-1" => callgate::Policy::read(text).map(Document::Callgate),
        _ if version.starts_with("perso-") => serde_json::from_str(text).map(Document::Perso),
        _ => Err(serde_json::Error::custom(format_args!("`{version}` is not a known version"))),
    }
}
