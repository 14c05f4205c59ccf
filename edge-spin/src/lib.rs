//! callgate as a Spin app: reads a request, performs the steps that `edge-core` requests, and writes the response.
//!
//! Without the Spin features, it imports only WASI, so `wasmtime serve` can run it too.
//!
//! It uses WASI's own types. The SDK's handler offers those of the `http` crate, which need a host call for every part
//! of the request and copy the headers twice. That costs more than the decision.

mod http;
mod log;
mod rate_limit;
mod instance;

use callgate_edge_core::{Afterwards, Head, KeyFetch, Next, Problem, Response, receive};
use spin_sdk::http::Method;
use spin_sdk::wasip3;
use spin_sdk::wasip3::exports::http::handler::Guest;
use spin_sdk::wasip3::http::types::{self, ErrorCode};

use crate::http::{Outgoing, joined};

struct Component;

wasip3::http::service::export!(Component);

impl Guest for Component {
    async fn handle(request: types::Request) -> Result<types::Response, ErrorCode> {
        http::write(respond(request).await.unwrap_or_else(Problem::response))
    }
}

async fn respond(request: types::Request) -> Result<Response, Problem> {
    let deployment = instance::deployment().await.ok_or(Problem::Internal)?;
    let method = Method::try_from(request.get_method()).map_err(|_| Problem::Internal)?;
    let target = request.get_path_with_query().unwrap_or_default();
    let headers = request.get_headers().copy_all();
    let header = |name: &str| joined(&headers, name);
    let credential = header(deployment.credential_header());
    let values = Head::HEADERS.map(header);
    let head =
        Head::new(method.as_str(), &target, credential.as_deref(), values.each_ref().map(|value| value.as_deref()));
    let mut next = receive(&head, deployment);
    // There is one body, and only one state reads it.
    let mut request = Some(request);
    loop {
        next = match next {
            Next::Send(response) => return Ok(response),
            Next::SendThen(response, Afterwards::Send(sender)) => {
                wasip3::spawn(log::send(sender));
                return Ok(response);
            }
            Next::SendThen(response, Afterwards::Write(write)) => {
                let is_written = log::write(write.destination()).await;
                write.finish(is_written);
                return Ok(response);
            }
            Next::FetchKeys(fetch) => fetch_keys(*fetch).await,
            Next::Verify(verification) => {
                let is_genuine = verification.token().verify();
                verification.finish(is_genuine)
            }
            Next::CountCall(count) => {
                let is_within = rate_limit::count(&count);
                count.resume(is_within)
            }
            Next::ReadBody(read) => {
                let request = request.take().ok_or(Problem::Internal)?;
                let body = http::read_body(request, read.declared_length(), read.limit()).await;
                read.resume(body.as_deref().map_err(|&fault| fault), &header)
            }
            Next::WriteRecords(write) => {
                let is_written = log::write(write.destination()).await;
                return Ok(write.finish(is_written));
            }
        };
    }
}

async fn fetch_keys(fetch: KeyFetch<'_>) -> Next<'_> {
    let headers = vec![("accept".to_owned(), b"application/json".to_vec())];
    let get = Outgoing { url: fetch.url(), headers, body: None, timeout_millis: KeyFetch::TIMEOUT_MILLIS };
    let keys = match get.send(KeyFetch::LIMIT).await {
        Some((200, keys)) => Some(keys),
        _ => None,
    };
    fetch.resume(keys.as_deref())
}
