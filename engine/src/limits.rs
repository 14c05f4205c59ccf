//! The bounds that keep a hostile policy or request from costing more than a small one.

/// Nested objects and arrays in one call, the call's own object counted as the first.
pub const MAX_REQUEST_DEPTH: usize = 32;

/// Roles that one call may name.
pub const MAX_ROLES_PER_CALL: usize = 32;

/// Calls in one batch.
pub const MAX_CALLS_PER_BATCH: usize = 100;

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
