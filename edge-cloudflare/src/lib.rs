//! callgate as a Cloudflare Worker: reads a request, asks `edge-core`, writes its answer.

use callgate_edge_core::{Arrival, Deployment, Head, Next, PendingCall, Problem, Response, policy_image, receive};
use futures_util::StreamExt as _;
use wasm_bindgen::JsValue;
use worker::js_sys::futures::JsFuture;
use worker::js_sys::{ArrayBuffer, Uint8Array};
use worker::worker_sys::web_sys;
use worker::{Context, Env, event};

/// The name of the secret that holds the API keys.
const API_KEYS: &str = "CALLGATE_API_KEYS";

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, _context: Context) -> worker::Result<web_sys::Response> {
    let response = answer(request, &env).await.unwrap_or_else(Problem::response);
    write(&response).map_err(worker::Error::from)
}

async fn answer(request: web_sys::Request, env: &Env) -> Result<Response, Problem> {
    let image = policy_image().map_err(|_| Problem::Internal)?;
    let api_keys = env.secret(API_KEYS).ok().map(|keys| keys.to_string());
    let headers = request.headers();
    // `get` joins the values of a header that was sent more than once.
    let header = |name: &str| headers.get(name).ok().flatten();
    let (method, url) = (request.method(), request.url());
    let authorization = header("authorization");
    let content_type = header("content-type");
    let content_encoding = header("content-encoding");
    let content_length = header("content-length");
    let head = Head {
        method: &method,
        path: path_of(&url),
        authorization: authorization.as_deref(),
        content_type: content_type.as_deref(),
        content_encoding: content_encoding.as_deref(),
        content_length: content_length.as_deref(),
    };
    match receive(&head, &Deployment { image, api_keys: api_keys.as_deref() }) {
        Next::Answer(response) => Ok(response),
        Next::ReadBody(call) => {
            let body = read_body(request, &call, content_length.is_some()).await?;
            let mut random = [0; 16];
            getrandom::fill(&mut random).map_err(|_| Problem::Internal)?;
            let mut arrival = Arrival { random, ..Arrival::default() };
            let (ip, country);
            if call.reads_request() {
                // Cloudflare sets both headers itself, whatever the caller sent.
                (ip, country) = (header("cf-connecting-ip"), header("cf-ipcountry"));
                arrival.unix_time = seconds(worker::js_sys::Date::now());
                arrival.ip = ip.as_deref();
                arrival.country = country.as_deref();
            }
            Ok(call.answer(&body, &arrival))
        }
    }
}

/// Reads the body to its end, or refuses it as soon as it is too long.
async fn read_body(
    request: web_sys::Request,
    call: &PendingCall<'_>,
    is_length_known: bool,
) -> Result<Vec<u8>, Problem> {
    if is_length_known {
        // The length was found to be in bounds, and the runtime delivers no more than what was declared.
        let promise = request.array_buffer().map_err(|_| Problem::BodyIncomplete)?;
        let buffer = JsFuture::from(promise).await.map_err(|_| Problem::BodyIncomplete)?;
        return Ok(Uint8Array::new(&ArrayBuffer::from(buffer)).to_vec());
    }
    let mut body = Vec::new();
    if request.body().is_none() {
        return Ok(body);
    }
    let mut chunks = worker::Request::from(request).stream().map_err(|_| Problem::BodyIncomplete)?;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::BodyIncomplete)?;
        if body.len().saturating_add(chunk.len()) > call.body_limit() {
            return Err(Problem::BodyTooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn write(response: &Response) -> Result<web_sys::Response, JsValue> {
    let headers = web_sys::Headers::new()?;
    for (name, value) in response.headers() {
        headers.set(name, value)?;
    }
    let init = web_sys::ResponseInit::new();
    init.set_status(response.status);
    init.set_headers(&headers);
    let body = Uint8Array::from(response.body.as_slice());
    web_sys::Response::new_with_opt_js_u8_array_and_init(Some(&body), &init)
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
