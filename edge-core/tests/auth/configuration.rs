//! The section `auth`, and its errors.

use callgate_edge_core::Problem;
use callgate_edge_core::auth::{Algorithm, Authentication, KeyCache, Secrets, Step};
use serde_json::{Value, json};

use crate::issuer::{changed, configure, section};

/// The error of a section with some members replaced; `null` removes one.
#[track_caller]
fn check(algorithm: Algorithm, changes: Value, expected: Option<&str>) {
    let section = changed(section(algorithm), changes);
    let error = configure(&section).map(drop).map_err(|error| error.to_string());
    assert_eq!(error.err().as_deref(), expected, "{section}");
}

#[test]
fn without_a_section_api_keys_are_used() {
    let keys = Some("first-key-0123456789");
    for text in [None, Some("{}"), Some(r#"{"mode":"api-key"}"#)] {
        let section = text.map(|text| callgate_engine::json::read(text.as_bytes(), 16).expect("strict JSON"));
        let secrets = Secrets { api_keys: keys, ..Secrets::default() };
        let authentication = Authentication::read(section, &secrets).expect("a configuration");
        assert_eq!(authentication.header(), "authorization");
        let outcome = |credential| match authentication.step(Some(credential), &mut KeyCache::new(), 0, true) {
            Step::Done(outcome) => outcome.map(drop),
            _ => panic!("keys need no step"),
        };
        assert_eq!(outcome("Bearer first-key-0123456789"), Ok(()));
        assert_eq!(outcome("Bearer second-key-0123456789"), Err(Problem::Unauthenticated));
    }
}

#[test]
fn an_api_key_is_rejected_if_tokens_are_configured() {
    let text = section(Algorithm::Es256).to_string();
    let value = callgate_engine::json::read(text.as_bytes(), 16).expect("strict JSON");
    let secrets = Secrets { api_keys: Some("first-key-0123456789"), ..Secrets::default() };
    let authentication = Authentication::read(Some(value), &secrets).expect("a configuration");
    let outcome = crate::issuer::enter(&authentication, "first-key-0123456789");
    assert_eq!(outcome, Err(Problem::Unauthenticated));
}

#[test]
fn the_mode_is_chosen_and_never_guessed() {
    for (mode, problem) in [
        (json!(null), "/auth/header is only for the mode `jwt`; set `mode` or remove this key"),
        (json!("api-key"), "/auth/header is only for the mode `jwt`; set `mode` or remove this key"),
        (json!("JWT"), "/auth/mode must be `api-key` or `jwt`"),
        (json!(["jwt"]), "/auth/mode must be a string"),
    ] {
        let section = changed(section(Algorithm::Es256), json!({"header": "x", "mode": mode}));
        let error = configure(&section).map(drop).expect_err("an error").to_string();
        assert_eq!(error, problem);
    }
}

#[test]
fn required_settings_of_tokens_are_required() {
    check(Algorithm::Es256, json!({}), None);
    check(Algorithm::Es256, json!({"algorithm": null}), Some("/auth/algorithm is missing"));
    let choices = "/auth/algorithm must be `EdDSA`, `ES256`, `RS256` or `HS256`";
    for algorithm in ["none", "es256", "RS512", "", "PS256"] {
        check(Algorithm::Es256, json!({"algorithm": algorithm}), Some(choices));
    }
    check(Algorithm::Es256, json!({"algorithm": ["ES256"]}), Some("/auth/algorithm must be a string"));
    check(Algorithm::Es256, json!({"issuer": null}), Some("/auth/issuer is missing"));
    check(Algorithm::Es256, json!({"issuer": ""}), Some("/auth/issuer must not be empty"));
    check(Algorithm::Es256, json!({"audience": null}), Some("/auth/audience is missing"));
    let audience = "/auth/audience must be one or more non-empty strings";
    for empty in [json!(""), json!([]), json!(["a", ""])] {
        check(Algorithm::Es256, json!({"audience": empty}), Some(audience));
    }
    check(Algorithm::Es256, json!({"audience": 1}), Some("/auth/audience must be a string or a list of strings"));
    check(Algorithm::Es256, json!({"audience": [1]}), Some("/auth/audience must be a string or a list of strings"));
    check(Algorithm::Es256, json!({"type": ""}), Some("/auth/type must not be empty"));
    let missing = "/auth/claims/roles is missing; set a JSON pointer, such as `/roles`";
    check(Algorithm::Es256, json!({"claims": null}), Some(missing));
    check(Algorithm::Es256, json!({"claims": {"subject": "/sub"}}), Some(missing));
    check(
        Algorithm::Es256,
        json!({"secret": "x"}),
        Some(
            "/auth has an unknown key `secret`; use `mode`, `header`, `algorithm`, `issuer`, \
             `audience`, `type`, `keys`, `keysUrl`, `keysMaxAgeSeconds`, `keysMaxStaleSeconds`, `leewaySeconds`, \
             `singleUse` or `claims`",
        ),
    );
}

#[test]
fn headers_pointers_and_numbers_are_validated() {
    for header in ["", "a b", "a:b", "ä", "x\n"] {
        check(Algorithm::Es256, json!({"header": header}), Some("/auth/header must be a header name"));
    }
    for (claims, place) in [
        (json!({"roles": "roles"}), "roles"),
        (json!({"roles": ""}), "roles"),
        (json!({"roles": "/roles", "subject": "sub"}), "subject"),
        (json!({"roles": "/a~2"}), "roles"),
    ] {
        let problem = ["/auth/claims/", place, " must be a JSON pointer, such as `/roles`"].concat();
        check(Algorithm::Es256, json!({"claims": claims}), Some(&problem));
    }
    for attributes in [json!([]), json!("/a"), json!({"a": 1}), json!({"a": "b"}), json!({"a": "/b", "c": ""})] {
        check(
            Algorithm::Es256,
            json!({"claims": {"roles": "/roles", "attributes": attributes}}),
            Some("/auth/claims/attributes must be an object of JSON pointers"),
        );
    }
    for leeway in [json!(-1), json!(301), json!(1.5), json!("30")] {
        check(
            Algorithm::Es256,
            json!({"leewaySeconds": leeway}),
            Some("/auth/leewaySeconds must be an integer from 0 to 300"),
        );
    }
}

#[test]
fn keys_come_from_one_place() {
    let address = "https://issuer.example/keys";
    check(Algorithm::Es256, json!({"keys": null}), Some("/auth/keys is missing; set `keys` or `keysUrl`"));
    check(
        Algorithm::Es256,
        json!({"keysUrl": address}),
        Some("/auth/keysUrl cannot be combined with `keys`; remove one"),
    );
    check(Algorithm::Es256, json!({"keys": null, "keysUrl": address}), None);
    check(
        Algorithm::Es256,
        json!({"keysMaxAgeSeconds": 60}),
        Some("/auth/keysMaxAgeSeconds is only for `keysUrl`; remove it"),
    );
    check(
        Algorithm::Es256,
        json!({"keys": {"keys": []}}),
        Some("/auth/keys has no key that can verify tokens of the configured `algorithm`"),
    );
    check(Algorithm::Es256, json!({"keys": []}), Some("/auth/keys must be an object with a list `keys`"));
    for seconds in [json!(59), json!(86_401), json!("600")] {
        check(
            Algorithm::Es256,
            json!({"keys": null, "keysUrl": address, "keysMaxAgeSeconds": seconds}),
            Some("/auth/keysMaxAgeSeconds must be an integer from 60 to 86400"),
        );
    }
    for url in [
        "http://issuer.example/keys",
        "issuer.example/keys",
        "https://",
        "https:///keys",
        "https://:443/keys",
        "https://?x",
        "https://issuer.example:/keys",
        "https://issuer.example:0/keys",
        "https://issuer.example:65536/keys",
        "https://issuer.example:+443/keys",
        "https://issuer!example/keys",
        "https://[::1/keys",
        "https://[]/keys",
        "http://localhost/keys",
        "https://user@issuer.example/keys",
        "https://user:password@issuer.example",
        "https://issuer.example/keys#x",
        "https://issuer.example/ke ys",
        "https://issuer.example\\@attacker.example/",
        "https://issuer.example/\u{e9}",
        "https://issuer.example/\n",
        "HTTPS://issuer.example/keys",
        "file:///etc/keys",
        "",
    ] {
        check(
            Algorithm::Es256,
            json!({"keys": null, "keysUrl": url}),
            Some("/auth/keysUrl must be an `https:` URL without a user or fragment"),
        );
    }
    for url in ["https://issuer.example", "https://issuer.example:8443/a/b?c=d@e", "https://[::1]/keys"] {
        check(Algorithm::Es256, json!({"keys": null, "keysUrl": url}), None);
    }
}

#[test]
fn hs256_has_a_secret_of_its_own() {
    check(Algorithm::Hs256, json!({}), None);
    check(
        Algorithm::Hs256,
        json!({"keysUrl": "https://issuer.example/keys"}),
        Some("/auth/keysUrl is not for HS256; remove it and set `CALLGATE_JWT_SECRET`"),
    );
    let text = section(Algorithm::Hs256).to_string();
    let value = callgate_engine::json::read(text.as_bytes(), 16).expect("strict JSON");
    for (secret, problem) in [
        (None, "CALLGATE_JWT_SECRET is not set; HS256 requires it"),
        (Some(" "), "CALLGATE_JWT_SECRET is not set; HS256 requires it"),
        (
            Some("0123456789abcdef0123456789abcde"),
            "CALLGATE_JWT_SECRET has a secret shorter than 32 bytes; use 32 or more",
        ),
        (
            Some("0123456789abcdef0123456789abcdef short"),
            "CALLGATE_JWT_SECRET has a secret shorter than 32 bytes; use 32 or more",
        ),
        (Some("base64url:"), "CALLGATE_JWT_SECRET has a secret shorter than 32 bytes; use 32 or more"),
        (
            Some("base64url:0123456789abcdef0123456789abcdef0123456789abcdef="),
            "CALLGATE_JWT_SECRET has a secret that is not base64url without padding",
        ),
    ] {
        let secrets = Secrets { token_secret: secret, ..Secrets::default() };
        let error = Authentication::read(Some(value), &secrets).map(drop).expect_err("an error").to_string();
        assert_eq!(error, problem);
    }
}

#[test]
fn the_examples_of_the_manual_are_configurations() {
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/authentication.md");
    let manual = std::fs::read_to_string(manual).expect("the manual");
    let examples: Vec<&str> =
        manual.split("```json\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let example: Value = serde_json::from_str(example).expect("JSON");
        let authentication = configure(&example["auth"]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(authentication.header(), example["auth"]["header"].as_str().unwrap_or("authorization"));
    }
}
