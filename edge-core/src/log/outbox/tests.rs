//! The life of records: queued, sent, lost and reported.

use alloc::format;
use alloc::string::ToString as _;
use alloc::vec;

use serde_json::Value;

use super::*;
use crate::config::Config;
use crate::log::chain::ChainLink;

const COLLECTOR: &str = r#""sink":{"type":"https","url":"https://logs.example.com","batch":2,"attempts":2}"#;

fn log(more: &str) -> String {
    format!(r#"{{"log":{{{more}}},"limits":{{"logQueue":3}}}}"#)
}

fn outbox(config: &str) -> Outbox {
    let config = Config::read(config).unwrap_or_else(|error| panic!("{error}: {config}"));
    Outbox::new(&config.log, &config.limits)
}

/// A record whose id starts with a number.
fn record(number: u8) -> Record {
    let decision_id = uuid::Builder::from_random_bytes([number; 16]).into_uuid().to_string();
    let text = format!(r#"{{"id":"{decision_id}","data":{{"decision":"Allow"}}}}"#);
    Record { decision_id, text, point: None }
}

fn records(numbers: impl IntoIterator<Item = u8>) -> Vec<Record> {
    numbers.into_iter().map(record).collect()
}

/// The records of a batch by the first byte of their IDs, and the number of lost records that each reports.
#[track_caller]
fn check(body: &[u8], expected: &[(u8, u64)]) {
    let batch: Vec<Value> = serde_json::from_slice(body).expect("a list");
    let seen: Vec<(u8, u64)> = batch
        .iter()
        .map(|record| {
            let id = record.get("id").and_then(Value::as_str).and_then(|id| id.get(..2)).expect("an id");
            let dropped = record.pointer("/data/dropped").and_then(Value::as_u64);
            (u8::from_str_radix(id, 16).expect("a number"), dropped.unwrap_or(0))
        })
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn records_are_sent_in_batches_in_their_order() {
    let config = log(&format!(r#""mode":"best-effort",{COLLECTOR}"#));
    let mut outbox = outbox(&config);
    assert!(outbox.is_empty() && outbox.next_batch(0).is_none());
    outbox.push(records([1]));
    assert!(!outbox.is_batch_full() && !outbox.is_empty());
    outbox.push(records([2, 3]));
    assert!(outbox.is_batch_full());
    let first = outbox.next_batch(0).expect("a batch");
    check(&first.body, &[(1, 0), (2, 0)]);
    assert_eq!(first.content_type, "application/cloudevents-batch+json");
    assert!(outbox.next_batch(0).is_none(), "one batch is on its way at a time");
    outbox.delivered(&first);
    let second = outbox.next_batch(0).expect("a batch");
    check(&second.body, &[(3, 0)]);
    outbox.delivered(&second);
    assert!(outbox.is_empty());
}

#[test]
fn a_full_queue_drops_the_newest_and_the_next_record_tells_how_many() {
    let config = log(&format!(r#""mode":"best-effort",{COLLECTOR}"#));
    let mut outbox = outbox(&config);
    outbox.push(records(1..=7));
    assert_eq!(outbox.dropped(), 4);
    let batch = outbox.next_batch(0).expect("a batch");
    check(&batch.body, &[(1, 4), (2, 0)]);
    assert_eq!(outbox.dropped(), 0);
    outbox.delivered(&batch);
    check(&outbox.next_batch(0).expect("a batch").body, &[(3, 0)]);
}

#[test]
fn what_waits_is_bounded_in_bytes_too() {
    let config = r#"{"log":{"mode":"best-effort"},"limits":{"logQueue":100000}}"#;
    let mut outbox = outbox(config);
    for _ in 0..100 {
        let Record { decision_id, point, .. } = record(1);
        let text = format!(r#"{{"id":"{decision_id}","data":{{"x":"{}"}}}}"#, "x".repeat(120_000));
        outbox.push(vec![Record { decision_id, text, point }]);
    }
    assert!((60..70).contains(&outbox.dropped()), "{} of 100 were dropped", outbox.dropped());
}

#[test]
fn a_batch_that_did_not_arrive_is_sent_again_to_the_byte_and_then_given_up() {
    let config = log(&format!(r#""mode":"best-effort","chain":true,{COLLECTOR}"#));
    let mut outbox = outbox(&config);
    outbox.push(records([1, 2, 3]));
    let first = outbox.next_batch(0).expect("a batch");
    let body = first.body.clone();
    outbox.failed(first);
    assert!(!outbox.is_empty());
    let again = outbox.next_batch(0).expect("a batch");
    assert_eq!(again.body, body);
    outbox.failed(again);
    assert_eq!(outbox.dropped(), 2);
    let next = outbox.next_batch(0).expect("a batch");
    check(&next.body, &[(3, 2)]);
    // No record follows records that may not have arrived.
    let next: Vec<Value> = serde_json::from_slice(&next.body).expect("a list");
    let chain = &next.first().expect("a record")["data"]["chain"];
    assert_eq!((&chain["sequence"], &chain["previous"]), (&0.into(), &ChainLink::NO_PREVIOUS.into()));
}

#[test]
fn what_a_lost_record_told_is_told_again() {
    let config = log(&format!(r#""mode":"best-effort",{COLLECTOR}"#));
    let mut outbox = outbox(&config);
    outbox.push(records(1..=5));
    for _ in 0..2 {
        let batch = outbox.next_batch(0).expect("a batch");
        check(&batch.body, &[(1, 2), (2, 0)]);
        outbox.failed(batch);
    }
    check(&outbox.next_batch(0).expect("a batch").body, &[(3, 4)]);
}

#[test]
fn a_batch_of_which_nothing_is_heard_is_lost() {
    let config = log(&format!(r#""mode":"best-effort",{COLLECTOR}"#));
    let mut outbox = outbox(&config);
    outbox.push(records([1, 2, 3]));
    let silent = outbox.next_batch(1_000).expect("a batch");
    assert!(outbox.next_batch(60_999).is_none());
    let next = outbox.next_batch(61_000).expect("a batch");
    check(&next.body, &[(3, 2)]);
    // A late report belongs to another batch.
    outbox.delivered(&silent);
    outbox.failed(silent);
    assert!(outbox.next_batch(61_000).is_none());
    outbox.delivered(&next);
    assert_eq!((outbox.dropped(), outbox.is_empty()), (0, true));
}

#[test]
fn lines_that_were_not_written_are_counted_and_told_once() {
    let mut outbox = outbox(&log(r#""mode":"best-effort""#));
    let lines = outbox.write_now(records([1, 2]));
    outbox.lose_lines(&lines);
    assert_eq!(outbox.dropped(), 2);
    let lines = outbox.write_now(records([3]));
    assert_eq!(outbox.dropped(), 0);
    check(&lines.batch(Format::CloudEvents).body, &[(3, 2)]);
    // The number in the line is reported again if the line is lost too.
    outbox.lose_lines(&lines);
    assert_eq!(outbox.dropped(), 3);
}

#[test]
fn somebody_is_asked_to_send_unless_somebody_is_trusted_to() {
    let mut outbox = outbox(&log(&format!(r#""mode":"best-effort",{COLLECTOR}"#)));
    outbox.push(records([1]));
    assert_eq!(outbox.start_sending(1_000, 300), Some(300));
    assert_eq!(outbox.start_sending(1_001, 300), None);
    // The wait and five seconds have passed, and the sender did not come.
    assert_eq!(outbox.start_sending(6_300, 300), None);
    assert_eq!(outbox.start_sending(6_301, 300), Some(300));
    outbox.stop_sending();
    assert_eq!(outbox.start_sending(6_302, 300), Some(300));
}

#[test]
fn somebody_who_finds_a_batch_under_way_leaves_its_sender_trusted() {
    let mut outbox = outbox(&log(&format!(r#""mode":"best-effort",{COLLECTOR}"#)));
    outbox.push(records([1]));
    assert_eq!(outbox.start_sending(0, 0), Some(0));
    let batch = outbox.next_batch(0).expect("a batch");
    outbox.keep_sending(20_000);
    assert!(outbox.next_batch(1).is_none());
    outbox.stop_sending();
    outbox.push(records([2]));
    assert_eq!(outbox.start_sending(24_999, 300), None);
    outbox.delivered(&batch);
    outbox.stop_sending();
    assert_eq!(outbox.start_sending(24_999, 300), Some(300));
}

#[test]
fn a_full_batch_is_sent_at_once_whoever_waits() {
    let mut outbox = outbox(&log(&format!(r#""mode":"best-effort",{COLLECTOR}"#)));
    outbox.push(records([1]));
    assert_eq!(outbox.start_sending(0, 300), Some(300));
    outbox.push(records([2]));
    assert_eq!(outbox.start_sending(0, 300), Some(0));
}

#[test]
fn the_bytes_that_wait_are_bounded_too() {
    let of_bytes = |bytes: usize| vec![Record { text: "x".repeat(bytes), ..record(1) }];
    let config = log(&format!(r#""mode":"best-effort",{COLLECTOR}"#));
    let mut outbox = outbox(&config);
    outbox.push(of_bytes(4_194_305));
    assert!(outbox.is_empty(), "one byte too many waits");
    assert_eq!(outbox.dropped(), 1);
    outbox.push(of_bytes(4_194_303));
    outbox.push(of_bytes(1));
    assert_eq!((outbox.waiting.len(), outbox.dropped()), (2, 1));
    outbox.push(of_bytes(1));
    assert_eq!((outbox.waiting.len(), outbox.dropped()), (2, 2));
}
