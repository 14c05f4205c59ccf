//! Requests that wait for something of the platform. JavaScript owns them meanwhile, and calls back.

use callgate_edge_core::{Arrival, KeyFetch, PendingCall, Problem, Verification};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::request::{Incoming, random, write};

/// A call that waits for its body, or to hear whether its caller may call once more.
#[wasm_bindgen]
pub struct WaitingCall {
    pub(crate) call: PendingCall<'static>,
    pub(crate) incoming: Incoming,
}

#[wasm_bindgen]
impl WaitingCall {
    /// Goes on, now that it is known whether the caller is within its rate; `None` where nobody could tell.
    ///
    /// # Errors
    /// The runtime could make no response.
    pub fn proceed(self, is_within: Option<bool>) -> Result<JsValue, JsValue> {
        let Self { call, incoming } = self;
        match is_within {
            Some(true) => Ok(incoming.read_body(call)),
            Some(false) => incoming.refuse(call, Problem::RateLimited),
            None => incoming.refuse(call, Problem::RateLimitUnavailable),
        }
    }

    /// Answers the call once its body was read, or could not be read to its end.
    ///
    /// # Errors
    /// The runtime could make no response.
    pub fn answer(self, body: Option<Vec<u8>>) -> Result<JsValue, JsValue> {
        let Self { call, incoming } = self;
        let Some(body) = body else { return incoming.refuse(call, Problem::BodyIncomplete) };
        let Ok(random) = random() else { return write(&Problem::Internal.response()) };
        let mut arrival = Arrival { random, ..Arrival::default() };
        let (ip, country);
        if call.reads_request() {
            // Cloudflare sets both headers itself, whatever the caller sent.
            (ip, country) = (incoming.header("cf-connecting-ip"), incoming.header("cf-ipcountry"));
            arrival.unix_time = call.deployment().unix_seconds();
            arrival.ip = ip.as_deref();
            arrival.country = country.as_deref();
        }
        incoming.record(call.answer(&body, &arrival))
    }
}

/// A request that waits for the keys of the issuer of tokens.
#[wasm_bindgen]
pub struct WaitingFetch {
    pub(crate) fetch: Box<KeyFetch<'static>>,
    pub(crate) incoming: Incoming,
}

#[wasm_bindgen]
impl WaitingFetch {
    /// Goes on with the keys, or without.
    ///
    /// # Errors
    /// The runtime could make no response.
    pub fn resume(self, keys: Option<Vec<u8>>) -> Result<JsValue, JsValue> {
        self.incoming.advance(self.fetch.resume(keys.as_deref()))
    }
}

/// A request that waits for the verification of its token.
#[wasm_bindgen]
pub struct WaitingVerification {
    pub(crate) verification: Box<Verification<'static>>,
    pub(crate) incoming: Incoming,
}

#[wasm_bindgen]
impl WaitingVerification {
    /// Goes on, now that it is known whether the signature holds.
    ///
    /// # Errors
    /// The runtime could make no response.
    pub fn finish(self, is_genuine: bool) -> Result<JsValue, JsValue> {
        self.incoming.advance(self.verification.finish(is_genuine))
    }
}
