//! How many calls a caller may make.

#[cfg(feature = "spin-key-value")]
use callgate_edge_core::RateLimit;
use callgate_edge_core::{PendingCall, Problem};

/// Whether a call is within the rate of its caller, if the configuration sets one.
#[cfg_attr(not(feature = "spin-key-value"), expect(clippy::unused_async, reason = "a store is asked asynchronously"))]
pub(crate) async fn check(call: &PendingCall<'_>) -> Result<(), Problem> {
    match call.deployment().rate_limit() {
        None => Ok(()),
        #[cfg(feature = "spin-key-value")]
        Some(RateLimit::Store { store, calls, period_seconds }) => {
            let now = call.deployment().unix_seconds().ok_or(Problem::Internal)?;
            let caller = call.caller().principal.as_deref().unwrap_or_default();
            let key = RateLimit::counter(*period_seconds, now, caller);
            match count(store, &key).await {
                Some(counted) if counted <= u64::from(*calls) => Ok(()),
                Some(_) => Err(Problem::RateLimited),
                None => Err(Problem::RateLimitUnavailable),
            }
        }
        // What counts is not there, and nobody is let through uncounted.
        Some(_) => Err(Problem::RateLimitUnavailable),
    }
}

/// Counts one more call under a key, and returns how many there are; `None` where the store does not answer.
///
/// Two that count at one time can count as one: a store of Spin reads and writes, and can't do both in one step.
#[cfg(feature = "spin-key-value")]
async fn count(store: &str, key: &str) -> Option<u64> {
    let store = spin_sdk::key_value::Store::open(store).await.ok()?;
    let counted = match store.get(key).await.ok()? {
        None => 0,
        // What can't be read was not written here: nobody is let through for it.
        Some(bytes) => u64::from_le_bytes(bytes.try_into().ok()?),
    };
    let counted = counted.saturating_add(1);
    store.set(key, counted.to_le_bytes()).await.ok()?;
    Some(counted)
}
