//! The path of a request in an edge, from a token to a decision: keys, signature, body, response and record.

use std::cell::Cell;

use callgate_edge_core::auth::Algorithm;
use callgate_edge_core::{Deployment, Head, Platform, Problem, Response, Settings};
use callgate_engine::PolicyImage;
use callgate_test_support::{Edge, Served, image_of};
use serde_json::{Value, json};

use crate::issuer::{NOW, SECRET, changed, jwk, section, token};

const POLICY: &str = r#"{"version":"callgate-1","tools":["t"],"roles":{"support":{},"other":{}},"rules":[
    {"effect":"Allow","tool_name":"t","roles":["support"],"condition":
        {"StringCheck":{"source":"AgentAttributes","field":"department","op":"In","value":["sales"]}}}]}"#;

const CALL: &str = r#"{"tool":"t"}"#;

thread_local! {
    static SECONDS: Cell<i64> = const { Cell::new(NOW) };
}

const PLATFORM: Platform = Platform { now: clock, random: || Some([1; 16]), ip_header: None, country_header: None };

#[expect(clippy::unnecessary_wraps, reason = "a host may not know the time")]
fn clock() -> Option<i64> {
    Some(SECONDS.get() * 1_000_000)
}

fn image() -> Vec<u8> {
    image_of(POLICY)
}

/// The section for tokens with the department as an attribute.
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
    let deployment = Deployment::new(PolicyImage::open(image).expect("an image"), &secret(config), PLATFORM);
    assert_eq!(deployment.mistake(), None);
    deployment
}

/// The settings of a deployment for tokens with a shared secret.
fn secret(config: String) -> Settings {
    Settings::new([None, Some(config), Some(SECRET.to_owned()), None, None])
}

/// The steps of an edge for a request; a key fetch returns `keys`.
fn send<'d>(
    deployment: &'d Deployment<'d>,
    target: &str,
    credential: Option<&str>,
    keys: Option<&[u8]>,
    body: &str,
) -> Served<'d> {
    let head = Head { method: "POST", target, credential, content_type: Some("application/json"), ..Head::default() };
    let head = if matches!(target, "/policy" | "/healthz") { Head { method: "GET", ..head } } else { head };
    let served = Edge { keys, ..Edge::with_body(body.as_bytes()) }.serve(&head, deployment);
    assert!(served.did.fetched.iter().all(|url| url == "https://issuer.example/keys"));
    served
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
            let served = send(&deployment, "/evaluate", Some(&credential), None, CALL);
            assert_eq!(said(&served.response, "decision"), decision, "{algorithm:?}");
            let line = served.did.lines.concat();
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
        let served = send(&deployment, path, Some(&credential), None, body);
        assert_eq!((served.response.status, said(&served.response, "code")), (400, json!(code)));
        assert_eq!((said(&served.response, "decision"), served.did.lines.len()), (json!("Deny"), 1));
    }
    let served = send(&deployment, "/evaluate", Some(&credential), None, r#"{"tool":"t","role":"support"}"#);
    assert_eq!(said(&served.response, "decision"), "Allow");
}

#[test]
fn keys_are_fetched_once_and_a_token_is_verified_once() {
    let image = image();
    let deployment = deployment(&image, &fetching());
    let keys = json!({"keys": [jwk(Algorithm::Es256)]}).to_string();
    let credential = bearer(json!({"department": "sales"}), Algorithm::Es256);
    for expected in [(1, 1), (0, 0), (0, 0)] {
        let served = send(&deployment, "/evaluate", Some(&credential), Some(keys.as_bytes()), CALL);
        assert_eq!(said(&served.response, "decision"), "Allow");
        assert_eq!((served.did.fetched.len(), served.did.verifications), expected);
    }
    let served = send(&deployment, "/policy", Some(&credential), None, "");
    assert_eq!(served.response.status, 200);
}

#[test]
fn without_keys_nobody_is_authenticated() {
    for keys in [None, Some(&b"{}"[..]), Some(b"not found")] {
        let image = image();
        let deployment = deployment(&image, &fetching());
        let credential = bearer(json!({"department": "sales"}), Algorithm::Es256);
        let served = send(&deployment, "/evaluate", Some(&credential), keys, CALL);
        assert_eq!((served.response.status, served.did.fetched.len()), (503, 1));
        assert_eq!(said(&served.response, "code"), "keys_unavailable");
    }
}

#[test]
fn a_wrong_token_is_refused_before_the_body_whatever_the_head_says() {
    let image = image();
    let deployment = deployment(&image, &auth(Algorithm::Es256));
    let over = bearer(json!({"exp": NOW - 31}), Algorithm::Es256);
    for credential in [None, Some(""), Some("Bearer x"), Some(&*over)] {
        let head = Head { method: "POST", target: "/evaluate", credential, ..Head::default() };
        let served = Edge::with_body(CALL.as_bytes()).serve(&head, &deployment);
        assert_eq!(served.response, Problem::Unauthenticated.response());
        assert!(!served.did.has_read_body);
    }
}

#[test]
fn without_a_clock_no_token_is_accepted() {
    let image = image();
    let config = json!({"auth": auth(Algorithm::Hs256)}).to_string();
    let image = PolicyImage::open(&image).expect("an image");
    let deployment = Deployment::new(image, &secret(config), Platform { now: || None, ..PLATFORM });
    let credential = bearer(json!({"department": "sales"}), Algorithm::Hs256);
    let served = send(&deployment, "/evaluate", Some(&credential), None, CALL);
    assert_eq!(served.response.status, 500);
}

#[test]
fn a_deployment_with_an_error_denies_every_call_and_names_the_position() {
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
        let settings = Settings::new([Some(api_keys.to_owned()), Some(config.to_owned()), None, None, None]);
        let deployment = Deployment::new(image, &settings, PLATFORM);
        assert!(deployment.mistake().is_some());
        for path in ["/evaluate", "/evaluate/batch", "/policy"] {
            let served = send(&deployment, path, Some(&credential), None, CALL);
            assert_eq!((served.response.status, said(&served.response, "code")), (503, json!("config_invalid")));
            let detail = said(&served.response, "detail");
            assert!(detail.as_str().is_some_and(|detail| detail.starts_with(place)), "{detail}");
            assert_eq!(said(&served.response, "decision"), "Deny");
        }
        assert_eq!(send(&deployment, "/healthz", None, None, "").response.status, 200);
    }
}

#[test]
fn a_deployment_with_unreadable_settings_denies_every_call() {
    let image = image();
    let image = PolicyImage::open(&image).expect("an image");
    let deployment = Deployment::unavailable(image, PLATFORM);
    assert_eq!(deployment.mistake(), None);
    for credential in [None, Some("Bearer "), Some("Bearer key-0123456789abcdef")] {
        for path in ["/evaluate", "/evaluate/batch", "/policy"] {
            let served = send(&deployment, path, credential, None, CALL);
            assert_eq!(served.response, Problem::ConfigUnavailable.response());
            assert_eq!(
                (served.response.status, said(&served.response, "code"), said(&served.response, "decision")),
                (503, json!("config_unavailable"), json!("Deny"))
            );
        }
    }
    assert_eq!(send(&deployment, "/healthz", None, None, "").response.status, 200);
}

#[test]
fn the_header_of_the_credential_is_the_one_that_the_configuration_names() {
    let image = image();
    let header_of = |changes: Value| {
        let auth = changed(auth(Algorithm::Es256), changes);
        deployment(&image, &auth).credential_header().to_owned()
    };
    assert_eq!(header_of(json!({})), "authorization");
    assert_eq!(header_of(json!({"header": "Cf-Access-Jwt-Assertion"})), "cf-access-jwt-assertion");
    // Without a configuration that can be read there is a header too, though nobody enters.
    let settings = Settings::new([None, Some("{".to_owned()), None, None, None]);
    let closed = Deployment::new(PolicyImage::open(&image).expect("an image"), &settings, PLATFORM);
    assert!(closed.mistake().is_some());
    assert_eq!(closed.credential_header(), "authorization");
}
