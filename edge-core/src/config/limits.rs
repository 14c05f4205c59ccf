//! The limits of a deployment on the cost of one request.

use callgate_engine::CallLimits;
use callgate_engine::limits::{DEFAULT_MAX_BODY_BYTES, MAX_CALLS_PER_BATCH, MAX_REQUEST_DEPTH, MAX_ROLES_PER_CALL};

use crate::config::section::{ConfigError, Section};

const KEYS: [&str; 5] = ["bodyBytes", "depth", "callsPerBatch", "rolesPerCaller", "logQueue"];

/// The default number of records that wait for the collector of a decision log.
const DEFAULT_LOG_QUEUE: usize = 1_000;

/// The limits of a deployment, from the section `limits` of its configuration.
///
/// A limit can only be lower than the default, except those of the body and the log queue: the engine was measured with
/// its maximum values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body: 1 KiB to 1 MiB.
    pub body_bytes: usize,
    /// Nested objects and lists in one call, including the call's own object: 2 to 32.
    pub depth: usize,
    /// Calls in one batch: 1 to 100.
    pub calls_per_batch: usize,
    /// Roles that one call may name: 1 to 32.
    pub roles_per_caller: usize,
    /// Records of decisions that wait for the collector: 1 to 100,000.
    pub log_queue: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: DEFAULT_MAX_BODY_BYTES,
            depth: MAX_REQUEST_DEPTH,
            calls_per_batch: MAX_CALLS_PER_BATCH,
            roles_per_caller: MAX_ROLES_PER_CALL,
            log_queue: DEFAULT_LOG_QUEUE,
        }
    }
}

impl Limits {
    /// The limits of calls, which the engine enforces.
    pub(crate) fn of_calls(&self) -> CallLimits {
        CallLimits::new(self.depth, self.calls_per_batch, self.roles_per_caller)
    }

    /// Reads the section `limits` of a configuration.
    pub(crate) fn read(config: &Section<'_>) -> Result<Self, ConfigError> {
        let section = config.section("limits", &KEYS)?;
        let bound = |key, range, default| {
            let given = section.integer(key, range)?;
            Ok::<_, ConfigError>(given.and_then(|bound| usize::try_from(bound).ok()).unwrap_or(default))
        };
        let default = Self::default();
        Ok(Self {
            body_bytes: bound("bodyBytes", 1_024..=1_048_576, default.body_bytes)?,
            depth: bound("depth", 2..=32, default.depth)?,
            calls_per_batch: bound("callsPerBatch", 1..=100, default.calls_per_batch)?,
            roles_per_caller: bound("rolesPerCaller", 1..=32, default.roles_per_caller)?,
            log_queue: bound("logQueue", 1..=100_000, default.log_queue)?,
        })
    }
}
