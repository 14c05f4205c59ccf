//! The cache of fetched keys, with its refresh and expiry times.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use crate::auth::caller::Caller;
use crate::auth::caller::SingleUse;
use crate::auth::keys::Keys;
use crate::http::problem::Problem;

/// The period, in seconds, in which keys are fetched once, however many tokens name an unknown key.
const SECONDS_BETWEEN_FETCHES: i64 = 30;

/// The number of fetches in that period while no keys are usable, because calls arrive concurrently and the first fetch
/// can fail.
const MAX_FETCHES_WITHOUT_KEYS: u32 = 8;

/// The number of remembered tokens with a verified signature.
const MAX_REMEMBERED: usize = 64;

/// The number of remembered single-use tokens: all that are valid at once on a busy instance.
const MAX_USED: usize = 4_096;

/// The authentication state of an instance between calls.
#[derive(Clone, Debug, Default)]
pub struct KeyCache {
    /// The last fetched keys, and when they were fetched.
    fetched: Option<(Arc<Keys>, i64)>,
    /// When the first counted fetch began.
    counted_since: Option<i64>,
    fetch_count: u32,
    /// The number of the current key set, so that a token is forgotten with the keys that verified it.
    generation: u64,
    /// The digests of tokens with a verified signature, and the index of the next one to replace.
    genuine: Vec<[u8; 32]>,
    oldest: usize,
    /// The `jti` digests of used single-use tokens, with the second in which each expires.
    used: BTreeMap<[u8; 32], i64>,
}

/// The lifetime of fetched keys, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// The age from which keys are fetched again.
    pub(crate) max_age: i64,
    /// The additional lifetime while fetches fail.
    pub(crate) max_stale: i64,
}

/// The digest of a token, and the key set at that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Genuine {
    digest: [u8; 32],
    generation: u64,
}

impl KeyCache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The fetched keys, if they have not expired.
    pub(crate) fn keys(&self, lifetime: Lifetime, now: i64) -> Option<&Arc<Keys>> {
        let (keys, fetched_at) = self.fetched.as_ref()?;
        let age = now.saturating_sub(*fetched_at);
        (age < lifetime.max_age.saturating_add(lifetime.max_stale)).then_some(keys)
    }

    /// Whether to fetch keys, depending on whether the token's key is known. Counts the fetch if so.
    pub(crate) fn begin_fetch(&mut self, lifetime: Lifetime, is_known: impl Fn(&Keys) -> bool, now: i64) -> bool {
        let keys = self.keys(lifetime, now);
        let is_fresh = self.fetched.as_ref().is_some_and(|(_, at)| {
            // If the clock went back, the age is unknown.
            (0..lifetime.max_age).contains(&now.saturating_sub(*at))
        });
        if is_fresh && keys.is_some_and(|keys| is_known(keys)) {
            return false;
        }
        let most = if keys.is_some() { 1 } else { MAX_FETCHES_WITHOUT_KEYS };
        let is_counting =
            self.counted_since.is_some_and(|since| (0..SECONDS_BETWEEN_FETCHES).contains(&now.saturating_sub(since)));
        if !is_counting {
            (self.counted_since, self.fetch_count) = (Some(now), 0);
        }
        if self.fetch_count >= most {
            return false;
        }
        self.fetch_count = self.fetch_count.saturating_add(1);
        true
    }

    /// Stores fetched keys.
    pub(crate) fn store(&mut self, keys: Keys, now: i64) {
        if self.fetched.as_ref().is_none_or(|(old, _)| **old != keys) {
            self.generation = self.generation.wrapping_add(1);
            self.genuine.clear();
            self.oldest = 0;
        }
        self.fetched = Some((Arc::new(keys), now));
    }

    /// The fingerprint of `token`.
    pub(crate) fn genuine(&self, token: &str) -> Genuine {
        Genuine { digest: Sha256::digest(token).into(), generation: self.generation }
    }

    /// Whether the signature of a token was verified before with one of the current keys.
    pub(crate) fn remembers(&self, token: &Genuine) -> bool {
        token.generation == self.generation && self.genuine.contains(&token.digest)
    }

    /// Accepts the caller of a valid token, unless it is a single-use token that was used before.
    ///
    /// If no more tokens can be remembered, none is accepted, because a forgotten token could be used again.
    pub(crate) fn admit(&mut self, caller: Caller) -> Result<Caller, Problem> {
        let Some(SingleUse { digest, until, now }) = caller.single_use else { return Ok(caller) };
        if self.used.len() >= MAX_USED {
            self.used.retain(|_, until| *until > now);
        }
        let is_used = self.used.get(&digest).is_some_and(|&until| until > now);
        if is_used || self.used.len() >= MAX_USED {
            return Err(Problem::Unauthenticated);
        }
        self.used.insert(digest, until);
        Ok(caller)
    }

    /// Remembers the verified signature of a token.
    pub(crate) fn remember(&mut self, token: Genuine) {
        // The keys may have been replaced during the verification.
        if token.generation != self.generation || self.genuine.contains(&token.digest) {
            return;
        }
        match self.genuine.get_mut(self.oldest) {
            Some(oldest) => *oldest = token.digest,
            None => self.genuine.push(token.digest),
        }
        self.oldest = self.oldest.saturating_add(1) % MAX_REMEMBERED;
    }
}
