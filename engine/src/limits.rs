//! The bounds that keep a hostile policy or request from costing more than a small one.

/// Nested objects and arrays in one call, the call's own object counted as the first.
pub const MAX_REQUEST_DEPTH: usize = 32;

/// Roles that one call may name.
pub const MAX_ROLES_PER_CALL: usize = 32;

/// Calls in one batch.
pub const MAX_CALLS_PER_BATCH: usize = 100;

/// The bounds of the calls of one deployment: those above, or lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    pub(crate) depth: usize,
    pub(crate) calls: usize,
    pub(crate) roles: usize,
}

impl CallLimits {
    /// Sets the bounds: how deep objects and arrays may nest in one call, from 2 to [`MAX_REQUEST_DEPTH`]; how many calls
    /// one batch may have, from 1 to [`MAX_CALLS_PER_BATCH`]; and how many roles one call, from 1 to
    /// [`MAX_ROLES_PER_CALL`]. A number out of its range becomes the end of it, since none may lift what the engine was
    /// measured with.
    #[must_use]
    pub fn new(depth: usize, calls: usize, roles: usize) -> Self {
        Self {
            // A batch is an object with an array, so a lower bound would refuse every batch.
            depth: depth.clamp(2, MAX_REQUEST_DEPTH),
            calls: calls.clamp(1, MAX_CALLS_PER_BATCH),
            roles: roles.clamp(1, MAX_ROLES_PER_CALL),
        }
    }
}

impl Default for CallLimits {
    fn default() -> Self {
        Self { depth: MAX_REQUEST_DEPTH, calls: MAX_CALLS_PER_BATCH, roles: MAX_ROLES_PER_CALL }
    }
}

/// Bytes of a request body, unless the deployment sets another bound.
pub const DEFAULT_MAX_BODY_BYTES: usize = 256 * 1024;

/// Nested objects and arrays in a policy text.
///
/// `evaluate` recurses over a condition, so this bounds its stack too.
pub const MAX_POLICY_DEPTH: usize = 128;

/// Bytes of a policy text: offsets in the image are 32 bits wide.
pub const MAX_POLICY_BYTES: usize = 256 * 1024 * 1024;

/// Bytes of fields that may be looked at to judge one call.
///
/// A field that is compared with each item of a list is looked at once for each, so that a short request could cost the
/// product of both. A policy of a hundred predicates on a body of 256 KiB stays below.
pub const MAX_JUDGED_BYTES: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_those_that_people_are_told() {
        let contract = include_str!("../../docs/http.md");
        for (bound, expected, told) in [
            (MAX_REQUEST_DEPTH, 32, "nesting deeper than 32"),
            (MAX_CALLS_PER_BATCH, 100, "up to 100 calls"),
            (DEFAULT_MAX_BODY_BYTES, 262_144, "a body over 256 KiB"),
            (MAX_JUDGED_BYTES, 33_554_432, "more than 32 MiB in all"),
        ] {
            assert_eq!(bound, expected, "{told}");
            assert!(contract.contains(told), "{told}");
        }
        assert_eq!(MAX_POLICY_BYTES, 268_435_456, "256 MiB, as the message of `tree` says");
    }
}
