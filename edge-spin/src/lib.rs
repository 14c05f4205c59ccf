//! callgate as a Spin app: reads a request, asks `edge-core`, writes its answer.
//!
//! Without the feature `spin-variables` it imports only WASI, so `wasmtime serve` runs it too.
//!
//! It speaks WASI's own types, not those of the `http` crate that the SDK's handler offers: to make those, the host is
//! asked for every part of the request and the headers are copied twice, which costs more than the decision does.

use std::borrow::Cow;
use std::io::Write as _;
use std::time::SystemTime;

use callgate_edge_core::auth::Secrets;
use callgate_edge_core::log::Sink;
use callgate_edge_core::{Answered, Arrival, Deployment, Head, Next, PendingCall, Problem, Response};
use callgate_edge_core::{policy_image, receive};
use spin_sdk::http::Method;
use spin_sdk::wasip3::exports::http::handler::Guest;
use spin_sdk::wasip3::http::types::{self, ErrorCode, Fields};
use spin_sdk::wasip3::wit_bindgen::StreamResult;
use spin_sdk::wasip3::{self, wit_future, wit_stream};

struct Component;

spin_sdk::wasip3::http::service::export!(Component);

impl Guest for Component {
    async fn handle(request: types::Request) -> Result<types::Response, ErrorCode> {
        write(answer(request).await.unwrap_or_else(Problem::response))
    }
}

async fn answer(request: types::Request) -> Result<Response, Problem> {
    let image = policy_image().map_err(|_| Problem::Internal)?;
    let api_keys = api_keys().await;
    let variable = |name| std::env::var(name).ok();
    let (config, token_secret) = (variable("CALLGATE_CONFIG"), variable("CALLGATE_JWT_SECRET"));
    let secrets = Secrets { api_keys: api_keys.as_deref(), token_secret: token_secret.as_deref() };
    let deployment = Deployment::new(image, config.as_deref(), &secrets, unix_micros);
    let method = Method::try_from(request.get_method()).map_err(|_| Problem::Internal)?;
    let target = request.get_path_with_query().unwrap_or_default();
    let headers = request.get_headers().copy_all();
    let header = |name: &str| joined(&headers, name);
    let credential = header(deployment.credential_header());
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
    let mut next = receive(&head, &deployment);
    let call = loop {
        next = match next {
            Next::Answer(response) => return Ok(response),
            Next::Refuse(call, problem) => return Ok(record(&deployment, call.refuse(problem, random()?))),
            Next::ReadBody(call) => break call,
            Next::FetchKeys(fetch) => fetch.resume(None),
            Next::Verify(verification) => {
                let is_genuine = verification.token().verify();
                verification.finish(is_genuine)
            }
        };
    };
    let declared = content_length.and_then(|length| length.trim().parse().ok());
    let answered = match read_body(request, declared, call.body_limit()).await {
        Ok(body) => answer_body(call, &body, &header)?,
        Err(problem) => call.refuse(problem, random()?),
    };
    Ok(record(&deployment, answered))
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
        arrival.unix_time = unix_micros().map(|micros| micros.div_euclid(1_000_000));
        arrival.ip = ip.as_deref();
    }
    Ok(call.answer(body, &arrival))
}

/// Writes what is recorded of an answer, and says what is answered once that is known.
fn record(deployment: &Deployment<'_>, answered: Answered) -> Response {
    let mut outbox = deployment.outbox().borrow_mut();
    let lines = outbox.write_now(answered.records);
    let write = || lines.lines.iter().try_for_each(|line| writeln!(std::io::stdout(), "{line}"));
    let is_written = deployment.log().sink == Sink::Stdout && write().is_ok();
    outbox.conclude(answered.response, &lines, is_written)
}

/// Random bytes for the id of a decision.
fn random() -> Result<[u8; 16], Problem> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| Problem::Internal)?;
    Ok(random)
}

/// Microseconds since the start of 1970 in UTC.
fn unix_micros() -> Option<i64> {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since_1970.as_micros()).ok()
}

/// How much room a body of unknown length gets at a time, in bytes.
const CHUNK: usize = 16_384;

/// Reads the body to its end, or refuses it as soon as it is too long.
async fn read_body(request: types::Request, declared: Option<usize>, limit: usize) -> Result<Vec<u8>, Problem> {
    let (outcome, outcome_reader) = wit_future::new(|| Ok(()));
    let (mut stream, trailers) = types::Request::consume_body(request, outcome_reader);
    // The host wants to hear what became of the body. It hears that all is well, whatever is read of it, and hears it now
    // that it listens: a value that waits for its reader takes one more turn between host and guest.
    drop(outcome);
    // The host writes straight into the buffer; the last byte of room is for the read that finds the end.
    let mut body = Vec::with_capacity(declared.unwrap_or(CHUNK).min(limit).saturating_add(1));
    loop {
        let result;
        (result, body) = stream.read(body).await;
        if body.len() > limit {
            return Err(Problem::BodyTooLarge);
        }
        if !matches!(result, StreamResult::Complete(_)) {
            break;
        }
        if body.len() == body.capacity() {
            body.reserve(CHUNK);
        }
    }
    // The stream ends alike where the body does and where the connection broke; the trailers tell which.
    // A body that is as long as declared is whole, and needs no wait for them.
    if declared != Some(body.len()) {
        trailers.await.map_err(|_| Problem::BodyIncomplete)?;
    }
    Ok(body)
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
fn joined<'h>(headers: &'h [(String, Vec<u8>)], name: &str) -> Option<Cow<'h, str>> {
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

/// The path of a target, without the query.
fn path_of(target: &str) -> &str {
    target.find(['?', '#']).and_then(|end| target.get(..end)).unwrap_or(target)
}

fn write(response: Response) -> Result<types::Response, ErrorCode> {
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
    let (mut body, body_reader) = wit_stream::new();
    let (trailers, trailers_reader) = wit_future::new(|| Ok(None));
    let (answer, _) = types::Response::new(fields, Some(body_reader), trailers_reader);
    // Each call of the host counts, and 200 is what an answer starts with.
    if response.status != 200 {
        answer.set_status_code(response.status).map_err(|()| ErrorCode::InternalError(None))?;
    }
    // The host reads the body once it has the answer, which is when this function has returned.
    wasip3::spawn(async move {
        body.write_all(response.body).await;
        drop(body);
        let _sent = trailers.write(Ok(None)).await;
    });
    Ok(answer)
}
