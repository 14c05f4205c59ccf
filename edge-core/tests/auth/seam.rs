//! How an edge is led from a token to a decision: keys, signature, body, answer and record.

use std::cell::Cell;

use callgate_edge_core::auth::{Algorithm, Secrets};
use callgate_edge_core::{Answered, Arrival, Deployment, Head, Next, Problem, Response, receive};
use callgate_engine::{PolicyImage, compile, parse, validate};
use serde_json::{Value, json};

use crate::issuer::{NOW, SECRET, changed, jwk, section, token};

const POLICY: &str = r#"{"version":"callgate-1","tools":["t"],"roles":{"support":{},"other":{}},"rules":[
    {"effect":"Allow","tool_name":"t","roles":["support"],"condition":
        {"StringCheck":{"source":"AgentAttributes","field":"department","op":"In","value":["sales"]}}}]}"#;

const CALL: &str = r#"{"tool":"t"}"#;

thread_local! {
    static SECONDS: Cell<i64> = const { Cell::new(NOW) };
}

#[expect(clippy::unnecessary_wraps, reason = "a host may not know the time")]
fn clock() -> Option<i64> {
    Some(SECONDS.get() * 1_000_000)
}

fn image() -> Vec<u8> {
    compile(&parse(POLICY).and_then(validate).expect("a valid policy"))
}

/// The section for tokens whose department is an attribute.
fn auth(algorithm: Algorithm) -> Value {
    let mut section = section(algorithm);
    section["claims"]["attributes"] = json!({"department": "/department"});
    section
}

fn fetching() -> Value {
    changed(auth(Algorithm::Es256), json!({"keys": null, "keysUrl": "https://issuer.example/keys"}))
}

#[track_caller]
fn deployment<'d>(image: &'d [u8], auth: &Value) -> Deployment<'d> {
    let config = json!({"auth": auth, "log": {"mode": "required"}}).to_string();
    let secrets = Secrets { token_secret: Some(SECRET), ..Secrets::default() };
    let image = PolicyImage::open(image).expect("an image");
    let deployment = Deployment::new(image, Some(&config), &secrets, clock);
    assert_eq!(deployment.mistake(), None);
    deployment
}

/// What an edge does with a request, where a fetch brings `keys`; also how often it fetched and verified.
fn send(
    deployment: &Deployment<'_>,
    path: &str,
    credential: Option<&str>,
    keys: Option<&[u8]>,
    body: &str,
) -> (Answered, u32, u32) {
    let head = Head { method: "POST", path, credential, content_type: Some("application/json"), ..Head::default() };
    let head = if path == "/policy" { Head { method: "GET", ..head } } else { head };
    let (mut fetches, mut verifications) = (0, 0);
    let mut next = receive(&head, deployment);
    let answered = loop {
        next = match next {
            Next::Answer(response) => break Answered { response, records: Vec::new() },
            Next::Refuse(call, problem) => break call.refuse(problem, [1; 16]),
            Next::ReadBody(call) => {
                break call.answer(body.as_bytes(), &Arrival { random: [1; 16], ..Arrival::default() });
            }
            Next::FetchKeys(fetch) => {
                assert_eq!(fetch.url(), "https://issuer.example/keys");
                fetches += 1;
                fetch.resume(keys)
            }
            Next::Verify(verification) => {
                verifications += 1;
                let is_genuine = verification.token().verify();
                verification.finish(is_genuine)
            }
        };
    };
    (answered, fetches, verifications)
}

fn bearer(changes: Value, algorithm: Algorithm) -> String {
    ["Bearer ", &token(algorithm, changes)].concat()
}

fn said(response: &Response, member: &str) -> Value {
    serde_json::from_slice::<Value>(&response.body).expect("JSON")[member].clone()
}

#[test]
fn the_token_says_roles_attributes_and_principal() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Hs256] {
        let image = image();
        let deployment = deployment(&image, &auth(algorithm));
        for (department, decision) in [("sales", "Allow"), ("support", "Deny")] {
            let credential = bearer(json!({"department": department}), algorithm);
            let (answered, ..) = send(&deployment, "/evaluate", Some(&credential), None, CALL);
            assert_eq!(said(&answered.response, "decision"), decision, "{algorithm:?}");
            let line = deployment.outbox().borrow_mut().write_now(answered.records).lines.concat();
            let data = serde_json::from_str::<Value>(&line).expect("one record")["data"].clone();
            assert_eq!((&data["principal"], &data["roles"]), (&json!("agent-7"), &json!(["support"])));
            assert_eq!(data["decision"], decision);
        }
    }
}

#[test]
fn a_body_that_says_other_roles_or_attributes_is_denied_and_recorded() {
    let image = image();
    let deployment = deployment(&image, &auth(Algorithm::Es256));
    let credential = bearer(json!({"department": "sales"}), Algorithm::Es256);
    let batch = [r#"{"calls":["#, CALL, r#",{"tool":"t","roles":["other"]}]}"#].concat();
    for (path, body, code) in [
        ("/evaluate", r#"{"tool":"t","role":"other"}"#, "roles_differ"),
        ("/evaluate", r#"{"tool":"t","agentAttributes":{"department":"sales"}}"#, "attributes_not_supported"),
        ("/evaluate/batch", &batch, "roles_differ"),
    ] {
        let (answered, ..) = send(&deployment, path, Some(&credential), None, body);
        assert_eq!((answered.response.status, said(&answered.response, "code")), (400, json!(code)));
        assert_eq!((said(&answered.response, "decision"), answered.records.len()), (json!("Deny"), 1));
    }
    let (answered, ..) = send(&deployment, "/evaluate", Some(&credential), None, r#"{"tool":"t","role":"support"}"#);
    assert_eq!(said(&answered.response, "decision"), "Allow");
}

#[test]
fn keys_are_fetched_once_and_a_token_is_verified_once() {
    let image = image();
    let deployment = deployment(&image, &fetching());
    let keys = json!({"keys": [jwk(Algorithm::Es256)]}).to_string();
    let credential = bearer(json!({"department": "sales"}), Algorithm::Es256);
    for expected in [(1, 1), (0, 0), (0, 0)] {
        let (answered, fetches, verifications) =
            send(&deployment, "/evaluate", Some(&credential), Some(keys.as_bytes()), CALL);
        assert_eq!(said(&answered.response, "decision"), "Allow");
        assert_eq!((fetches, verifications), expected);
    }
    let (answered, ..) = send(&deployment, "/policy", Some(&credential), None, "");
    assert_eq!(answered.response.status, 200);
}

#[test]
fn without_keys_nobody_enters() {
    for keys in [None, Some(&b"{}"[..]), Some(b"not found")] {
        let image = image();
        let deployment = deployment(&image, &fetching());
        let credential = bearer(json!({"department": "sales"}), Algorithm::Es256);
        let (answered, fetches, _) = send(&deployment, "/evaluate", Some(&credential), keys, CALL);
        assert_eq!((answered.response.status, fetches), (503, 1));
        assert_eq!(said(&answered.response, "code"), "keys_unavailable");
    }
}

#[test]
fn a_wrong_token_is_refused_before_the_body_whatever_the_head_says() {
    let image = image();
    let deployment = deployment(&image, &auth(Algorithm::Es256));
    let over = bearer(json!({"exp": NOW - 31}), Algorithm::Es256);
    for credential in [None, Some(""), Some("Bearer x"), Some(&*over)] {
        let head = Head { method: "POST", path: "/evaluate", credential, ..Head::default() };
        let next = match receive(&head, &deployment) {
            Next::Verify(verification) => {
                let is_genuine = verification.token().verify();
                verification.finish(is_genuine)
            }
            next => next,
        };
        let Next::Answer(response) = next else { panic!("{next:?}") };
        assert_eq!(response, Problem::Unauthenticated.response());
    }
}

#[test]
fn where_the_time_is_not_known_no_token_is_taken() {
    let image = image();
    let config = json!({"auth": auth(Algorithm::Hs256)}).to_string();
    let secrets = Secrets { token_secret: Some(SECRET), ..Secrets::default() };
    let image = PolicyImage::open(&image).expect("an image");
    let deployment = Deployment::new(image, Some(&config), &secrets, || None);
    let credential = bearer(json!({"department": "sales"}), Algorithm::Hs256);
    let (answered, ..) = send(&deployment, "/evaluate", Some(&credential), None, CALL);
    assert_eq!(answered.response.status, 500);
}

#[test]
fn a_deployment_with_a_mistake_lets_nobody_in_and_names_the_place() {
    let image = image();
    let image = PolicyImage::open(&image).expect("an image");
    let key = "key-0123456789abcdef";
    let credential = ["Bearer ", key].concat();
    for (config, api_keys, place) in [
        (r#"{"log":{"mode":"sometimes"}}"#, key, "/log/mode "),
        (r#"{"auth":{"mode":"jwt"}}"#, key, "/auth/algorithm "),
        ("{", key, "the configuration "),
        ("", key, "the configuration is blank"),
        (" \n", key, "the configuration is blank"),
        ("{}", "short", "CALLGATE_API_KEYS "),
    ] {
        let secrets = Secrets { api_keys: Some(api_keys), ..Secrets::default() };
        let deployment = Deployment::new(image, Some(config), &secrets, clock);
        assert!(deployment.mistake().is_some());
        for path in ["/evaluate", "/evaluate/batch", "/policy"] {
            let (answered, ..) = send(&deployment, path, Some(&credential), None, CALL);
            assert_eq!((answered.response.status, said(&answered.response, "code")), (503, json!("config_invalid")));
            let detail = said(&answered.response, "detail");
            assert!(detail.as_str().is_some_and(|detail| detail.starts_with(place)), "{detail}");
            assert_eq!(said(&answered.response, "decision"), "Deny");
        }
        let head = Head { method: "GET", path: "/healthz", ..Head::default() };
        assert!(matches!(receive(&head, &deployment), Next::Answer(response) if response.status == 200));
    }
}

#[test]
fn a_deployment_whose_settings_are_unknown_lets_nobody_in() {
    let image = image();
    let image = PolicyImage::open(&image).expect("an image");
    let deployment = Deployment::unavailable(image, clock);
    assert_eq!(deployment.mistake(), None);
    for credential in [None, Some("Bearer "), Some("Bearer key-0123456789abcdef")] {
        for path in ["/evaluate", "/evaluate/batch", "/policy"] {
            let (answered, ..) = send(&deployment, path, credential, None, CALL);
            assert_eq!(answered.response, Problem::ConfigUnavailable.response());
            assert_eq!(
                (answered.response.status, said(&answered.response, "code"), said(&answered.response, "decision")),
                (503, json!("config_unavailable"), json!("Deny"))
            );
        }
    }
    let head = Head { method: "GET", path: "/healthz", ..Head::default() };
    assert!(matches!(receive(&head, &deployment), Next::Answer(response) if response.status == 200));
}
