//! What becomes of records: queued, sent, lost and told of, and what the answer owes to them.
#![expect(clippy::expect_used, clippy::panic, reason = "a test states what must hold by failing")]

use callgate_edge_core::auth::Secrets;
use callgate_edge_core::log::{ChainLink, Outbox, Record, hash_text, record_hash};
use callgate_edge_core::{Answered, Arrival, Config, Deployment, Head, Next, PendingCall, Response, receive};
use callgate_engine::json::read;
use callgate_engine::{PolicyImage, compile, parse, validate};
use serde_json::Value;

const POLICY: &str = r#"{"version":"callgate-1","tools":["t"],"roles":{"r":{}},
    "rules":[{"effect":"Allow","tool_name":"t","roles":["r"]}]}"#;

const COLLECTOR: &str = r#""sink":{"type":"https","url":"https://logs.example.com","batch":2,"attempts":2}"#;

fn log(more: &str) -> String {
    format!(r#"{{"log":{{{more}}},"limits":{{"logQueue":3}}}}"#)
}

fn outbox(config: &str) -> Outbox {
    let config = Config::read(config).unwrap_or_else(|error| panic!("{error}: {config}"));
    Outbox::new(&config.log, &config.limits)
}

fn deployment<'d>(image: PolicyImage<'d>, config: &str) -> Deployment<'d> {
    let secrets = Secrets { api_keys: Some("key-0123456789abcdef"), ..Secrets::default() };
    let deployment = Deployment::new(image, Some(config), &secrets, || None);
    assert_eq!(deployment.mistake(), None);
    deployment
}

#[track_caller]
fn pending<'d>(deployment: &'d Deployment<'d>) -> PendingCall<'d> {
    let head = Head {
        method: "POST",
        path: "/evaluate",
        credential: Some("Bearer key-0123456789abcdef"),
        content_type: Some("application/json"),
        ..Head::default()
    };
    let Next::ReadBody(call) = receive(&head, deployment) else { panic!("no body is asked for") };
    call
}

/// What one allowed call is answered, and its record; `number` makes its id.
fn answered(config: &str, number: u8) -> Answered {
    let bytes = compile(&parse(POLICY).and_then(validate).expect("a valid policy"));
    let image = PolicyImage::open(&bytes).expect("an image");
    let deployment = deployment(image, config);
    let arrival = Arrival { random: [number; 16], ..Arrival::default() };
    let answered = pending(&deployment).answer(br#"{"tool":"t","role":"r"}"#, &arrival);
    assert_eq!(answered.records.len(), 1);
    answered
}

fn records(config: &str, numbers: impl IntoIterator<Item = u8>) -> Vec<Record> {
    numbers.into_iter().flat_map(|number| answered(config, number).records).collect()
}

/// The records of a batch by the first byte of their ids, and how many each says were lost before.
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
    outbox.push(records(&config, [1]));
    assert!(!outbox.is_batch_full() && !outbox.is_empty());
    outbox.push(records(&config, [2, 3]));
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
    outbox.push(records(&config, 1..=7));
    assert_eq!(outbox.dropped(), 4);
    let batch = outbox.next_batch(0).expect("a batch");
    check(&batch.body, &[(1, 4), (2, 0)]);
    assert_eq!(outbox.dropped(), 0);
    outbox.delivered(&batch);
    check(&outbox.next_batch(0).expect("a batch").body, &[(3, 0)]);
}

#[test]
fn what_waits_is_bounded_in_bytes_too() {
    let long = "x".repeat(60_000);
    let config = r#"{"log":{"mode":"best-effort","arguments":"masked","mask":[],"argumentBytes":65536},
        "limits":{"logQueue":100000}}"#;
    let bytes = compile(&parse(POLICY).and_then(validate).expect("a valid policy"));
    let image = PolicyImage::open(&bytes).expect("an image");
    let deployment = deployment(image, config);
    let body = format!(r#"{{"tool":"t","role":"r","args":{{"x":"{long}"}}}}"#);
    let mut outbox = outbox(config);
    for _ in 0..100 {
        outbox.push(pending(&deployment).answer(body.as_bytes(), &Arrival::default()).records);
    }
    assert!((30..40).contains(&outbox.dropped()), "{} of 100 were dropped", outbox.dropped());
}

#[test]
fn a_batch_that_did_not_arrive_is_sent_again_to_the_byte_and_then_given_up() {
    let config = log(&format!(r#""mode":"best-effort","chain":true,{COLLECTOR}"#));
    let mut outbox = outbox(&config);
    outbox.push(records(&config, [1, 2, 3]));
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
    // Nothing follows on records that may not have arrived.
    let next: Vec<Value> = serde_json::from_slice(&next.body).expect("a list");
    let chain = &next.first().expect("a record")["data"]["chain"];
    assert_eq!((&chain["sequence"], &chain["previous"]), (&0.into(), &ChainLink::NO_PREVIOUS.into()));
}

#[test]
fn what_a_lost_record_told_is_told_again() {
    let config = log(&format!(r#""mode":"best-effort",{COLLECTOR}"#));
    let mut outbox = outbox(&config);
    outbox.push(records(&config, 1..=5));
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
    outbox.push(records(&config, [1, 2, 3]));
    let silent = outbox.next_batch(1_000).expect("a batch");
    assert!(outbox.next_batch(60_999).is_none());
    let next = outbox.next_batch(61_000).expect("a batch");
    check(&next.body, &[(3, 2)]);
    // A word that comes too late is of another batch.
    outbox.delivered(&silent);
    outbox.failed(silent);
    assert!(outbox.next_batch(61_000).is_none());
    outbox.delivered(&next);
    assert_eq!((outbox.dropped(), outbox.is_empty()), (0, true));
}

#[track_caller]
fn conclude(mode: &str, is_written: bool) -> (Response, Outbox) {
    let config = log(&format!(r#""mode":"{mode}","chain":true"#));
    let mut outbox = outbox(&config);
    let Answered { response, records } = answered(&config, 1);
    assert_eq!(response.status, 200);
    let lines = outbox.write_now(records);
    (outbox.conclude(response, &lines, is_written), outbox)
}

#[test]
fn no_allow_leaves_without_its_record_where_one_is_required() {
    let (response, outbox) = conclude("required", false);
    assert_eq!((response.status, outbox.dropped()), (503, 1));
    let body: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!((&body["decision"], &body["code"]), (&"Deny".into(), &"log_unavailable".into()));
    assert!(!String::from_utf8_lossy(&response.body).contains("Allow"));
    assert_eq!(conclude("required", true).0.status, 200);
}

#[test]
fn a_best_effort_answer_does_not_depend_on_its_record() {
    let (response, outbox) = conclude("best-effort", false);
    assert_eq!((response.status, outbox.dropped()), (200, 1));
    assert_eq!(conclude("best-effort", true).0, response);
}

#[test]
fn an_answer_without_a_decision_needs_no_record() {
    let mut outbox = outbox(&log(r#""mode":"required""#));
    let refused = callgate_edge_core::Problem::Unauthenticated.response();
    let lines = outbox.write_now(Vec::new());
    assert_eq!(outbox.conclude(refused.clone(), &lines, false), refused);
    assert_eq!(outbox.dropped(), 0);
}

#[test]
fn each_record_names_the_one_before_in_both_shapes() {
    for format in ["cloudevents", "opa"] {
        let config = log(&format!(r#""mode":"required","chain":true,"format":"{format}""#));
        let mut outbox = outbox(&config);
        let mut lines = outbox.write_now(records(&config, [1, 2])).lines;
        lines.extend(outbox.write_now(records(&config, [3])).lines);
        let mut previous = ChainLink::NO_PREVIOUS.to_owned();
        for (at, line) in lines.iter().enumerate() {
            let record = read(line.as_bytes(), 32).expect("JSON");
            let link = ChainLink::read(record).expect("a place in a chain");
            assert_eq!((link.sequence, &*link.previous), (u64::try_from(at).expect("a count"), &*previous));
            assert_eq!(link.id, "01010101-0101-4101-8101-010101010101");
            assert_eq!(link.hash, hash_text(&record_hash(record).expect("a hash")));
            previous = link.hash.into_owned();
        }
    }
}

#[test]
fn a_collector_that_is_waited_for_gets_one_batch_of_the_request() {
    let config = log(&format!(r#""mode":"required","format":"opa",{COLLECTOR}"#));
    let read = Config::read(&config).expect("a configuration");
    let mut outbox = outbox(&config);
    let batch = outbox.write_now(records(&config, [1, 2, 3])).batch(read.log.format);
    assert_eq!(batch.content_type, "application/json");
    let list: Vec<Value> = serde_json::from_slice(&batch.body).expect("a list");
    assert_eq!(list.len(), 3);
}
