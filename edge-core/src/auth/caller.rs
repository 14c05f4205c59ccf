//! Who is calling, once that is known.

use alloc::sync::Arc;
use callgate_engine::CallerFacts;
/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whom decisions are logged under: the name of the API key, or the subject of the token.
    pub principal: Option<Arc<str>>,
    /// What a token says of the caller; `None` where an API key let a host in, which says it for each call.
    pub token: Option<CallerFacts>,
    /// By what the token is known, where it is taken once.
    pub(crate) single_use: Option<SingleUse>,
}

/// A token that is taken once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SingleUse {
    /// The SHA-256 of its `jti`.
    pub(crate) digest: [u8; 32],
    /// The second from which on it is refused as too old.
    pub(crate) until: i64,
    /// The second in which it came.
    pub(crate) now: i64,
}
