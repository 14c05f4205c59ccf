//! The state that an instance creates once from its policy, configuration and secrets.

use alloc::string::String;
use core::cell::RefCell;

use callgate_engine::PolicyImage;

use crate::auth::{Authentication, KeyCache};
use crate::config::Config;
use crate::config::explainers::Explainers;
use crate::config::limits::Limits;
use crate::config::rate_limit::RateLimit;
use crate::config::section::ConfigError;
use crate::config::settings::Settings;
use crate::http::Response;
use crate::http::problem::Problem;
use crate::log::recorder::Recorded;
use crate::log::{LogConfig, Outbox};
use crate::platform::Platform;

/// A deployment in one instance of an edge.
#[derive(Debug)]
pub struct Deployment<'d> {
    /// The policy.
    pub image: PolicyImage<'d>,
    /// The authentication of callers, or the reason why every call is denied.
    pub(crate) authentication: Result<Authentication, Closed>,
    pub(crate) limits: Limits,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) explainers: Explainers,
    pub(crate) log: LogConfig,
    pub(crate) platform: Platform,
    /// The credential for the record collector.
    pub(crate) log_token: Option<String>,
    /// The header with the client address, if the operator trusts one.
    pub(crate) client_ip_header: Option<String>,
    /// Borrowed only within single functions of this crate, so it is free whenever one begins.
    pub(crate) key_cache: RefCell<KeyCache>,
    /// The pending records of this instance; borrowed like the keys.
    pub(crate) outbox: RefCell<Outbox>,
}

/// Why a deployment denies every call.
#[derive(Debug)]
pub(crate) enum Closed {
    /// The first error in the configuration or the secrets.
    Mistake(ConfigError),
    /// The platform could not read the settings.
    Unavailable,
}

impl Closed {
    /// The response to every call.
    pub(crate) fn response(&self) -> Response {
        match self {
            Self::Mistake(mistake) => mistake.response(),
            Self::Unavailable => Problem::ConfigUnavailable.response(),
        }
    }
}

impl<'d> Deployment<'d> {
    /// Reads the settings.
    ///
    /// An error in the settings is not an error here. Such a deployment denies every call and reports the error's
    /// position.
    #[must_use]
    pub fn new(image: PolicyImage<'d>, settings: &Settings, platform: Platform) -> Self {
        let read = settings
            .config()
            .map_or_else(|| Ok(Config::default()), Config::read)
            .and_then(|config| Ok((Authentication::read(config.auth, &settings.secrets())?, config)));
        match read {
            Ok((authentication, config)) => Self::with(image, Ok(authentication), config, settings, platform),
            Err(error) => Self::with(image, Err(Closed::Mistake(error)), Config::default(), settings, platform),
        }
    }

    /// A deployment whose settings cannot be read. It denies every call, because the settings may be stricter than the
    /// defaults.
    #[must_use]
    pub fn unavailable(image: PolicyImage<'d>, platform: Platform) -> Self {
        Self::with(image, Err(Closed::Unavailable), Config::default(), &Settings::default(), platform)
    }

    fn with(
        image: PolicyImage<'d>,
        authentication: Result<Authentication, Closed>,
        config: Config<'_>,
        settings: &Settings,
        platform: Platform,
    ) -> Self {
        let Config { log, limits, rate_limit, explainers, .. } = config;
        Self {
            image,
            authentication,
            rate_limit,
            explainers,
            platform,
            log_token: settings.log_token(),
            client_ip_header: settings.client_ip_header(),
            key_cache: RefCell::default(),
            outbox: RefCell::new(Outbox::new(&log, &limits)),
            limits,
            log,
        }
    }

    /// The error in the configuration or a secret, for the operator.
    #[must_use]
    pub fn mistake(&self) -> Option<&ConfigError> {
        match &self.authentication {
            Err(Closed::Mistake(mistake)) => Some(mistake),
            Ok(_) | Err(Closed::Unavailable) => None,
        }
    }

    /// The name of the credential header, in lower case.
    #[must_use]
    pub fn credential_header(&self) -> &str {
        self.authentication.as_ref().map_or("authorization", Authentication::header)
    }

    /// The parts of every decision record.
    pub(crate) fn recorded(&self) -> Recorded<'_> {
        Recorded { config: &self.log, image: &self.image, platform: &self.platform }
    }
}
