//! API keys with names and digests, and invalid settings.

use callgate_edge_core::Problem;
use callgate_edge_core::auth::{Authentication, KeyCache, Secrets, Step};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of `second-key-0123456789`.
const DIGEST: &str = "sha256:cdc8bf8583da505da0340b103c182d172408e4a68698993e485475e2f7e74b36";

fn read(keys: Option<&str>) -> Result<Authentication, String> {
    Authentication::read(None, &Secrets { api_keys: keys, ..Secrets::default() }).map_err(|error| error.to_string())
}

#[track_caller]
fn check(keys: Option<&str>, authorization: Option<&str>, expected: Result<Option<&str>, Problem>) {
    let authentication = read(keys).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(authentication.header(), "authorization");
    let Step::Done(outcome) = authentication.step(authorization, &mut KeyCache::new(), 0, true) else {
        panic!("keys need no step");
    };
    let caller = outcome.map(|caller| {
        assert_eq!(caller.token, None, "a key has no roles");
        caller.principal
    });
    assert_eq!(caller, expected.map(|name| name.map(Into::into)), "{keys:?} {authorization:?}");
}

#[track_caller]
fn check_refused(keys: &str, problem: &str) {
    let error = read(Some(keys)).map(drop).expect_err("an error");
    assert_eq!(error, ["CALLGATE_API_KEYS key ", problem].concat());
}

#[test]
fn each_configured_key_is_accepted_under_its_name() {
    let keys = " host-1:first-key-0123456789\n\thost-2:second-key-0123456789 third-key-0123456789 ";
    check(Some(keys), Some("Bearer first-key-0123456789"), Ok(Some("host-1")));
    check(Some(keys), Some("Bearer second-key-0123456789"), Ok(Some("host-2")));
    check(Some(keys), Some("bearer third-key-0123456789"), Ok(None));
    // Base64 padding is part of the key.
    check(Some("a:MDEyMzQ1Njc4OTAxMg=="), Some("Bearer MDEyMzQ1Njc4OTAxMg=="), Ok(Some("a")));
    check(Some("MDEyMzQ1Njc4OTAxMg=="), Some("Bearer MDEyMzQ1Njc4OTAxMg=="), Ok(None));
}

#[test]
fn a_key_may_be_kept_as_its_digest() {
    let named = ["host-2:", DIGEST].concat();
    check(Some(&named), Some("Bearer second-key-0123456789"), Ok(Some("host-2")));
    check(Some(DIGEST), Some("Bearer second-key-0123456789"), Ok(None));
    check(Some(&DIGEST.to_uppercase().replace("SHA256", "sha256")), Some("Bearer second-key-0123456789"), Ok(None));
    // The digest itself is not accepted as a key.
    let wrong = Err(Problem::Unauthenticated);
    check(Some(&named), Some(&["Bearer ", DIGEST].concat()), wrong);
    check(Some(&named), Some(&["Bearer ", DIGEST.trim_start_matches("sha256:")].concat()), wrong);
}

#[test]
fn any_other_credential_is_rejected() {
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer first-key-012345678",
        "Bearer first-key-0123456789x",
        "Bearer FIRST-KEY-0123456789",
        "Basic first-key-0123456789",
        "first-key-0123456789",
        "Bearer first-key-0123456789 second-key-0123456789",
        "Bearer first-key-0123456789, Bearer other",
        "Bearer first-key-0123456789 ",
        "Bearer\tfirst-key-0123456789",
        "Bearer host-1:first-key-0123456789",
        "Bearer host-1",
    ] {
        let keys = "host-1:first-key-0123456789 second-key-0123456789";
        check(Some(keys), Some(value), Err(Problem::Unauthenticated));
        check(Some(keys), None, Err(Problem::Unauthenticated));
    }
}

fn digest_of(text: &str) -> String {
    let digits: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    ["sha256:", &digits].concat()
}

#[test]
fn a_missing_token_never_matches() {
    let keys = format!("host-1:{} host-2:{DIGEST}", digest_of("\t \t"));
    check(Some(&keys), Some("Bearer second-key-0123456789"), Ok(Some("host-2")));
    for authorization in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Bearer  \t \t"), Some("Basic eA==")] {
        check(Some(&keys), authorization, Err(Problem::Unauthenticated));
    }
}

#[test]
fn the_digest_of_nothing_is_refused() {
    let empty = "is the digest of an empty key; check for an unset variable";
    check_refused(
        "crm-host:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        &format!("1 {empty}"),
    );
    check_refused(&digest_of(""), &format!("1 {empty}"));
    check_refused(&format!("a:{DIGEST} b:{}", digest_of("").replace("e3b0", "E3B0")), &format!("2 {empty}"));
    for text in ["\n", "\r\n", "\r", "\t", " ", "  ", "\n\n", " \n"] {
        check_refused(&digest_of(text), "1 is the digest of white space; check for an unset variable");
    }
}

#[test]
fn the_digest_of_one_repeated_character_authenticates_nobody() {
    for character in ["x", "0", "*", "=", "~", "\u{fffd}"] {
        for count in (1..=128).chain([1_000]) {
            let key = character.repeat(count);
            let keys = format!("host-1:{} host-2:{DIGEST}", digest_of(&key));
            check(Some(&keys), Some(&["Bearer ", &key].concat()), Err(Problem::GuessableKey));
            check(Some(&keys), Some("Bearer second-key-0123456789"), Ok(Some("host-2")));
            check(Some(&keys), None, Err(Problem::Unauthenticated));
            // Without such a digest, the key is wrong like any other.
            check(Some(DIGEST), Some(&["Bearer ", &key].concat()), Err(Problem::Unauthenticated));
        }
    }
    let response = Problem::GuessableKey.response();
    let body = String::from_utf8(response.body).expect("text");
    assert_eq!(response.status, 503);
    assert!(body.contains(r#""code":"config_invalid""#) && body.contains(r#""decision":"Deny""#), "{body}");
    // Its twin has one other character.
    let key = format!("{}1", "0".repeat(15));
    check(Some(&digest_of(&key)), Some(&format!("Bearer {key}")), Ok(None));
}

#[test]
fn a_key_of_one_repeated_character_is_refused() {
    let repeated = "is one repeated character; use the output of `openssl rand -hex 32`";
    check_refused(&"x".repeat(16), &format!("1 {repeated}"));
    check_refused(&format!("first-key-0123456789 host:{}", "0".repeat(64)), &format!("2 {repeated}"));
    let key = format!("{}1", "0".repeat(15));
    check(Some(&key), Some(&format!("Bearer {key}")), Ok(None));
}

#[test]
fn without_a_configured_key_nobody_is_authenticated() {
    for keys in [None, Some(""), Some(" \n ")] {
        for authorization in [None, Some("Bearer "), Some("Bearer x")] {
            check(keys, authorization, Err(Problem::NotConfigured));
        }
    }
}

#[test]
fn invalid_keys_authenticate_nobody() {
    let good = "first-key-0123456789";
    check_refused(&format!("{good} :{good}2"), "2 with an empty name");
    check_refused("host-1:", "1 that is empty");
    check_refused("host-1:sha256:", "1 must have a digest of 64 hexadecimal digits");
    check_refused("sha256:", "1 must have a digest of 64 hexadecimal digits");
    check_refused("sha256:0123456789abcdef", "1 must have a digest of 64 hexadecimal digits");
    check_refused(&format!("{DIGEST}0"), "1 must have a digest of 64 hexadecimal digits");
    check_refused(&format!("{}g", DIGEST.trim_end_matches('6')), "1 must have a digest of 64 hexadecimal digits");
    let name = "1 must have a name of 1 to 64 letters, digits and `-._`";
    check_refused(&format!("ho/st:{good}"), name);
    check_refused(&format!("höst:{good}"), name);
    check_refused(&format!("{}:{good}", "n".repeat(65)), name);
    check_refused(
        &format!("host:{good} host:{good}2"),
        "2 has another key's name; use unique names, such as `host-1` and `host-2`",
    );
    check_refused(&format!("a:{good} b:{good}"), "2 is a duplicate; remove it");
    check_refused(&format!("second-key-0123456789 b:{DIGEST}"), "2 is a duplicate; remove it");
    let short = "must have at least 16 characters; use the output of `openssl rand -hex 32`";
    check_refused("host:0123456789abcde", &format!("1 {short}"));
    check_refused(&format!("{good} secret"), &format!("2 {short}"));
    let token = "cannot be a Bearer token; use letters, digits and `-._~+/`, with `=` only at the end";
    let padding = "=".repeat(16);
    for key in [
        "a:b:first-key-0123456789",
        "first-key,0123456789",
        "first=key-0123456789",
        "fürst-key-0123456789",
        // Padding needs a preceding character (RFC 9110, section 11.2).
        &*padding,
    ] {
        check_refused(&format!("{good}x {key}"), &format!("2 {token}"));
    }
}

#[test]
fn an_error_response_quotes_no_part_of_a_key() {
    for keys in ["S3CRET:short", "S3CRET,0123456789abcdef", "a:S3CRET", "S3CRET!:0123456789abcdef", "sha256:S3CRET"] {
        let error = Authentication::read(None, &Secrets { api_keys: Some(keys), ..Secrets::default() });
        let response = error.map(drop).expect_err("an error").response();
        assert_eq!(response.status, 503);
        let body = String::from_utf8(response.body).expect("text");
        assert!(body.contains(r#""code":"config_invalid""#) && body.contains(r#""decision":"Deny""#), "{body}");
        assert!(!body.contains("S3CRET"), "{body}");
    }
}

#[test]
fn the_name_of_a_key_has_64_characters_at_most() {
    let longest = "n".repeat(64);
    let keys = format!("{longest}:first-key-0123456789");
    check(Some(&keys), Some("Bearer first-key-0123456789"), Ok(Some(&longest)));
    assert!(read(Some(&format!("n{keys}"))).is_err());
}
