//! API keys: `Authorization: Bearer <key>` (RFC 6750), compared with the configured keys.

use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use crate::auth::caller::Caller;
use crate::auth::token::bearer_token;
use crate::config::section::ConfigError;
use crate::http::problem::Problem;

/// The variable with the keys, for messages.
const VARIABLE: &str = "CALLGATE_API_KEYS";

/// The prefix of a key digest.
const DIGEST: &str = "sha256:";

/// The minimum length of a key: 16 random base64url characters are 96 bits.
const MIN_KEY_LENGTH: usize = 16;

/// The maximum length of a name.
const MAX_NAME_LENGTH: usize = 64;

/// White space whose digest a shell computes from an unset variable.
const BLANK_TEXTS: [&str; 8] = ["\n", "\r\n", "\r", "\t", " ", " \n", "  ", "\n\n"];

/// The error of a key that repeats one character.
const REPEATED: &str = "is one repeated character; use the output of `openssl rand -hex 32`";

/// The keys of a deployment.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApiKeys(Vec<ApiKey>);

/// One key.
#[derive(Clone, Debug)]
struct ApiKey {
    /// The principal in decision records.
    name: Option<Arc<str>>,
    /// The SHA-256 of the key.
    digest: [u8; 32],
}

impl ApiKeys {
    /// Reads keys separated by white space, each `[name:]key` or `[name:]sha256:<digest>`.
    ///
    /// A key is a valid Bearer token (RFC 6750, section 2.1) and so has no colon: the syntax is unambiguous. No message
    /// quotes a part of a text, because the part may be a misplaced key.
    pub(crate) fn read(keys: Option<&str>) -> Result<Self, ConfigError> {
        let error = |at: usize, problem: &str| {
            let number = at.saturating_add(1).to_string();
            ConfigError { pointer: VARIABLE.into(), problem: ["key ", &number, " ", problem].concat() }
        };
        let mut read: Vec<ApiKey> = Vec::new();
        let mut digests = Vec::new();
        for (at, text) in keys.unwrap_or_default().split_ascii_whitespace().enumerate() {
            let place = |problem: &str| error(at, problem);
            let key = ApiKey::read(text).map_err(place)?;
            if read.iter().any(|other| other.digest == key.digest) {
                return Err(place("is a duplicate; remove it"));
            }
            if key.name.is_some() && read.iter().any(|other| other.name == key.name) {
                return Err(place("has another key's name; use unique names, such as `host-1` and `host-2`"));
            }
            if text.contains(DIGEST) {
                digests.push((at, key.digest));
            }
            read.push(key);
        }
        match find_blank(&digests) {
            Some((at, problem)) => Err(error(at, problem)),
            None => Ok(Self(read)),
        }
    }

    /// Authenticates the caller that presents `authorization`.
    ///
    /// All digests are compared, so that the duration reveals neither how much of a key was right nor which key.
    pub(crate) fn caller(&self, authorization: Option<&str>) -> Result<Caller, Problem> {
        if self.0.is_empty() {
            return Err(Problem::NotConfigured);
        }
        let token = authorization.and_then(bearer_token).unwrap_or_default();
        let presented = Sha256::digest(token);
        let mut found = Choice::from(0);
        let mut which = 0_u32;
        for (at, key) in (0..).zip(&self.0) {
            let is_it = key.digest.ct_eq(&presented);
            which.conditional_assign(&at, is_it);
            found |= is_it;
        }
        // INVARIANT: a missing credential is an empty string here, whose digest may be configured by mistake.
        found &= Choice::from(u8::from(!token.trim().is_empty()));
        if !bool::from(found) {
            return Err(Problem::Unauthenticated);
        }
        if is_one_character(token) {
            return Err(Problem::GuessableKey);
        }
        let key = usize::try_from(which).ok().and_then(|which| self.0.get(which));
        Ok(Caller { principal: key.and_then(|key| key.name.clone()), token: None, single_use: None })
    }
}

impl ApiKey {
    fn read(text: &str) -> Result<Self, &'static str> {
        if let Some(digest) = text.strip_prefix(DIGEST) {
            return Ok(Self { name: None, digest: read_digest(digest)? });
        }
        let Some((name, key)) = text.split_once(':') else {
            return Ok(Self { name: None, digest: digest_of(text)? });
        };
        if name.is_empty() {
            return Err("with an empty name");
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if name.len() > MAX_NAME_LENGTH || !name.bytes().all(is_name) {
            return Err("must have a name of 1 to 64 letters, digits and `-._`");
        }
        let digest = match key.strip_prefix(DIGEST) {
            Some(digest) => read_digest(digest)?,
            None => digest_of(key)?,
        };
        Ok(Self { name: Some(name.into()), digest })
    }
}

fn read_digest(hex: &str) -> Result<[u8; 32], &'static str> {
    let mut digest = [0; 32];
    let read = base16ct::mixed::decode(hex, &mut digest).ok().filter(|bytes| bytes.len() == 32);
    read.map(drop).ok_or("must have a digest of 64 hexadecimal digits")?;
    Ok(digest)
}

/// The position of a digest of a blank key in `digests`, and the error.
///
/// The digest of one repeated character is detected when such a key is presented. A check here would compute thousands
/// of digests at each start of an instance.
fn find_blank(digests: &[(usize, [u8; 32])]) -> Option<(usize, &'static str)> {
    if digests.is_empty() {
        return None;
    }
    let find = |text: &str, problem: &'static str| {
        let blank: [u8; 32] = Sha256::digest(text).into();
        digests.iter().find(|(_, digest)| *digest == blank).map(|&(at, _)| (at, problem))
    };
    let white_space = "is the digest of white space; check for an unset variable";
    find("", "is the digest of an empty key; check for an unset variable")
        .or_else(|| BLANK_TEXTS.iter().find_map(|text| find(text, white_space)))
}

/// Whether a text repeats one character only.
fn is_one_character(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| characters.all(|character| character == first))
}

fn digest_of(key: &str) -> Result<[u8; 32], &'static str> {
    if key.is_empty() {
        return Err("that is empty");
    }
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    let stem = key.trim_end_matches('=');
    if stem.is_empty() || !stem.bytes().all(is_token) {
        return Err("cannot be a Bearer token; use letters, digits and `-._~+/`, with `=` only at the end");
    }
    if key.len() < MIN_KEY_LENGTH {
        return Err("must have at least 16 characters; use the output of `openssl rand -hex 32`");
    }
    if is_one_character(key) {
        return Err(REPEATED);
    }
    Ok(Sha256::digest(key).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_token_does_not_match_the_digest_of_nothing() {
        let key = |text: &str| ApiKey { name: Some("host".into()), digest: Sha256::digest(text).into() };
        let keys = ApiKeys([key(""), key("first-key-0123456789"), key("x"), key("\t ")].into());
        for authorization in
            [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Bearer \t "), Some("Basic eA=="), Some("x")]
        {
            assert_eq!(keys.caller(authorization).map(drop), Err(Problem::Unauthenticated), "{authorization:?}");
        }
        let caller = keys.caller(Some("Bearer first-key-0123456789")).map(|caller| caller.principal);
        assert_eq!(caller, Ok(Some("host".into())));
    }
}
