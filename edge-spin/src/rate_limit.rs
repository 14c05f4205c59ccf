//! Limits the calls of a caller.

use callgate_edge_core::{CallCount, Counter};

use crate::log::warn;

/// Whether a call is within its caller's rate. `None` if it could not be counted, which is reported to the operator.
pub(crate) fn count(count: &CallCount<'_>) -> Option<bool> {
    let counted = match count.counter() {
        Some(Counter::Store { store }) => match count.store_key() {
            Some(key) => increment(store, &key),
            None => Err("the host does not know the time".to_owned()),
        },
        Some(Counter::Binding { .. }) => Err("`rateLimit.binding` works on Cloudflare only; use `store`".to_owned()),
        None => return None,
    };
    let is_within = counted.and_then(|counted| {
        count.judge(counted).ok_or_else(|| "the store returned a count that is less than 1".to_owned())
    });
    is_within.inspect_err(|problem| warn(&["callgate: calls cannot be counted: ", problem].concat())).ok()
}

/// Counts one more call under a key atomically, and returns the count.
#[cfg(feature = "spin-key-value")]
fn increment(store: &str, key: &str) -> Result<i64, String> {
    // The SDK's own key-value interface can only read and write; this name is the WASI interface.
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
fn increment(_store: &str, _key: &str) -> Result<i64, String> {
    Err("`rateLimit.store` needs an app that is built with the feature `spin-key-value`".to_owned())
}
