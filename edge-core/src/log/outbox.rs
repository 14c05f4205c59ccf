//! The outgoing records of one instance: numbered, chained, queued, and counted if they are lost.
//!
//! Nothing here waits. An edge takes the records, writes them, and reports the outcome.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use crate::config::limits::Limits;
use crate::log::chain::{Chain, write_dropped};
use crate::log::config::{Format, LogConfig, Sink};
use crate::log::record::Record;

/// The maximum total length of waiting records, in bytes; an instance has about a hundred times as much memory.
const MAX_QUEUED_BYTES: usize = 4 * 1024 * 1024;

/// The time after which a batch without a report counts as lost, in milliseconds: longer than any timeout.
const MAX_SENDING_MILLIS: i64 = 60_000;

/// How long a sender is trusted after its wait, in milliseconds: a runtime can silently stop it.
const TRUSTED_MILLIS: i64 = 5_000;

/// Records to write at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "lines that are not written are reported to `Outbox::lose_lines`"]
pub struct Lines {
    /// One JSON object for each record, without a line feed.
    pub lines: Vec<String>,
    /// The number of records that were lost before, as reported in the first line.
    dropped: u64,
}

/// Records that are sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// A JSON array of records.
    pub body: Vec<u8>,
    /// The media type of the body.
    pub content_type: &'static str,
    count: usize,
    /// The number of records that were lost before, as reported in the first record.
    dropped: u64,
    /// The number of failed attempts.
    failures: u32,
    /// The number of the batch.
    number: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Sending {
    #[default]
    Nothing,
    /// A batch is being sent.
    UnderWay {
        number: u64,
        count: usize,
        dropped: u64,
        /// When it was taken, in milliseconds.
        since: i64,
    },
    /// A failed batch that is sent again byte for byte, because the collector may already have it.
    Again(Batch),
}

/// The outgoing records of one instance.
#[derive(Clone, Debug)]
pub struct Outbox {
    format: Format,
    /// The maximum number of records in a batch.
    batch: usize,
    attempts: u32,
    /// The maximum number of waiting records.
    capacity: usize,
    chain: Option<Chain>,
    /// The number of lost records that are not reported yet.
    dropped: u64,
    waiting: VecDeque<Record>,
    waiting_bytes: usize,
    sending: Sending,
    /// The number of the next batch.
    next_number: u64,
    /// Until when a sender is trusted to send the waiting records, in milliseconds since 1970; `None` if there is no
    /// sender.
    trusted_until: Option<i64>,
}

impl Outbox {
    /// Creates the empty outbox of one instance.
    #[must_use]
    pub fn new(config: &LogConfig, limits: &Limits) -> Self {
        let (batch, attempts) = match &config.sink {
            Sink::Https(collector) => (collector.batch, collector.attempts),
            Sink::Stdout | Sink::Queue(_) | Sink::Analytics(_) => (limits.calls_per_batch, 1),
        };
        Self {
            format: config.format,
            batch,
            attempts,
            capacity: limits.log_queue,
            chain: config.is_chained.then(Chain::default),
            dropped: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            sending: Sending::Nothing,
            next_number: 1,
            trusted_until: None,
        }
    }

    /// The records of one request to write now: to standard output, to a queue, or as [`Lines::batch`] to a collector
    /// that the response waits for.
    pub fn write_now(&mut self, records: Vec<Record>) -> Lines {
        let dropped = if records.is_empty() { 0 } else { mem::take(&mut self.dropped) };
        Lines { lines: self.finish(records, dropped), dropped }
    }

    /// Counts lines as lost.
    pub fn lose_lines(&mut self, lines: &Lines) {
        self.lose(lines.lines.len(), lines.dropped);
    }

    /// Whether a new sender is needed, and after how many milliseconds: at once if a batch is full; otherwise only if
    /// no current sender is trusted.
    pub fn start_sending(&mut self, unix_millis: i64, batch_wait_millis: u32) -> Option<u32> {
        let is_full = self.is_batch_full();
        if !is_full && self.trusted_until.is_some_and(|until| unix_millis <= until) {
            return None;
        }
        let wait = if is_full { 0 } else { batch_wait_millis };
        self.keep_sending(unix_millis.saturating_add(i64::from(wait)));
        Some(wait)
    }

    /// Extends the trust in the current sender: a slow or failing collector is no reason to start another one.
    pub fn keep_sending(&mut self, unix_millis: i64) {
        self.trusted_until = Some(unix_millis.saturating_add(TRUSTED_MILLIS));
    }

    /// A sender stops, because nothing waits or another sender has a batch in progress. If nothing waits, the next
    /// request with records starts a new sender.
    pub fn stop_sending(&mut self) {
        if !matches!(self.sending, Sending::UnderWay { .. }) {
            self.trusted_until = None;
        }
    }

    /// Counts taken records that did not arrive.
    fn lose(&mut self, count: usize, told: u64) {
        self.dropped = self.dropped.saturating_add(told).saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        // Some of them may have arrived, so no record may follow them in the chain.
        if let Some(chain) = &mut self.chain {
            chain.end();
        }
    }

    /// Queues the records of one request for a batch. If the queue is full, the newest records are dropped and counted.
    pub fn push(&mut self, records: Vec<Record>) {
        for record in records {
            let bytes = self.waiting_bytes.saturating_add(record.text.len());
            if self.waiting.len() >= self.capacity || bytes > MAX_QUEUED_BYTES {
                self.dropped = self.dropped.saturating_add(1);
                continue;
            }
            self.waiting_bytes = bytes;
            self.waiting.push_back(record);
        }
    }

    /// Whether a batch is full enough to send.
    #[must_use]
    pub fn is_batch_full(&self) -> bool {
        self.waiting.len() >= self.batch && self.sending == Sending::Nothing
    }

    /// Whether no records wait.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !matches!(self.sending, Sending::Again(_))
    }

    /// The next batch to send, at a time in milliseconds since 1970; `None` if nothing waits or another batch is in
    /// progress.
    ///
    /// Report its outcome to [`Outbox::delivered`] or [`Outbox::failed`]; a batch without a report counts as lost after
    /// a minute.
    pub fn next_batch(&mut self, unix_millis: i64) -> Option<Batch> {
        if let Sending::UnderWay { since, count, dropped, .. } = self.sending {
            if unix_millis.saturating_sub(since) < MAX_SENDING_MILLIS {
                return None;
            }
            self.lose(count, dropped);
        }
        let batch = match mem::take(&mut self.sending) {
            Sending::Again(batch) => batch,
            Sending::Nothing | Sending::UnderWay { .. } => self.new_batch()?,
        };
        let Batch { number, count, dropped, .. } = batch;
        self.sending = Sending::UnderWay { number, count, dropped, since: unix_millis };
        Some(batch)
    }

    fn new_batch(&mut self) -> Option<Batch> {
        if self.waiting.is_empty() {
            return None;
        }
        let count = self.waiting.len().min(self.batch);
        let records: Vec<Record> = self.waiting.drain(..count).collect();
        let bytes = records.iter().fold(0_usize, |sum, record| sum.saturating_add(record.text.len()));
        self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
        let mut batch = self.write_now(records).batch(self.format);
        batch.number = self.next_number;
        self.next_number = self.next_number.wrapping_add(1);
        Some(batch)
    }

    /// Reports that a batch arrived.
    pub fn delivered(&mut self, batch: &Batch) {
        if self.is_under_way(batch) {
            self.sending = Sending::Nothing;
        }
    }

    /// Reports that a batch probably did not arrive. It is sent again until the configured number of attempts has
    /// failed.
    pub fn failed(&mut self, mut batch: Batch) {
        if !self.is_under_way(&batch) {
            return;
        }
        batch.failures = batch.failures.saturating_add(1);
        if batch.failures < self.attempts {
            self.sending = Sending::Again(batch);
        } else {
            self.sending = Sending::Nothing;
            self.lose(batch.count, batch.dropped);
        }
    }

    /// Whether a batch was not given up in the meantime.
    fn is_under_way(&self, batch: &Batch) -> bool {
        matches!(self.sending, Sending::UnderWay { number, .. } if number == batch.number)
    }

    /// The number of lost records that no record reports yet.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn finish(&mut self, records: Vec<Record>, dropped: u64) -> Vec<String> {
        let mut dropped = Some(dropped).filter(|&dropped| dropped > 0);
        let finish_one = |record: Record| {
            let Record { decision_id, mut text, .. } = record;
            if let Some(dropped) = dropped.take() {
                write_dropped(dropped, &mut text);
            }
            if let Some(chain) = &mut self.chain {
                chain.link(&mut text, &decision_id);
            }
            text
        };
        records.into_iter().map(finish_one).collect()
    }
}

impl Lines {
    /// The records as one body, for a collector that the response waits for.
    #[must_use]
    pub fn batch(&self, format: Format) -> Batch {
        let mut body = Vec::with_capacity(self.lines.iter().fold(2, |sum: usize, line| sum.saturating_add(line.len())));
        for (at, line) in self.lines.iter().enumerate() {
            body.push(if at > 0 { b',' } else { b'[' });
            body.extend_from_slice(line.as_bytes());
        }
        body.extend_from_slice(if self.lines.is_empty() { b"[]" } else { b"]" });
        let content_type = match format {
            Format::CloudEvents => "application/cloudevents-batch+json",
            Format::Opa => "application/json",
        };
        Batch { body, content_type, count: self.lines.len(), dropped: self.dropped, failures: 0, number: 0 }
    }
}

#[cfg(test)]
mod tests;
