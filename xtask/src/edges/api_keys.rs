//! The API keys for a host on this machine.

use std::env;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};

/// The variable with the keys, here and in every host.
pub(crate) const VARIABLE: &str = "CALLGATE_API_KEYS";

/// The keys of one run.
pub(crate) struct ApiKeys {
    keys: Vec<String>,
    is_made_up: bool,
}

impl ApiKeys {
    /// Reads the keys from the environment, or creates one.
    pub(crate) fn choose() -> Result<Self> {
        Self::parse(&env::var(VARIABLE).unwrap_or_default())
    }

    /// Reads the keys in `keys`, separated by white space, or creates one.
    fn parse(keys: &str) -> Result<Self> {
        let keys: Vec<String> = keys.split_ascii_whitespace().map(str::to_owned).collect();
        if keys.is_empty() {
            return Ok(Self { keys: vec![random_key()?], is_made_up: true });
        }
        // The characters of a Bearer credential (RFC 6750, section 2.1) and a colon after a name need no quoting.
        let is_token = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=:".contains(&byte));
        ensure!(
            keys.iter().all(|key| is_token(key)),
            "`{VARIABLE}` has a key that cannot be a Bearer token; use letters, digits and `-._~+/=`"
        );
        // The host checks everything else about a key and reports its position.
        Ok(Self { keys, is_made_up: false })
    }

    /// All keys, in the host's format.
    pub(crate) fn joined(&self) -> String {
        self.keys.join(" ")
    }

    /// A valid key without its name; a placeholder if the first one is a digest.
    pub(crate) fn first(&self) -> &str {
        let entry = self.keys.first().map_or("", String::as_str);
        match entry.rsplit_once(':') {
            Some((before, _)) if before == "sha256" || before.ends_with(":sha256") => "YOUR-KEY",
            Some((_, key)) => key,
            None => entry,
        }
    }

    /// Whether the key was created for this run.
    pub(crate) fn is_made_up(&self) -> bool {
        self.is_made_up
    }
}

fn random_key() -> Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).context("cannot get random bytes from the system")?;
    let mut key = String::new();
    for byte in bytes {
        write!(key, "{byte:02x}")?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_given_are_taken_in_their_order() {
        let keys = ApiKeys::parse(" first\n\tsecond ").expect("two keys");
        assert_eq!((keys.joined().as_str(), keys.first(), keys.is_made_up()), ("first second", "first", false));
    }

    #[test]
    fn a_key_is_sent_without_its_name() {
        let first = |keys: &str| ApiKeys::parse(keys).expect("a key").first().to_owned();
        assert_eq!(first("host-1:0123456789abcdef other"), "0123456789abcdef");
        assert_eq!(first("sha256:00ff"), "YOUR-KEY");
        assert_eq!(first("host-1:sha256:00ff"), "YOUR-KEY");
    }

    #[test]
    fn a_key_is_made_up_where_none_is_given() {
        let (one, other) = (ApiKeys::parse(" \n").expect("a key"), ApiKeys::parse("").expect("a key"));
        assert!(one.is_made_up());
        assert_eq!(one.first().len(), 48);
        assert_ne!(one.first(), other.first());
    }

    #[test]
    fn a_key_that_needs_quoting_is_refused() {
        for keys in ["it's", "good \"bad\"", "$HOME", "k\u{e9}y"] {
            assert!(ApiKeys::parse(keys).is_err(), "{keys}");
        }
    }
}
