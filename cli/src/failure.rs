//! Why a command did not succeed.

/// Why a command did not succeed.
pub(crate) enum Failure {
    /// The input is invalid; the problem was printed.
    Refused,
    /// A policy was written without a part of its source, as was printed.
    Incomplete,
    /// The command could not do its work, for the reason in the message.
    Unusable(String),
}
