//! Compact signed tokens (RFC 7515, section 3.1), read strictly.

use alloc::string::String;
use alloc::vec::Vec;

use callgate_engine::json::{self, RawValue};

use crate::auth::algorithm::Algorithm;
use crate::auth::base64url;

/// The maximum length of a token in bytes: tokens of identity providers have one or two thousand.
pub const MAX_TOKEN_BYTES: usize = 8_192;

/// The maximum nesting of objects and lists in a token.
pub const MAX_TOKEN_DEPTH: usize = 16;

/// The required header of a token.
#[derive(Clone, Debug)]
pub(crate) struct HeaderRules {
    /// The only accepted algorithm.
    pub(crate) algorithm: Algorithm,
    /// The required `typ`, as [`media_type`] writes it.
    pub(crate) token_type: Option<String>,
}

/// The parts of an unverified token.
#[derive(Clone, Debug)]
pub(crate) struct Token<'t> {
    /// The signed text.
    pub(crate) signing_input: &'t str,
    /// The header, if it is valid.
    pub(crate) header: Option<Header>,
    claims: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// The parts of a header that the rules leave open.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// The key ID, `kid`.
    pub(crate) key_id: Option<String>,
}

impl<'t> Token<'t> {
    /// Splits a text, or `None` if it does not have the form of a token.
    pub(crate) fn read(text: &'t str, rules: &HeaderRules) -> Option<Self> {
        if text.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (signing_input, signature) = text.rsplit_once('.')?;
        let (header, claims) = signing_input.split_once('.')?;
        // A period in the claims is not a base64url character.
        let (header, claims) = (base64url::decode(header)?, base64url::decode(claims)?);
        let signature = base64url::decode(signature)?;
        let header = json::read(&header, MAX_TOKEN_DEPTH).ok().and_then(|header| rules.read(header));
        Some(Self { signing_input, header, claims, signature })
    }

    /// The claims, or `None` if they are not strict JSON: duplicate members, for example, are ambiguous.
    pub(crate) fn claims(&self) -> Option<RawValue<'_>> {
        json::read(&self.claims, MAX_TOKEN_DEPTH).ok()
    }
}

impl HeaderRules {
    /// Reads a header, or `None` if it is invalid.
    ///
    /// `jku`, `jwk`, `x5u` and `x5c` are ignored like any unknown member (RFC 7515, section 4): a forger could write
    /// them, and keys come only from the configuration.
    fn read(&self, header: RawValue<'_>) -> Option<Header> {
        let text = |name: &str| header.member(name).map(|value| value.as_string().ok_or(())).transpose();
        // A critical member is always unknown to callgate (RFC 7515, section 4.1.11).
        if header.member("crit").is_some() || text("alg").ok()?? != self.algorithm.name() {
            return None;
        }
        let token_type = text("typ").ok()?;
        if let Some(wanted) = &self.token_type
            && token_type.is_none_or(|token_type| media_type(&token_type) != *wanted)
        {
            return None;
        }
        Some(Header { key_id: text("kid").ok()?.map(Into::into) })
    }
}

/// A `typ` for comparison: in lower case, and without the optional `application/` (RFC 7515, section 4.1.9).
pub(crate) fn media_type(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    match text.strip_prefix("application/") {
        Some(subtype) if !subtype.contains('/') => subtype.into(),
        _ => text,
    }
}

/// The token of a `Bearer` credential; the scheme is not case-sensitive (RFC 9110, section 11.1).
pub(crate) fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}
