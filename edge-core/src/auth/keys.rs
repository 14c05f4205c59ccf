//! Sets of public keys (RFC 7517), of which those are taken that can verify a token of this deployment.

use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use callgate_engine::json::{self, RawValue};

use crate::auth::algorithm::Algorithm;
use crate::auth::base64url;
use crate::auth::token::MAX_TOKEN_DEPTH;
use crate::config::items;

/// A set of keys has at most so many bytes.
pub const MAX_KEYS_BYTES: usize = 65_536;

/// A set holds at most so many keys.
const MAX_KEYS: usize = 64;

/// How long an RSA modulus may be, in bits: at least what RFC 7518, section 3.3, asks, and no longer than can be verified
/// for each call.
const RSA_BITS: core::ops::RangeInclusive<usize> = 2_048..=4_096;

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

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// Ed25519: the encoded point.
    Ed25519([u8; 32]),
    /// P-256: the coordinates, big-endian.
    P256 {
        /// The first coordinate.
        x: [u8; 32],
        /// The second coordinate.
        y: [u8; 32],
    },
    /// RSA with the public exponent 65537: the modulus, big-endian and without leading zeros.
    Rsa(Vec<u8>),
}

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
    public.is_strong().then_some((id, public))
}

impl PublicKey {
    /// Whether the key is one that only its owner can sign for.
    fn is_strong(&self) -> bool {
        match self {
            Self::Ed25519(point) => !is_small_order(point) && self.is_on_curve(),
            Self::P256 { .. } => self.is_on_curve(),
            Self::Rsa(modulus) => {
                let first = modulus.first().copied().unwrap_or_default();
                let unused = usize::try_from(first.leading_zeros()).unwrap_or_default();
                let bits = modulus.len().saturating_mul(8).saturating_sub(unused);
                let is_odd = modulus.last().is_some_and(|last| last & 1 == 1);
                first != 0 && is_odd && RSA_BITS.contains(&bits)
            }
        }
    }

    /// Whether the point is one, as far as this build has the arithmetic for it; else nothing verifies with it.
    fn is_on_curve(&self) -> bool {
        #[cfg(feature = "jwt")]
        return crate::auth::signature::is_on_curve(self);
        #[cfg(not(feature = "jwt"))]
        return true;
    }

    /// The key as a JSON Web Key, with what WebCrypto's `importKey` asks for and nothing else.
    #[must_use]
    pub fn jwk(&self) -> String {
        let parts = match self {
            Self::Ed25519(point) => vec![r#"{"kty":"OKP","crv":"Ed25519","x":""#.to_string(), base64url::encode(point)],
            Self::P256 { x, y } => vec![
                r#"{"kty":"EC","crv":"P-256","x":""#.to_string(),
                base64url::encode(x),
                r#"","y":""#.to_string(),
                base64url::encode(y),
            ],
            Self::Rsa(modulus) => {
                vec![r#"{"kty":"RSA","e":"AQAB","n":""#.to_string(), base64url::encode(modulus)]
            }
        };
        [&parts.concat(), "\"}"].concat()
    }

    /// Whether the bytes are a signature of this kind at all: of the right length, and with numbers in their ranges.
    ///
    /// Each signature has one such form, except that of P-256, of which the opposite `s` is one too.
    pub(crate) fn takes(&self, signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(_) => {
                let parts = signature.split_at_checked(32).filter(|(_, scalar)| scalar.len() == 32);
                parts.is_some_and(|(_, scalar)| scalar.iter().rev().lt(ED25519_ORDER.iter()))
            }
            Self::P256 { .. } => {
                let parts = signature.split_at_checked(32).filter(|(_, s)| s.len() == 32);
                let is_scalar = |bytes: &[u8]| bytes.iter().any(|byte| *byte != 0) && bytes < P256_ORDER.as_slice();
                parts.is_some_and(|(r, s)| is_scalar(r) && is_scalar(s))
            }
            // Both have one length, so that they compare like the numbers that they are.
            Self::Rsa(modulus) => signature.len() == modulus.len() && signature < modulus.as_slice(),
        }
    }

    /// A signature that takes as long to refuse as any other.
    pub(crate) fn decoy(&self) -> Vec<u8> {
        // Numbers in their ranges with many bits, since few bits are less work.
        match self {
            Self::Ed25519(_) => [ED25519_BASE_POINT, [0x0b; 32]].concat(),
            Self::P256 { .. } => [[0x5a; 32], [0xa6; 32]].concat(),
            // Less than the modulus, whose first byte is not 0.
            Self::Rsa(modulus) => [&[0], vec![0x5a; modulus.len().saturating_sub(1)].as_slice()].concat(),
        }
    }
}

/// The order of the base point of Ed25519 (RFC 8032, section 5.1), big-endian.
const ED25519_ORDER: [u8; 32] = [
    0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7, 0x9c, 0xd6, 0x58, 0x12,
    0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xed,
];

/// The base point of Ed25519, encoded (RFC 8032, section 5.1).
const ED25519_BASE_POINT: [u8; 32] = {
    let mut point = [0x66; 32];
    point[0] = 0x58;
    point
};

/// The order of P-256 (FIPS 186-5 and SP 800-186), big-endian.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Whether an encoded point of Ed25519 has a small order, so that signatures for it can be made without a key, or is
/// written with more than the field's prime (RFC 8032, section 5.1.3).
fn is_small_order(point: &[u8; 32]) -> bool {
    /// The second coordinates of the points of order 8, little-endian; those of smaller orders are 0, 1 and -1.
    const OF_ORDER_EIGHT: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
            0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
            0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut y = *point;
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    let [first, middle @ .., last] = y;
    let is_near = |low: core::ops::RangeInclusive<u8>, rest: u8, high: u8| {
        low.contains(&first) && middle.iter().all(|byte| *byte == rest) && last == high
    };
    // 0 and 1, and from -1 on to what is beyond the prime.
    is_near(0..=1, 0, 0) || is_near(0xec..=0xff, 0xff, 0x7f) || OF_ORDER_EIGHT.contains(&y)
}
