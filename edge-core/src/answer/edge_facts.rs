//! What an edge adds to a request.

use callgate_engine::{PolicyImage, RequestFacts};

/// What an edge adds to a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct EdgeFacts<'a> {
    /// Becomes the decision's id, so it must not repeat.
    pub random: [u8; 16],
    /// The time, in seconds since the start of 1970 in UTC. Needed where the policy reads the source `Request`.
    pub unix_time: Option<i64>,
    /// The caller's IP address, where the platform vouches for it.
    pub ip: Option<&'a str>,
    /// The caller's country as a code of two letters, where the platform vouches for it.
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
