//! Why a command did not succeed.

/// Why a command failed.
pub(crate) enum Failure {
    /// The input is invalid; the problem was printed.
    Refused,
    /// A policy was written without a part of its source, as printed.
    Incomplete,
    /// The command failed for the reason in the message.
    Unusable(String),
}
