//! What an isolate makes once for the settings that it serves.

use std::cell::{Cell, RefCell};

use callgate_edge_core::auth::Secrets;
use callgate_edge_core::{Deployment, policy_image};
use wasm_bindgen::JsValue;
use worker::js_sys::Date;

use crate::platform;

/// A deployment, and what the Worker keeps beside it.
pub(crate) struct Site {
    pub(crate) deployment: Deployment<'static>,
    /// What a collector of records asks for.
    pub(crate) log_token: Option<String>,
    /// Until when records that are queued are sure to be sent, in milliseconds: somebody waits to send them.
    pub(crate) sends_until: Cell<i64>,
}

impl Site {
    /// The site of the settings in `env`. It outlives the request, as a call that waits for its body refers to it.
    ///
    /// There is one for each version of the settings, and no more of them than a person made.
    pub(crate) fn of(env: &JsValue) -> Option<&'static Self> {
        thread_local! {
            static KNOWN: RefCell<Vec<Option<&'static Site>>> = const { RefCell::new(Vec::new()) };
        }
        let at = platform::settings_of(env);
        KNOWN.with_borrow_mut(|known| {
            if known.len() <= at {
                known.resize(at.saturating_add(1), None);
            }
            let known = known.get_mut(at)?;
            if known.is_none() {
                *known = Some(Box::leak(Box::new(Self::read(at)?)));
            }
            *known
        })
    }

    fn read(at: usize) -> Option<Self> {
        let setting = |name| platform::setting(at, name);
        let (api_keys, token_secret) = (setting("CALLGATE_API_KEYS"), setting("CALLGATE_JWT_SECRET"));
        let secrets = Secrets { api_keys: api_keys.as_deref(), token_secret: token_secret.as_deref() };
        let deployment =
            Deployment::new(policy_image().ok()?, setting("CALLGATE_CONFIG").as_deref(), &secrets, unix_micros);
        if let Some(mistake) = deployment.mistake() {
            platform::warn(&["callgate: ", &mistake.message()].concat());
        }
        Some(Self { deployment, log_token: setting("CALLGATE_LOG_TOKEN"), sends_until: Cell::new(0) })
    }
}

/// Microseconds since the start of 1970 in UTC.
fn unix_micros() -> Option<i64> {
    micros(Date::now())
}

/// Whole microseconds of a time in milliseconds.
#[expect(clippy::as_conversions, reason = "there is no checked conversion, and this one saturates")]
fn micros(milliseconds: f64) -> Option<i64> {
    milliseconds.is_finite().then_some((milliseconds * 1_000.0).floor() as i64)
}
