//! Writes decision records.

use std::io::{self, Write};

use callgate_edge_core::{Destination, Post, Sender, SenderStep};
use spin_sdk::wasip3::clocks::monotonic_clock::wait_for;

use crate::http::Outgoing;

/// The maximum number of bytes that are read of a collector's response.
const MAX_COLLECTOR_ANSWER: usize = 65_536;

/// Writes records, and returns whether all of them were written.
pub(crate) async fn write(destination: Destination<'_>) -> bool {
    match destination {
        Destination::Stdout(lines) => write_lines(io::stdout().lock(), lines).is_ok(),
        Destination::Collector(request) => post(request).await,
        // Only Cloudflare has them.
        Destination::Queue(..) | Destination::Analytics(..) => false,
    }
}

/// Sends pending records; after a response is sent, the host keeps the instance running for this.
///
/// If an instance stops earlier, its pending records are lost. If the host creates an instance per request, a
/// `batchWaitMillis` of 0 loses the fewest.
pub(crate) async fn send(mut sender: Sender<'static>) {
    loop {
        let is_delivered = match sender.next() {
            SenderStep::Wait(millis) => {
                wait_for(u64::from(millis).saturating_mul(1_000_000)).await;
                continue;
            }
            SenderStep::Post(request) => post(request).await,
            SenderStep::Done => break,
        };
        sender.conclude(is_delivered);
    }
}

/// Sends records to a collector, and returns whether they arrived.
async fn post(request: Post<'_>) -> bool {
    let Post { url, token, content_type, body, timeout_millis } = request;
    let mut headers = vec![("content-type".to_owned(), content_type.as_bytes().to_vec())];
    headers.push(("content-length".to_owned(), body.len().to_string().into_bytes()));
    if let Some(token) = token {
        headers.push(("authorization".to_owned(), ["Bearer ", token].concat().into_bytes()));
    }
    let post = Outgoing { url, headers, body: Some(body.to_vec()), timeout_millis };
    matches!(post.send(MAX_COLLECTOR_ANSWER).await, Some((200..=299, _)))
}

/// Writes each record and its line feed at once. With two writes, the record of another instance could be in between,
/// and the line would not be valid JSON.
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
    // If standard error is closed, there is nowhere to report that.
    let _is_heard = writeln!(io::stderr(), "{message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stores each write, or fails after a number of writes.
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
        // Longer than any standard output buffer.
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
