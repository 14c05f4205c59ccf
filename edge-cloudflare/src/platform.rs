//! The functions of `platform.js`.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::waiting::{Waiting, WaitingForBytes, WaitingSender};

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the start of 1970 in UTC.
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    pub(crate) fn unix_millis() -> f64;
}

#[wasm_bindgen(module = "/src/platform.js")]
extern "C" {
    #[wasm_bindgen(js_name = nameSettings)]
    pub(crate) fn name_settings(names: &str);

    #[wasm_bindgen(js_name = settingsOf)]
    pub(crate) fn settings_of(env: &JsValue) -> usize;

    pub(crate) fn setting(at: usize, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = readHead)]
    pub(crate) fn read_head(request: &JsValue, names: &str) -> String;

    #[wasm_bindgen(js_name = readHeader)]
    pub(crate) fn read_header(request: &JsValue, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = readBody)]
    pub(crate) fn read_body(
        request: &JsValue,
        is_length_known: bool,
        limit: usize,
        waiting: WaitingForBytes,
    ) -> JsValue;

    #[wasm_bindgen(js_name = fetchKeys)]
    pub(crate) fn fetch_keys(url: &str, limit: usize, timeout: u32, waiting: WaitingForBytes) -> JsValue;

    pub(crate) fn verify(algorithm: &str, jwk: &str, signature: &[u8], input: &[u8]) -> JsValue;

    #[wasm_bindgen(js_name = limitRate)]
    pub(crate) fn limit_rate(env: &JsValue, binding: &str, key: &str) -> JsValue;

    #[wasm_bindgen(js_name = writeLine)]
    pub(crate) fn write_line(line: &str);

    pub(crate) fn warn(message: &str);

    #[wasm_bindgen(js_name = writeDataPoint)]
    pub(crate) fn write_data_point(
        env: &JsValue,
        binding: &str,
        index: &str,
        blobs: Vec<String>,
        doubles: &[f64],
    ) -> bool;

    pub(crate) fn post(url: &str, token: Option<&str>, content_type: &str, body: &[u8], timeout: u32) -> JsValue;

    #[wasm_bindgen(js_name = sendToQueue)]
    pub(crate) fn send_to_queue(env: &JsValue, binding: &str, lines: Vec<String>) -> JsValue;

    pub(crate) fn resume(answer: JsValue, waiting: Waiting) -> JsValue;

    #[wasm_bindgen(js_name = waitUntil)]
    pub(crate) fn wait_until(context: &JsValue, promise: &JsValue);

    #[wasm_bindgen(js_name = sendLater)]
    pub(crate) fn send_later(context: &JsValue, sender: WaitingSender);

    #[wasm_bindgen(js_name = makeHeaders)]
    pub(crate) fn make_headers(lines: &str) -> JsValue;

    pub(crate) fn respond(status: u16, headers: &JsValue, traceparent: Option<String>, body: &[u8]) -> JsValue;
}
