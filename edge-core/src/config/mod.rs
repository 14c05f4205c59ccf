//! The configuration of a deployment: one strict JSON object, the same on every host.
//!
//! It is read where a mistake can only deny: what is not understood is an error with its place, and a deployment whose
//! configuration has an error answers every call with 503.
//! Its messages are put together without the formatter, which weighs more in wasm than all of this.

pub(crate) mod address;
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

use crate::config::limits::Limits;
use crate::config::rate_limit::RateLimit;
use crate::log::LogConfig;

pub use crate::config::section::ConfigError;
use crate::config::section::Section;

/// Objects and lists in a configuration nest at most so deep.
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
    /// The section `auth`: who may call.
    pub auth: Option<RawValue<'c>>,
    /// The section `log`: what is recorded of decisions, and where to.
    pub log: LogConfig,
    /// The section `limits`: what one request may cost.
    pub limits: Limits,
    /// The section `rateLimit`: how many calls a caller may make.
    pub rate_limit: Option<RateLimit>,
}

impl<'c> Config<'c> {
    /// Reads the text of a configuration, in which every section is optional.
    ///
    /// A blank text is an error: it is what a variable that is set to nothing holds, and to take it for the defaults would
    /// turn tokens, records and rates off without a word.
    ///
    /// # Errors
    /// The text is blank or no strict JSON, or it says what callgate does not know or can't do; the first mistake is told.
    pub fn read(text: &'c str) -> Result<Self, ConfigError> {
        if text.trim_ascii().is_empty() {
            let problem = "is blank: write `{}` for the defaults, or do not set `CALLGATE_CONFIG`".to_owned();
            return Err(ConfigError { pointer: String::new(), problem });
        }
        let value = read(text.as_bytes(), MAX_CONFIG_DEPTH).map_err(no_json)?;
        let config = Section::read(value, "", &["auth", "log", "limits", "rateLimit"])?;
        Ok(Self {
            auth: config.value("auth"),
            log: LogConfig::read(&config)?,
            limits: Limits::read(&config)?,
            rate_limit: RateLimit::read(&config)?,
        })
    }
}

fn no_json(fault: Fault) -> ConfigError {
    let problem = match fault {
        Fault::NotUtf8 => "must be UTF-8 without a byte-order mark",
        Fault::Syntax => "must be exactly one JSON object",
        Fault::LoneSurrogate => "has a string with a surrogate that has no partner",
        Fault::NumberOutOfRange => "has a number that is out of range",
        Fault::DuplicateMember => "has an object that names a key twice",
        Fault::TooDeep => "nests deeper than 16 objects and lists",
    };
    ConfigError { pointer: String::new(), problem: problem.to_owned() }
}
