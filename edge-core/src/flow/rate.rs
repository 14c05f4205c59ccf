//! Checks the rate limit before a byte of the body is read.

use crate::config::rate_limit::RateLimit;
use crate::flow::next::{Admitted, BodyRead, CallCount, Next};
use crate::flow::record;
use crate::http::problem::Problem;

/// Counts the call if the configuration has a rate limit; otherwise reads its body.
pub(super) fn count<'d>(admitted: Admitted<'d>) -> Next<'d> {
    match admitted.deployment.rate_limit {
        Some(_) => Next::CountCall(CallCount { admitted }),
        None => Next::ReadBody(BodyRead { admitted }),
    }
}

/// Where the calls of one caller are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter<'c> {
    /// A rate-limiting binding of Cloudflare, which reports whether `key` may make one more call.
    Binding {
        /// The name of the binding.
        binding: &'c str,
        /// The caller's principal.
        key: &'c str,
    },
    /// A key-value store: add one to [`CallCount::store_key`], and compare with [`CallCount::judge`].
    Store {
        /// The name of the store.
        store: &'c str,
    },
}

impl<'d> CallCount<'d> {
    /// Where to count the call.
    #[must_use]
    pub fn counter(&self) -> Option<Counter<'_>> {
        let key = self.admitted.caller.principal.as_deref().unwrap_or_default();
        match self.admitted.deployment.rate_limit.as_ref()? {
            RateLimit::Binding(binding) => Some(Counter::Binding { binding, key }),
            RateLimit::Store { store, .. } => Some(Counter::Store { store }),
        }
    }

    /// The key under which a store counts the calls of the caller in the current period; `None` if the time is unknown.
    #[must_use]
    pub fn store_key(&self) -> Option<alloc::string::String> {
        let Some(RateLimit::Store { period_seconds, .. }) = &self.admitted.deployment.rate_limit else { return None };
        let now = self.admitted.deployment.platform.seconds()?;
        let principal = self.admitted.caller.principal.as_deref().unwrap_or_default();
        Some(RateLimit::counter(*period_seconds, now, principal))
    }

    /// Whether the `counted`th call of a period is within the rate. `None` if `counted` is not a count, because no call
    /// may pass uncounted.
    #[must_use]
    pub fn judge(&self, counted: i64) -> Option<bool> {
        let Some(RateLimit::Store { calls, .. }) = &self.admitted.deployment.rate_limit else { return None };
        (counted > 0).then(|| counted <= i64::from(*calls))
    }

    /// Continues with the result; `None` means that the calls could not be counted, which denies the call.
    pub fn resume(self, is_within: Option<bool>) -> Next<'d> {
        let Self { admitted } = self;
        match is_within {
            Some(true) => Next::ReadBody(BodyRead { admitted }),
            Some(false) => record::refuse(admitted, Problem::RateLimited),
            None => record::refuse(admitted, Problem::RateLimitUnavailable),
        }
    }
}
