//! callgate as a Cloudflare Worker: reads a request, asks `edge-core`, writes its answer.
//!
//! The SDK's own handler runs a future, and its bindings cross between wasm and JavaScript for each header; together that
//! takes several times as long as the decision. So `platform.js` does what takes JavaScript, in a call for each need, and
//! the one thing that is waited for, the body, comes back as a call of a closure.

use std::cell::RefCell;

use callgate_edge_core::auth::Secrets;
use callgate_edge_core::{Answered, Arrival, Deployment, Head, Next, PendingCall, Problem, Response};
use callgate_edge_core::{policy_image, receive};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use worker::js_sys::Date;
use worker::web_sys::{Headers, Request};

#[wasm_bindgen(module = "/src/platform.js")]
extern "C" {
    #[wasm_bindgen(js_name = apiKeys)]
    fn api_keys(env: &JsValue) -> Option<String>;

    #[wasm_bindgen(js_name = textVariable)]
    fn text_variable(env: &JsValue, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = readHead)]
    fn read_head(request: &Request, credential_header: &str) -> String;

    #[wasm_bindgen(js_name = readHeader)]
    fn read_header(request: &Request, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = readBody)]
    fn read_body(request: &Request, is_length_known: bool, limit: usize, answer: &JsValue) -> JsValue;

    fn respond(status: u16, headers: &Headers, traceparent: Option<String>, body: &[u8]) -> JsValue;
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
    let text = read_head(request, deployment.credential_header());
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (method, path) = (line(), path_of(line()));
    let mut header = || line().strip_prefix(':');
    let head = Head {
        method,
        path,
        credential: header(),
        content_type: header(),
        content_encoding: header(),
        content_length: header(),
        traceparent: header(),
    };
    match receive(&head, deployment) {
        Next::Answer(response) => write(&response),
        Next::Refuse(call, problem) => write(&refuse(call, problem)),
        Next::FetchKeys(_) | Next::Verify(_) => write(&Problem::Internal.response()),
        Next::ReadBody(call) => {
            let (origin, limit) = (Origin::of(request, &call), call.body_limit());
            let answer = Closure::once_into_js(move |body: Option<Vec<u8>>| {
                write(&answer(call, body, &origin).unwrap_or_else(Problem::response))
            });
            Ok(read_body(request, head.content_length.is_some(), limit, &answer))
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

fn answer(call: PendingCall<'_>, body: Option<Vec<u8>>, origin: &Origin) -> Result<Response, Problem> {
    let Some(body) = body else { return Ok(refuse(call, Problem::BodyIncomplete)) };
    let deployment = call.deployment();
    let mut arrival = Arrival { random: random()?, ..Arrival::default() };
    if call.reads_request() {
        arrival.unix_time = unix_micros().map(|micros| micros.div_euclid(1_000_000));
        arrival.ip = origin.ip.as_deref();
        arrival.country = origin.country.as_deref();
    }
    Ok(record(deployment, call.answer(&body, &arrival)))
}

fn refuse(call: PendingCall<'_>, problem: Problem) -> Response {
    let deployment = call.deployment();
    match random() {
        Ok(random) => record(deployment, call.refuse(problem, random)),
        Err(failure) => failure.response(),
    }
}

/// Says what is answered where nothing that is recorded can be written.
fn record(deployment: &Deployment<'_>, answered: Answered) -> Response {
    let mut outbox = deployment.outbox().borrow_mut();
    let lines = outbox.write_now(answered.records);
    outbox.conclude(answered.response, &lines, false)
}

/// Random bytes for the id of a decision.
fn random() -> Result<[u8; 16], Problem> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| Problem::Internal)?;
    Ok(random)
}

/// Microseconds since the start of 1970 in UTC.
fn unix_micros() -> Option<i64> {
    micros(Date::now())
}

/// The deployment, which outlives the request, as a call that waits for its body refers to it.
///
/// The keys are read each time: the runtime can go on with an isolate whose secrets were changed, and even serve both
/// settings from it. So there is one deployment for each, and no more of them than a person made.
fn deployment(env: &JsValue) -> Option<&'static Deployment<'static>> {
    thread_local! {
        static KNOWN: RefCell<Vec<(Option<String>, &'static Deployment<'static>)>> = const { RefCell::new(Vec::new()) };
    }
    let api_keys = api_keys(env);
    KNOWN.with_borrow_mut(|known| {
        let found = known.iter().find(|(keys, _)| *keys == api_keys).map(|&(_, deployment)| deployment);
        found.or_else(|| {
            let image = policy_image().ok()?;
            let (config, token_secret) =
                (text_variable(env, "CALLGATE_CONFIG"), text_variable(env, "CALLGATE_JWT_SECRET"));
            let secrets = Secrets { api_keys: api_keys.as_deref(), token_secret: token_secret.as_deref() };
            let deployment = Deployment::new(image, config.as_deref(), &secrets, unix_micros);
            let deployment: &'static Deployment<'static> = Box::leak(Box::new(deployment));
            known.push((api_keys, deployment));
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
    Ok(respond(response.status, &headers, response.traceparent(), &response.body))
}

/// Whole microseconds of a time in milliseconds.
#[expect(clippy::as_conversions, reason = "there is no checked conversion, and this one saturates")]
fn micros(milliseconds: f64) -> Option<i64> {
    milliseconds.is_finite().then_some((milliseconds * 1_000.0).floor() as i64)
}

/// The path of an absolute URL that the runtime serialized, without the query.
fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|slash| after_scheme.get(slash..)).unwrap_or("/");
    path.find(['?', '#']).and_then(|end| path.get(..end)).unwrap_or(path)
}
