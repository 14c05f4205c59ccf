//! The limits that keep a hostile policy or request from costing more than a small one.

/// The nesting depth of objects and arrays in one call; the object of the call itself is level 1.
pub const MAX_REQUEST_DEPTH: usize = 32;

/// The roles of one call.
pub const MAX_ROLES_PER_CALL: usize = 32;

/// Calls in one batch.
pub const MAX_CALLS_PER_BATCH: usize = 100;

/// The limits for the calls of one deployment: the limits above, or lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    pub(crate) depth: usize,
    pub(crate) calls: usize,
    pub(crate) roles: usize,
}

impl CallLimits {
    /// Sets the limits: the nesting depth of one call, from 2 to [`MAX_REQUEST_DEPTH`]; the calls of one batch, from 1
    /// to [`MAX_CALLS_PER_BATCH`]; and the roles of one call, from 1 to [`MAX_ROLES_PER_CALL`]. A number outside its
    /// range is clamped, because the engine was measured only within these ranges.
    #[must_use]
    pub fn new(depth: usize, calls: usize, roles: usize) -> Self {
        Self {
            // A batch is an object that contains an array, so a lower limit would reject every batch.
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

/// The bytes of a request body, unless the deployment sets another limit.
pub const DEFAULT_MAX_BODY_BYTES: usize = 256 * 1024;

/// The nesting depth of objects and arrays in a policy text.
///
/// `evaluate` recurses over a condition, so this limit also bounds its stack.
pub const MAX_POLICY_DEPTH: usize = 128;

/// The bytes of a policy text. Offsets in the image have 32 bits.
pub const MAX_POLICY_BYTES: usize = 256 * 1024 * 1024;

/// The bytes of fields that one evaluation may read.
///
/// A check inside `Every` or `Some` reads a field once for each item. Without this limit, the cost of a short request
/// could be the product of both lengths. A policy of a hundred checks on a body of 256 KiB stays below the limit.
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
        assert_eq!(MAX_POLICY_BYTES, 268_435_456, "256 MiB, as in the message of `tree`");
    }
}
