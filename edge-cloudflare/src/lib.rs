//! callgate as a Cloudflare Worker: reads a request, performs the step that `edge-core` names next, and writes the response.
//!
//! `entry.js` is the module that the runtime starts; it calls [`fetch`]. [`request`] has the path of a request.
//!
//! Bindings to the methods of JavaScript objects cross between wasm and JavaScript for each header, which takes several
//! times as long as the decision. `platform.js` therefore has one function for each need. A state that waits for the
//! platform is an object that JavaScript owns and resumes ([`waiting`]).

mod instance;
mod platform;
mod records;
mod request;
mod waiting;

use callgate_edge_core::Problem;
use wasm_bindgen::JsValue;
use wasm_bindgen::handler::{schedule_reinit, set_on_abort};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::request::{Incoming, write};

/// Prepares an instance of the wasm: after a trap in it, the next call gets a new instance.
#[wasm_bindgen(start)]
pub fn start() {
    set_on_abort(schedule_reinit);
}

/// Returns a `Response`, or a promise of one.
#[wasm_bindgen]
pub fn fetch(request: JsValue, env: JsValue, context: JsValue) -> JsValue {
    match instance::of_settings(&env) {
        Some(instance) => Incoming { request, env, context }.respond(instance),
        None => write(&Problem::Internal.response()),
    }
}
