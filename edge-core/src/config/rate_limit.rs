//! The section `rateLimit` of a configuration: limits on the calls of a caller.
//!
//! An instance does not see the calls of other instances, so the platform counts: a binding of Cloudflare, or a
//! key-value store.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use crate::config::section::{ConfigError, Section};

const KEYS: [&str; 4] = ["binding", "store", "calls", "periodSeconds"];

/// The counter of a caller's calls. Callers are distinguished by their principal; those without one share a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RateLimit {
    /// A rate-limiting binding of Cloudflare, by name; the binding's own configuration sets the limit.
    Binding(String),
    /// A key-value store that counts.
    Store {
        /// The name of the store.
        store: String,
        /// The maximum number of calls of one caller in a period.
        calls: u32,
        /// The length of a period in seconds; periods start at multiples of it since 1970.
        period_seconds: u32,
    },
}

impl RateLimit {
    /// Reads the section `rateLimit` of a configuration.
    pub(crate) fn read(config: &Section<'_>) -> Result<Option<Self>, ConfigError> {
        let section = config.section("rateLimit", &KEYS)?;
        let counted = (section.integer("calls", 1..=1_000_000)?, section.integer("periodSeconds", 1..=86_400)?);
        match (section.binding("binding")?, section.text("store")?, counted) {
            (None, None, (None, None)) => Ok(None),
            (Some(binding), None, (None, None)) => Ok(Some(Self::Binding(binding))),
            (None, Some(store), (Some(calls), Some(period_seconds))) if !store.is_empty() => {
                Ok(Some(Self::Store { store: store.into_owned(), calls, period_seconds }))
            }
            _ => Err(section.error("must have either `binding`, or `store`, `calls` and `periodSeconds`")),
        }
    }

    /// The key under which a store counts the calls of `principal` in the period of a time in seconds since 1970.
    ///
    /// It contains the digits of the period and the hexadecimal bytes of the principal, so that every store accepts it.
    #[must_use]
    pub fn counter(period_seconds: u32, unix_time: i64, principal: &str) -> String {
        let period = unix_time.div_euclid(i64::from(period_seconds).max(1));
        let mut key = "callgate-".to_owned();
        key.push_str(itoa::Buffer::new().format(period));
        key.push('-');
        for byte in principal.bytes() {
            for digit in [byte >> 4, byte & 0xf] {
                key.push(char::from_digit(u32::from(digit), 16).unwrap_or_default());
            }
        }
        key
    }
}
