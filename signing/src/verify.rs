//! Verifies a policy with its manifest, its signature and the trusted keys.

use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::manifest::{Manifest, write_digest};
use crate::public_key::{PublicKey, write_identifier};
use crate::refusal::Refusal;
use crate::signature::Signature;

/// Checks that one of `public_keys` signed the manifest, that the manifest matches the policy, that its revision is at
/// least `minimum_revision`, and that it is valid `now`.
///
/// The texts are the bytes of the files; every byte counts.
///
/// # Errors
/// One of these checks fails. The manifest is parsed only after its signature is verified.
pub fn verify(
    policy_text: &[u8],
    manifest_text: &[u8],
    signature_text: &[u8],
    public_keys: &[PublicKey],
    now: SystemTime,
    minimum_revision: u64,
) -> Result<Manifest, Refusal> {
    check_signature(manifest_text, signature_text, public_keys)?;
    let manifest = Manifest::read(manifest_text)?;
    let found: [u8; 32] = Sha256::digest(policy_text).into();
    if found != manifest.sha256 {
        return Err(Refusal::PolicyChanged {
            signed: write_digest(&manifest.sha256),
            found: write_digest(&found),
            has_other_line_ends: differs_in_line_ends(policy_text, &manifest.sha256),
        });
    }
    let Manifest { revision, not_before, expires, .. } = manifest;
    if revision < minimum_revision {
        return Err(Refusal::OldRevision { revision, minimum: minimum_revision });
    }
    if let Some(not_before) = not_before.filter(|&not_before| now < not_before) {
        return Err(Refusal::NotYetValid { not_before, now });
    }
    if let Some(expires) = expires.filter(|&expires| now >= expires) {
        return Err(Refusal::Expired { expires, now });
    }
    Ok(manifest)
}

fn check_signature(manifest_text: &[u8], signature_text: &[u8], public_keys: &[PublicKey]) -> Result<(), Refusal> {
    if public_keys.is_empty() {
        return Err(Refusal::NoPublicKey);
    }
    let Signature { signature, signer } = Signature::read(signature_text)?;
    let mut signers = public_keys.iter().filter(|key| key.identifier == signer).peekable();
    if signers.peek().is_none() {
        let trusted = public_keys.iter().map(PublicKey::identifier).collect();
        return Err(Refusal::UnknownSigner { signer: write_identifier(signer), trusted });
    }
    // An identifier is a random number without proof, so every key with this identifier is tried.
    if signers.any(|public_key| public_key.key.verify(manifest_text, &signature, false).is_ok()) {
        Ok(())
    } else {
        Err(Refusal::ManifestChanged { has_other_line_ends: manifest_text.contains(&b'\r') })
    }
}

/// Whether a text with the line endings of another system would have this digest.
fn differs_in_line_ends(text: &[u8], digest: &[u8; 32]) -> bool {
    let mut unix = Sha256::new();
    let mut windows = Sha256::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let bare = line.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        unix.update(bare.unwrap_or(line));
        windows.update(bare.unwrap_or(line));
        if bare.is_some() {
            unix.update(b"\n");
            windows.update(b"\r\n");
        }
    }
    let is_signed = |hasher: Sha256| <[u8; 32]>::from(hasher.finalize()) == *digest;
    is_signed(unix) || is_signed(windows)
}
