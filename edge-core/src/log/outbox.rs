//! The records of one instance on their way out: numbered, chained, queued and counted where they are lost.
//!
//! Nothing here waits. An edge takes what is to be written, writes it, and tells what became of it.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use crate::config::limits::Limits;
use crate::log::chain::{Chain, write_dropped};
use crate::log::config::{Format, LogConfig, Sink};
use crate::log::record::Record;

/// Bytes of records that wait, whatever their number is: what a host gives an instance is a hundred times as much.
const MAX_QUEUED_BYTES: usize = 4 * 1024 * 1024;

/// How long a batch can be on its way before the host is taken to have given up on it without a word, in milliseconds:
/// longer than any timeout.
const MAX_SENDING_MILLIS: i64 = 60_000;

/// How long somebody who waits to send records is trusted to do it, in milliseconds beyond the wait: a runtime can drop
/// whoever waits, without a word.
const TRUSTED_MILLIS: i64 = 5_000;

/// Records that are written at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "lines that are not written are reported to `Outbox::lose_lines`"]
pub struct Lines {
    /// One JSON object for each record, without a line feed.
    pub lines: Vec<String>,
    /// How many records were lost before, as the first line says.
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
    /// How many records were lost before, as the first record says.
    dropped: u64,
    /// How often it was sent in vain.
    failures: u32,
    /// Which batch of the outbox it is.
    number: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Sending {
    #[default]
    Nothing,
    /// A batch is on its way.
    UnderWay {
        number: u64,
        count: usize,
        dropped: u64,
        /// When it was handed out, in milliseconds.
        since: i64,
    },
    /// A batch did not arrive and is sent again, to the byte: the collector may have it already.
    Again(Batch),
}

/// The records of one instance on their way out.
#[derive(Clone, Debug)]
pub struct Outbox {
    format: Format,
    /// Records in one batch, at most.
    batch: usize,
    attempts: u32,
    /// Records that may wait.
    capacity: usize,
    chain: Option<Chain>,
    /// Records that were lost and not yet told of.
    dropped: u64,
    waiting: VecDeque<Record>,
    waiting_bytes: usize,
    sending: Sending,
    /// The number of the next batch.
    next_number: u64,
    /// Until when somebody is sure to send what waits, in milliseconds since 1970; `None` if nobody is.
    trusted_until: Option<i64>,
}

impl Outbox {
    /// Makes the outbox of one instance, which starts empty.
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

    /// The records of one request as they are written now: to standard output, to a queue, or as [`Lines::batch`] to a
    /// collector that the answer waits for.
    pub fn write_now(&mut self, records: Vec<Record>) -> Lines {
        let dropped = if records.is_empty() { 0 } else { mem::take(&mut self.dropped) };
        Lines { lines: self.finish(records, dropped), dropped }
    }

    /// Counts lines that were not written.
    pub fn lose_lines(&mut self, lines: &Lines) {
        self.lose(lines.lines.len(), lines.dropped);
    }

    /// Whether somebody new has to send what waits, and then after how many milliseconds: at once if a batch is full, and
    /// otherwise unless somebody was asked who can be trusted to do it.
    pub fn start_sending(&mut self, unix_millis: i64, batch_wait_millis: u32) -> Option<u32> {
        let is_full = self.is_batch_full();
        if !is_full && self.trusted_until.is_some_and(|until| unix_millis <= until) {
            return None;
        }
        let wait = if is_full { 0 } else { batch_wait_millis };
        self.keep_sending(unix_millis.saturating_add(i64::from(wait)));
        Some(wait)
    }

    /// Trusts that somebody goes on sending: a collector that takes long, or fails and is tried again, is no reason for
    /// others to ask it too.
    pub fn keep_sending(&mut self, unix_millis: i64) {
        self.trusted_until = Some(unix_millis.saturating_add(TRUSTED_MILLIS));
    }

    /// Somebody stops, since nothing waits or another one has a batch under way. In the first case nobody sends any more, and
    /// the next request that has records sees to it.
    pub fn stop_sending(&mut self) {
        if !matches!(self.sending, Sending::UnderWay { .. }) {
            self.trusted_until = None;
        }
    }

    /// Counts records that were handed out and did not arrive.
    fn lose(&mut self, count: usize, told: u64) {
        self.dropped = self.dropped.saturating_add(told).saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        // Some of them may have arrived all the same, so nothing can follow on them.
        if let Some(chain) = &mut self.chain {
            chain.end();
        }
    }

    /// Queues the records of one request for a batch. Where the queue is full, the newest are dropped and counted.
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

    /// Whether a batch is worth sending without waiting for more.
    #[must_use]
    pub fn is_batch_full(&self) -> bool {
        self.waiting.len() >= self.batch && self.sending == Sending::Nothing
    }

    /// Whether nothing waits to be sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !matches!(self.sending, Sending::Again(_))
    }

    /// The next batch to send, at a time in milliseconds since 1970; `None` where nothing waits, or another batch is on
    /// its way.
    ///
    /// What became of it must be told to [`Outbox::delivered`] or [`Outbox::failed`]; a batch of which nothing is heard
    /// for a minute is lost.
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

    /// Tells that a batch arrived.
    pub fn delivered(&mut self, batch: &Batch) {
        if self.is_under_way(batch) {
            self.sending = Sending::Nothing;
        }
    }

    /// Tells that a batch did not arrive, as far as is known. It is sent again, or given up when it was sent in vain as
    /// often as the configuration allows.
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

    /// Whether a batch was not given up meanwhile.
    fn is_under_way(&self, batch: &Batch) -> bool {
        matches!(self.sending, Sending::UnderWay { number, .. } if number == batch.number)
    }

    /// How many records were lost that no record has told of yet.
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
    /// The records as one body, for a collector that the answer waits for.
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
