//! Every path of the state machine without a platform: the steps for the edge, and the response.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a failed test panics")]

use callgate_edge_core::log::{ChainLink, hash_text, record_hash};
use callgate_edge_core::{
    Afterwards, BodyFault, Counter, Deployment, Destination, Head, Next, Platform, RecordWrite, Response, Settings,
    receive,
};
use callgate_engine::PolicyImage;
use callgate_engine::json::read;
use callgate_test_support::{Edge, image_of, send_all};
use serde_json::Value;

const POLICY: &str = r#"{"version":"callgate-1","tools":["t"],"roles":{"r":{}},"rules":[
    {"effect":"Allow","tool_name":"t","roles":["r"]}]}"#;

/// A policy that reads the request.
const READING: &str = r#"{"version":"callgate-1","tools":["t"],"roles":{"r":{}},"rules":[
    {"effect":"Allow","tool_name":"t","roles":["r"],"condition":
        {"StringCheck":{"source":"Request","field":"ip","op":"In","value":["192.0.2.7"]}}}]}"#;

const CALL: &[u8] = br#"{"tool":"t","role":"r"}"#;

const COLLECTOR: &str = r#""sink":{"type":"https","url":"https://logs.example.com","batch":2,"attempts":2}"#;

const HEAD: Head<'static> = Head {
    method: "POST",
    target: "https://gate.test/evaluate?x=1",
    credential: Some("Bearer key-0123456789abcdef"),
    content_type: Some("application/json"),
    content_encoding: None,
    content_length: None,
    traceparent: None,
};

const PLATFORM: Platform =
    Platform { now: || Some(60_000_000), random: || Some([1; 16]), ip_header: None, country_header: None };

#[track_caller]
fn deployment<'d>(image: &'d [u8], config: &str, platform: Platform) -> Deployment<'d> {
    let key = "desk:key-0123456789abcdef".to_owned();
    let token = Some("collector-token".to_owned());
    let settings = Settings::new([Some(key), Some(config.to_owned()), None, token, Some("x-client".to_owned())]);
    let deployment = Deployment::new(PolicyImage::open(image).expect("an image"), &settings, platform);
    assert_eq!(deployment.mistake(), None);
    deployment
}

#[track_caller]
fn check(response: &Response, status: u16, decision: &str, code: &str) {
    let body: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!(response.status, status, "{body}");
    assert_eq!((&body["decision"], &body["code"]), (&decision.into(), &code.into()), "{body}");
}

#[test]
fn an_allowed_call_passes_every_state_in_order() {
    let image = image_of(POLICY);
    let config = r#"{"log":{"mode":"required"},"rateLimit":{"binding":"LIMIT"}}"#;
    let deployment = deployment(&image, config, PLATFORM);
    let Next::CountCall(count) = receive(&HEAD, &deployment) else { panic!("the call is not counted first") };
    assert_eq!(count.counter(), Some(Counter::Binding { binding: "LIMIT", key: "desk" }));
    let Next::ReadBody(body) = count.resume(Some(true)) else { panic!("the body is not read next") };
    assert_eq!((body.limit(), body.declared_length()), (262_144, None));
    let Next::WriteRecords(write) = body.resume(Ok(CALL), &|_| None) else { panic!("the record is not written next") };
    let Destination::Stdout(lines) = write.destination() else { panic!("the record goes elsewhere") };
    assert_eq!(lines.len(), 1);
    check(&write.finish(true), 200, "Allow", "allowed");
}

#[test]
fn no_body_is_read_before_the_rate_is_known() {
    let image = image_of(POLICY);
    let deployment = deployment(&image, r#"{"rateLimit":{"binding":"LIMIT"}}"#, PLATFORM);
    for (is_within_rate, status, code) in [(Some(false), 429, "rate_limited"), (None, 503, "rate_limit_unavailable")] {
        let served = Edge { is_within_rate, ..Edge::with_body(CALL) }.serve(&HEAD, &deployment);
        check(&served.response, status, "Deny", code);
        assert_eq!((served.did.counts, served.did.has_read_body), (1, false));
    }
    let served = Edge::with_body(CALL).serve(&HEAD, &deployment);
    check(&served.response, 200, "Allow", "allowed");
    assert_eq!((served.did.counts, served.did.has_read_body), (1, true));
}

#[test]
fn a_store_counts_under_the_principal_and_the_period() {
    let image = image_of(POLICY);
    let config = r#"{"rateLimit":{"store":"default","calls":2,"periodSeconds":60}}"#;
    let with_time = deployment(&image, config, PLATFORM);
    let Next::CountCall(count) = receive(&HEAD, &with_time) else { panic!("the call is not counted") };
    assert_eq!(count.counter(), Some(Counter::Store { store: "default" }));
    assert_eq!(count.store_key().as_deref(), Some("callgate-1-6465736b"));
    assert_eq!(
        [1, 2, 3, i64::MAX].map(|counted| count.judge(counted)),
        [Some(true), Some(true), Some(false), Some(false)]
    );
    // A count below one is not a count of this call, so the call is denied.
    assert_eq!([0, -1, i64::MIN].map(|counted| count.judge(counted)), [None; 3]);
    let without_time = deployment(&image, config, Platform { now: || None, ..PLATFORM });
    let Next::CountCall(count) = receive(&HEAD, &without_time) else { panic!("the call is not counted") };
    assert_eq!(count.store_key(), None);
}

#[test]
fn a_body_that_is_too_long_or_ends_early_is_denied_and_recorded() {
    let image = image_of(POLICY);
    let deployment = deployment(&image, r#"{"log":{"mode":"required"},"limits":{"bodyBytes":1024}}"#, PLATFORM);
    let long = [b' '; 1_025];
    for (body, status, code) in [
        (Err(BodyFault::TooLong), 413, "body_too_large"),
        (Ok(&long[..]), 413, "body_too_large"),
        (Err(BodyFault::Incomplete), 400, "body_incomplete"),
    ] {
        let served = Edge { body, ..Edge::default() }.serve(&HEAD, &deployment);
        check(&served.response, status, "Deny", code);
        assert!(served.did.lines.concat().contains(code), "{code} has its record");
    }
}

#[test]
fn an_invalid_head_is_reported_to_authenticated_callers_before_anything_is_counted() {
    let image = image_of(POLICY);
    let deployment = deployment(&image, r#"{"rateLimit":{"binding":"LIMIT"}}"#, PLATFORM);
    let head = Head { content_type: None, ..HEAD };
    let served = Edge::with_body(CALL).serve(&head, &deployment);
    check(&served.response, 415, "Deny", "unsupported_media_type");
    assert_eq!((served.did.counts, served.did.has_read_body), (0, false));
    let served = Edge::with_body(CALL).serve(&Head { credential: None, ..head }, &deployment);
    check(&served.response, 401, "Deny", "unauthenticated");
}

#[test]
fn without_its_required_record_no_decision_leaves() {
    let image = image_of(POLICY);
    for sink in [String::new(), r#","sink":{"type":"queue","binding":"Q"}"#.to_owned(), format!(",{COLLECTOR}")] {
        let deployment = deployment(&image, &format!(r#"{{"log":{{"mode":"required"{sink}}}}}"#), PLATFORM);
        let served = Edge { is_written: false, ..Edge::with_body(CALL) }.serve(&HEAD, &deployment);
        check(&served.response, 503, "Deny", "log_unavailable");
        assert!(!String::from_utf8_lossy(&served.response.body).contains("Allow"), "{sink}");
        let served = Edge::with_body(CALL).serve(&HEAD, &deployment);
        check(&served.response, 200, "Allow", "allowed");
        // The loss is reported in the next record.
        let written =
            [served.did.lines.concat(), String::from_utf8(served.did.posted.unwrap_or_default()).expect("text")];
        assert!(written.concat().contains(r#""dropped":1"#), "{sink}: {written:?}");
    }
}

#[test]
fn a_best_effort_response_does_not_depend_on_its_record() {
    let image = image_of(POLICY);
    for sink in ["", r#","sink":{"type":"queue","binding":"Q"}"#] {
        let deployment = deployment(&image, &format!(r#"{{"log":{{"mode":"best-effort"{sink}}}}}"#), PLATFORM);
        let served = Edge { is_written: false, ..Edge::with_body(CALL) }.serve(&HEAD, &deployment);
        check(&served.response, 200, "Allow", "allowed");
        assert_eq!(served.did.lines.len(), 1);
        let served = Edge::with_body(CALL).serve(&HEAD, &deployment);
        assert!(served.did.lines.concat().contains(r#""dropped":1"#), "the lost record is reported");
    }
}

#[test]
fn records_for_a_collector_are_sent_after_the_response_in_batches() {
    let image = image_of(POLICY);
    let deployment = deployment(&image, &format!(r#"{{"log":{{"mode":"best-effort",{COLLECTOR}}}}}"#), PLATFORM);
    let first = Edge::with_body(CALL).serve(&HEAD, &deployment);
    check(&first.response, 200, "Allow", "allowed");
    let sender = first.did.sender.expect("the first request starts a sender");
    let third = {
        // The second record fills a batch, which is sent at once; the third one finds an active sender.
        let second = Edge::with_body(CALL).serve(&HEAD, &deployment);
        assert!(second.did.sender.is_some());
        Edge::with_body(CALL).serve(&HEAD, &deployment)
    };
    assert!(third.did.posted.is_none());
    let count = |body: &Vec<u8>| serde_json::from_slice::<Vec<Value>>(body).expect("a list").len();
    let sent = send_all(sender, |_| true);
    assert_eq!(sent.iter().map(count).collect::<Vec<_>>(), [2, 1]);
    let next = Edge::with_body(CALL).serve(&HEAD, &deployment);
    let sender = next.did.sender.expect("no sender is active");
    // A batch that does not arrive is sent again byte for byte, and then given up.
    let sent = send_all(sender, |_| false);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent.first(), sent.get(1));
}

#[test]
fn a_collector_is_called_with_its_credential_and_timeout() {
    let image = image_of(POLICY);
    let config = format!(r#"{{"log":{{"mode":"required","format":"opa",{COLLECTOR}}}}}"#);
    let deployment = deployment(&image, &config, PLATFORM);
    let Next::ReadBody(body) = receive(&HEAD, &deployment) else { panic!("the body is not read") };
    let Next::WriteRecords(write) = body.resume(Ok(CALL), &|_| None) else { panic!("the record is not written") };
    let Destination::Collector(post) = write.destination() else { panic!("the record goes elsewhere") };
    assert_eq!((post.url, post.token), ("https://logs.example.com", Some("collector-token")));
    assert_eq!(post.content_type, "application/json");
    assert!(post.timeout_millis > 0);
}

#[test]
fn two_interleaved_requests_keep_their_own_callers_and_share_one_chain() {
    let image = image_of(POLICY);
    for format in ["cloudevents", "opa"] {
        let config = format!(r#"{{"log":{{"mode":"required","chain":true,"format":"{format}"}}}}"#);
        let deployment = deployment(&image, &config, PLATFORM);
        let (Next::ReadBody(first), Next::ReadBody(second)) =
            (receive(&HEAD, &deployment), receive(&HEAD, &deployment))
        else {
            panic!("the bodies are not read")
        };
        // The second request overtakes the first while both wait for their bodies, and both wait for their records.
        let denied = br#"{"tool":"t","role":"other"}"#;
        let Next::WriteRecords(second) = second.resume(Ok(denied), &|_| None) else { panic!("no record") };
        let Next::WriteRecords(first) = first.resume(Ok(CALL), &|_| None) else { panic!("no record") };
        let mut previous = ChainLink::NO_PREVIOUS.to_owned();
        for (at, write) in [(0, &second), (1, &first)] {
            let Destination::Stdout([line]) = write.destination() else { panic!("one line each") };
            let record = read(line.as_bytes(), 32).expect("JSON");
            let link = ChainLink::read(record).expect("a place in a chain");
            assert_eq!((link.sequence, &*link.previous), (at, &*previous), "{format}");
            assert_eq!(link.hash, hash_text(&record_hash(record).expect("a hash")));
            previous = link.hash.into_owned();
        }
        check(&first.finish(true), 200, "Allow", "allowed");
        check(&second.finish(false), 503, "Deny", "log_unavailable");
    }
}

#[test]
fn a_forgotten_request_counts_its_record_as_lost() {
    let image = image_of(POLICY);
    let deployment = deployment(&image, r#"{"log":{"mode":"required","chain":true}}"#, PLATFORM);
    let write = || {
        let Next::ReadBody(body) = receive(&HEAD, &deployment) else { panic!("the body is not read") };
        let Next::WriteRecords(write) = body.resume(Ok(CALL), &|_| None) else { panic!("no record") };
        write
    };
    let record_of = |write: &RecordWrite<'_>| -> Value {
        let Destination::Stdout([line]) = write.destination() else { panic!("one line") };
        serde_json::from_str(line).expect("JSON")
    };
    let written = write();
    assert_eq!(record_of(&written)["data"].get("dropped"), None);
    check(&written.finish(true), 200, "Allow", "allowed");
    drop(write());
    let next = write();
    assert_eq!(record_of(&next)["data"]["dropped"], 1);
    check(&next.finish(true), 200, "Allow", "allowed");
    let last = write();
    assert_eq!(record_of(&last)["data"].get("dropped"), None);
    check(&last.finish(true), 200, "Allow", "allowed");
}

#[test]
fn the_address_is_read_from_the_header_that_the_platform_or_the_operator_vouches_for() {
    let image = image_of(READING);
    let ours = Platform { ip_header: Some("cf-connecting-ip"), ..PLATFORM };
    for (platform, header, code) in [
        (PLATFORM, "x-client", "allowed"),
        (PLATFORM, "cf-connecting-ip", "condition_unknown"),
        (ours, "cf-connecting-ip", "allowed"),
        (ours, "x-client", "condition_unknown"),
    ] {
        let deployment = deployment(&image, "{}", platform);
        let headers = [(header, "192.0.2.7")];
        let served = Edge { headers: &headers, ..Edge::with_body(CALL) }.serve(&HEAD, &deployment);
        let body: Value = serde_json::from_slice(&served.response.body).expect("JSON");
        assert_eq!(body["code"], code, "{header}");
    }
}

#[test]
fn a_platform_without_random_bytes_denies() {
    let image = image_of(POLICY);
    let deployment = deployment(&image, "{}", Platform { random: || None, ..PLATFORM });
    check(&Edge::with_body(CALL).serve(&HEAD, &deployment).response, 500, "Deny", "internal_error");
    let served = Edge { body: Err(BodyFault::Incomplete), ..Edge::default() }.serve(&HEAD, &deployment);
    check(&served.response, 500, "Deny", "internal_error");
}

#[test]
fn a_declared_length_is_passed_on_up_to_the_limit() {
    let image = image_of(POLICY);
    let deployment = deployment(&image, r#"{"limits":{"bodyBytes":1024}}"#, PLATFORM);
    for (declared, expected) in
        [(Some("24"), Some(24)), (Some("0"), Some(0)), (Some("1024"), Some(1_024)), (None, None)]
    {
        let head = Head { content_length: declared, ..HEAD };
        let Next::ReadBody(body) = receive(&head, &deployment) else { panic!("the body is not read next") };
        assert_eq!(body.declared_length(), expected);
    }
    let Next::Send(response) = receive(&Head { content_length: Some("1025"), ..HEAD }, &deployment) else {
        panic!("a body beyond the limit is not refused");
    };
    check(&response, 413, "Deny", "body_too_large");
}

#[test]
fn a_queue_is_written_to_after_a_best_effort_response_and_before_a_required_one() {
    let image = image_of(POLICY);
    for (mode, is_after) in [("best-effort", true), ("required", false)] {
        let config = format!(r#"{{"log":{{"mode":"{mode}","sink":{{"type":"queue","binding":"Q"}}}}}}"#);
        let deployment = deployment(&image, &config, PLATFORM);
        let Next::ReadBody(body) = receive(&HEAD, &deployment) else { panic!("the body is not read next") };
        match body.resume(Ok(CALL), &|_| None) {
            Next::SendThen(response, Afterwards::Write(write)) => {
                assert!(is_after, "{mode}");
                check(&response, 200, "Allow", "allowed");
                assert!(matches!(write.destination(), Destination::Queue("Q", [_])));
            }
            Next::WriteRecords(write) => {
                assert!(!is_after, "{mode}");
                assert!(matches!(write.destination(), Destination::Queue("Q", [_])));
            }
            _ => panic!("the record goes elsewhere"),
        }
    }
}

#[test]
fn a_call_stays_within_the_limits_of_the_deployment() {
    let image = image_of(POLICY);
    let config = r#"{"limits":{"depth":2,"callsPerBatch":1,"rolesPerCaller":1}}"#;
    let deployment = deployment(&image, config, PLATFORM);
    let batch = |calls: usize| {
        let call = String::from_utf8(CALL.to_vec()).expect("text");
        format!(r#"{{"calls":[{}]}}"#, vec![call; calls].join(","))
    };
    let send = |path: &str, body: &str| {
        let target = format!("https://gate.test{path}");
        let served = Edge::with_body(body.as_bytes()).serve(&Head { target: &target, ..HEAD }, &deployment);
        let body: Value = serde_json::from_slice(&served.response.body).expect("JSON");
        (served.response.status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    for (path, within, beyond, code) in [
        (
            "/evaluate",
            r#"{"tool":"t","role":"r","args":{"a":1}}"#.to_owned(),
            r#"{"tool":"t","role":"r","args":{"a":{}}}"#.to_owned(),
            "too_deep",
        ),
        (
            "/evaluate",
            r#"{"tool":"t","roles":["r"]}"#.to_owned(),
            r#"{"tool":"t","roles":["r","s"]}"#.to_owned(),
            "role_count",
        ),
        ("/evaluate/batch", batch(1), batch(2), "call_count"),
    ] {
        assert_eq!(send(path, &within).0, 200, "{within}");
        assert_eq!(send(path, &beyond), (400, code.to_owned()), "{beyond}");
    }
}
