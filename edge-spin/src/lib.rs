//! callgate as a Spin app: reads a request, asks `edge-core`, writes its answer.
//!
//! Without the features of Spin it imports only WASI, so `wasmtime serve` runs it too.
//!
//! It speaks WASI's own types, not those of the `http` crate that the SDK's handler offers: to make those, the host is
//! asked for every part of the request and the headers are copied twice, which costs more than the decision does.

mod http;
mod log;
mod rate_limit;
mod site;

use std::borrow::Cow;

use callgate_edge_core::auth::MAX_KEYS_BYTES;
use callgate_edge_core::{Answered, Arrival, Head, KeyFetch, Next, PendingCall, Problem, Response, receive};
use spin_sdk::http::Method;
use spin_sdk::wasip3;
use spin_sdk::wasip3::exports::http::handler::Guest;
use spin_sdk::wasip3::http::types::{self, ErrorCode};

use crate::http::{Outgoing, joined, path_of};
use crate::site::Site;

/// How long the issuer of tokens may take to hand out its keys, in milliseconds.
const KEYS_TIMEOUT: u32 = 5_000;

struct Component;

wasip3::http::service::export!(Component);

impl Guest for Component {
    async fn handle(request: types::Request) -> Result<types::Response, ErrorCode> {
        http::write(answer(request).await.unwrap_or_else(Problem::response))
    }
}

async fn answer(request: types::Request) -> Result<Response, Problem> {
    let site = Site::current().await.ok_or(Problem::Internal)?;
    let method = Method::try_from(request.get_method()).map_err(|_| Problem::Internal)?;
    let target = request.get_path_with_query().unwrap_or_default();
    let headers = request.get_headers().copy_all();
    let header = |name: &str| joined(&headers, name);
    let credential = header(site.deployment.credential_header());
    let traceparent = header("traceparent");
    let content_type = header("content-type");
    let content_encoding = header("content-encoding");
    let content_length = header("content-length");
    let head = Head {
        method: method.as_str(),
        path: path_of(&target),
        credential: credential.as_deref(),
        traceparent: traceparent.as_deref(),
        content_type: content_type.as_deref(),
        content_encoding: content_encoding.as_deref(),
        content_length: content_length.as_deref(),
    };
    let mut next = receive(&head, &site.deployment);
    let call = loop {
        next = match next {
            Next::Answer(response) => return Ok(response),
            Next::Refuse(call, problem) => return Ok(site.record(call.refuse(problem, random()?)).await),
            Next::ReadBody(call) => break call,
            Next::FetchKeys(fetch) => fetch_keys(*fetch).await,
            Next::Verify(verification) => {
                let is_genuine = verification.token().verify();
                verification.finish(is_genuine)
            }
        };
    };
    let declared = content_length.and_then(|length| length.trim().parse().ok());
    let body = match rate_limit::check(&call) {
        Ok(()) => http::read_body(request, declared, call.body_limit()).await,
        Err(problem) => Err(problem),
    };
    let answered = match body {
        Ok(body) => answer_body(call, &body, &header)?,
        Err(problem) => call.refuse(problem, random()?),
    };
    Ok(site.record(answered).await)
}

async fn fetch_keys(fetch: KeyFetch<'_>) -> Next<'_> {
    let headers = vec![("accept".to_owned(), b"application/json".to_vec())];
    let get = Outgoing { url: fetch.url(), headers, body: None, timeout_millis: KEYS_TIMEOUT };
    let keys = match get.send(MAX_KEYS_BYTES).await {
        Some((200, keys)) => Some(keys),
        _ => None,
    };
    fetch.resume(keys.as_deref())
}

fn answer_body<'h>(
    call: PendingCall<'_>,
    body: &[u8],
    header: &impl Fn(&str) -> Option<Cow<'h, str>>,
) -> Result<Answered, Problem> {
    let mut arrival = Arrival { random: random()?, ..Arrival::default() };
    let ip;
    if call.reads_request() {
        // Any caller can send any header: only the operator knows which one the platform sets itself.
        ip = std::env::var("CALLGATE_CLIENT_IP_HEADER").ok().and_then(|name| header(&name));
        arrival.unix_time = call.deployment().unix_seconds();
        arrival.ip = ip.as_deref();
    }
    Ok(call.answer(body, &arrival))
}

/// Random bytes for the id of a decision.
fn random() -> Result<[u8; 16], Problem> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| Problem::Internal)?;
    Ok(random)
}
