//! API keys: `Authorization: Bearer <key>` (RFC 6750) against the keys that the operator configured.

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::problem::Problem;

/// Checks a credential against `keys`, one or more keys separated by white space.
///
/// Digests are compared, and all of them, so that the time tells neither how much of a key was right nor which one.
pub(crate) fn authenticate(authorization: Option<&str>, keys: Option<&str>) -> Result<(), Problem> {
    let mut keys = keys.unwrap_or_default().split_ascii_whitespace().peekable();
    if keys.peek().is_none() {
        return Err(Problem::NotConfigured);
    }
    let presented = Sha256::digest(authorization.and_then(bearer_token).unwrap_or_default());
    let matches = keys.fold(Choice::from(0), |found, key| found | Sha256::digest(key).ct_eq(&presented));
    if bool::from(matches) { Ok(()) } else { Err(Problem::Unauthenticated) }
}

/// The token of a `Bearer` credential; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(authorization: Option<&str>, keys: Option<&str>, expected: Result<(), Problem>) {
        assert_eq!(authenticate(authorization, keys), expected);
    }

    #[test]
    fn each_configured_key_opens() {
        check(Some("Bearer first"), Some("first second"), Ok(()));
        check(Some("Bearer second"), Some(" first\n\tsecond "), Ok(()));
        check(Some("bearer first"), Some("first"), Ok(()));
    }

    #[test]
    fn anything_else_does_not() {
        let wrong = Err(Problem::Unauthenticated);
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer firs",
            "Bearer firstx",
            "Bearer FIRST",
            "Basic first",
            "first",
            "Bearer first second",
            "Bearer first, Bearer other",
            "Bearer first ",
            "Bearer\tfirst",
        ] {
            check(Some(value), Some("first second"), wrong);
        }
        check(None, Some("first"), wrong);
    }

    #[test]
    fn without_a_configured_key_nobody_gets_in() {
        for keys in [None, Some(""), Some(" \n ")] {
            check(Some("Bearer "), keys, Err(Problem::NotConfigured));
            check(Some("Bearer x"), keys, Err(Problem::NotConfigured));
            check(None, keys, Err(Problem::NotConfigured));
        }
    }
}
