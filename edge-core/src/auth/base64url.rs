//! Base64url without padding (RFC 7515, section 2), in which text and value correspond one to one.

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding as _};

/// The bytes of `text`, or `None` if it has padding, invalid characters or nonzero trailing bits.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// The text of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    #[test]
    fn bytes_have_one_text() {
        assert_eq!(decode("-_8"), Some([0xfb, 0xff].to_vec()));
        assert_eq!(decode(""), Some(Vec::new()));
        for other in ["-_8=", "+/8", "-_9", "-_-", "-_8 ", " -_8", "-_\n8", "-", "-_8A-", "-_é", "-_8.", "-_8\0"] {
            assert_eq!(decode(other), None, "{other:?}");
        }
        for length in 0..67_u8 {
            let bytes: Vec<u8> = (0..length).map(|at| at.wrapping_mul(37) ^ 0xa5).collect();
            let text = encode(&bytes);
            assert_eq!(text, URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(decode(&text), Some(bytes));
        }
    }

    #[test]
    fn every_last_character_is_judged_like_by_another_reader() {
        let alphabet = (0..=0x7f_u8).map(char::from);
        for last in alphabet {
            for head in ["", "A", "AA", "AAA", "AAAA"] {
                let text: String = head.chars().chain([last]).collect();
                assert_eq!(decode(&text), URL_SAFE_NO_PAD.decode(&text).ok(), "{text:?}");
            }
        }
    }
}
