//! Prints why a signed policy is refused.

use std::path::Path;

use callgate_signing::Refusal;

use crate::failure::Failure;
use crate::print;

/// Prints why a signed policy is refused, and the fix, to standard error.
pub(crate) fn print_refusal(policy: &Path, refusal: &Refusal) -> Failure {
    let printed = print::err(&format!("error: {}: {refusal}\n  = help: {}", policy.display(), refusal.fix()));
    printed.map_or_else(|failure| failure, |()| Failure::Refused)
}
