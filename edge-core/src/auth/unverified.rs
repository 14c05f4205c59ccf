//! A token that says who is calling, before its signature was verified.

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
/// One that is refused already asks for it too, with a signature that can't hold: the time does not tell which part of a
/// token was wrong.
#[derive(Clone, Debug)]
#[must_use]
pub struct Unverified<'t> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: Arc<PublicKey>,
    pub(crate) signing_input: Cow<'t, [u8]>,
    pub(crate) signature: Vec<u8>,
    /// Who is calling, where nothing but the signature is left to look at, and by what the token is remembered.
    pub(crate) outcome: Option<(Caller, Genuine)>,
}

impl Unverified<'_> {
    /// The algorithm: the configured one, whatever the token says.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key that must have signed.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The bytes that must have been signed.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// The signature, as WebCrypto and the crates take it: that of P-256 is `r` and `s`, not DER.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Whether the signature holds, by the crates.
    #[cfg(feature = "jwt")]
    #[must_use]
    pub fn verify(&self) -> bool {
        crate::auth::signature::verify(&self.key, &self.signing_input, &self.signature)
    }

    /// The same, with a copy of what it borrows: an edge may have to wait for its platform.
    pub(crate) fn into_owned(self) -> Unverified<'static> {
        let Self { algorithm, key, signing_input, signature, outcome } = self;
        let signing_input = Cow::Owned(signing_input.into_owned());
        Unverified { algorithm, key, signing_input, signature, outcome }
    }

    /// Who is calling, now that it is known whether the signature holds.
    ///
    /// # Errors
    /// [`Problem::Unauthenticated`]: it does not, or something else about the token was wrong.
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
