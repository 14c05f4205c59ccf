//! One request on its way to its answer.

use std::cell::RefCell;

use callgate_edge_core::auth::MAX_KEYS_BYTES;
use callgate_edge_core::{Head, Next, PendingCall, Problem, RateLimit, Response, receive};
use wasm_bindgen::JsValue;
use worker::web_sys::{Headers, Request};

use crate::platform;
use crate::site::Site;
use crate::waiting::{WaitingCall, WaitingFetch, WaitingVerification};

/// How long the issuer of tokens may take to hand out its keys, in milliseconds.
const KEYS_TIMEOUT: u32 = 5_000;

/// A request, and what the runtime gives beside it.
pub(crate) struct Incoming {
    pub(crate) site: &'static Site,
    pub(crate) request: Request,
    pub(crate) env: JsValue,
    pub(crate) context: JsValue,
    is_length_known: bool,
}

impl Incoming {
    pub(crate) fn answer(
        site: &'static Site,
        request: Request,
        env: JsValue,
        context: JsValue,
    ) -> Result<JsValue, JsValue> {
        let text = platform::read_head(&request, site.deployment.credential_header());
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
        let incoming = Self { site, request, env, context, is_length_known: head.content_length.is_some() };
        incoming.advance(receive(&head, &site.deployment))
    }

    /// Does what is next, or promises the answer and lets the platform do it.
    pub(crate) fn advance(self, next: Next<'static>) -> Result<JsValue, JsValue> {
        match next {
            Next::Answer(response) => write(&response),
            Next::Refuse(call, problem) => self.refuse(call, problem),
            Next::ReadBody(call) => match self.site.deployment.rate_limit() {
                None => Ok(self.read_body(call)),
                Some(RateLimit::Binding(binding)) => {
                    let env = self.env.clone();
                    let caller = call.caller().principal.clone();
                    let waiting = WaitingCall { call, incoming: self };
                    Ok(platform::limit_rate(&env, binding, caller.as_deref().unwrap_or_default(), waiting))
                }
                Some(RateLimit::Store { .. }) => self.refuse(call, Problem::RateLimitUnavailable),
            },
            Next::FetchKeys(fetch) => {
                let url = fetch.url().to_owned();
                Ok(platform::fetch_keys(&url, MAX_KEYS_BYTES, KEYS_TIMEOUT, WaitingFetch { fetch, incoming: self }))
            }
            Next::Verify(verification) => {
                let token = verification.token();
                let (algorithm, jwk) = (token.algorithm().name(), token.key().jwk());
                let (signature, input) = (token.signature().to_vec(), token.signing_input().to_vec());
                let waiting = WaitingVerification { verification, incoming: self };
                Ok(platform::verify(algorithm, &jwk, signature, input, waiting))
            }
        }
    }

    pub(crate) fn read_body(self, call: PendingCall<'static>) -> JsValue {
        let (request, is_length_known, limit) = (Clone::clone(&self.request), self.is_length_known, call.body_limit());
        platform::read_body(&request, is_length_known, limit, WaitingCall { call, incoming: self })
    }

    pub(crate) fn refuse(self, call: PendingCall<'static>, problem: Problem) -> Result<JsValue, JsValue> {
        match random() {
            Ok(random) => self.record(call.refuse(problem, random)),
            Err(failure) => write(&failure.response()),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        platform::read_header(&self.request, name)
    }
}

/// The names and values of an answer's headers.
type HeaderList = Vec<(&'static str, &'static str)>;

/// Makes the runtime's response. Answers have one of a few lists of headers, so its object of each is made once.
pub(crate) fn write(response: &Response) -> Result<JsValue, JsValue> {
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
    Ok(platform::respond(response.status, &headers, response.traceparent(), &response.body))
}

/// Random bytes for the id of a decision.
pub(crate) fn random() -> Result<[u8; 16], Problem> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| Problem::Internal)?;
    Ok(random)
}

/// The path of an absolute URL that the runtime serialized, without the query.
fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|slash| after_scheme.get(slash..)).unwrap_or("/");
    path.find(['?', '#']).and_then(|end| path.get(..end)).unwrap_or(path)
}
