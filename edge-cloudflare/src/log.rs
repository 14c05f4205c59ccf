//! Records of decisions on their way out.

use callgate_edge_core::log::{Batch, Collector, DataPoint, Lines, Mode, Record, Sink};
use callgate_edge_core::{Answered, Response};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::platform;
use crate::request::{Incoming, write};
use crate::site::Site;

/// How long somebody who waits to send records is trusted to do it, in milliseconds beyond the wait: the runtime can drop
/// whoever waits, without a word.
const TRUSTED_MILLIS: i64 = 5_000;

impl Incoming {
    /// Sees to the records of an answer, and answers.
    pub(crate) fn record(self, answered: Answered) -> Result<JsValue, JsValue> {
        let Answered { response, records } = answered;
        let deployment = &self.site.deployment;
        let config = deployment.log();
        if records.is_empty() {
            return write(&response);
        }
        let mut outbox = deployment.outbox().borrow_mut();
        match &config.sink {
            Sink::Stdout => {
                let lines = outbox.write_now(records);
                lines.lines.iter().for_each(|line| platform::write_line(line));
                // The runtime takes them, and tells no failure.
                write(&outbox.conclude(response, &lines, true))
            }
            Sink::Analytics(binding) => {
                let mut points = records.iter().filter_map(Record::data_point);
                let is_written = points.all(|point| self.write_data_point(binding, point));
                let lines = outbox.write_now(records);
                write(&outbox.conclude(response, &lines, is_written))
            }
            Sink::Queue(binding) => {
                let lines = outbox.write_now(records);
                let is_written = platform::send_to_queue(&self.env, binding, lines.lines.clone());
                self.deliver(is_written, response, lines)
            }
            Sink::Https(collector) if config.mode == Mode::Required => {
                let lines = outbox.write_now(records);
                let is_written = post(self.site, collector, &lines.batch(config.format));
                self.deliver(is_written, response, lines)
            }
            Sink::Https(collector) => {
                outbox.push(records);
                let is_full = outbox.is_batch_full();
                self.send_later(collector, is_full);
                write(&response)
            }
        }
    }

    fn write_data_point(&self, binding: &str, point: &DataPoint) -> bool {
        platform::write_data_point(&self.env, binding, &point.index, point.blobs.clone(), &point.doubles)
    }

    /// Answers: at once, or when it is known whether the records were written, if the configuration wants that.
    fn deliver(&self, is_written: JsValue, response: Response, lines: Lines) -> Result<JsValue, JsValue> {
        let delivery = Delivery { site: self.site, response: response.clone(), lines };
        let answer = platform::conclude(is_written, delivery);
        if self.site.deployment.log().mode == Mode::Required {
            return Ok(answer);
        }
        platform::wait_until(&self.context, &answer);
        write(&response)
    }

    /// Sees to it that somebody sends what waits.
    fn send_later(&self, collector: &Collector, is_full: bool) {
        let now = self.site.deployment.unix_millis();
        let wait = if is_full { 0 } else { collector.batch_wait_millis };
        if is_full || self.site.sends_until.get() < now {
            self.site.sends_until.set(now.saturating_add(i64::from(wait)).saturating_add(TRUSTED_MILLIS));
            platform::send_later(&self.context, wait, Sender { site: self.site, batch: None });
        }
    }
}

fn post(site: &Site, collector: &Collector, batch: &Batch) -> JsValue {
    let token = site.log_token.as_deref();
    platform::post(&collector.url, token, batch.content_type, batch.body.clone(), collector.timeout_millis)
}

/// Records of one request whose fate is not known yet.
#[wasm_bindgen]
pub struct Delivery {
    site: &'static Site,
    response: Response,
    lines: Lines,
}

#[wasm_bindgen]
impl Delivery {
    /// The answer, now that it is known whether the records were written.
    ///
    /// # Errors
    /// The runtime could make no response.
    pub fn conclude(self, is_written: bool) -> Result<JsValue, JsValue> {
        let mut outbox = self.site.deployment.outbox().borrow_mut();
        write(&outbox.conclude(self.response, &self.lines, is_written))
    }
}

/// Who sends the records that wait.
#[wasm_bindgen]
pub struct Sender {
    site: &'static Site,
    batch: Option<Batch>,
}

#[wasm_bindgen]
impl Sender {
    /// Sends a batch and promises whether it arrived; undefined where none waits, or another one is on its way.
    #[must_use]
    pub fn send(&mut self) -> JsValue {
        let deployment = &self.site.deployment;
        let Sink::Https(collector) = &deployment.log().sink else { return JsValue::UNDEFINED };
        self.batch = deployment.outbox().borrow_mut().next_batch(deployment.unix_millis());
        match &self.batch {
            Some(batch) => post(self.site, collector, batch),
            None => {
                // Whoever comes next waits for itself.
                self.site.sends_until.set(0);
                JsValue::UNDEFINED
            }
        }
    }

    /// Tells what became of the batch, and returns it.
    pub fn conclude(&mut self, is_delivered: bool) -> bool {
        let deployment = &self.site.deployment;
        let mut outbox = deployment.outbox().borrow_mut();
        match self.batch.take() {
            Some(batch) if is_delivered => outbox.delivered(&batch),
            Some(batch) => outbox.failed(batch),
            None => {}
        }
        // A collector that takes long, or fails and is asked again, is no reason for others to ask it too.
        self.site.sends_until.set(deployment.unix_millis().saturating_add(TRUSTED_MILLIS));
        is_delivered
    }
}
