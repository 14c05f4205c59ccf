//! Records of decisions on their way out.

use callgate_edge_core::{BackgroundWrite, Destination, Post, RecordWrite, Sender, SenderStep};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::platform;
use crate::request::{Incoming, write as write_response};

/// Writes the records of a response, and makes the response, or promises it.
pub(crate) fn write(incoming: Incoming, records: RecordWrite<'static>) -> Result<JsValue, JsValue> {
    match start(&incoming, records.destination()) {
        Ok(is_written) => write_response(&records.finish(is_written)),
        Err(promise) => Ok(platform::conclude(promise, WaitingRecords { records })),
    }
}

/// Writes records that no response waits for.
pub(crate) fn write_later(incoming: &Incoming, background: BackgroundWrite<'static>) {
    match start(incoming, background.destination()) {
        Ok(is_written) => background.finish(is_written),
        Err(promise) => {
            let report = platform::report(promise, WaitingBackground { background });
            platform::wait_until(&incoming.context, &report);
        }
    }
}

/// Sends what waits for a collector, until nothing does.
pub(crate) fn send_later(context: &JsValue, sender: Sender<'static>) {
    platform::send_later(context, WaitingSender { sender });
}

/// Writes records: whether they are written, or a promise of it.
fn start(incoming: &Incoming, destination: Destination<'_>) -> Result<bool, JsValue> {
    match destination {
        Destination::Stdout(lines) => {
            lines.iter().for_each(|line| platform::write_line(line));
            // The runtime takes them, and reports no failure.
            Ok(true)
        }
        Destination::Analytics(binding, points) => Ok(points.iter().all(|point| {
            platform::write_data_point(&incoming.env, binding, &point.index, point.blobs.clone(), &point.doubles)
        })),
        Destination::Queue(binding, lines) => Err(platform::send_to_queue(&incoming.env, binding, lines.to_vec())),
        Destination::Collector(request) => Err(post(request)),
    }
}

fn post(Post { url, token, content_type, body, timeout_millis }: Post<'_>) -> JsValue {
    platform::post(url, token, content_type, body.to_vec(), timeout_millis)
}

/// A response that waits for its records.
#[wasm_bindgen]
pub struct WaitingRecords {
    records: RecordWrite<'static>,
}

#[wasm_bindgen]
impl WaitingRecords {
    /// The response, now that it is known whether the records were written.
    ///
    /// # Errors
    /// The runtime could make no response.
    pub fn resume(self, is_written: bool) -> Result<JsValue, JsValue> {
        write_response(&self.records.finish(is_written))
    }
}

/// Records that no response waits for.
#[wasm_bindgen]
pub struct WaitingBackground {
    background: BackgroundWrite<'static>,
}

#[wasm_bindgen]
impl WaitingBackground {
    /// Reports whether the records were written.
    pub fn resume(self, is_written: bool) {
        self.background.finish(is_written);
    }
}

/// Who sends the records that wait.
#[wasm_bindgen]
pub struct WaitingSender {
    sender: Sender<'static>,
}

#[wasm_bindgen]
impl WaitingSender {
    /// What is next: to wait for a number of milliseconds, a promise whether a batch arrived, or undefined for nothing.
    #[must_use]
    pub fn next(&mut self) -> JsValue {
        match self.sender.next() {
            SenderStep::Wait(millis) => JsValue::from(millis),
            SenderStep::Post(request) => post(request),
            SenderStep::Done => JsValue::UNDEFINED,
        }
    }

    /// Reports whether the batch arrived.
    pub fn conclude(&mut self, is_delivered: bool) {
        self.sender.conclude(is_delivered);
    }
}
