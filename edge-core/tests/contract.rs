//! Runs the HTTP case files against the contract itself; other tests run them over HTTP against both edges.
#![expect(clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::collections::{HashMap, HashSet};
use std::io::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callgate_edge_core::{Deployment, Head, Next, Platform, Response, Settings, receive};
use callgate_engine::PolicyImage;
use callgate_test_support::{Edge, image_of, read_checkout};
use serde::Deserialize;
use serde_json::Value;

const KEYS: &str = "host-1:another-key-0123456789 test-key-0123456789abcdef0123456789abcdef";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case {
    name: String,
    class: String,
    method: String,
    path: String,
    headers: HashMap<String, String>,
    body: Option<String>,
    body_base64: Option<String>,
    body_repeat: Option<Repeat>,
    expect: Expect,
    #[expect(dead_code, reason = "the reason is for the reader of the case file")]
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeat {
    prefix: String,
    unit: String,
    count: usize,
    #[serde(default)]
    mid: String,
    #[serde(default)]
    unit2: String,
    #[serde(default)]
    count2: usize,
    suffix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    status: u16,
    decision: Option<Value>,
    code: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    rule: Option<Value>,
    reason: Option<Value>,
    decisions: Option<Vec<Value>>,
}

/// Distinguishes a `null` member from a missing one.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Case {
    fn body(&self) -> Vec<u8> {
        if let Some(encoded) = &self.body_base64 {
            return STANDARD.decode(encoded).expect("base64");
        }
        if let Some(repeat) = &self.body_repeat {
            let (first, second) = (repeat.unit.repeat(repeat.count), repeat.unit2.repeat(repeat.count2));
            return [&repeat.prefix, &first, &repeat.mid, &second, &repeat.suffix].map(String::as_str).concat().into();
        }
        self.body.clone().unwrap_or_default().into()
    }

    /// The steps of an edge for the request.
    fn send(&self, deployment: &Deployment<'_>) -> Response {
        let body = self.body();
        let length = body.len().to_string();
        let header = |name: &str| self.headers.get(name).map(String::as_str);
        let head = Head {
            method: &self.method,
            target: &self.path,
            credential: header("authorization"),
            traceparent: header("traceparent"),
            content_type: header("content-type"),
            content_encoding: header("content-encoding"),
            content_length: Some(&length),
        };
        Edge::with_body(&body).serve(&head, deployment).response
    }
}

#[track_caller]
fn check(deployment: &Deployment<'_>, case: &Case) {
    let name = &case.name;
    let response = case.send(deployment);
    let text = String::from_utf8(response.body.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(response.status, case.expect.status, "{name}: {text}");
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}: {text}"));
    let mut expected = vec![("decision", &case.expect.decision), ("code", &case.expect.code)];
    expected.extend([("rule", &case.expect.rule), ("reason", &case.expect.reason)]);
    for (member, value) in expected {
        if let Some(value) = value {
            assert_eq!(body.get(member), Some(value), "{name}: `{member}` of {text}");
        }
    }
    if let Some(decisions) = &case.expect.decisions {
        let answers = body.get("decisions").and_then(Value::as_array).expect("decisions");
        let seen: Vec<Value> = answers.iter().filter_map(|answer| answer.get("decision")).cloned().collect();
        assert_eq!(&seen, decisions, "{name}");
    }
    let headers: HashMap<_, _> = response.headers().collect();
    assert_eq!(headers.get("cache-control"), Some(&"no-store"), "{name}");
    assert_eq!(headers.contains_key("www-authenticate"), response.status == 401, "{name}");
    assert_eq!(headers.contains_key("allow"), response.status == 405, "{name}");
    let is_error = response.status >= 400;
    let media_type = if is_error { "application/problem+json" } else { "application/json" };
    assert_eq!(headers.get("content-type"), Some(&media_type), "{name}");
    if is_error {
        assert_eq!(body.get("decision").and_then(Value::as_str), Some("Deny"), "{name}: an error denies");
        assert_eq!(body.get("status").and_then(Value::as_u64), Some(response.status.into()), "{name}");
    }
}

fn deployment<'d>(image: PolicyImage<'d>, api_keys: Option<&str>) -> Deployment<'d> {
    let settings = Settings::new([api_keys.map(Into::into), None, None, None, None]);
    let platform = Platform {
        // Edges use the real time, so no case may depend on it.
        now: || Some(1_795_233_906_000_000),
        random: || Some([0; 16]),
        ip_header: None,
        country_header: None,
    };
    Deployment::new(image, &settings, platform)
}

/// Compares a policy's deployment with each of its case files, and prints how many cases each has.
#[track_caller]
fn check_files(policy: &str, files: &[&str]) {
    let text = read_checkout(policy);
    let bytes = image_of(&text);
    let image = PolicyImage::open(&bytes).expect("an image");
    let deployment = deployment(image, Some(KEYS));
    for path in files {
        let file = read_checkout(path);
        let cases: Vec<Case> = file
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{path}: {error}: {line:.80}")))
            .collect();
        assert!(cases.len() > 10, "{path} contains cases");
        let mut names = HashSet::new();
        for case in &cases {
            assert!(!case.class.is_empty(), "{path}: {}", case.name);
            assert!(names.insert(&case.name), "{path}: two cases have the name {}", case.name);
            check(&deployment, case);
        }
        // Macros print only in failed tests; the number of cases must appear in every log.
        writeln!(io::stderr(), "{path}: {} cases answered as expected", cases.len()).expect("standard error");
    }
}

#[test]
fn the_crm_desk_answers_as_its_cases_say() {
    check_files("policies/crm.json", &["testdata/http/crm.jsonl", "testdata/http/json.jsonl"]);
}

#[test]
fn the_crm_desk_in_perso_answers_as_its_cases_say() {
    check_files("policies/crm-perso.json", &["testdata/http/crm-perso.jsonl"]);
}

#[test]
fn the_policy_of_persos_demonstration_answers_as_perso_does() {
    check_files("testdata/perso-1/policies/crm-demo.json", &["testdata/http/perso.jsonl"]);
}

#[test]
fn each_kind_of_condition_answers_as_its_cases_say() {
    check_files("testdata/http/conditions.json", &["testdata/http/conditions.jsonl"]);
}

#[test]
fn each_kind_of_target_answers_as_its_cases_say() {
    check_files("testdata/http/targets.json", &["testdata/http/targets.jsonl"]);
}

#[test]
fn without_keys_nothing_is_decided() {
    let text = read_checkout("policies/crm.json");
    let bytes = image_of(&text);
    let image = PolicyImage::open(&bytes).expect("an image");
    for api_keys in [None, Some(""), Some(" \t\n")] {
        let deployment = deployment(image, api_keys);
        for (method, path, expected) in [
            ("POST", "/evaluate", 503),
            ("POST", "/evaluate/batch", 503),
            ("GET", "/policy", 503),
            ("GET", "/healthz", 200),
            ("GET", "/openapi.json", 200),
        ] {
            let head = Head { method, target: path, credential: Some("Bearer "), ..Head::default() };
            let Next::Send(response) = receive(&head, &deployment) else { panic!("{path} requires a body") };
            assert_eq!(response.status, expected, "{path}");
        }
    }
}
