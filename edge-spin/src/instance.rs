//! The state that an instance creates once for its settings.

use std::cell::RefCell;
use std::time::SystemTime;

use callgate_edge_core::{Deployment, Platform, Settings, policy_image};

use crate::log::warn;

/// A WASI host has no header of its own for the client's address or country.
const PLATFORM: Platform = Platform { now: unix_micros, random, ip_header: None, country_header: None };

/// The platform failed to read a setting.
struct Unreadable;

/// The deployment for the current settings. It outlives the request, because records can wait longer.
///
/// A host can change a variable while an instance runs, so there is one deployment for each version of the settings. An
/// operator makes only a few versions.
pub(crate) async fn deployment() -> Option<&'static Deployment<'static>> {
    thread_local! {
        static KNOWN: RefCell<Vec<(Option<Settings>, &'static Deployment<'static>)>> = const { RefCell::new(Vec::new()) };
    }
    let settings = read_settings().await.ok();
    KNOWN.with_borrow_mut(|known| {
        if let Some((_, deployment)) = known.iter().find(|(known, _)| *known == settings) {
            return Some(*deployment);
        }
        let image = policy_image().ok()?;
        let deployment = match &settings {
            Some(settings) => Deployment::new(image, settings, PLATFORM),
            None => Deployment::unavailable(image, PLATFORM),
        };
        if let Some(mistake) = deployment.mistake() {
            warn(&["callgate: ", &mistake.message()].concat());
        }
        let deployment: &'static Deployment<'static> = Box::leak(Box::new(deployment));
        known.push((settings, deployment));
        Some(deployment)
    })
}

async fn read_settings() -> Result<Settings, Unreadable> {
    let mut values = Settings::NAMES.map(|_| None);
    for (value, name) in values.iter_mut().zip(Settings::NAMES) {
        *value = setting(name).await?;
    }
    Ok(Settings::new(values))
}

/// A setting as the operator set it.
#[cfg(not(feature = "spin-variables"))]
#[expect(clippy::unused_async, reason = "a Spin variable is read asynchronously")]
async fn setting(name: &str) -> Result<Option<String>, Unreadable> {
    Ok(std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

/// A setting as the operator set it; the Spin variable has the setting's name in lower case.
#[cfg(feature = "spin-variables")]
async fn setting(name: &str) -> Result<Option<String>, Unreadable> {
    let name = name.to_ascii_lowercase();
    read_variable(spin_sdk::variables::get(&name).await).inspect_err(|_| {
        // A provider's error message can contain a part of the value.
        warn(&["callgate: the Spin variable `", &name, "` cannot be read; check the variables provider"].concat());
    })
}

/// Only an undeclared variable counts as unset. If a provider fails, its value may be stricter than the defaults.
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

fn random() -> Option<[u8; 16]> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok().map(|()| random)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = include_str!("../../spin.toml");

    /// The lines of a manifest table.
    fn table(name: &str) -> Vec<&'static str> {
        let header = format!("[{name}]");
        let lines = MANIFEST.lines().skip_while(|line| *line != header).skip(1);
        lines.take_while(|line| !line.starts_with('[')).collect()
    }

    #[test]
    fn the_manifest_declares_each_setting_twice() {
        let (application, component) = (table("variables"), table("component.callgate.variables"));
        for name in Settings::NAMES.map(str::to_ascii_lowercase) {
            // A blank value is a configuration error; for the other settings it means unset.
            let default = match &*name {
                "callgate_config" => "default = \"{}\"",
                "callgate_client_ip_header" => "default = \"\"",
                _ => "default = \"\", secret = true",
            };
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
