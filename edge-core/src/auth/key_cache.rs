//! Keys that were fetched, how long they are used, and when they are fetched again.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use crate::auth::caller::Caller;
use crate::auth::caller::SingleUse;
use crate::auth::keys::Keys;
use crate::http::problem::Problem;

/// In so many seconds keys are fetched once, however many tokens name a key that is not there.
const SECONDS_BETWEEN_FETCHES: i64 = 30;

/// Or so many times, as long as there are no keys to use: calls come at the same time, and the first fetch may fail.
const MAX_FETCHES_WITHOUT_KEYS: u32 = 8;

/// How many tokens are remembered whose signature was verified.
const MAX_REMEMBERED: usize = 64;

/// How many tokens are known as used: as many as are valid at once, on a busy instance.
const MAX_USED: usize = 4_096;

/// What an instance of an edge keeps between calls.
#[derive(Clone, Debug, Default)]
pub struct KeyCache {
    /// The keys that were fetched last, and when.
    fetched: Option<(Arc<Keys>, i64)>,
    /// When the first fetch of those that are counted began.
    counted_since: Option<i64>,
    fetch_count: u32,
    /// Counts sets of keys, so that a token that one of them verified is forgotten with it.
    generation: u64,
    /// The digests of tokens whose signature was verified, and which of them is the next to be forgotten.
    genuine: Vec<[u8; 32]>,
    oldest: usize,
    /// The digests of the `jti` of tokens that are taken once and were, with the second in which each ends.
    used: BTreeMap<[u8; 32], i64>,
}

/// How long fetched keys are used, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// From when on they are fetched again.
    pub(crate) max_age: i64,
    /// How much longer they are used while that fails.
    pub(crate) max_stale: i64,
}

/// A token by its digest, under the keys that were there when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Genuine {
    digest: [u8; 32],
    generation: u64,
}

impl KeyCache {
    /// A cache without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The keys that were fetched, as long as they may be used.
    pub(crate) fn keys(&self, lifetime: Lifetime, now: i64) -> Option<&Arc<Keys>> {
        let (keys, fetched_at) = self.fetched.as_ref()?;
        let age = now.saturating_sub(*fetched_at);
        (age < lifetime.max_age.saturating_add(lifetime.max_stale)).then_some(keys)
    }

    /// Whether keys must be fetched, for a token whose key is there or not. Counts the fetch if so.
    pub(crate) fn begin_fetch(&mut self, lifetime: Lifetime, is_known: impl Fn(&Keys) -> bool, now: i64) -> bool {
        let keys = self.keys(lifetime, now);
        let is_fresh = self.fetched.as_ref().is_some_and(|(_, at)| {
            // A clock that went back says nothing of the age.
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

    /// Takes keys that were fetched.
    pub(crate) fn store(&mut self, keys: Keys, now: i64) {
        if self.fetched.as_ref().is_none_or(|(old, _)| **old != keys) {
            self.generation = self.generation.wrapping_add(1);
            self.genuine.clear();
            self.oldest = 0;
        }
        self.fetched = Some((Arc::new(keys), now));
    }

    /// What `token` would be remembered by.
    pub(crate) fn genuine(&self, token: &str) -> Genuine {
        Genuine { digest: Sha256::digest(token).into(), generation: self.generation }
    }

    /// Whether the signature of a token was verified before, with one of the keys that are there now.
    pub(crate) fn remembers(&self, token: &Genuine) -> bool {
        token.generation == self.generation && self.genuine.contains(&token.digest)
    }

    /// Lets in a caller whose token holds, unless it is one that is taken once and was.
    ///
    /// Where no more tokens can be remembered, none is taken: a forgotten one could be used again.
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

    /// Remembers that the signature of a token was verified.
    pub(crate) fn remember(&mut self, token: Genuine) {
        // The keys may have been replaced while the platform verified.
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
