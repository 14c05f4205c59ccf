//! The policy that the build embedded, and what it embedded of itself.

use callgate_engine::{ImageError, PolicyImage};

use crate::answer::build_facts::Facts;

/// The text of the embedded policy. Nothing reads it at run time, so it takes no room in what deploys.
pub const POLICY_TEXT: &str = include_str!(env!("CALLGATE_POLICY_FILE"));

const IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policy.img"));

/// The image is of this text and of no other: a text that changed after the build script read it stops the build.
const _: () = assert!(matches!(parse_count(env!("CALLGATE_POLICY_BYTES")), Some(count) if count == POLICY_TEXT.len()));

/// What the build knew of the policy and of its own source.
pub(crate) const FACTS: Facts = include!(concat!(env!("OUT_DIR"), "/facts.rs"));

const fn parse_count(text: &str) -> Option<usize> {
    match usize::from_str_radix(text, 10) {
        Ok(count) => Some(count),
        Err(_) => None,
    }
}

/// Opens the embedded policy in place.
///
/// # Errors
/// The image does not fit the code, which a build from one checkout can't bring about.
pub fn policy_image() -> Result<PolicyImage<'static>, ImageError> {
    PolicyImage::open(IMAGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    #[test]
    fn the_image_is_of_the_embedded_text() {
        let mut digits = [0; 64];
        let digest = base16ct::lower::encode_str(&Sha256::digest(POLICY_TEXT.as_bytes()), &mut digits);
        assert_eq!(Ok(policy_image().expect("an image").policy_digest()), digest);
    }
}
