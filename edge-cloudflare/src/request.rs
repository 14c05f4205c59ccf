//! One request on its way to its response.

use std::cell::RefCell;

use callgate_edge_core::{Afterwards, BodyRead, CallCount, Counter, Head, KeyFetch, Next, Response, receive};
use wasm_bindgen::JsValue;
use worker::web_sys::{Headers, Request};

use crate::instance::Instance;
use crate::waiting::{WaitingBody, WaitingCount, WaitingFetch, WaitingVerification};
use crate::{platform, records};

/// A request, and what the runtime gives beside it.
pub(crate) struct Incoming {
    pub(crate) request: Request,
    pub(crate) env: JsValue,
    pub(crate) context: JsValue,
}

impl Incoming {
    pub(crate) fn respond(self, instance: &'static Instance) -> Result<JsValue, JsValue> {
        let text = platform::read_head(&self.request, &instance.header_names);
        let mut lines = text.split('\n');
        let mut line = || lines.next().unwrap_or_default();
        let (method, target) = (line(), line());
        let mut header = || line().strip_prefix(':');
        let head = Head::new(method, target, header(), Head::HEADERS.map(|_| header()));
        let next = receive(&head, &instance.deployment);
        self.advance(next)
    }

    /// Does what is next, or promises the response and lets the platform do it.
    pub(crate) fn advance(self, next: Next<'static>) -> Result<JsValue, JsValue> {
        match next {
            Next::Send(response) => write(&response),
            Next::SendThen(response, Afterwards::Send(sender)) => {
                records::send_later(&self.context, sender);
                write(&response)
            }
            Next::SendThen(response, Afterwards::Write(background)) => {
                records::write_later(&self, background);
                write(&response)
            }
            Next::FetchKeys(fetch) => {
                let url = fetch.url().to_owned();
                let waiting = WaitingFetch { fetch, incoming: self };
                Ok(platform::fetch_keys(&url, KeyFetch::LIMIT, KeyFetch::TIMEOUT_MILLIS, waiting))
            }
            Next::Verify(verification) => {
                let token = verification.token();
                let (algorithm, jwk) = (token.algorithm().name(), token.key().jwk());
                let (signature, input) = (token.signature().to_vec(), token.signing_input().to_vec());
                let waiting = WaitingVerification { verification, incoming: self };
                Ok(platform::verify(algorithm, &jwk, signature, input, waiting))
            }
            Next::CountCall(count) => self.count(count),
            Next::ReadBody(read) => Ok(self.read_body(read)),
            Next::WriteRecords(records) => records::write(self, records),
        }
    }

    fn count(self, count: CallCount<'static>) -> Result<JsValue, JsValue> {
        match count.counter() {
            Some(Counter::Binding { binding, key }) => {
                let (env, binding, key) = (self.env.clone(), binding.to_owned(), key.to_owned());
                Ok(platform::limit_rate(&env, &binding, &key, WaitingCount { count, incoming: self }))
            }
            // Only Spin counts in a store.
            Some(Counter::Store { .. }) | None => self.advance(count.resume(None)),
        }
    }

    fn read_body(self, read: BodyRead<'static>) -> JsValue {
        let (request, limit, is_length_known) =
            (Clone::clone(&self.request), read.limit(), read.declared_length().is_some());
        platform::read_body(&request, is_length_known, limit, WaitingBody { read, incoming: self })
    }
}

/// The names and values of a response's headers.
type HeaderList = Vec<(&'static str, &'static str)>;

/// Makes the runtime's response. Responses have one of a few lists of headers, so its object of each is made once.
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
