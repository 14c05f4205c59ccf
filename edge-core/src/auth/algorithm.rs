//! The algorithms for signed tokens, of which the configuration pins one (RFC 8725, section 3.1).

/// How tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// ECDSA over P-256 with SHA-256 (RFC 7518, section 3.4).
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3).
    Rs256,
    /// HMAC with SHA-256 (RFC 7518, section 3.2).
    Hs256,
}

impl Algorithm {
    /// The algorithms by name, for the configuration.
    pub(crate) const CHOICES: [(&str, Self); 4] =
        [("EdDSA", Self::EdDsa), ("ES256", Self::Es256), ("RS256", Self::Rs256), ("HS256", Self::Hs256)];

    /// The name, as in `alg`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }
}
