//! The signature file, in the one form in which minisign writes it.
//!
//! A reader of minisign passes over what its signatures do not cover: the first comment, the form of line ends, and what
//! follows the fourth line. Here all of it has one form, so that a signature file can't be changed without being refused.

use std::str;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::refusal::Refusal;

/// The first lines that minisign, the programs of its author and `callgate sign` write unless they are told otherwise.
const FIRST_LINES: [&str; 3] = [
    "untrusted comment: signature from minisign secret key",
    "untrusted comment: signature from rsign secret key",
    "untrusted comment: signature from callgate secret key",
];

/// A signature of the right form, which proves nothing by itself.
pub(crate) struct Signature {
    pub(crate) signature: minisign_verify::Signature,
    /// The key that is said to have signed.
    pub(crate) signer: [u8; 8],
}

impl Signature {
    pub(crate) fn read(text: &[u8]) -> Result<Self, Refusal> {
        let refused = |problem| Refusal::SignatureForm { problem };
        let text = str::from_utf8(text).map_err(|_| refused("is not UTF-8"))?;
        if text.contains('\r') {
            return Err(refused("has line ends of Windows, which signing does not write"));
        }
        let text_of_lines = text.strip_suffix('\n').ok_or_else(|| refused("breaks off: its last line has no end"))?;
        let lines: Vec<&str> = text_of_lines.split('\n').collect();
        let [first, signature, comment, comment_signature] = *lines.as_slice() else {
            return Err(refused("must have four lines, and nothing behind them"));
        };
        if !FIRST_LINES.contains(&first) {
            return Err(refused("starts with a comment of its own, which nothing vouches for"));
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
            Some(b"Ed") => return Err(refused("is of the legacy form of minisign, which does not hash first")),
            _ => return Err(refused("is of an algorithm that is not Ed25519 over BLAKE2b")),
        }
        let signer = bytes.get(2..10).and_then(|bytes| bytes.try_into().ok());
        let signer = signer.ok_or_else(|| refused("has too short a second line"))?;
        let signature =
            minisign_verify::Signature::decode(text).map_err(|_| refused("has a second line of another length"))?;
        Ok(Self { signature, signer })
    }
}
