//! Signature verification with crates.
//!
//! All inputs are public, so the duration may depend on them.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use p256::ecdsa::signature::Verifier as _;
use sha2::{Digest as _, Sha256};

use crate::auth::public_key::PublicKey;

/// The prefix of a message's SHA-256 in RSASSA-PKCS1-v1_5 (RFC 8017, section 9.2).
const SHA256_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

/// Whether the point of a key is on its curve.
pub(crate) fn is_on_curve(key: &PublicKey) -> bool {
    match key {
        PublicKey::Ed25519(point) => ed25519_dalek::VerifyingKey::from_bytes(point).is_ok(),
        PublicKey::P256 { x, y } => p256_key(x, y).is_some(),
        PublicKey::Rsa(_) => true,
    }
}

/// Whether `signature` is the signature of `message` by the owner of `key`.
pub(crate) fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    if !key.takes(signature) {
        return false;
    }
    match key {
        PublicKey::Ed25519(point) => verify_ed25519(point, message, signature),
        PublicKey::P256 { x, y } => verify_p256(x, y, message, signature),
        PublicKey::Rsa(modulus) => verify_rsa(modulus, message, signature).is_some(),
    }
}

fn verify_ed25519(point: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(point) else { return false };
    // An invalid point would take less time than a valid one, so another signature is verified in its place.
    let first = signature.split_first_chunk::<32>().map(|(point, _)| ed25519_dalek::VerifyingKey::from_bytes(point));
    let has_point = first.is_some_and(|point| point.is_ok_and(|point| !point.is_weak()));
    let decoy = PublicKey::Ed25519(*point).decoy();
    let looked_at = if has_point { signature } else { decoy.as_slice() };
    let Ok(signature) = ed25519_dalek::Signature::from_slice(looked_at) else { return false };
    // Without cofactors and without points of small order, so that all verifiers agree on a signature.
    key.verify_strict(message, &signature).is_ok() & has_point
}

fn p256_key(x: &[u8; 32], y: &[u8; 32]) -> Option<p256::ecdsa::VerifyingKey> {
    let point = p256::Sec1Point::from_affine_coordinates(&(*x).into(), &(*y).into(), false);
    p256::ecdsa::VerifyingKey::from_sec1_point(&point).ok()
}

fn verify_p256(x: &[u8; 32], y: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let Some(key) = p256_key(x, y) else { return false };
    let Ok(signature) = p256::ecdsa::Signature::from_slice(signature) else { return false };
    key.verify(message, &signature).is_ok()
}

/// RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2.2): encodes the expected message and compares it as a whole, because
/// parsers of the signed message have had forgery vulnerabilities.
fn verify_rsa(modulus: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let bits = u32::try_from(modulus.len()).ok()?.checked_mul(8)?;
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits).ok();
    let length = modulus.len();
    let params = BoxedMontyParams::new_vartime(Odd::new(number(modulus)?).into_option()?);
    let signature = BoxedMontyForm::new(number(signature)?, &params);
    // 65537 is 2 to the power of 16, plus 1.
    let power = (0..16).fold(signature.clone(), |power, _| power.square());
    let signed = power.mul(&signature).retrieve().to_be_bytes();
    let digest = Sha256::digest(message);
    let padding = length.checked_sub(SHA256_INFO.len().checked_add(digest.len())?.checked_add(3)?)?;
    let expected = [0, 1].into_iter().chain(core::iter::repeat_n(0xff, padding)).chain([0]);
    let expected = expected.chain(SHA256_INFO).chain(digest);
    // A modulus that does not fill its last word has leading zeros.
    let zeros = signed.len().checked_sub(length)?;
    signed.iter().copied().eq(core::iter::repeat_n(0, zeros).chain(expected)).then_some(())
}
