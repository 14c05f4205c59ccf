//! callgate as a Spin app: reads a request, asks `edge-core`, writes its answer.
//!
//! Without the feature `spin-variables` it imports only WASI, so `wasmtime serve` runs it too.

use std::borrow::Cow;
use std::time::SystemTime;

use bytes::Bytes;
use callgate_edge_core::{Arrival, Deployment, Head, Next, Problem, Response, policy_image, receive};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use spin_sdk::http::{FullBody, HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> (StatusCode, HeaderMap, FullBody<Bytes>) {
    write(answer(request).await.unwrap_or_else(Problem::response))
}

async fn answer(request: Request) -> Result<Response, Problem> {
    let image = policy_image().map_err(|_| Problem::Internal)?;
    let api_keys = api_keys().await;
    let (parts, body) = request.into_parts();
    let header = |name: &str| joined(&parts.headers, name);
    let authorization = header("authorization");
    let content_type = header("content-type");
    let content_encoding = header("content-encoding");
    let content_length = header("content-length");
    let head = Head {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        authorization: authorization.as_deref(),
        content_type: content_type.as_deref(),
        content_encoding: content_encoding.as_deref(),
        content_length: content_length.as_deref(),
    };
    match receive(&head, &Deployment { image, api_keys: api_keys.as_deref() }) {
        Next::Answer(response) => Ok(response),
        Next::ReadBody(call) => {
            let body = Limited::new(body, call.body_limit()).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() { Problem::BodyTooLarge } else { Problem::BodyIncomplete }
            })?;
            let mut random = [0; 16];
            getrandom::fill(&mut random).map_err(|_| Problem::Internal)?;
            let mut arrival = Arrival { random, ..Arrival::default() };
            let ip;
            if call.reads_request() {
                // Any caller can send any header: only the operator knows which one the platform sets itself.
                ip = std::env::var("CALLGATE_CLIENT_IP_HEADER").ok().and_then(|name| header(&name));
                let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
                arrival.unix_time = since_1970.and_then(|time| i64::try_from(time.as_secs()).ok());
                arrival.ip = ip.as_deref();
            }
            Ok(call.answer(&body.to_bytes(), &arrival))
        }
    }
}

/// The API keys, separated by white space, as the operator set them.
#[cfg(not(feature = "spin-variables"))]
#[expect(clippy::unused_async, reason = "a Spin variable is read asynchronously")]
async fn api_keys() -> Option<String> {
    std::env::var("CALLGATE_API_KEYS").ok()
}

/// The API keys, separated by white space, as the operator set them.
#[cfg(feature = "spin-variables")]
async fn api_keys() -> Option<String> {
    spin_sdk::variables::get("callgate_api_keys").await.ok()
}

/// The values of a header, joined with `, ` where it was sent more than once.
fn joined<'h>(headers: &'h HeaderMap, name: &str) -> Option<Cow<'h, str>> {
    let mut joined: Option<Cow<'h, str>> = None;
    for value in headers.get_all(name) {
        // Bytes beyond ASCII are kept as a character that no credential or media type holds.
        let value = value.to_str().map_or_else(|_| String::from_utf8_lossy(value.as_bytes()), Cow::Borrowed);
        joined = Some(match joined {
            None => value,
            Some(earlier) => Cow::Owned(format!("{earlier}, {value}")),
        });
    }
    joined
}

fn write(response: Response) -> (StatusCode, HeaderMap, FullBody<Bytes>) {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response
        .headers()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
    (status, headers, FullBody::new(Bytes::from(response.body)))
}
