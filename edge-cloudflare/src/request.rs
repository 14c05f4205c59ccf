//! Handles one request.

use std::cell::RefCell;

use callgate_edge_core::{Afterwards, Counter, Head, KeyFetch, Next, Response, receive};
use wasm_bindgen::JsValue;

use crate::instance::Instance;
use crate::waiting::{Question, Read, Waiting, WaitingForBytes, WaitingSender};
use crate::{platform, records};

/// A request, and the other arguments of the runtime.
#[derive(Clone)]
pub(crate) struct Incoming {
    pub(crate) request: JsValue,
    pub(crate) env: JsValue,
    pub(crate) context: JsValue,
}

impl Incoming {
    pub(crate) fn respond(self, instance: &'static Instance) -> JsValue {
        let text = platform::read_head(&self.request, &instance.header_names);
        let mut lines = text.split('\n');
        let mut line = || lines.next().unwrap_or_default();
        let (method, target) = (line(), line());
        let mut header = || line().strip_prefix(':');
        let head = Head::new(method, target, header(), Head::HEADERS.map(|_| header()));
        let next = receive(&head, &instance.deployment);
        self.advance(next)
    }

    /// Performs the next step, or promises the response and lets the platform perform it.
    pub(crate) fn advance(self, next: Next<'static>) -> JsValue {
        match next {
            Next::Send(response) => write(&response),
            Next::SendThen(response, afterwards) => {
                self.start(afterwards);
                write(&response)
            }
            Next::FetchKeys(fetch) => {
                let url = fetch.url().to_owned();
                let waiting = WaitingForBytes { read: Read::Keys(fetch), incoming: self };
                platform::fetch_keys(&url, KeyFetch::LIMIT, KeyFetch::TIMEOUT_MILLIS, waiting)
            }
            Next::Verify(verification) => {
                let token = verification.token();
                let (algorithm, jwk) = (token.algorithm().name(), token.key().jwk());
                let answer = platform::verify(algorithm, &jwk, token.signature(), token.signing_input());
                self.ask(answer, Question::Signature(verification))
            }
            Next::CountCall(count) => match count.counter() {
                Some(Counter::Binding { binding, key }) => {
                    let answer = platform::limit_rate(&self.env, binding, key);
                    self.ask(answer, Question::Rate(count))
                }
                // A Worker has no key-value store that can count.
                Some(Counter::Store { .. }) | None => self.advance(count.resume(None)),
            },
            Next::ReadBody(read) => {
                let (request, limit, is_length_known) =
                    (self.request.clone(), read.limit(), read.declared_length().is_some());
                let waiting = WaitingForBytes { read: Read::Body(read), incoming: self };
                platform::read_body(&request, is_length_known, limit, waiting)
            }
            Next::WriteRecords(write) => match records::write(&self, write.destination()) {
                Ok(is_written) => self.advance(Next::Send(write.finish(is_written))),
                Err(answer) => self.ask(answer, Question::Records(write)),
            },
        }
    }

    /// Starts what no response waits for.
    fn start(&self, afterwards: Afterwards<'static>) {
        match afterwards {
            Afterwards::Send(sender) => platform::send_later(&self.context, WaitingSender { sender }),
            Afterwards::Write(background) => match records::write(self, background.destination()) {
                Ok(is_written) => background.finish(is_written),
                Err(answer) => {
                    let promise = self.clone().ask(answer, Question::Background(background));
                    platform::wait_until(&self.context, &promise);
                }
            },
        }
    }

    /// Promises the response that follows from a promised answer.
    fn ask(self, answer: JsValue, question: Question) -> JsValue {
        platform::resume(answer, Waiting { question, incoming: self })
    }
}

/// The names and values of a response's headers.
type HeaderList = Vec<(&'static str, &'static str)>;

/// Makes the runtime's response. Responses have one of a few lists of headers, so each list becomes an object once.
pub(crate) fn write(response: &Response) -> JsValue {
    thread_local! {
        static KNOWN: RefCell<Vec<(HeaderList, JsValue)>> = const { RefCell::new(Vec::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        let respond = |headers| platform::respond(response.status, headers, response.traceparent(), &response.body);
        if let Some((_, headers)) = known.iter().find(|(list, _)| response.headers().eq(list.iter().copied())) {
            return respond(headers);
        }
        let list: HeaderList = response.headers().collect();
        let lines: Vec<String> = list.iter().map(|(name, value)| [name, ":", value].concat()).collect();
        let headers = platform::make_headers(&lines.join("\n"));
        let response = respond(&headers);
        known.push((list, headers));
        response
    })
}
