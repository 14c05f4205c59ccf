//! Converts WASI requests and responses.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use callgate_edge_core::{BodyFault, Response};
use spin_sdk::http::Uri;
use spin_sdk::wasip3::clocks::monotonic_clock::wait_for;
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{self, ErrorCode, Fields, Method, Scheme};
use spin_sdk::wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult};
use spin_sdk::wasip3::{self, wit_future, wit_stream};

/// The buffer space for each read of a body of unknown length, in bytes.
const CHUNK: usize = 16_384;

/// Reads the body to its end, or rejects it once it is too long.
pub(crate) async fn read_body(
    request: types::Request,
    declared: Option<usize>,
    limit: usize,
) -> Result<Vec<u8>, BodyFault> {
    let (outcome, outcome_reader) = wit_future::new(|| Ok(()));
    let (mut stream, trailers) = types::Request::consume_body(request, outcome_reader);
    // The host waits for the outcome of the body. Success is reported at once, because a value that waits for its
    // reader takes one more turn between host and guest.
    drop(outcome);
    let body = collect(&mut stream, declared, limit).await.ok_or(BodyFault::TooLong)?;
    // The stream ends the same way after a complete body and after a broken connection; only the trailers differ. A
    // body of the declared length is complete, so its trailers are not awaited.
    if declared != Some(body.len()) {
        trailers.await.map_err(|_| BodyFault::Incomplete)?;
    }
    Ok(body)
}

/// Reads a stream to its end; `None` if it is longer than `limit`.
async fn collect(stream: &mut StreamReader<u8>, declared: Option<usize>, limit: usize) -> Option<Vec<u8>> {
    // The host writes directly into the buffer; the last byte of space is for the read that finds the end.
    let mut body = Vec::with_capacity(declared.unwrap_or(CHUNK).min(limit).saturating_add(1));
    loop {
        let result;
        (result, body) = stream.read(body).await;
        if body.len() > limit {
            return None;
        }
        if !matches!(result, StreamResult::Complete(_)) {
            return Some(body);
        }
        if body.len() == body.capacity() {
            body.reserve(CHUNK);
        }
    }
}

/// The values of a header, joined with `, ` if it was sent more than once.
pub(crate) fn joined<'h>(headers: &'h [(String, Vec<u8>)], name: &str) -> Option<Cow<'h, str>> {
    let mut joined: Option<Cow<'h, str>> = None;
    for (_, value) in headers.iter().filter(|(sent, _)| sent.eq_ignore_ascii_case(name)) {
        // Non-ASCII bytes become a character that no credential or media type contains.
        let value = String::from_utf8_lossy(value);
        joined = Some(match joined {
            None => value,
            Some(earlier) => Cow::Owned(format!("{earlier}, {value}")),
        });
    }
    joined
}

/// Creates the host's response.
pub(crate) fn write(response: Response) -> Result<types::Response, ErrorCode> {
    // The host would send a body of unknown length in chunks, which takes more packets.
    let trace = response.traceparent().map(|trace| (String::from("traceparent"), trace.into_bytes()));
    let length = (String::from("content-length"), response.body.len().to_string().into_bytes());
    let fields: Vec<(String, Vec<u8>)> = response
        .headers()
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .chain([length])
        .chain(trace)
        .collect();
    let fields = Fields::from_list(&fields).map_err(|_| ErrorCode::InternalError(None))?;
    let (body, trailers) = body_of(response.body);
    let (answer, _) = types::Response::new(fields, Some(body), trailers);
    // Each host call costs time, and 200 is the default status.
    if response.status != 200 {
        answer.set_status_code(response.status).map_err(|()| ErrorCode::InternalError(None))?;
    }
    Ok(answer)
}

/// The end of a body in WASI's form.
type Trailers = FutureReader<Result<Option<Fields>, ErrorCode>>;

/// A body as a stream, for a message that the host reads after it gets the message.
fn body_of(bytes: Vec<u8>) -> (StreamReader<u8>, Trailers) {
    let (mut body, body_reader) = wit_stream::new();
    let (trailers, trailers_reader) = wit_future::new(|| Ok(None));
    wasip3::spawn(async move {
        body.write_all(bytes).await;
        drop(body);
        let _sent = trailers.write(Ok(None)).await;
    });
    (body_reader, trailers_reader)
}

/// A request that callgate sends.
pub(crate) struct Outgoing<'o> {
    pub(crate) url: &'o str,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// The body of a `POST`; without a body, the request is a `GET`.
    pub(crate) body: Option<Vec<u8>>,
    /// The maximum duration until the response ends, in milliseconds.
    pub(crate) timeout_millis: u32,
}

impl Outgoing<'_> {
    /// Sends the request, and returns the status and at most `limit` bytes of the body. Redirections are not followed.
    /// `None` if the response is late or longer.
    pub(crate) async fn send(self, limit: usize) -> Option<(u16, Vec<u8>)> {
        // A host limits only some parts by itself: the other side can delay a TLS handshake, or send a response byte by
        // byte.
        let timeout = u64::from(self.timeout_millis).saturating_mul(1_000_000);
        let mut exchange = pin!(self.exchange(limit));
        let mut end = pin!(wait_for(timeout));
        poll_fn(|context| match exchange.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(answer),
            Poll::Pending => end.as_mut().poll(context).map(|()| None),
        })
        .await
    }

    async fn exchange(self, limit: usize) -> Option<(u16, Vec<u8>)> {
        let uri: Uri = self.url.parse().ok()?;
        let scheme = if uri.scheme_str() == Some("https") { Scheme::Https } else { Scheme::Http };
        let fields = Fields::from_list(&self.headers).ok()?;
        let method = if self.body.is_some() { Method::Post } else { Method::Get };
        let (body, trailers) = match self.body {
            Some(body) => {
                let (body, trailers) = body_of(body);
                (Some(body), trailers)
            }
            None => (None, wit_future::new(|| Ok(None)).1),
        };
        let (request, _) = types::Request::new(fields, body, trailers, None);
        request.set_method(&method).ok()?;
        request.set_scheme(Some(&scheme)).ok()?;
        request.set_authority(uri.authority().map(|authority| authority.as_str())).ok()?;
        request.set_path_with_query(uri.path_and_query().map(|path| path.as_str())).ok()?;
        let response = client::send(request).await.ok()?;
        let status = response.get_status_code();
        let (outcome, outcome_reader) = wit_future::new(|| Ok(()));
        let (mut stream, trailers) = types::Response::consume_body(response, outcome_reader);
        drop(outcome);
        let body = collect(&mut stream, None, limit).await?;
        trailers.await.ok()?;
        Some((status, body))
    }
}
