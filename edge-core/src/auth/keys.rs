//! Sets of public keys (RFC 7517), of which those are taken that can verify a token of this deployment.

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

/// A set of keys has at most so many bytes.
pub const MAX_KEYS_BYTES: usize = 65_536;

/// A set holds at most so many keys.
const MAX_KEYS: usize = 64;

/// The public exponent that RSA keys have, 65537: with another one they are passed over.
const RSA_EXPONENT: &[u8] = &[1, 0, 1];

/// Why a set of keys is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysFault {
    /// It is longer than [`MAX_KEYS_BYTES`].
    TooLong,
    /// It is no strict JSON object with a list `keys`.
    NotASet,
    /// It holds more than 64 keys.
    TooMany,
    /// Two keys that can be used have one `kid`.
    RepeatedId,
    /// It holds no key that can verify a token with the configured algorithm.
    NoneUsable,
}

impl KeysFault {
    /// What is wrong with the set, in lower case and without a full stop.
    #[must_use]
    pub fn problem(self) -> &'static str {
        match self {
            Self::TooLong => "must have 65536 bytes at most",
            Self::NotASet => "must be an object with a list `keys`",
            Self::TooMany => "must hold 64 keys at most",
            Self::RepeatedId => "holds two keys with one `kid`",
            Self::NoneUsable => "holds no key that can verify a token with the configured `algorithm`",
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
    /// Reads a set for tokens that are signed with `algorithm`.
    pub(crate) fn read(text: &[u8], algorithm: Algorithm) -> Result<Self, KeysFault> {
        if text.len() > MAX_KEYS_BYTES {
            return Err(KeysFault::TooLong);
        }
        let set = json::read(text, MAX_TOKEN_DEPTH).map_err(|_| KeysFault::NotASet)?;
        Self::of(set, algorithm)
    }

    /// Takes the keys of a set for tokens that are signed with `algorithm`.
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

    /// The key that a token names, or the only one there is where it names none.
    pub(crate) fn find(&self, id: Option<&str>) -> Option<&Arc<PublicKey>> {
        match (id, self.0.as_slice()) {
            (Some(id), keys) => keys.iter().find(|(other, _)| other.as_deref() == Some(id)).map(|(_, key)| key),
            (None, [(_, key)]) => Some(key),
            (None, _) => None,
        }
    }

    /// Some key, for a token that no key can have signed.
    pub(crate) fn any(&self) -> Option<&Arc<PublicKey>> {
        self.0.first().map(|(_, key)| key)
    }
}

/// Reads a key, or `None` where it can't or must not verify tokens that are signed with `algorithm`.
fn read_key(key: RawValue<'_>, algorithm: Algorithm) -> Option<(Option<String>, PublicKey)> {
    let text = |name: &str| key.member(name).map(|value| value.as_string().ok_or(())).transpose();
    let is_for = |name: &str, wanted: &str| text(name).ok().is_some_and(|is| is.is_none_or(|is| is == wanted));
    let bytes = |name: &str| base64url::decode(&text(name).ok()??);
    let point = |name: &str| <[u8; 32]>::try_from(bytes(name)?).ok();
    // Whoever reads a set that gives a private half away can sign.
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

/// Whether the point of a key is on its curve. A platform that verifies signatures itself refuses such a key then.
#[cfg(not(feature = "jwt"))]
fn is_on_curve(_: &PublicKey) -> bool {
    true
}
