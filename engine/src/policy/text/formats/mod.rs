//! Reads and writes a policy text of any format.

mod comments;
mod json;
mod plain;
mod characters;
mod yaml;
pub(crate) mod write;

use crate::limits::MAX_POLICY_BYTES;
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::format::Format;
use crate::policy::text::tree::Tree;

/// Reads a policy text.
///
/// # Errors
/// The text does not have the format; the diagnostic has the position at which it stops having it.
pub(crate) fn read(text: &str, format: Format) -> Result<Tree<'_>, Diagnostic> {
    if text.len() > MAX_POLICY_BYTES {
        return Err(Diagnostic::error("too_long", &(0..0), "the policy is longer than 256 MiB"));
    }
    match format {
        Format::Json => json::read(text, text, format),
        Format::JsonWithComments => json::read(text, &comments::blank(text)?, format),
        Format::Yaml => yaml::read(text),
    }
}
