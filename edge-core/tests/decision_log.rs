//! The content of decision records in both formats, and what they omit.
#![expect(clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::cell::Cell;
use std::collections::HashSet;
use std::fs;

use callgate_edge_core::log::DataPoint;
use callgate_edge_core::{Config, Deployment, Head, Limits, Platform, Response, Settings};
use callgate_engine::PolicyImage;
use callgate_test_support::{Did, Edge, Served, checkout_path, image_of, read_checkout};
use serde_json::{Value, json};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const RANDOM: [u8; 16] = *b"0123456789abcdef";
const DECISION_ID: &str = "30313233-3435-4637-b839-616263646566";

/// The call in the documentation.
const REFUND: &str = r#"{"tool":"process_refund","role":"agent","server":"crm","traceId":"run-7",
    "args":{"amount":800,"customer_id":"c-77","note":"Ada asked for it"},"agentAttributes":{"userId":"u-1"}}"#;

/// The policy in the documentation.
const POLICY: &str = r#"{"version":"callgate-1","tools":["process_refund"],"roles":{"agent":{}},"rules":[
    {"id":"refund-agent","effect":"Allow","tool_name":"process_refund","roles":["agent"],"condition":
        {"NumericCheck":{"source":"Arguments","field":"amount","op":"Lte","value":500}}}]}"#;

/// The head of a call, but for its path.
const HEAD: Head<'static> = Head {
    method: "POST",
    target: "/evaluate",
    credential: Some("Bearer key-0123456789abcdef"),
    content_type: Some("application/json"),
    traceparent: Some(TRACEPARENT),
    content_encoding: None,
    content_length: None,
};

thread_local! {
    static HAS_STARTED: Cell<bool> = const { Cell::new(false) };
}

/// Each decision is made 412 microseconds after the head arrived.
#[expect(clippy::unnecessary_wraps, reason = "a host may not know the time")]
fn clock() -> Option<i64> {
    Some(if HAS_STARTED.replace(true) { 1_795_233_906_789_512 } else { 1_795_233_906_789_100 })
}

const PLATFORM: Platform = Platform { now: clock, random: || Some(RANDOM), ip_header: None, country_header: None };

#[track_caller]
fn deployment<'d>(image: PolicyImage<'d>, config: Option<&str>) -> Deployment<'d> {
    let keys = "desk:key-0123456789abcdef".to_owned();
    let settings = Settings::new([Some(keys), config.map(Into::into), None, None, None]);
    let deployment = Deployment::new(image, &settings, PLATFORM);
    assert_eq!(deployment.mistake(), None);
    deployment
}

/// The response and the records of a deployment of `policy` with the section `log`.
#[track_caller]
fn served_by(policy: &str, log: &str, target: &str, body: &str) -> (Response, Vec<String>, Vec<DataPoint>) {
    let bytes = image_of(policy);
    let image = PolicyImage::open(&bytes).expect("an image");
    let config = format!(r#"{{"log":{log}}}"#);
    HAS_STARTED.set(false);
    let deployment = deployment(image, Some(&config));
    let Served { response, did: Did { lines, points, sender, .. } } =
        Edge::with_body(body.as_bytes()).serve(&Head { target, ..HEAD }, &deployment);
    assert!(sender.is_none(), "no sink of these tests sends later");
    (response, lines, points)
}

fn served(log: &str, target: &str, body: &str) -> (Response, Vec<String>, Vec<DataPoint>) {
    served_by(&read_checkout("policies/crm.json"), log, target, body)
}

/// The lines for one call.
#[track_caller]
fn lines(log: &str, body: &str) -> Vec<String> {
    served(log, "/evaluate", body).1
}

#[track_caller]
fn record(log: &str, body: &str) -> Value {
    let lines = lines(log, body);
    assert_eq!(lines.len(), 1, "one decision has one record");
    let line = lines.concat();
    assert!(!line.contains('\n'), "a record is one line");
    serde_json::from_str(&line).expect("JSON")
}

/// The JSON blocks below a heading in the documentation.
fn documented(heading: &str) -> Vec<Value> {
    let text = read_checkout("docs/decision-log.md");
    let (_, section) = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no heading `{heading}`"));
    let section = section.split("\n## ").next().expect("a section");
    let blocks: Vec<Value> = section
        .split("```json\n")
        .skip(1)
        .map(|block| block.split("```").next().expect("a block"))
        .map(|block| serde_json::from_str(block).unwrap_or_else(|error| panic!("{heading}: {error}: {block}")))
        .collect();
    assert!(!blocks.is_empty(), "there is JSON below `{heading}`");
    blocks
}

/// The text of a record for people: its two outer objects have one member per line.
fn laid_out(text: &str) -> String {
    let mut out = String::new();
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for c in text.chars() {
        let breaks_after = !is_quoted && (matches!(c, '{' | '[') && depth < 2 || c == ',' && depth < 3);
        match c {
            '{' | '[' if !is_quoted => depth = depth.saturating_add(1),
            '}' | ']' if !is_quoted => {
                depth = depth.saturating_sub(1);
                if depth < 2 {
                    out.push('\n');
                    out.push_str(&"  ".repeat(depth));
                }
            }
            _ => {}
        }
        out.push(c);
        match c {
            _ if breaks_after => {
                out.push('\n');
                out.push_str(&"  ".repeat(depth));
            }
            ':' | ',' if !is_quoted => out.push(' '),
            _ => {}
        }
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
    }
    out
}

#[test]
fn the_documented_records_are_what_is_written() {
    let mut documentation = read_checkout("docs/decision-log.md");
    for (format, place) in [("cloudevents", "in CloudEvents 1.0:\n\n"), ("opa", "decision log shapes it:\n\n")] {
        let log = format!(
            r#"{{"mode":"required","format":"{format}","source":"/callgate/eu","labels":{{"env":"prod"}},
                "arguments":"masked","mask":["note"],"chain":true}}"#
        );
        let written = served_by(POLICY, &log, "/evaluate", REFUND).1.concat();
        let expected = format!("{place}```json\n{}\n```\n", laid_out(&written));
        if std::env::var_os("BLESS").is_some() {
            let (before, rest) = documentation.split_once(place).expect("a place for the record");
            let (_, after) = rest.split_once("\n```\n").expect("the end of a block");
            documentation = format!("{before}{expected}{after}");
        }
        assert!(documentation.contains(&expected), "the records of the call in the documentation:\n{expected}");
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(checkout_path("docs/decision-log.md"), documentation).expect("the documentation");
    }
}

#[test]
fn the_documented_configurations_are_read() {
    for config in documented("## Configuration") {
        let text = config.to_string();
        Config::read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    }
}

#[test]
fn every_key_of_the_configuration_is_documented() {
    for (section, file) in [("log", "docs/decision-log.md"), ("limits", "docs/operations.md")] {
        let text = read_checkout(file);
        let config = format!(r#"{{"{section}":{{"x":1}}}}"#);
        let told = Config::read(&config).expect_err("an unknown key").to_string();
        let (_, keys) = told.split_once("`; use ").expect("the keys");
        for key in keys.split('`').skip(1).step_by(2) {
            assert!(text.contains(&format!("\n| `{key}` | ")), "`{key}` is not documented");
        }
    }
}

#[test]
fn the_documented_bounds_are_those_that_are_read() {
    let text = read_checkout("docs/operations.md");
    for key in ["bodyBytes", "depth", "callsPerBatch", "rolesPerCaller", "logQueue"] {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{key}` | "))).expect("a row");
        let [default, from, to] = [2, 3, 4].map(|column| row.split('|').nth(column).expect("a column").trim());
        let config = |value: &str| format!(r#"{{"limits":{{"{key}":{value}}}}}"#);
        let told = Config::read(&config("0")).expect_err("a bound").to_string();
        assert_eq!(told, format!("/limits/{key} must be an integer from {from} to {to}"));
        assert_eq!(Config::read(&config(default)).expect("a bound").limits, Limits::default(), "{key}");
    }
}

/// A call in which every possibly confidential value is marked, and its name too.
fn marked(tool: &str, role: &str, more: &str) -> String {
    format!(
        r#"{{"tool":"{tool}","role":"{role}",{more}
            "args":{{"amount":777000111,"note":"MARK-a","list":["MARK-b",{{"deep":"MARK-c"}}],"MARK-name":1,"customer_id":"MARK-d"}},
            "agentAttributes":{{"userId":"MARK-e","limit":777000222,"more":{{"x":"MARK-f"}}}},
            "resourceAttributes":{{"ownerId":"MARK-g","region":"MARK-h"}}}}"#
    )
}

#[test]
fn by_default_no_value_of_an_argument_or_an_attribute_is_recorded() {
    let mut codes = HashSet::new();
    for policy in ["policies/crm.json", "policies/crm-perso.json", "testdata/http/conditions.json"] {
        let text = read_checkout(policy);
        let parsed: Value = serde_json::from_str(&text).expect("JSON");
        let names = |list: &Value| match list {
            Value::Array(items) => {
                items.iter().filter_map(|item| item.as_str().or(item["name"].as_str())).map(String::from).collect()
            }
            Value::Object(members) => members.keys().cloned().collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let mut tools = names(&parsed["tools"]);
        tools.push("no_such_tool".into());
        let mut roles = names(&parsed["roles"]);
        roles.push("no_such_role".into());
        for format in ["cloudevents", "opa"] {
            for tool in &tools {
                for role in &roles {
                    let log = format!(r#"{{"mode":"best-effort","format":"{format}","chain":true}}"#);
                    let line = served_by(&text, &log, "/evaluate", &marked(tool, role, "")).1.concat();
                    for mark in ["MARK", "777000"] {
                        assert!(!line.contains(mark), "{policy}: {tool} as {role}: {line}");
                    }
                    let value: Value = serde_json::from_str(&line).expect("JSON");
                    let outcome = if format == "opa" { &value["result"] } else { &value["data"] };
                    assert!(outcome.get("args").is_none() && value["input"].get("args").is_none());
                    codes.insert(outcome["code"].as_str().expect("a code").to_owned());
                }
            }
        }
    }
    for code in ["allowed", "condition_failed", "condition_unknown", "unknown_tool", "unknown_role", "no_rule"] {
        assert!(codes.contains(code), "{code} is in the record: {codes:?}");
    }
}

#[test]
fn a_masked_value_is_nowhere_in_the_record() {
    for format in ["cloudevents", "opa"] {
        let log = format!(
            r#"{{"mode":"best-effort","format":"{format}","arguments":"masked","mask":["note","/list/0","customer_id"]}}"#
        );
        let line = lines(&log, &marked("process_refund", "agent", "")).concat();
        for mark in ["MARK-a", "MARK-b", "MARK-d", "MARK-e", "MARK-f", "MARK-g", "MARK-h", "argsDigest"] {
            assert!(!line.contains(mark), "{mark}: {line}");
        }
        for kept in ["MARK-c", "MARK-name", "777000111"] {
            assert!(line.contains(kept), "{kept}: {line}");
        }
    }
}

#[test]
fn the_digest_of_arguments_is_recorded_unless_it_could_tell_what_is_hidden() {
    let digest = |log: &str, body: &str| record(log, body)["data"].get("argsDigest").cloned();
    let body = r#"{"tool":"process_refund","role":"agent","args":{"amount":800,"pin":1234}}"#;
    let seen = digest(r#"{"mode":"required"}"#, body);
    assert!(seen.is_some());
    let answer: Value =
        serde_json::from_slice(&served(r#"{"mode":"required"}"#, "/evaluate", body).0.body).expect("JSON");
    assert_eq!(seen.as_ref(), answer.get("argsDigest"));
    assert_eq!(digest(r#"{"mode":"required","arguments":"masked","mask":["none"]}"#, body), seen);
    assert_eq!(digest(r#"{"mode":"required","arguments":"masked","mask":["pin"]}"#, body), None);
    assert_eq!(digest(r#"{"mode":"required","argsDigest":false}"#, body), None);
    let without = r#"{"tool":"process_refund","role":"agent","args":{},"argsDigest":false}"#;
    assert_eq!(digest(r#"{"mode":"required"}"#, without), None);
    let long = format!(r#"{{"tool":"process_refund","role":"agent","args":{{"x":"{}"}}}}"#, "y".repeat(9_000));
    let erased = record(r#"{"mode":"required","arguments":"masked","mask":[]}"#, &long);
    assert_eq!((&erased["data"]["erased"], &erased["data"]["args"]), (&json!(["/args"]), &Value::Null));
    assert_eq!(erased["data"].get("argsDigest"), None);
}

#[test]
fn nothing_is_recorded_without_a_log() {
    assert!(lines("{}", REFUND).is_empty());
    assert!(lines(r#"{"mode":"off","chain":true}"#, REFUND).is_empty());
    assert!(lines("{}", r#"{"tool":1}"#).is_empty());
}

/// The record of a rejected request, by the name of its error.
#[track_caller]
#[expect(clippy::indexing_slicing, reason = "a failed test panics")]
fn check_refused(target: &str, head: Head<'_>, body: &[u8], status: u16, code: &str) {
    let text = read_checkout("policies/crm.json");
    let bytes = image_of(&text);
    for format in ["cloudevents", "opa"] {
        let config = format!(r#"{{"log":{{"mode":"required","format":"{format}"}},"limits":{{"bodyBytes":1024}}}}"#);
        let deployment = deployment(PolicyImage::open(&bytes).expect("an image"), Some(&config));
        let served = Edge::with_body(body).serve(&Head { target, ..head }, &deployment);
        assert_eq!(served.response.status, status, "{code}");
        let line = served.did.lines.concat();
        let record: Value = serde_json::from_str(&line).expect("one record in JSON");
        let (call, outcome) = if format == "opa" {
            assert_eq!(record["requested_by"], "desk");
            (&record["input"], &record["result"])
        } else {
            assert_eq!((&record["id"], &record["traceparent"]), (&json!(DECISION_ID), &json!(TRACEPARENT)));
            (&record["data"], &record["data"])
        };
        assert_eq!(
            (&outcome["decision"], &outcome["code"], &outcome["rule"]),
            (&json!("Deny"), &json!(code), &json!(null))
        );
        assert_eq!((&call["principal"], &call["roles"]), (&json!("desk"), &json!([])));
        for absent in ["tool", "args", "argsDigest", "server", "run"] {
            assert!(call.get(absent).is_none() && outcome.get(absent).is_none(), "{absent}: {line}");
        }
    }
}

#[test]
fn a_refused_body_is_a_decision_and_recorded_as_one() {
    check_refused("/evaluate", HEAD, br#"{"tool":1}"#, 400, "wrong_type");
    check_refused("/evaluate", HEAD, b"", 400, "invalid_json");
    check_refused("/evaluate/batch", HEAD, br#"{"calls":[]}"#, 400, "call_count");
    check_refused("/evaluate", HEAD, &[b' '; 1_025], 413, "body_too_large");
    check_refused("/evaluate", Head { content_length: Some("1025"), ..HEAD }, b"", 413, "body_too_large");
    check_refused("/evaluate", Head { content_type: None, ..HEAD }, b"", 415, "unsupported_media_type");
}

#[test]
fn a_data_point_of_a_refused_body_has_its_columns_too() {
    let log = r#"{"mode":"best-effort","sink":{"type":"analytics","binding":"A"}}"#;
    let (_, _, points) = served_by(POLICY, log, "/evaluate", "[]");
    let point = points.first().expect("a data point");
    assert_eq!((&*point.index, point.blobs.len()), ("", 14));
    assert_eq!(point.blobs.get(1..4), Some(&["Deny", "not_an_object", ""].map(String::from)[..]));
}

#[test]
fn an_unauthenticated_request_leaves_no_record() {
    let bytes = image_of(POLICY);
    let config = r#"{"log":{"mode":"required"}}"#;
    let deployment = deployment(PolicyImage::open(&bytes).expect("an image"), Some(config));
    for credential in [None, Some("Bearer key-0123456789abcdeg")] {
        let served = Edge::default().serve(&Head { credential, ..HEAD }, &deployment);
        assert_eq!(served.response.status, 401);
        assert!(served.did.lines.is_empty() && !served.did.has_read_body);
    }
}

#[test]
fn an_answer_is_in_the_trace_of_its_request() {
    let bytes = image_of(POLICY);
    let image = PolicyImage::open(&bytes).expect("an image");
    let began = "00-30313233343536373839616263646566-3839616263646566-00";
    for (config, sent, expected) in [
        (None, Some(TRACEPARENT), Some(TRACEPARENT)),
        (None, Some("00-1"), None),
        (None, None, None),
        (Some(r#"{"log":{"mode":"best-effort"}}"#), Some(TRACEPARENT), Some(TRACEPARENT)),
        (Some(r#"{"log":{"mode":"best-effort"}}"#), Some("00-1"), Some(began)),
        (Some(r#"{"log":{"mode":"best-effort"}}"#), None, Some(began)),
    ] {
        let deployment = deployment(image, config);
        let head = Head { traceparent: sent, ..HEAD };
        for body in [REFUND, "[]"] {
            for is_written in [true, false] {
                let edge = Edge { is_written, ..Edge::with_body(body.as_bytes()) };
                let response = edge.serve(&head, &deployment).response;
                assert_eq!(response.traceparent().as_deref(), expected, "{config:?} {sent:?}");
            }
        }
    }
    let deployment = deployment(image, None);
    let refused = Edge::default().serve(&Head { credential: None, ..HEAD }, &deployment).response;
    assert_eq!(refused.traceparent().as_deref(), Some(TRACEPARENT));
}

#[test]
fn each_decision_of_a_batch_has_its_record() {
    let batch = format!(r#"{{"calls":[{REFUND},{REFUND},{{"prompt":"p","roles":["agent","manager"]}}]}}"#);
    let log = r#"{"mode":"required"}"#;
    let (response, lines, _) = served(log, "/evaluate/batch", &batch);
    let answer: Value = serde_json::from_slice(&response.body).expect("JSON");
    let records: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let decisions = answer["decisions"].as_array().expect("decisions");
    assert_eq!(records.len(), 3);
    for (record, decision) in records.iter().zip(decisions) {
        for (name, at) in [("decision", "/decision"), ("code", "/code"), ("rule", "/rule"), ("policy", "/policy")] {
            assert_eq!(record["data"][name], *decision.pointer(at).expect("a member"), "{name}");
        }
        assert_eq!((&record["id"], &record["data"]["decisionId"]), (&decision["decisionId"], &decision["decisionId"]));
        assert_eq!(record["traceparent"], TRACEPARENT);
    }
    assert_eq!(records.last().expect("a record")["data"]["prompt"], "p");
    assert_eq!(records.last().expect("a record")["data"]["roles"], json!(["agent", "manager"]));
}

#[test]
fn an_event_follows_cloudevents() {
    let event = record(r#"{"mode":"required"}"#, REFUND);
    for attribute in ["specversion", "id", "source", "type", "subject", "time", "traceparent", "datacontenttype"] {
        assert!(event[attribute].as_str().is_some_and(|text| !text.is_empty()), "{attribute}");
    }
    for name in event.as_object().expect("an object").keys() {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name} is an attribute");
    }
    assert_eq!((&event["specversion"], &event["id"]), (&json!("1.0"), &json!(DECISION_ID)));
    // A target name that is not a valid attribute value is omitted.
    for tool in ["", "a\\u0000b", "a\\u0085b", "\\ufffe", &"x".repeat(257)] {
        let event = record(r#"{"mode":"required"}"#, &format!(r#"{{"tool":"{tool}","role":"agent"}}"#));
        assert_eq!(event.get("subject"), None, "{tool}");
        assert!(event["data"]["tool"].is_string(), "{tool}");
    }
}

#[test]
fn what_the_caller_says_is_cut_where_it_is_long_and_can_not_break_a_line() {
    let long = "é".repeat(4_000);
    let body = format!(r#"{{"tool":"{long}","role":"a\nb\"}}{{","server":"{long}","traceId":"{long}"}}"#);
    let line = lines(r#"{"mode":"required"}"#, &body).concat();
    assert!(line.len() < 6_000 && !line.contains('\n'), "{}", line.len());
    let data = &serde_json::from_str::<Value>(&line).expect("JSON")["data"];
    assert_eq!(data["roles"], json!(["a\nb\"}{"]));
    assert_eq!(data["server"], json!(format!("{}… (8000 bytes)", "é".repeat(256))));
    assert!(data["tool"].as_str().is_some_and(|tool| tool.ends_with("é… (8000 bytes)")));
}

#[test]
fn a_resource_is_recorded_with_its_operation() {
    let body = r#"{"resource":"crm://customers/1","operation":"subscribe","role":"agent"}"#;
    let data = &record(r#"{"mode":"required"}"#, body)["data"];
    assert_eq!((&data["resource"], &data["operation"]), (&json!("crm://customers/1"), &json!("subscribe")));
}

#[test]
fn a_data_point_has_its_columns_in_a_stable_order() {
    let log = r#"{"mode":"best-effort","sink":{"type":"analytics","binding":"A"}}"#;
    let (_, _, points) = served_by(POLICY, log, "/evaluate", REFUND);
    let point = points.first().expect("a data point");
    assert_eq!((&*point.index, &*point.doubles), ("process_refund", &[412.0][..]));
    let blobs: Vec<&str> = point.blobs.iter().map(String::as_str).collect();
    let [id, decision, code, rule, kind, target, operation, server, roles, principal, run, trace, policy, args] =
        &*blobs
    else {
        panic!("{blobs:?}")
    };
    assert_eq!((*id, *decision, *code, *rule), (DECISION_ID, "Deny", "condition_failed", "refund-agent"));
    assert_eq!((*kind, *target, *operation, *server), ("tool", "process_refund", "", "crm"));
    assert_eq!((*roles, *principal, *run), ("agent", "desk", "run-7"));
    assert_eq!(*trace, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert!(policy.starts_with("sha256:") && args.starts_with("sha256:"));
}

#[test]
fn the_body_may_be_as_long_as_the_deployment_says() {
    let text = read_checkout("policies/crm.json");
    let bytes = image_of(&text);
    let image = PolicyImage::open(&bytes).expect("an image");
    let deployment = deployment(image, Some(r#"{"limits":{"bodyBytes":1024}}"#));
    for (length, expected) in [(1_024_usize, 200), (1_025, 413)] {
        let call = r#"{"tool":"view_customer","role":"agent"}"#;
        let body = format!("{call}{}", " ".repeat(length.saturating_sub(call.len())));
        let declared = length.to_string();
        let head = |content_length| Head { content_length, ..HEAD };
        let served = Edge::with_body(body.as_bytes()).serve(&head(None), &deployment);
        assert_eq!((served.response.status, served.did.has_read_body), (expected, true));
        let served = Edge::with_body(body.as_bytes()).serve(&head(Some(&declared)), &deployment);
        assert_eq!((served.response.status, served.did.has_read_body), (expected, expected == 200));
    }
}

#[test]
fn a_record_of_arguments_of_which_nothing_is_masked_lists_no_pointers() {
    let masked = |mask: &str| {
        let log = format!(r#"{{"mode":"required","arguments":"masked","mask":[{mask}]}}"#);
        let data = record(&log, REFUND)["data"].take();
        assert!(data["args"].is_object(), "{data}");
        data.get("masked").cloned()
    };
    assert_eq!(masked(""), None);
    assert_eq!(masked(r#""absent""#), None);
    assert_eq!(masked(r#""note""#), Some(json!(["/args/note"])));
}

#[test]
fn arguments_of_8192_bytes_are_recorded_unless_the_configuration_sets_another_bound() {
    let data = |bytes: usize| {
        let args = format!(r#"{{"x":"{}"}}"#, "x".repeat(bytes - r#"{"x":""}"#.len()));
        let body = format!(r#"{{"tool":"process_refund","role":"agent","args":{args}}}"#);
        record(r#"{"mode":"required","arguments":"masked","mask":[]}"#, &body)["data"].take()
    };
    let longest = data(8_192);
    assert!(longest["args"].is_object() && longest.get("erased").is_none(), "{longest}");
    let beyond = data(8_193);
    assert!(beyond.get("args").is_none() && beyond["erased"].is_array(), "{beyond}");
}

#[test]
fn a_record_states_the_terms_of_the_approval_that_a_call_requires() {
    let policy = r#"{"version":"callgate-1","tools":["process_refund"],"roles":{"agent":{},"lead":{}},"rules":[
        {"id":"refund","effect":"Allow","tools":"process_refund","roles":["agent"],"approval":
            {"when":{"NumericCheck":{"source":"Arguments","field":"amount","op":"Gt","value":500}},
             "by":["lead"],"notSelf":true,"expires":"15m"}}]}"#;
    let record = |format: &str, body: &str| {
        let log = format!(r#"{{"mode":"required","format":"{format}"}}"#);
        let (_, lines, _) = served_by(policy, &log, "/evaluate", body);
        let line: Value = serde_json::from_str(lines.first().expect("a record")).expect("JSON");
        line[if format == "opa" { "result" } else { "data" }].clone()
    };
    let terms = json!({ "by": ["lead"], "notSelf": true, "expiresSeconds": 900 });
    for format in ["cloudevents", "opa"] {
        let required = record(format, REFUND);
        assert_eq!((&required["decision"], &required["approval"]), (&json!("RequireApproval"), &terms), "{required}");
        let allowed = record(format, &REFUND.replace("800", "300"));
        assert_eq!((&allowed["decision"], allowed.get("approval")), (&json!("Allow"), None), "{allowed}");
    }
}
