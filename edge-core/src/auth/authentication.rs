//! Authenticates a credential, or returns the step that an edge must do first.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use callgate_engine::json::RawValue;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use crate::auth::api_keys::ApiKeys;
use crate::auth::caller::Caller;
use crate::auth::key_cache::KeyCache;
use crate::auth::keys::{Keys, KeysFault};
use crate::auth::secrets::Secrets;
use crate::auth::settings::{KeySource, TokenSettings};
use crate::auth::token::{MAX_TOKEN_BYTES, Token, bearer_token};
use crate::auth::unverified::Unverified;
use crate::config::section::ConfigError;
use crate::http::problem::Problem;

/// How a deployment authenticates callers.
#[derive(Clone, Debug)]
pub struct Authentication(Mode);

#[derive(Clone, Debug)]
enum Mode {
    ApiKeys(ApiKeys),
    Tokens(Box<TokenSettings>),
}

/// The next step from a credential to its caller.
#[derive(Clone, Debug)]
#[must_use]
pub enum Step<'s> {
    /// The caller is authenticated or rejected.
    Done(Result<Caller, Problem>),
    /// Verify the signature and continue with [`Unverified::finish`].
    Verify(Unverified<'s>),
    /// Fetch the keys from this address, pass them to [`Authentication::store_keys`], and call again without
    /// `may_fetch`, even if the fetch failed: cached keys may suffice.
    ///
    /// Follow no redirection, read at most [`crate::auth::MAX_KEYS_BYTES`], and stop after a few seconds.
    FetchKeys(&'s str),
}

impl Authentication {
    /// Reads the section `auth` of the configuration, if there is one, and the secrets.
    ///
    /// Without a section, API keys are used. Without any keys, every call is denied.
    ///
    /// # Errors
    /// The section or a secret is invalid; every call must be denied.
    pub fn read(auth: Option<RawValue<'_>>, secrets: &Secrets<'_>) -> Result<Self, ConfigError> {
        match TokenSettings::read(auth, secrets)? {
            Some(settings) => Ok(Self(Mode::Tokens(Box::new(settings)))),
            None => ApiKeys::read(secrets.api_keys).map(|keys| Self(Mode::ApiKeys(keys))),
        }
    }

    /// The name of the credential header, in lower case.
    #[must_use]
    pub fn header(&self) -> &str {
        match &self.0 {
            Mode::Tokens(settings) => settings.header.as_deref().unwrap_or("authorization"),
            Mode::ApiKeys(_) => "authorization",
        }
    }

    /// Authenticates an API key; `None` if tokens are configured.
    pub(crate) fn by_key(&self, credential: Option<&str>) -> Option<Result<Caller, Problem>> {
        match &self.0 {
            Mode::ApiKeys(keys) => Some(keys.caller(credential)),
            Mode::Tokens(_) => None,
        }
    }

    /// The next step for the value of the header that [`Authentication::header`] names, at `now` in seconds since the
    /// start of 1970 in UTC. After keys were fetched for this credential, `may_fetch` is false, so they are not fetched
    /// again.
    pub fn step<'s>(
        &'s self,
        credential: Option<&'s str>,
        cache: &mut KeyCache,
        now: i64,
        may_fetch: bool,
    ) -> Step<'s> {
        match &self.0 {
            Mode::ApiKeys(keys) => Step::Done(keys.caller(credential)),
            Mode::Tokens(settings) => settings.step(credential, cache, now, may_fetch),
        }
    }

    /// Stores fetched keys from the body of a response with status 200.
    ///
    /// # Errors
    /// The keys are unusable; the cached keys remain.
    pub fn store_keys(&self, cache: &mut KeyCache, body: &[u8], now: i64) -> Result<(), KeysFault> {
        let Mode::Tokens(settings) = &self.0 else { return Err(KeysFault::NoneUsable) };
        Keys::read(body, settings.header_rules.algorithm).map(|keys| cache.store(keys, now))
    }
}

impl TokenSettings {
    fn step<'s>(&'s self, credential: Option<&'s str>, cache: &mut KeyCache, now: i64, may_fetch: bool) -> Step<'s> {
        let text = match &self.header {
            Some(_) => credential,
            None => credential.and_then(bearer_token),
        };
        // Without a token, there is nothing that the duration could reveal.
        let Some(text) = text else { return Step::Done(Err(Problem::Unauthenticated)) };
        let token = Token::read(text, &self.header_rules);
        let caller = token.as_ref().and_then(Token::claims).and_then(|claims| self.claim_rules.caller(claims, now));
        let header = token.as_ref().and_then(|token| token.header.as_ref());
        let caller = caller.filter(|_| header.is_some());
        let key_id = header.and_then(|header| header.key_id.as_deref());
        let keys = match &self.source {
            KeySource::Secrets(secrets) => {
                let verified = verify_by_secret(secrets, text, token.as_ref(), caller);
                return Step::Done(verified.and_then(|caller| cache.admit(caller)));
            }
            KeySource::Inline(keys) => Arc::clone(keys),
            KeySource::Address(url, lifetime) => {
                // An invalid token or one without a key ID does not cause a key fetch.
                let is_known = |keys: &Keys| key_id.is_none_or(|id| keys.find(Some(id)).is_some());
                if may_fetch && cache.begin_fetch(*lifetime, is_known, now) {
                    return Step::FetchKeys(url);
                }
                match cache.keys(*lifetime, now) {
                    Some(keys) => Arc::clone(keys),
                    None => return Step::Done(Err(Problem::KeysUnavailable)),
                }
            }
        };
        let algorithm = self.header_rules.algorithm;
        // INVARIANT: a key set has at least one key.
        let Some(any) = keys.any() else { return Step::Done(Err(Problem::KeysUnavailable)) };
        let key = header.and_then(|_| keys.find(key_id));
        let found = token.as_ref().zip(key).filter(|(token, key)| key.takes(&token.signature));
        Step::Verify(match found {
            Some((token, key)) => {
                let genuine = cache.genuine(text);
                if let Some(caller) = caller.as_ref().filter(|_| cache.remembers(&genuine)) {
                    return Step::Done(cache.admit(caller.clone()));
                }
                Unverified {
                    algorithm,
                    key: Arc::clone(key),
                    signing_input: Cow::Borrowed(token.signing_input.as_bytes()),
                    signature: token.signature.clone(),
                    outcome: caller.map(|caller| (caller, genuine)),
                }
            }
            None => Unverified {
                algorithm,
                key: Arc::clone(any),
                signing_input: Cow::Borrowed(bounded(text)),
                signature: any.decoy(),
                outcome: None,
            },
        })
    }
}

/// Verifies an HS256 token with each of the secrets, in constant time.
fn verify_by_secret(
    secrets: &[Vec<u8>],
    text: &str,
    token: Option<&Token<'_>>,
    caller: Option<Caller>,
) -> Result<Caller, Problem> {
    let message = token.map_or(bounded(text), |token| token.signing_input.as_bytes());
    let signature = token.map(|token| token.signature.as_slice()).unwrap_or_default();
    let mut found = Choice::from(0);
    for secret in secrets {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { continue };
        mac.update(message);
        found |= mac.finalize().into_bytes().as_slice().ct_eq(signature);
    }
    caller.filter(|_| bool::from(found)).ok_or(Problem::Unauthenticated)
}

/// Limits the part of a text that is processed as a token.
fn bounded(text: &str) -> &[u8] {
    text.as_bytes().get(..MAX_TOKEN_BYTES).unwrap_or(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::algorithm::Algorithm;
    use crate::auth::base64url;
    use crate::auth::token::HeaderRules;
    use serde_json::Value;

    #[test]
    fn the_codes_of_the_rfcs_hold() {
        let file = include_str!("../../../testdata/tokens/rfc.json");
        let file: Value = serde_json::from_str(file).expect("JSON");
        let rules = HeaderRules { algorithm: Algorithm::Hs256, token_type: None };
        let caller = Caller { principal: None, token: None, single_use: None };
        let mut count = 0;
        for vector in file["signed"].as_array().expect("a list").iter().filter(|one| one["algorithm"] == "HS256") {
            let text = vector["token"].as_str().expect("text");
            let token = Token::read(text, &rules).expect("a token");
            let secret = base64url::decode(vector["jwk"]["k"].as_str().expect("text")).expect("bytes");
            let check = |secrets: &[Vec<u8>], token: Option<&Token<'_>>, expected: bool| {
                let outcome = verify_by_secret(secrets, text, token, Some(caller.clone()));
                assert_eq!(outcome.is_ok(), expected, "{}", vector["source"]);
                assert!(
                    verify_by_secret(secrets, text, token, None).is_err(),
                    "without a caller, nobody is authenticated"
                );
            };
            let mut other = secret.clone();
            other[0] ^= 1;
            check(core::slice::from_ref(&secret), Some(&token), true);
            check(&[other.clone(), secret.clone()], Some(&token), true);
            check(&[secret.clone(), other.clone()], Some(&token), true);
            check(&[other], Some(&token), false);
            check(&[], Some(&token), false);
            check(&[secret], None, false);
            count += 1;
        }
        assert_eq!(count, 2);
    }
}
