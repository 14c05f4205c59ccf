//! The time, which an edge knows and nobody asks without need.

/// Microseconds since the start of 1970 in UTC, or `None` if the host does not know the time.
///
/// It is asked only where tokens or records need it, since asking leaves the wasm.
pub type Clock = fn() -> Option<i64>;

/// The time in microseconds, or the start of 1970 if it is unknown: for records, which need one.
pub(crate) fn micros(clock: Clock) -> i64 {
    clock().unwrap_or(0)
}
