//! Records of decisions on their way out.

use std::io::{self, Write};

use callgate_edge_core::log::{Batch, Collector, Mode, Sink};
use callgate_edge_core::{Answered, Response};
use spin_sdk::wasip3;
use spin_sdk::wasip3::clocks::monotonic_clock::wait_for;

use crate::http::Outgoing;
use crate::site::Site;

/// How long a collector that failed is left alone, in nanoseconds.
const PAUSE: u64 = 500_000_000;

/// What is read of a collector's answer, in bytes.
const MAX_COLLECTOR_ANSWER: usize = 65_536;

impl Site {
    /// Sees to the records of an answer, and returns what is answered.
    pub(crate) async fn record(&'static self, answered: Answered) -> Response {
        let Answered { response, records } = answered;
        if records.is_empty() {
            return response;
        }
        let outbox = self.deployment.outbox();
        let config = self.deployment.log();
        match &config.sink {
            Sink::Https(collector) if config.mode != Mode::Required => {
                outbox.borrow_mut().push(records);
                self.send_later(collector);
                response
            }
            sink => {
                let lines = outbox.borrow_mut().write_now(records);
                let is_written = match sink {
                    Sink::Stdout => write_lines(io::stdout().lock(), &lines.lines).is_ok(),
                    Sink::Https(collector) => self.post(collector, &lines.batch(config.format)).await,
                    // Only Cloudflare has them.
                    Sink::Queue(_) | Sink::Analytics(_) => false,
                };
                outbox.borrow_mut().conclude(response, &lines, is_written)
            }
        }
    }

    /// Sees to it that somebody sends what waits: once the answer is on its way, the host lets an instance go on.
    fn send_later(&'static self, collector: &'static Collector) {
        if self.is_sending.replace(true) {
            return;
        }
        wasip3::spawn(async move {
            // Records of later calls join the batch meanwhile. An instance that ends before takes along what waits, so where
            // the host makes one for each request, a `batchWaitMillis` of 0 loses the least.
            wait_for(u64::from(collector.batch_wait_millis).saturating_mul(1_000_000)).await;
            loop {
                let batch = self.deployment.outbox().borrow_mut().next_batch(self.deployment.unix_millis());
                let Some(batch) = batch else { break };
                let is_delivered = self.post(collector, &batch).await;
                if is_delivered {
                    self.deployment.outbox().borrow_mut().delivered(&batch);
                } else {
                    self.deployment.outbox().borrow_mut().failed(batch);
                    wait_for(PAUSE).await;
                }
            }
            self.is_sending.set(false);
        });
    }

    /// Sends records to a collector, and returns whether it has them.
    async fn post(&self, collector: &Collector, batch: &Batch) -> bool {
        let mut headers = vec![("content-type".to_owned(), batch.content_type.as_bytes().to_vec())];
        headers.push(("content-length".to_owned(), batch.body.len().to_string().into_bytes()));
        if let Some(token) = self.log_token() {
            headers.push(("authorization".to_owned(), ["Bearer ", token].concat().into_bytes()));
        }
        let body = Some(batch.body.clone());
        let post = Outgoing { url: &collector.url, headers, body, timeout_millis: collector.timeout_millis };
        matches!(post.send(MAX_COLLECTOR_ANSWER).await, Some((200..=299, _)))
    }
}

/// Writes each record with its line feed at once: what goes out in two writes can have the record of another instance in
/// between, and then is no line of JSON.
fn write_lines(mut out: impl Write, lines: &[String]) -> io::Result<()> {
    for line in lines {
        let mut record = Vec::with_capacity(line.len().saturating_add(1));
        record.extend_from_slice(line.as_bytes());
        record.push(b'\n');
        out.write_all(&record)?;
    }
    out.flush()
}

/// Writes a message to standard error, for the operator.
pub(crate) fn warn(message: &str) {
    // Where nobody listens, there is nobody to tell that either.
    let _is_heard = writeln!(io::stderr(), "{message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps what each write brings, or fails from some write on.
    struct Writes {
        made: Vec<Vec<u8>>,
        room: usize,
    }

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.made.len() == self.room {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.made.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_record_is_one_write_with_its_line_feed() {
        // Longer than any buffer of standard output.
        let lines = ["{}".to_owned(), format!("{{\"a\":\"{}\"}}", "x".repeat(300_000)), "{\"b\":1}".to_owned()];
        let mut out = Writes { made: Vec::new(), room: usize::MAX };
        write_lines(&mut out, &lines).expect("a write");
        let expected: Vec<Vec<u8>> = lines.iter().map(|line| format!("{line}\n").into_bytes()).collect();
        assert_eq!(out.made, expected);
    }

    #[test]
    fn a_record_that_is_not_written_is_told() {
        let lines = ["{}".to_owned(), "{}".to_owned()];
        assert!(write_lines(&mut Writes { made: Vec::new(), room: 2 }, &lines).is_ok());
        assert!(write_lines(&mut Writes { made: Vec::new(), room: 1 }, &lines).is_err());
    }
}
