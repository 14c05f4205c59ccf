//! What an instance makes once for the settings that it serves.

use std::cell::{Cell, RefCell};
use std::time::SystemTime;

use callgate_edge_core::auth::Secrets;
use callgate_edge_core::{Deployment, policy_image};

/// What an operator sets.
#[derive(PartialEq, Eq)]
struct Settings {
    api_keys: Option<String>,
    config: Option<String>,
    token_secret: Option<String>,
    log_token: Option<String>,
}

impl Settings {
    async fn read() -> Self {
        Self {
            api_keys: variable("CALLGATE_API_KEYS").await,
            config: variable("CALLGATE_CONFIG").await,
            token_secret: variable("CALLGATE_JWT_SECRET").await,
            log_token: variable("CALLGATE_LOG_TOKEN").await,
        }
    }
}

/// A deployment, and what the app keeps beside it.
pub(crate) struct Site {
    settings: Settings,
    pub(crate) deployment: Deployment<'static>,
    /// Whether somebody waits to send the records that are queued.
    pub(crate) is_sending: Cell<bool>,
}

impl Site {
    /// The site of the settings as they are now. It outlives the request, as records wait longer than it.
    ///
    /// A host can change a variable while an instance runs, so there is one for each version of the settings, and no more
    /// of them than a person made.
    pub(crate) async fn current() -> Option<&'static Self> {
        thread_local! {
            static KNOWN: RefCell<Vec<&'static Site>> = const { RefCell::new(Vec::new()) };
        }
        let settings = Settings::read().await;
        KNOWN.with_borrow_mut(|known| {
            if let Some(site) = known.iter().copied().find(|site| site.settings == settings) {
                return Some(site);
            }
            let site: &'static Self = Box::leak(Box::new(Self::new(settings)?));
            known.push(site);
            Some(site)
        })
    }

    fn new(settings: Settings) -> Option<Self> {
        let secrets =
            Secrets { api_keys: settings.api_keys.as_deref(), token_secret: settings.token_secret.as_deref() };
        let deployment = Deployment::new(policy_image().ok()?, settings.config.as_deref(), &secrets, unix_micros);
        if let Some(mistake) = deployment.mistake() {
            crate::log::warn(&["callgate: ", &mistake.message()].concat());
        }
        Some(Self { settings, deployment, is_sending: Cell::new(false) })
    }

    /// What a collector of records asks for.
    pub(crate) fn log_token(&self) -> Option<&str> {
        self.settings.log_token.as_deref()
    }
}

/// A setting as the operator set it.
#[cfg(not(feature = "spin-variables"))]
#[expect(clippy::unused_async, reason = "a Spin variable is read asynchronously")]
async fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// A setting as the operator set it: the Spin variable has its name in lower case.
#[cfg(feature = "spin-variables")]
async fn variable(name: &str) -> Option<String> {
    spin_sdk::variables::get(name.to_ascii_lowercase()).await.ok()
}

/// Microseconds since the start of 1970 in UTC.
fn unix_micros() -> Option<i64> {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since_1970.as_micros()).ok()
}
