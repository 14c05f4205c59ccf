//! How many calls a caller may make.

use callgate_edge_core::{CallCount, Counter};

use crate::log::warn;

/// Whether a call is within the rate of its caller; `None` if nobody could count it, which the operator is told.
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

/// Counts one more call under a key in one step of the store, and returns how many there are.
#[cfg(feature = "spin-key-value")]
fn increment(store: &str, key: &str) -> Result<i64, String> {
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
fn increment(_store: &str, _key: &str) -> Result<i64, String> {
    Err("`rateLimit.store` needs an app that is built with the feature `spin-key-value`".to_owned())
}
