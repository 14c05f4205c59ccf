//! The percent-encoded segments of paths in URIs and URLs.

use alloc::string::String;
use alloc::vec::Vec;

use crate::canonical::path;

/// Whether the decoded segments of a path are unambiguous; the last one may be empty.
pub(crate) fn are_segments(path: &str) -> bool {
    // Some servers drop the text after `;`.
    let may_stand = |byte: u8| is_path_byte(byte) && byte != b';';
    let may_be_encoded = |byte: u8| !is_path_byte(byte) && !matches!(byte, b'\\' | b'%') && !byte.is_ascii_control();
    decode(path, may_stand, may_be_encoded).is_some_and(|decoded| path::has_plain_segments(&decoded))
}

/// Whether a byte is allowed in a path without encoding (RFC 3986, section 3.3).
pub(crate) fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
}

/// Decodes percent-encoding; `None` if a byte must be encoded, an encoding is not in normal form (RFC 3986, section
/// 6.2.2.1) or not allowed, or the result is not UTF-8.
pub(crate) fn decode(
    text: &str,
    may_stand: impl Fn(u8) -> bool,
    may_be_encoded: impl Fn(u8) -> bool,
) -> Option<String> {
    let mut parts = text.split('%');
    let first = parts.next().filter(|part| part.bytes().all(&may_stand))?;
    let mut decoded = Vec::from(first);
    for part in parts {
        let (digits, after) = part.split_at_checked(2)?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'A'..=b'F');
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(is_hex))?;
        if !may_be_encoded(byte) || !after.bytes().all(&may_stand) {
            return None;
        }
        decoded.push(byte);
        decoded.extend_from_slice(after.as_bytes());
    }
    String::from_utf8(decoded).ok()
}
