//! The time and the random bytes of the platform, as functions of the edge.

/// The functions and facts that an edge gives a deployment.
#[derive(Clone, Copy, Debug)]
pub struct Platform {
    /// Microseconds since the start of 1970 in UTC, or `None` if the host has no clock.
    ///
    /// Called only if tokens, records or the policy need the time, because each call leaves the wasm.
    pub now: fn() -> Option<i64>,
    /// Sixteen random bytes, or `None` if the host failed. They become decision IDs, so they must not repeat.
    pub random: fn() -> Option<[u8; 16]>,
    /// The header in which the platform always sets the client's address, if it has one.
    pub ip_header: Option<&'static str>,
    /// The header in which the platform always sets the client's country, if it has one.
    pub country_header: Option<&'static str>,
}

impl Platform {
    /// The time in microseconds for records, which need one; the start of 1970 if it is unknown.
    pub(crate) fn micros(&self) -> i64 {
        (self.now)().unwrap_or(0)
    }

    /// The time in milliseconds for outgoing records; the start of 1970 if it is unknown.
    pub(crate) fn millis(&self) -> i64 {
        self.micros().div_euclid(1_000)
    }

    /// The time in seconds, or `None` if it is unknown.
    pub(crate) fn seconds(&self) -> Option<i64> {
        (self.now)().map(|micros| micros.div_euclid(1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_told_in_whole_units_that_have_begun() {
        let at = |now| Platform { now, random: || None, ip_header: None, country_header: None };
        let platform = at(|| Some(1_795_233_906_789_512));
        assert_eq!(platform.micros(), 1_795_233_906_789_512);
        assert_eq!(platform.millis(), 1_795_233_906_789);
        assert_eq!(platform.seconds(), Some(1_795_233_906));
        // Before 1970 too.
        let before = at(|| Some(-1));
        assert_eq!((before.micros(), before.millis(), before.seconds()), (-1, -1, Some(-1)));
        let unknown = at(|| None);
        assert_eq!((unknown.micros(), unknown.millis(), unknown.seconds()), (0, 0, None));
    }
}
