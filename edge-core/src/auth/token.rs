//! Compact signed tokens (RFC 7515, section 3.1), read strictly.

use alloc::string::String;
use alloc::vec::Vec;

use callgate_engine::json::{self, RawValue};

use crate::auth::algorithm::Algorithm;
use crate::auth::base64url;

/// A token has at most so many bytes: those of identity providers have one or two thousand.
pub const MAX_TOKEN_BYTES: usize = 8_192;

/// Objects and lists in a token nest at most so deep.
pub const MAX_TOKEN_DEPTH: usize = 16;

/// What the header of a token must say.
#[derive(Clone, Debug)]
pub(crate) struct HeaderRules {
    /// The one algorithm that tokens are signed with.
    pub(crate) algorithm: Algorithm,
    /// The `typ` that a token must have, as [`media_type`] writes it.
    pub(crate) token_type: Option<String>,
}

/// A token in its parts, of which nothing is verified.
#[derive(Clone, Debug)]
pub(crate) struct Token<'t> {
    /// The text that is signed.
    pub(crate) signing_input: &'t str,
    /// The header, if it is as it must be.
    pub(crate) header: Option<Header>,
    claims: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// What a header says that the rules leave open.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// The name of the key that signed, `kid`.
    pub(crate) key_id: Option<String>,
}

impl<'t> Token<'t> {
    /// Takes a text apart, or `None` where it has not the form of a token.
    pub(crate) fn read(text: &'t str, rules: &HeaderRules) -> Option<Self> {
        if text.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (signing_input, signature) = text.rsplit_once('.')?;
        let (header, claims) = signing_input.split_once('.')?;
        // A point in the claims is no character of base64url.
        let (header, claims) = (base64url::decode(header)?, base64url::decode(claims)?);
        let signature = base64url::decode(signature)?;
        let header = json::read(&header, MAX_TOKEN_DEPTH).ok().and_then(|header| rules.read(header));
        Some(Self { signing_input, header, claims, signature })
    }

    /// The claims, or `None` where they are not strict JSON: duplicate members, for one, have two readings.
    pub(crate) fn claims(&self) -> Option<RawValue<'_>> {
        json::read(&self.claims, MAX_TOKEN_DEPTH).ok()
    }
}

impl HeaderRules {
    /// Reads a header, or `None` where it is not as it must be.
    ///
    /// `jku`, `jwk`, `x5u` and `x5c` are passed over like any member that is not known (RFC 7515, section 4): whoever
    /// forges a token writes them, and keys come from the configuration alone.
    fn read(&self, header: RawValue<'_>) -> Option<Header> {
        let text = |name: &str| header.member(name).map(|value| value.as_string().ok_or(())).transpose();
        // A member that is critical is one that callgate does not know (RFC 7515, section 4.1.11).
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

/// A `typ` as it is compared: in lower case, and without the `application/` that may be left out (RFC 7515, section
/// 4.1.9).
pub(crate) fn media_type(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    match text.strip_prefix("application/") {
        Some(subtype) if !subtype.contains('/') => subtype.into(),
        _ => text,
    }
}

/// The token of a `Bearer` credential; the scheme's case does not matter (RFC 9110, section 11.1).
pub(crate) fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}
