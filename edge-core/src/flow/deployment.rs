//! What an instance makes once: the policy, and what the configuration and the secrets say.

use alloc::string::String;
use core::cell::RefCell;

use callgate_engine::PolicyImage;

use crate::auth::{Authentication, KeyCache};
use crate::config::Config;
use crate::config::limits::Limits;
use crate::config::rate_limit::RateLimit;
use crate::config::section::ConfigError;
use crate::config::settings::Settings;
use crate::http::Response;
use crate::http::problem::Problem;
use crate::log::recorder::Recorded;
use crate::log::{LogConfig, Outbox};
use crate::platform::Platform;

/// A deployment, as one instance of an edge holds it.
#[derive(Debug)]
pub struct Deployment<'d> {
    /// The policy that judges.
    pub image: PolicyImage<'d>,
    /// Who may call; or why nobody may.
    pub(crate) authentication: Result<Authentication, Closed>,
    pub(crate) limits: Limits,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) log: LogConfig,
    pub(crate) platform: Platform,
    /// The credential that a collector of records requires.
    pub(crate) log_token: Option<String>,
    /// The header that names the address of the client, if the operator vouches for one.
    pub(crate) client_ip_header: Option<String>,
    /// Borrowed within single functions of this crate only, so that it is free whenever one begins.
    pub(crate) key_cache: RefCell<KeyCache>,
    /// The records of this instance on their way out; borrowed like the keys.
    pub(crate) outbox: RefCell<Outbox>,
}

/// Why a deployment lets nobody in.
#[derive(Debug)]
pub(crate) enum Closed {
    /// The first mistake in the configuration or the secrets.
    Mistake(ConfigError),
    /// The platform could not tell the settings.
    Unavailable,
}

impl Closed {
    /// The answer to every call.
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
    /// A mistake in them is no error here: such a deployment lets nobody in, and answers with the place of the mistake.
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

    /// A deployment whose settings the platform can't tell now: it lets nobody in, since what was set may be stricter than
    /// the defaults.
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
        let Config { log, limits, rate_limit, .. } = config;
        Self {
            image,
            authentication,
            rate_limit,
            platform,
            log_token: settings.log_token(),
            client_ip_header: settings.client_ip_header(),
            key_cache: RefCell::default(),
            outbox: RefCell::new(Outbox::new(&log, &limits)),
            limits,
            log,
        }
    }

    /// What is wrong with the configuration or a secret, for the operator's eyes.
    #[must_use]
    pub fn mistake(&self) -> Option<&ConfigError> {
        match &self.authentication {
            Err(Closed::Mistake(mistake)) => Some(mistake),
            Ok(_) | Err(Closed::Unavailable) => None,
        }
    }

    /// The name of the header that holds the credential, in lower case.
    #[must_use]
    pub fn credential_header(&self) -> &str {
        self.authentication.as_ref().map_or("authorization", Authentication::header)
    }

    /// What the records of decisions are made of.
    pub(crate) fn recorded(&self) -> Recorded<'_> {
        Recorded { config: &self.log, image: &self.image, platform: &self.platform }
    }
}
