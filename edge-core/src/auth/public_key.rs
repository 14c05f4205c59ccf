//! The public keys that verify tokens.

use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

use crate::auth::base64url;

/// The range of an RSA modulus, in bits: at least the minimum of RFC 7518, section 3.3, and short enough to verify in
/// each call.
const RSA_BITS: core::ops::RangeInclusive<usize> = 2_048..=4_096;

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

impl PublicKey {
    /// Whether the key's numbers are in range, so that only its owner can sign. Checking that a point is on its curve
    /// needs the arithmetic in `signature`.
    pub(crate) fn is_strong(&self) -> bool {
        match self {
            Self::Ed25519(point) => !is_small_order(point),
            Self::P256 { .. } => true,
            Self::Rsa(modulus) => {
                let first = modulus.first().copied().unwrap_or_default();
                let unused = usize::try_from(first.leading_zeros()).unwrap_or_default();
                let bits = modulus.len().saturating_mul(8).saturating_sub(unused);
                let is_odd = modulus.last().is_some_and(|last| last & 1 == 1);
                first != 0 && is_odd && RSA_BITS.contains(&bits)
            }
        }
    }

    /// The key as a JSON Web Key, with exactly the members that WebCrypto's `importKey` requires.
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

    /// Whether the bytes are a well-formed signature: of the right length, and with numbers in range.
    ///
    /// Each signature has one such form, except with P-256, where the negated `s` is valid too.
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
            // Both have the same length, so byte order is numeric order.
            Self::Rsa(modulus) => signature.len() == modulus.len() && signature < modulus.as_slice(),
        }
    }

    /// A signature that takes as long to reject as any other.
    pub(crate) fn decoy(&self) -> Vec<u8> {
        // Numbers in range with many bits, because few bits are less work.
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

/// Whether an encoded point of Ed25519 has a small order, so that anyone can sign for it, or is not reduced modulo the
/// field's prime (RFC 8032, section 5.1.3).
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
    // 0 and 1, and the range from -1 to values above the prime.
    is_near(0..=1, 0, 0) || is_near(0xec..=0xff, 0xff, 0x7f) || OF_ORDER_EIGHT.contains(&y)
}
