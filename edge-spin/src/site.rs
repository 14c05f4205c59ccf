//! What an instance makes once for the settings that it serves.

use std::cell::{Cell, RefCell};
use std::time::SystemTime;

use callgate_edge_core::auth::Secrets;
use callgate_edge_core::{Deployment, policy_image};

use crate::log::warn;

/// The names of the settings, which are those of variables of the environment.
///
/// INVARIANT: `spin.toml` declares each of them in lower case, since Spin passes over a variable that nobody declared.
const SETTINGS: [&str; 4] = ["CALLGATE_API_KEYS", "CALLGATE_CONFIG", "CALLGATE_JWT_SECRET", "CALLGATE_LOG_TOKEN"];

/// What an operator sets.
#[derive(PartialEq, Eq)]
struct Settings {
    api_keys: Option<String>,
    config: Option<String>,
    token_secret: Option<String>,
    log_token: Option<String>,
}

/// The platform failed to tell a setting.
struct Unreadable;

impl Settings {
    async fn read() -> Result<Self, Unreadable> {
        let [api_keys, config, token_secret, log_token] = SETTINGS;
        Ok(Self {
            api_keys: setting(api_keys).await?,
            config: setting(config).await?,
            token_secret: setting(token_secret).await?,
            log_token: setting(log_token).await?,
        })
    }
}

/// A deployment, and what the app keeps beside it.
pub(crate) struct Site {
    /// `None` where the platform failed to tell them.
    settings: Option<Settings>,
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
        let settings = Settings::read().await.ok();
        KNOWN.with_borrow_mut(|known| {
            if let Some(site) = known.iter().copied().find(|site| site.settings == settings) {
                return Some(site);
            }
            let site: &'static Self = Box::leak(Box::new(Self::new(settings)?));
            known.push(site);
            Some(site)
        })
    }

    fn new(settings: Option<Settings>) -> Option<Self> {
        let image = policy_image().ok()?;
        let deployment = match &settings {
            Some(Settings { api_keys, config, token_secret, .. }) => {
                let secrets = Secrets { api_keys: api_keys.as_deref(), token_secret: token_secret.as_deref() };
                Deployment::new(image, config.as_deref(), &secrets, unix_micros)
            }
            None => Deployment::unavailable(image, unix_micros),
        };
        if let Some(mistake) = deployment.mistake() {
            warn(&["callgate: ", &mistake.message()].concat());
        }
        Some(Self { settings, deployment, is_sending: Cell::new(false) })
    }

    /// What a collector of records asks for.
    pub(crate) fn log_token(&self) -> Option<&str> {
        let token = self.settings.as_ref()?.log_token.as_deref();
        // The default of a Spin variable can't be that it is not set.
        token.filter(|token| !token.is_empty())
    }
}

/// A setting as the operator set it.
#[cfg(not(feature = "spin-variables"))]
#[expect(clippy::unused_async, reason = "a Spin variable is read asynchronously")]
async fn setting(name: &str) -> Result<Option<String>, Unreadable> {
    Ok(std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

/// A setting as the operator set it: the Spin variable has its name in lower case.
#[cfg(feature = "spin-variables")]
async fn setting(name: &str) -> Result<Option<String>, Unreadable> {
    let name = name.to_ascii_lowercase();
    read_variable(spin_sdk::variables::get(&name).await).inspect_err(|_| {
        // What a provider says of its failure can have a part of the value.
        warn(&["callgate: the Spin variable `", &name, "` cannot be read; check the variables provider"].concat());
    })
}

/// Takes only a variable that nobody declared for one that is not set: where a provider fails, what it holds may be
/// stricter than the defaults.
#[cfg(feature = "spin-variables")]
fn read_variable(value: Result<String, spin_sdk::variables::Error>) -> Result<Option<String>, Unreadable> {
    use spin_sdk::variables::Error;

    match value {
        Ok(value) => Ok(Some(value)),
        Err(Error::Undefined(_)) => Ok(None),
        Err(Error::InvalidName(_) | Error::Provider(_) | Error::Other(_)) => Err(Unreadable),
    }
}

/// Microseconds since the start of 1970 in UTC.
fn unix_micros() -> Option<i64> {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since_1970.as_micros()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = include_str!("../../spin.toml");

    /// The lines of a table of the manifest.
    fn table(name: &str) -> Vec<&'static str> {
        let header = format!("[{name}]");
        let lines = MANIFEST.lines().skip_while(|line| *line != header).skip(1);
        lines.take_while(|line| !line.starts_with('[')).collect()
    }

    #[test]
    fn the_manifest_declares_each_setting_twice() {
        let (application, component) = (table("variables"), table("component.callgate.variables"));
        for name in SETTINGS.map(str::to_ascii_lowercase) {
            // Blank is a mistake in the configuration, and for the others the same as not set.
            let default = if name == "callgate_config" { "default = \"{}\"" } else { "default = \"\", secret = true" };
            let declared = format!("{name} = {{ {default} }}");
            assert!(application.contains(&&*declared), "{declared}");
            let passed = format!("{name} = \"{{{{ {name} }}}}\"");
            assert!(component.contains(&&*passed), "{passed}");
        }
    }

    #[cfg(feature = "spin-variables")]
    #[test]
    fn only_an_undefined_variable_is_not_set() {
        use spin_sdk::variables::Error;

        let read = |value| read_variable(value).map_err(drop);
        assert_eq!(read(Ok("{}".into())), Ok(Some("{}".into())));
        assert_eq!(read(Ok(String::new())), Ok(Some(String::new())));
        assert_eq!(read(Err(Error::Undefined("callgate_config".into()))), Ok(None));
        for error in [Error::Provider, Error::InvalidName, Error::Other] {
            assert_eq!(read(Err(error("the provider is down".into()))), Err(()));
        }
    }
}
