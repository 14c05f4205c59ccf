//! Key sets (RFC 7517), filtered to the keys that can verify tokens of this deployment.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use callgate_engine::json::{self, RawValue};

use crate::auth::algorithm::Algorithm;
use crate::auth::base64url;
use crate::auth::public_key::PublicKey;
#[cfg(feature = "jwt")]
use crate::auth::signature::is_on_curve;
use crate::auth::token::MAX_TOKEN_DEPTH;
use crate::config::section::items;

/// The maximum size of a key set, in bytes.
pub const MAX_KEYS_BYTES: usize = 65_536;

/// The maximum number of keys in a set.
const MAX_KEYS: usize = 64;

/// The RSA public exponent 65537; keys with another one are ignored.
const RSA_EXPONENT: &[u8] = &[1, 0, 1];

/// Why a key set is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysFault {
    /// The set is longer than [`MAX_KEYS_BYTES`].
    TooLong,
    /// The set is not a strict JSON object with a list `keys`.
    NotASet,
    /// The set has more than 64 keys.
    TooMany,
    /// Two usable keys have the same `kid`.
    RepeatedId,
    /// No key can verify tokens of the configured algorithm.
    NoneUsable,
}

impl KeysFault {
    /// The error, in lower case and without a full stop.
    #[must_use]
    pub fn problem(self) -> &'static str {
        match self {
            Self::TooLong => "must not exceed 65536 bytes",
            Self::NotASet => "must be an object with a list `keys`",
            Self::TooMany => "must have at most 64 keys",
            Self::RepeatedId => "has two keys with the same `kid`",
            Self::NoneUsable => "has no key that can verify tokens of the configured `algorithm`",
        }
    }
}

impl fmt::Display for KeysFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.problem())
    }
}

impl core::error::Error for KeysFault {}

/// The keys of a set that can verify a token of this deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys(Vec<(Option<String>, Arc<PublicKey>)>);

impl Keys {
    /// Reads a set for tokens of `algorithm`.
    pub(crate) fn read(text: &[u8], algorithm: Algorithm) -> Result<Self, KeysFault> {
        if text.len() > MAX_KEYS_BYTES {
            return Err(KeysFault::TooLong);
        }
        let set = json::read(text, MAX_TOKEN_DEPTH).map_err(|_| KeysFault::NotASet)?;
        Self::of(set, algorithm)
    }

    /// Selects the keys for tokens of `algorithm`.
    pub(crate) fn of(set: RawValue<'_>, algorithm: Algorithm) -> Result<Self, KeysFault> {
        let list = set.member("keys").ok_or(KeysFault::NotASet)?;
        let list = items(list).ok_or(KeysFault::NotASet)?;
        if list.len() > MAX_KEYS {
            return Err(KeysFault::TooMany);
        }
        let mut keys: Vec<(Option<String>, Arc<PublicKey>)> = Vec::new();
        for (id, key) in list.into_iter().filter_map(|key| read_key(key, algorithm)) {
            if id.is_some() && keys.iter().any(|(other, _)| *other == id) {
                return Err(KeysFault::RepeatedId);
            }
            keys.push((id, Arc::new(key)));
        }
        if keys.is_empty() { Err(KeysFault::NoneUsable) } else { Ok(Self(keys)) }
    }

    /// The key that a token names, or the only key if the token names none.
    pub(crate) fn find(&self, id: Option<&str>) -> Option<&Arc<PublicKey>> {
        match (id, self.0.as_slice()) {
            (Some(id), keys) => keys.iter().find(|(other, _)| other.as_deref() == Some(id)).map(|(_, key)| key),
            (None, [(_, key)]) => Some(key),
            (None, _) => None,
        }
    }

    /// Any key, for a token that matches none.
    pub(crate) fn any(&self) -> Option<&Arc<PublicKey>> {
        self.0.first().map(|(_, key)| key)
    }
}

/// Reads a key, or `None` if it cannot or must not verify tokens of `algorithm`.
fn read_key(key: RawValue<'_>, algorithm: Algorithm) -> Option<(Option<String>, PublicKey)> {
    let text = |name: &str| key.member(name).map(|value| value.as_string().ok_or(())).transpose();
    let is_for = |name: &str, wanted: &str| text(name).ok().is_some_and(|is| is.is_none_or(|is| is == wanted));
    let bytes = |name: &str| base64url::decode(&text(name).ok()??);
    let point = |name: &str| <[u8; 32]>::try_from(bytes(name)?).ok();
    // Anyone who reads a key set with a private key can sign.
    if !is_for("alg", algorithm.name()) || !is_for("use", "sig") || key.member("d").is_some() {
        return None;
    }
    if let Some(operations) = key.member("key_ops") {
        items(operations)?.into_iter().find(|operation| operation.as_string().is_some_and(|it| it == "verify"))?;
    }
    let id = text("kid").ok()?.map(Into::into);
    let (kind, curve) = (text("kty").ok()??, text("crv").ok()?);
    let public = match (algorithm, &*kind, curve.as_deref()) {
        (Algorithm::EdDsa, "OKP", Some("Ed25519")) => PublicKey::Ed25519(point("x")?),
        (Algorithm::Es256, "EC", Some("P-256")) => PublicKey::P256 { x: point("x")?, y: point("y")? },
        (Algorithm::Rs256, "RSA", _) if bytes("e")? == RSA_EXPONENT => PublicKey::Rsa(bytes("n")?),
        _ => return None,
    };
    (public.is_strong() && is_on_curve(&public)).then_some((id, public))
}

/// Whether the point of a key is on its curve. A platform that verifies signatures rejects such a key later.
#[cfg(not(feature = "jwt"))]
fn is_on_curve(_: &PublicKey) -> bool {
    true
}
