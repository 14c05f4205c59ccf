//! What only the platform knows: the time and randomness, as functions that an edge hands in.

/// What an edge lends a deployment.
#[derive(Clone, Copy, Debug)]
pub struct Platform {
    /// Microseconds since the start of 1970 in UTC, or `None` if the host does not know the time.
    ///
    /// It is asked only if tokens, records or the policy need it, since asking leaves the wasm.
    pub now: fn() -> Option<i64>,
    /// Sixteen random bytes, or `None` if the host failed. They become ids of decisions, so they must not repeat.
    pub random: fn() -> Option<[u8; 16]>,
    /// The header in which the platform itself names the address of the client, whatever the client sent, if it does.
    pub ip_header: Option<&'static str>,
    /// The header in which the platform itself names the country of the client, if it does.
    pub country_header: Option<&'static str>,
}

impl Platform {
    /// The time in microseconds, or the start of 1970 if it is unknown: for records, which need one.
    pub(crate) fn micros(&self) -> i64 {
        (self.now)().unwrap_or(0)
    }

    /// The time in milliseconds, or the start of 1970 if it is unknown: for records on their way out.
    pub(crate) fn millis(&self) -> i64 {
        self.micros().div_euclid(1_000)
    }

    /// The time in seconds, or `None` if it is unknown.
    pub(crate) fn seconds(&self) -> Option<i64> {
        (self.now)().map(|micros| micros.div_euclid(1_000_000))
    }
}
