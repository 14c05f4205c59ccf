//! How many calls a caller may make.

use callgate_edge_core::{PendingCall, Problem, RateLimit};

use crate::log::warn;

/// Whether a call is within the rate of its caller, if the configuration sets one.
pub(crate) fn check(call: &PendingCall<'_>) -> Result<(), Problem> {
    let Some(rate_limit) = call.deployment().rate_limit() else { return Ok(()) };
    let RateLimit::Store { store, calls, period_seconds } = rate_limit else {
        return Err(unavailable("`rateLimit.binding` works on Cloudflare only; use `store`"));
    };
    let now = call.deployment().unix_seconds().ok_or(Problem::Internal)?;
    let caller = call.caller().principal.as_deref().unwrap_or_default();
    let key = RateLimit::counter(*period_seconds, now, caller);
    let counted = count(store, &key).map_err(|problem| unavailable(&problem))?;
    judge(counted, *calls)
}

/// Whether the call that was counted last is within the rate.
fn judge(counted: i64, calls: u32) -> Result<(), Problem> {
    match counted {
        // What is less than one call was not counted here: nobody is let through for it.
        ..=0 => Err(unavailable("the store returned a count that is less than 1")),
        counted if counted <= i64::from(calls) => Ok(()),
        _ => Err(Problem::RateLimited),
    }
}

/// Tells the operator why nobody counts: no caller is let through uncounted.
fn unavailable(problem: &str) -> Problem {
    warn(&["callgate: calls cannot be counted: ", problem].concat());
    Problem::RateLimitUnavailable
}

/// Counts one more call under a key in one step of the store, and returns how many there are.
#[cfg(feature = "spin-key-value")]
fn count(store: &str, key: &str) -> Result<i64, String> {
    // The SDK has its own interface of key-value stores, which can only read and write, and under this name that of WASI.
    use spin_sdk::experimental::wasi::keyvalue::{atomics, store as stores};

    let told = |error| match error {
        stores::Error::NoSuchStore => {
            format!("the store `{store}` does not exist; define it in the runtime configuration of Spin")
        }
        stores::Error::AccessDenied => {
            format!("the app may not use the store `{store}`; add it to `key_value_stores` in `spin.toml`")
        }
        stores::Error::Other(error) => format!("the store `{store}` failed: {error}"),
    };
    let bucket = stores::open(store).map_err(told)?;
    atomics::increment(&bucket, key, 1).map_err(told)
}

#[cfg(not(feature = "spin-key-value"))]
fn count(_store: &str, _key: &str) -> Result<i64, String> {
    Err("`rateLimit.store` needs an app that is built with the feature `spin-key-value`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_calls_as_the_rate_allows_are_let_through() {
        assert_eq!([1, 2, 3].map(|counted| judge(counted, 3)), [Ok(()), Ok(()), Ok(())]);
        assert_eq!([4, 5, i64::MAX].map(|counted| judge(counted, 3)), [Err(Problem::RateLimited); 3]);
    }

    #[test]
    fn a_count_of_nothing_lets_nobody_through() {
        assert_eq!([0, -1, i64::MIN].map(|counted| judge(counted, 3)), [Err(Problem::RateLimitUnavailable); 3]);
    }
}
