//! The state that an isolate creates once for its settings.

use std::cell::RefCell;

use callgate_edge_core::{Deployment, Head, Platform, Settings, policy_image};
use wasm_bindgen::JsValue;

use crate::platform;

/// Cloudflare always sets both headers itself.
const PLATFORM: Platform =
    Platform { now: unix_micros, random, ip_header: Some("cf-connecting-ip"), country_header: Some("cf-ipcountry") };

/// A deployment, and the names of the headers that `platform.js` reads from each request.
pub(crate) struct Instance {
    pub(crate) deployment: Deployment<'static>,
    pub(crate) header_names: String,
}

/// The instance for the settings in `env`. It outlives the request because a call that waits for its body refers to it.
///
/// There is one instance for each version of the settings, and an operator makes only a few versions.
pub(crate) fn of_settings(env: &JsValue) -> Option<&'static Instance> {
    thread_local! {
        static KNOWN: RefCell<Vec<Option<&'static Instance>>> = const { RefCell::new(Vec::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        if known.is_empty() {
            platform::name_settings(&Settings::NAMES.join("\n"));
        }
        let at = platform::settings_of(env);
        if known.len() <= at {
            known.resize(at.saturating_add(1), None);
        }
        let known = known.get_mut(at)?;
        if known.is_none() {
            *known = Some(Box::leak(Box::new(Instance::new(at)?)));
        }
        *known
    })
}

impl Instance {
    fn new(at: usize) -> Option<Self> {
        let settings = Settings::new(Settings::NAMES.map(|name| platform::setting(at, name)));
        let deployment = Deployment::new(policy_image().ok()?, &settings, PLATFORM);
        if let Some(mistake) = deployment.mistake() {
            platform::warn(&["callgate: ", &mistake.message()].concat());
        }
        let header_names = [&[deployment.credential_header()], Head::HEADERS.as_slice()].concat().join("\n");
        Some(Self { deployment, header_names })
    }
}

/// Microseconds since the start of 1970 in UTC.
fn unix_micros() -> Option<i64> {
    micros(platform::unix_millis())
}

/// Whole microseconds of a time in milliseconds.
#[expect(clippy::as_conversions, reason = "there is no checked conversion, and this one saturates")]
fn micros(milliseconds: f64) -> Option<i64> {
    milliseconds.is_finite().then_some((milliseconds * 1_000.0).floor() as i64)
}

fn random() -> Option<[u8; 16]> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok().map(|()| random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_whole_microseconds_or_none() {
        assert_eq!(micros(1_795_233_906_789.25), Some(1_795_233_906_789_250));
        assert_eq!(micros(-0.000_5), Some(-1));
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(micros), [None; 3]);
    }
}
