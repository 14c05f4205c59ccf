//! Requests and responses as WASI has them.

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

/// How much room a body of unknown length gets at a time, in bytes.
const CHUNK: usize = 16_384;

/// Reads the body to its end, or refuses it as soon as it is too long.
pub(crate) async fn read_body(
    request: types::Request,
    declared: Option<usize>,
    limit: usize,
) -> Result<Vec<u8>, BodyFault> {
    let (outcome, outcome_reader) = wit_future::new(|| Ok(()));
    let (mut stream, trailers) = types::Request::consume_body(request, outcome_reader);
    // The host wants to hear what became of the body. It hears that all is well, whatever is read of it, and hears it now
    // that it listens: a value that waits for its reader takes one more turn between host and guest.
    drop(outcome);
    let body = collect(&mut stream, declared, limit).await.ok_or(BodyFault::TooLong)?;
    // The stream ends alike where the body does and where the connection broke; the trailers tell which.
    // A body that is as long as declared is whole, and needs no wait for them.
    if declared != Some(body.len()) {
        trailers.await.map_err(|_| BodyFault::Incomplete)?;
    }
    Ok(body)
}

/// Reads a stream to its end; `None` where it is longer than `limit`.
async fn collect(stream: &mut StreamReader<u8>, declared: Option<usize>, limit: usize) -> Option<Vec<u8>> {
    // The host writes straight into the buffer; the last byte of room is for the read that finds the end.
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

/// The values of a header, joined with `, ` where it was sent more than once.
pub(crate) fn joined<'h>(headers: &'h [(String, Vec<u8>)], name: &str) -> Option<Cow<'h, str>> {
    let mut joined: Option<Cow<'h, str>> = None;
    for (_, value) in headers.iter().filter(|(sent, _)| sent.eq_ignore_ascii_case(name)) {
        // Bytes beyond ASCII are kept as a character that no credential or media type holds.
        let value = String::from_utf8_lossy(value);
        joined = Some(match joined {
            None => value,
            Some(earlier) => Cow::Owned(format!("{earlier}, {value}")),
        });
    }
    joined
}

/// Makes the host's response.
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
    // Each call of the host counts, and 200 is what an answer starts with.
    if response.status != 200 {
        answer.set_status_code(response.status).map_err(|()| ErrorCode::InternalError(None))?;
    }
    Ok(answer)
}

/// The end of a body, as WASI tells it.
type Trailers = FutureReader<Result<Option<Fields>, ErrorCode>>;

/// A body as a stream, for a message that is handed to the host next: the host reads it once it has the message.
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
    /// The body of a `POST`; without one, it is a `GET`.
    pub(crate) body: Option<Vec<u8>>,
    /// How long all of it may take, to the end of the answer, in milliseconds.
    pub(crate) timeout_millis: u32,
}

impl Outgoing<'_> {
    /// Sends the request, and returns the status and the body, of which at most `limit` bytes are read. Redirections are
    /// not followed; `None` where there is no answer in time, or a longer one.
    pub(crate) async fn send(self, limit: usize) -> Option<(u16, Vec<u8>)> {
        // What a host bounds by itself are the parts, and not all of them: a TLS handshake takes as long as the other side
        // likes, and an answer that comes byte by byte too.
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
