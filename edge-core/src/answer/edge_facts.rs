//! Facts that an edge adds to a request.

use callgate_engine::{PolicyImage, RequestFacts};

/// Facts that an edge adds to a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct EdgeFacts<'a> {
    /// The decision's ID, so it must not repeat.
    pub random: [u8; 16],
    /// The time, in seconds since the start of 1970 in UTC. Required if the policy reads the source `Request`.
    pub unix_time: Option<i64>,
    /// The caller's IP address, if the platform provides it.
    pub ip: Option<&'a str>,
    /// The caller's two-letter country code, if the platform provides it.
    pub country: Option<&'a str>,
}

impl EdgeFacts<'_> {
    pub(crate) fn facts(&self, image: &PolicyImage<'_>) -> RequestFacts {
        if image.reads_request() {
            RequestFacts::new(self.unix_time, self.ip, self.country)
        } else {
            RequestFacts::default()
        }
    }
}
