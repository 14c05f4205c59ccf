//! The authenticated caller.

use alloc::sync::Arc;
use callgate_engine::CallerFacts;
/// The authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The principal: the API key's name or the token's subject.
    pub principal: Option<Arc<str>>,
    /// The token's claims about the caller; `None` for an API key, whose host states them in each call.
    pub token: Option<CallerFacts>,
    /// The replay key of a single-use token.
    pub(crate) single_use: Option<SingleUse>,
}

/// A single-use token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SingleUse {
    /// The SHA-256 of its `jti`.
    pub(crate) digest: [u8; 32],
    /// The second from which the token is rejected as expired.
    pub(crate) until: i64,
    /// The second in which the token arrived.
    pub(crate) now: i64,
}
