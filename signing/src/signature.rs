//! The signature file, in the exact format of minisign.
//!
//! A minisign reader ignores the parts that signatures do not cover: the first comment, the line endings, and
//! everything after the fourth line. Here, all of them must have one form, so that any change of a signature file is
//! rejected.

use std::str;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::refusal::Refusal;

/// The first lines that minisign, its author's other programs and `callgate sign` write by default.
const FIRST_LINES: [&str; 3] = [
    "untrusted comment: signature from minisign secret key",
    "untrusted comment: signature from rsign secret key",
    "untrusted comment: signature from callgate secret key",
];

/// A well-formed signature, which proves nothing by itself.
pub(crate) struct Signature {
    pub(crate) signature: minisign_verify::Signature,
    /// The claimed identifier of the signing key.
    pub(crate) signer: [u8; 8],
}

impl Signature {
    pub(crate) fn read(text: &[u8]) -> Result<Self, Refusal> {
        let refused = |problem| Refusal::SignatureForm { problem };
        let text = str::from_utf8(text).map_err(|_| refused("is not UTF-8"))?;
        if text.contains('\r') {
            return Err(refused("has Windows line endings, which signing does not write"));
        }
        let text_of_lines =
            text.strip_suffix('\n').ok_or_else(|| refused("is incomplete; its last line has no line feed"))?;
        let lines: Vec<&str> = text_of_lines.split('\n').collect();
        let [first, signature, comment, comment_signature] = *lines.as_slice() else {
            return Err(refused("must have exactly four lines"));
        };
        if !FIRST_LINES.contains(&first) {
            return Err(refused("starts with a custom comment, which the signature does not cover"));
        }
        if !comment.starts_with("trusted comment: ") {
            return Err(refused("has no trusted comment in its third line"));
        }
        let bytes = STANDARD.decode(signature).map_err(|_| refused("has no base64 in its second line"))?;
        if !STANDARD.decode(comment_signature).is_ok_and(|bytes| bytes.len() == 64) {
            return Err(refused("has no signature of its comment in its fourth line"));
        }
        match bytes.get(..2) {
            Some(b"ED") => {}
            Some(b"Ed") => return Err(refused("uses the legacy format of minisign, which does not hash first")),
            _ => return Err(refused("must use Ed25519 over BLAKE2b")),
        }
        let signer = bytes.get(2..10).and_then(|bytes| bytes.try_into().ok());
        let signer = signer.ok_or_else(|| refused("has a second line that is too short"))?;
        let signature =
            minisign_verify::Signature::decode(text).map_err(|_| refused("has a second line of the wrong length"))?;
        Ok(Self { signature, signer })
    }
}
