//! States that wait for something of the platform. JavaScript owns them meanwhile, and calls back.

use std::borrow::Cow;

use callgate_edge_core::{BodyFault, BodyRead, CallCount, KeyFetch, Verification};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::platform;
use crate::request::Incoming;

/// A call that waits to hear whether its caller may call once more.
#[wasm_bindgen]
pub struct WaitingCount {
    pub(crate) count: CallCount<'static>,
    pub(crate) incoming: Incoming,
}

#[wasm_bindgen]
impl WaitingCount {
    /// Goes on, now that it is known whether the caller is within its rate; `None` if nobody could tell.
    ///
    /// # Errors
    /// The runtime could make no response.
    pub fn resume(self, is_within: Option<bool>) -> Result<JsValue, JsValue> {
        self.incoming.advance(self.count.resume(is_within))
    }
}

/// A call that waits for its body.
#[wasm_bindgen]
pub struct WaitingBody {
    pub(crate) read: BodyRead<'static>,
    pub(crate) incoming: Incoming,
}

#[wasm_bindgen]
impl WaitingBody {
    /// Goes on with the body, or without one that could not be read to its end.
    ///
    /// # Errors
    /// The runtime could make no response.
    pub fn resume(self, body: Option<Vec<u8>>) -> Result<JsValue, JsValue> {
        let Self { read, incoming } = self;
        let header = |name: &str| platform::read_header(&incoming.request, name).map(Cow::Owned);
        let next = read.resume(body.as_deref().ok_or(BodyFault::Incomplete), header);
        incoming.advance(next)
    }
}

/// A request that waits for the keys of the token issuer.
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
    /// Goes on, now that it is known whether the signature is genuine.
    ///
    /// # Errors
    /// The runtime could make no response.
    pub fn resume(self, is_genuine: bool) -> Result<JsValue, JsValue> {
        self.incoming.advance(self.verification.finish(is_genuine))
    }
}
