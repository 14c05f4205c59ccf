//! The secrets of a deployment.

/// The secrets of a deployment, each in its own variable.
#[derive(Clone, Copy, Default)]
pub struct Secrets<'s> {
    /// `CALLGATE_API_KEYS`.
    pub api_keys: Option<&'s str>,
    /// `CALLGATE_JWT_SECRET`.
    pub token_secret: Option<&'s str>,
}
