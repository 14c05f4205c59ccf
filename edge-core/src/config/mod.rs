//! The configuration of a deployment: one strict JSON object, the same on every host.
//!
//! An error in it can only deny: an unknown key or value is an error with its position, and a deployment with an
//! invalid configuration answers every call with 503. The messages are concatenated without the formatter, which would
//! need more wasm than this module.

pub(crate) mod address;
pub(crate) mod explainers;
pub(crate) mod limits;
pub(crate) mod pointer;
pub(crate) mod rate_limit;
pub(crate) mod section;
pub(crate) mod settings;

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::fmt;

use callgate_engine::Fault;
use callgate_engine::json::{RawValue, read};

use crate::config::explainers::Explainers;
use crate::config::limits::Limits;
use crate::config::rate_limit::RateLimit;
use crate::log::LogConfig;

pub use crate::config::section::ConfigError;
use crate::config::section::Section;

/// The maximum nesting of objects and lists in a configuration.
pub const MAX_CONFIG_DEPTH: usize = 16;

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message())
    }
}

impl core::error::Error for ConfigError {}

/// The configuration of a deployment.
#[derive(Clone, Debug, Default)]
pub struct Config<'c> {
    /// The section `auth`: the authentication of callers.
    pub auth: Option<RawValue<'c>>,
    /// The section `log`: which parts of decisions are recorded, and where.
    pub log: LogConfig,
    /// The section `limits`: limits on the cost of one request.
    pub limits: Limits,
    /// The section `rateLimit`: limits on the calls of a caller.
    pub rate_limit: Option<RateLimit>,
    /// The section `explain`: the callers that may ask for explanations.
    pub explainers: Explainers,
}

impl<'c> Config<'c> {
    /// Reads the text of a configuration, in which every section is optional.
    ///
    /// A blank text is an error. It usually comes from an empty variable, and treating it as the defaults would
    /// silently disable tokens, records and rate limits.
    ///
    /// # Errors
    /// The text is blank, is not strict JSON, or has an unknown or unsupported key or value; only the first error is
    /// reported.
    pub fn read(text: &'c str) -> Result<Self, ConfigError> {
        if text.trim_ascii().is_empty() {
            let problem = "is blank; write `{}` for the defaults, or unset `CALLGATE_CONFIG`".to_owned();
            return Err(ConfigError { pointer: String::new(), problem });
        }
        let value = read(text.as_bytes(), MAX_CONFIG_DEPTH).map_err(no_json)?;
        let config = Section::read(value, "", &["auth", "log", "limits", "rateLimit", "explain"])?;
        Ok(Self {
            auth: config.value("auth"),
            log: LogConfig::read(&config)?,
            limits: Limits::read(&config)?,
            rate_limit: RateLimit::read(&config)?,
            explainers: Explainers::read(&config)?,
        })
    }
}

fn no_json(fault: Fault) -> ConfigError {
    let problem = match fault {
        Fault::NotUtf8 => "must be UTF-8 without a byte-order mark",
        Fault::Syntax => "must be exactly one JSON object",
        Fault::LoneSurrogate => "has a string with an unpaired surrogate",
        Fault::NumberOutOfRange => "has a number that is out of range",
        Fault::DuplicateMember => "has an object with a duplicate key",
        Fault::TooDeep => "is nested more than 16 levels deep",
    };
    ConfigError { pointer: String::new(), problem: problem.to_owned() }
}
