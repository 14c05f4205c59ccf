//! What an instance makes once: the policy, and what the configuration and the secrets say.

use core::cell::RefCell;

use callgate_engine::PolicyImage;

use crate::auth::{Authentication, KeyCache, Secrets};
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::config::limits::Limits;
use crate::config::rate_limit::RateLimit;
use crate::config::section::ConfigError;
use crate::http::Response;
use crate::http::problem::Problem;
use crate::log::{LogConfig, Outbox};

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
    pub(crate) clock: Clock,
    /// Borrowed within single functions of this crate only, so that it is free whenever one begins.
    pub(crate) key_cache: RefCell<KeyCache>,
    outbox: RefCell<Outbox>,
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
    /// Reads `config`, the text of `CALLGATE_CONFIG` where it is set, and the secrets beside it.
    ///
    /// A mistake in them is no error here: such a deployment lets nobody in, and answers with the place of the mistake.
    #[must_use]
    pub fn new(image: PolicyImage<'d>, config: Option<&str>, secrets: &Secrets<'_>, clock: Clock) -> Self {
        let read = config
            .map_or_else(|| Ok(Config::default()), Config::read)
            .and_then(|config| Ok((Authentication::read(config.auth, secrets)?, config)));
        let (authentication, config) = match read {
            Ok((authentication, config)) => (Ok(authentication), config),
            Err(error) => (Err(Closed::Mistake(error)), Config::default()),
        };
        Self::with(image, authentication, config, clock)
    }

    /// A deployment whose settings the platform can't tell now: it lets nobody in, since what was set may be stricter than
    /// the defaults.
    #[must_use]
    pub fn unavailable(image: PolicyImage<'d>, clock: Clock) -> Self {
        Self::with(image, Err(Closed::Unavailable), Config::default(), clock)
    }

    fn with(
        image: PolicyImage<'d>,
        authentication: Result<Authentication, Closed>,
        config: Config<'_>,
        clock: Clock,
    ) -> Self {
        let Config { log, limits, rate_limit, .. } = config;
        let outbox = RefCell::new(Outbox::new(&log, &limits));
        let key_cache = RefCell::default();
        Self { image, authentication, limits, rate_limit, log, clock, key_cache, outbox }
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

    /// Who counts the calls of each caller, if anybody does: before the body is read, an edge asks whether there is room
    /// for one more, and else refuses it with [`Problem::RateLimited`](crate::Problem::RateLimited).
    #[must_use]
    pub fn rate_limit(&self) -> Option<&RateLimit> {
        self.rate_limit.as_ref()
    }

    /// What is recorded of decisions, and where to.
    #[must_use]
    pub fn log(&self) -> &LogConfig {
        &self.log
    }

    /// The records of this instance on their way out. A borrow must not live across what an edge waits for.
    #[must_use]
    pub fn outbox(&self) -> &RefCell<Outbox> {
        &self.outbox
    }

    /// The time in seconds since the start of 1970 in UTC, or `None` where it is not known.
    #[must_use]
    pub fn unix_seconds(&self) -> Option<i64> {
        (self.clock)().map(|micros| micros.div_euclid(1_000_000))
    }

    /// The time in milliseconds, or the start of 1970 where it is not known: for records on their way out.
    #[must_use]
    pub fn unix_millis(&self) -> i64 {
        self.micros().div_euclid(1_000)
    }

    /// The time in microseconds, or the start of 1970 where it is not known: for records, which need one.
    pub(crate) fn micros(&self) -> i64 {
        clock::micros(self.clock)
    }
}
