//! The functions of `platform.js`.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::web_sys::{Headers, Request};

use crate::records::{WaitingBackground, WaitingRecords, WaitingSender};
use crate::waiting::{WaitingBody, WaitingCount, WaitingFetch, WaitingVerification};

#[wasm_bindgen(module = "/src/platform.js")]
extern "C" {
    #[wasm_bindgen(js_name = nameSettings)]
    pub(crate) fn name_settings(names: &str);

    #[wasm_bindgen(js_name = settingsOf)]
    pub(crate) fn settings_of(env: &JsValue) -> usize;

    pub(crate) fn setting(at: usize, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = readHead)]
    pub(crate) fn read_head(request: &Request, names: &str) -> String;

    #[wasm_bindgen(js_name = readHeader)]
    pub(crate) fn read_header(request: &Request, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = readBody)]
    pub(crate) fn read_body(request: &Request, is_length_known: bool, limit: usize, body: WaitingBody) -> JsValue;

    #[wasm_bindgen(js_name = fetchKeys)]
    pub(crate) fn fetch_keys(url: &str, limit: usize, timeout: u32, fetching: WaitingFetch) -> JsValue;

    pub(crate) fn verify(
        algorithm: &str,
        jwk: &str,
        signature: Vec<u8>,
        input: Vec<u8>,
        verification: WaitingVerification,
    ) -> JsValue;

    #[wasm_bindgen(js_name = limitRate)]
    pub(crate) fn limit_rate(env: &JsValue, binding: &str, key: &str, count: WaitingCount) -> JsValue;

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

    pub(crate) fn post(url: &str, token: Option<&str>, content_type: &str, body: Vec<u8>, timeout: u32) -> JsValue;

    #[wasm_bindgen(js_name = sendToQueue)]
    pub(crate) fn send_to_queue(env: &JsValue, binding: &str, lines: Vec<String>) -> JsValue;

    pub(crate) fn conclude(is_written: JsValue, records: WaitingRecords) -> JsValue;

    #[wasm_bindgen(js_name = conclude)]
    pub(crate) fn report(is_written: JsValue, background: WaitingBackground) -> JsValue;

    #[wasm_bindgen(js_name = waitUntil)]
    pub(crate) fn wait_until(context: &JsValue, promise: &JsValue);

    #[wasm_bindgen(js_name = sendLater)]
    pub(crate) fn send_later(context: &JsValue, sender: WaitingSender);

    pub(crate) fn respond(status: u16, headers: &Headers, traceparent: Option<String>, body: &[u8]) -> JsValue;
}
