//! States that wait for the platform. JavaScript owns them meanwhile, and resumes them.
//!
//! The runtime forgets a request whose caller disconnects. JavaScript then frees the state.

use std::borrow::Cow;

use callgate_edge_core::{
    BackgroundWrite, BodyFault, BodyRead, CallCount, KeyFetch, Next, RecordWrite, Sender, SenderStep, Verification,
};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::request::Incoming;
use crate::{platform, records};

/// What waits for bytes.
pub(crate) enum Read {
    Keys(Box<KeyFetch<'static>>),
    Body(BodyRead<'static>),
}

/// A request that waits for bytes.
#[wasm_bindgen]
pub struct WaitingForBytes {
    pub(crate) read: Read,
    pub(crate) incoming: Incoming,
}

#[wasm_bindgen]
impl WaitingForBytes {
    /// Continues with the bytes, or without them if they could not be read.
    pub fn resume(self, bytes: Option<Vec<u8>>) -> JsValue {
        let Self { read, incoming } = self;
        let next = match read {
            Read::Keys(fetch) => fetch.resume(bytes.as_deref()),
            Read::Body(read) => {
                let header = |name: &str| platform::read_header(&incoming.request, name).map(Cow::Owned);
                read.resume(bytes.as_deref().ok_or(BodyFault::Incomplete), &header)
            }
        };
        incoming.advance(next)
    }
}

/// What waits for a yes or a no.
pub(crate) enum Question {
    /// Is the signature genuine?
    Signature(Box<Verification<'static>>),
    /// Is the caller within its rate?
    Rate(CallCount<'static>),
    /// Are the records written, which the response waits for?
    Records(RecordWrite<'static>),
    /// Are the records written, which no response waits for?
    Background(BackgroundWrite<'static>),
}

/// A request that waits for a yes or a no.
#[wasm_bindgen]
pub struct Waiting {
    pub(crate) question: Question,
    pub(crate) incoming: Incoming,
}

#[wasm_bindgen]
impl Waiting {
    /// Continues with the answer, or without one if the platform failed.
    pub fn resume(self, answer: Option<bool>) -> JsValue {
        let is_so = answer == Some(true);
        let next = match self.question {
            Question::Signature(verification) => verification.finish(is_so),
            Question::Rate(count) => count.resume(answer),
            Question::Records(records) => Next::Send(records.finish(is_so)),
            Question::Background(background) => {
                background.finish(is_so);
                return JsValue::UNDEFINED;
            }
        };
        self.incoming.advance(next)
    }
}

/// A sender of the records that wait for a collector.
#[wasm_bindgen]
pub struct WaitingSender {
    pub(crate) sender: Sender<'static>,
}

#[wasm_bindgen]
impl WaitingSender {
    /// The next step: a number of milliseconds to wait, a promise whether a batch was delivered, or undefined for the end.
    #[must_use]
    pub fn next(&mut self) -> JsValue {
        match self.sender.next() {
            SenderStep::Wait(millis) => JsValue::from(millis),
            SenderStep::Post(request) => records::post(request),
            SenderStep::Done => JsValue::UNDEFINED,
        }
    }

    /// Reports whether the batch was delivered.
    pub fn conclude(&mut self, is_delivered: bool) {
        self.sender.conclude(is_delivered);
    }
}
