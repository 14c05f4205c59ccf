//! The trusted keys of a build, from its environment: anyone who can change a policy may be able to change the files
//! next to it.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::time::SystemTime;

use crate::files::SignedFiles;
use crate::manifest::{MAX_REVISION, Manifest};
use crate::public_key::PublicKey;
use crate::refusal::Refusal;
use crate::verify::verify;

/// The variable with the trusted public keys, separated by white space.
pub const PUBLIC_KEY_VARIABLE: &str = "CALLGATE_POLICY_PUBKEY";
/// The variable with the minimum revision.
pub const MINIMUM_REVISION_VARIABLE: &str = "CALLGATE_POLICY_MIN_REVISION";

/// The trusted keys and the minimum revision.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The trusted keys.
    pub public_keys: Vec<PublicKey>,
    /// The minimum revision; 0 accepts any.
    pub minimum_revision: u64,
}

impl Trust {
    /// Reads both variables of this process; `None` if neither is set, so that policies need no signature.
    ///
    /// # Errors
    /// A variable is invalid. An empty variable is an error too: a missing secret must not disable the check.
    pub fn from_environment() -> Result<Option<Self>, Refusal> {
        Self::from_variables(env::var_os(PUBLIC_KEY_VARIABLE), env::var_os(MINIMUM_REVISION_VARIABLE))
    }

    fn from_variables(keys: Option<OsString>, revision: Option<OsString>) -> Result<Option<Self>, Refusal> {
        let minimum_revision = revision.map(read_revision).transpose()?;
        let Some(keys) = keys else {
            return match minimum_revision {
                None => Ok(None),
                Some(_) => {
                    let problem = format!("requires `{PUBLIC_KEY_VARIABLE}`, which is not set");
                    Err(Refusal::Variable { name: MINIMUM_REVISION_VARIABLE, problem })
                }
            };
        };
        let keys = keys.into_string().unwrap_or_default();
        if keys.trim().is_empty() {
            let problem = "contains no public key".to_owned();
            return Err(Refusal::Variable { name: PUBLIC_KEY_VARIABLE, problem });
        }
        let public_keys = PublicKey::read_all(&keys)?;
        Ok(Some(Self { public_keys, minimum_revision: minimum_revision.unwrap_or_default() }))
    }

    /// Checks `text`, the content of the file `policy`, with the files next to it.
    ///
    /// # Errors
    /// The same as for [`verify`], or a file is missing.
    pub fn verify_beside(&self, policy: &Path, text: &[u8], now: SystemTime) -> Result<Manifest, Refusal> {
        let (manifest, signature) = SignedFiles::beside(policy).read()?;
        verify(text, &manifest, &signature, &self.public_keys, now, self.minimum_revision)
    }
}

fn read_revision(text: OsString) -> Result<u64, Refusal> {
    let revision = text.to_str().and_then(|text| text.trim().parse().ok());
    revision.filter(|revision| *revision <= MAX_REVISION).ok_or_else(|| Refusal::Variable {
        name: MINIMUM_REVISION_VARIABLE,
        problem: format!("must be an integer from 0 to {MAX_REVISION}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "RWSkJ67DJ+nV/GcvSRpuYnCtCtRnO+MeWA+G3uF9IBbZvzxOh7Wrvr/P";

    #[track_caller]
    fn check(keys: Option<&str>, revision: Option<&str>, expected: Result<Option<(usize, u64)>, &str>) {
        let read = Trust::from_variables(keys.map(Into::into), revision.map(Into::into));
        let seen = read.map(|trust| trust.map(|trust| (trust.public_keys.len(), trust.minimum_revision)));
        assert_eq!(seen.map_err(|refusal| refusal.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn keys_are_separated_by_white_space() {
        check(Some(KEY), None, Ok(Some((1, 0))));
        check(Some(&format!("\n{KEY} \t{KEY}\n")), Some(" 7 "), Ok(Some((2, 7))));
    }

    #[test]
    fn nothing_is_checked_only_where_nothing_is_set() {
        check(None, None, Ok(None));
        let none = "the variable `CALLGATE_POLICY_PUBKEY` contains no public key";
        check(Some(""), None, Err(none));
        check(Some(" \n"), Some("1"), Err(none));
        let whose = "the variable `CALLGATE_POLICY_MIN_REVISION` \
                     requires `CALLGATE_POLICY_PUBKEY`, which is not set";
        check(None, Some("1"), Err(whose));
        let number = "the variable `CALLGATE_POLICY_MIN_REVISION` must be an integer from 0 to 9007199254740991";
        for revision in ["", "-1", "1.0", "one", "9007199254740992"] {
            check(Some(KEY), Some(revision), Err(number));
        }
    }

    #[test]
    fn a_text_that_is_not_a_key_is_named() {
        check(Some("untrusted comment: minisign public key"), None, Err("`untrusted` is not a minisign public key"));
        let longer = format!("{KEY}AAAA");
        check(Some(&longer), None, Err(&format!("`{longer}` is not a minisign public key")));
    }
}
