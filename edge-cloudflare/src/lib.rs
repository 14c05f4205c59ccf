//! callgate as a Cloudflare Worker: reads a request, does what `edge-core` says next, writes its response.
//!
//! The SDK's own handler runs a future, and its bindings cross between wasm and JavaScript for each header; together that
//! takes several times as long as the decision. So `platform.js` does what takes JavaScript, in a call for each need, and
//! what is waited for comes back as a call of what waits ([`waiting`], [`records`]).

mod instance;
mod platform;
mod records;
mod request;
mod waiting;

use callgate_edge_core::Problem;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::web_sys::Request;

use crate::request::Incoming;

/// Responds to a request, or promises the response. The Worker's entry point calls it by this name.
///
/// # Errors
/// The runtime could make no response.
#[wasm_bindgen]
pub fn fetch(request: Request, env: JsValue, context: JsValue) -> Result<JsValue, JsValue> {
    match instance::of_settings(&env) {
        Some(instance) => Incoming { request, env, context }.respond(instance),
        None => request::write(&Problem::Internal.response()),
    }
}
