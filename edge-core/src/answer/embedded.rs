//! The embedded policy and its build facts.

use callgate_engine::{ImageError, PolicyImage};

use crate::answer::build_facts::Facts;

/// The text of the embedded policy. It is not read at run time, so it is not deployed.
pub const POLICY_TEXT: &str = include_str!(env!("CALLGATE_POLICY_FILE"));

const IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policy.img"));

/// Stops the build if the text changed after the build script compiled it.
const _: () = assert!(matches!(parse_count(env!("CALLGATE_POLICY_BYTES")), Some(count) if count == POLICY_TEXT.len()));

/// Facts from the build about the policy and the source code.
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
/// The image has another format than the code, which cannot happen in a build from one checkout.
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
