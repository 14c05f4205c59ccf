//! callgate as a Cloudflare Worker: reads a request, asks `edge-core`, writes its answer.
//!
//! The SDK's own handler runs a future, and its bindings cross between wasm and JavaScript for each header; together that
//! takes several times as long as the decision. So `platform.js` does what takes JavaScript, in a call for each need, and
//! the one thing that is waited for, the body, comes back as a call of a closure.

use std::cell::RefCell;

use callgate_edge_core::{Arrival, Deployment, Head, Next, PendingCall, Problem, Response, policy_image, receive};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use worker::js_sys::Date;
use worker::web_sys::{Headers, Request};

#[wasm_bindgen(module = "/src/platform.js")]
extern "C" {
    #[wasm_bindgen(js_name = apiKeys)]
    fn api_keys(env: &JsValue) -> Option<String>;

    #[wasm_bindgen(js_name = readHead)]
    fn read_head(request: &Request) -> String;

    #[wasm_bindgen(js_name = readHeader)]
    fn read_header(request: &Request, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = readBody)]
    fn read_body(request: &Request, is_length_known: bool, limit: usize, answer: &JsValue) -> JsValue;

    fn respond(status: u16, headers: &Headers, body: &[u8]) -> JsValue;
}

/// Answers a request, or promises the answer. The Worker's entry point calls it by this name.
///
/// # Errors
/// The runtime could make no response.
#[wasm_bindgen]
pub fn fetch(request: &Request, env: &JsValue) -> Result<JsValue, JsValue> {
    let Some(deployment) = deployment(env) else {
        return write(&Problem::Internal.response());
    };
    let text = read_head(request);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (method, path) = (line(), path_of(line()));
    let mut header = || line().strip_prefix(':');
    let head = Head {
        method,
        path,
        authorization: header(),
        content_type: header(),
        content_encoding: header(),
        content_length: header(),
    };
    match receive(&head, deployment) {
        Next::Answer(response) => write(&response),
        Next::ReadBody(call) => {
            let origin = Origin::of(request, &call);
            let answer = Closure::once_into_js(move |body: Option<Vec<u8>>| {
                write(&answer(&call, body, &origin).unwrap_or_else(Problem::response))
            });
            Ok(read_body(request, head.content_length.is_some(), call.body_limit(), &answer))
        }
    }
}

/// Where a request comes from, if the policy asks.
#[derive(Default)]
struct Origin {
    ip: Option<String>,
    country: Option<String>,
}

impl Origin {
    fn of(request: &Request, call: &PendingCall<'_>) -> Self {
        if !call.reads_request() {
            return Self::default();
        }
        // Cloudflare sets both headers itself, whatever the caller sent.
        Self { ip: read_header(request, "cf-connecting-ip"), country: read_header(request, "cf-ipcountry") }
    }
}

fn answer(call: &PendingCall<'_>, body: Option<Vec<u8>>, origin: &Origin) -> Result<Response, Problem> {
    let body = body.ok_or(Problem::BodyIncomplete)?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| Problem::Internal)?;
    let mut arrival = Arrival { random, ..Arrival::default() };
    if call.reads_request() {
        arrival.unix_time = seconds(Date::now());
        arrival.ip = origin.ip.as_deref();
        arrival.country = origin.country.as_deref();
    }
    Ok(call.answer(&body, &arrival))
}

/// The deployment, which outlives the request, as a call that waits for its body refers to it.
///
/// The keys are read each time: the runtime can go on with an isolate whose secrets were changed, and even serve both
/// settings from it. So there is one deployment for each, and no more of them than a person made.
fn deployment(env: &JsValue) -> Option<&'static Deployment<'static>> {
    thread_local! {
        static KNOWN: RefCell<Vec<&'static Deployment<'static>>> = const { RefCell::new(Vec::new()) };
    }
    let api_keys = api_keys(env);
    KNOWN.with_borrow_mut(|known| {
        let found = known.iter().copied().find(|known| known.api_keys == api_keys.as_deref());
        found.or_else(|| {
            let image = policy_image().ok()?;
            let api_keys = api_keys.map(|keys| &*keys.leak());
            let deployment: &'static Deployment<'static> = Box::leak(Box::new(Deployment { image, api_keys }));
            known.push(deployment);
            Some(deployment)
        })
    })
}

/// The names and values of an answer's headers.
type HeaderList = Vec<(&'static str, &'static str)>;

/// Answers have one of a few lists of headers, so the runtime's object of each is made once.
fn write(response: &Response) -> Result<JsValue, JsValue> {
    thread_local! {
        static KNOWN: RefCell<Vec<(HeaderList, Headers)>> = const { RefCell::new(Vec::new()) };
    }
    let known = KNOWN.with_borrow(|known| {
        let found = known.iter().find(|(list, _)| response.headers().eq(list.iter().copied()));
        found.map(|(_, headers)| headers.clone())
    });
    let headers = match known {
        Some(headers) => headers,
        None => {
            let headers = Headers::new()?;
            for (name, value) in response.headers() {
                headers.set(name, value)?;
            }
            KNOWN.with_borrow_mut(|known| known.push((response.headers().collect(), headers.clone())));
            headers
        }
    };
    Ok(respond(response.status, &headers, &response.body))
}

/// Whole seconds of a time in milliseconds.
#[expect(clippy::as_conversions, reason = "there is no checked conversion, and this one saturates")]
fn seconds(milliseconds: f64) -> Option<i64> {
    milliseconds.is_finite().then_some((milliseconds / 1_000.0).floor() as i64)
}

/// The path of an absolute URL that the runtime serialized, without the query.
fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|slash| after_scheme.get(slash..)).unwrap_or("/");
    path.find(['?', '#']).and_then(|end| path.get(..end)).unwrap_or(path)
}
