//! A token before its signature is verified.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::auth::algorithm::Algorithm;
use crate::auth::caller::Caller;
use crate::auth::key_cache::{Genuine, KeyCache};
use crate::auth::public_key::PublicKey;
use crate::http::problem::Problem;

/// A token whose signature must be verified, by [`Unverified::verify`] or by the platform.
///
/// A rejected token also causes one verification, with a signature that must fail, so that the duration does not reveal
/// which part of the token was invalid.
#[derive(Clone, Debug)]
#[must_use]
pub struct Unverified<'t> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: Arc<PublicKey>,
    pub(crate) signing_input: Cow<'t, [u8]>,
    pub(crate) signature: Vec<u8>,
    /// The caller, if only the signature remains to be verified, and the token's fingerprint.
    pub(crate) outcome: Option<(Caller, Genuine)>,
}

impl Unverified<'_> {
    /// The configured algorithm, regardless of the token.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key for the verification.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The signed bytes.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// The signature in the form of WebCrypto and the crates: for P-256 `r` and `s`, not DER.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Whether the signature is genuine, by the crates.
    #[cfg(feature = "jwt")]
    #[must_use]
    pub fn verify(&self) -> bool {
        crate::auth::signature::verify(&self.key, &self.signing_input, &self.signature)
    }

    /// The same with its own data, because an edge may wait for its platform.
    pub(crate) fn into_owned(self) -> Unverified<'static> {
        let Self { algorithm, key, signing_input, signature, outcome } = self;
        let signing_input = Cow::Owned(signing_input.into_owned());
        Unverified { algorithm, key, signing_input, signature, outcome }
    }

    /// The caller, after the signature was verified or not.
    ///
    /// # Errors
    /// [`Problem::Unauthenticated`]: the signature or another part of the token is invalid.
    pub fn finish(self, is_genuine: bool, cache: &mut KeyCache) -> Result<Caller, Problem> {
        match self.outcome.filter(|_| is_genuine) {
            Some((caller, genuine)) => {
                cache.remember(genuine);
                cache.admit(caller)
            }
            None => Err(Problem::Unauthenticated),
        }
    }
}
