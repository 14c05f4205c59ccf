//! Key discovery: when and how often keys are fetched, and how long they are used.

use callgate_edge_core::Problem;
use callgate_edge_core::auth::{Algorithm, Authentication, KeyCache, KeysFault, Step};
use serde_json::{Value, json};

use crate::issuer::{changed, claims, deployment, jwk, seal, section, vector};

const URL: &str = "https://issuer.example/keys";

/// The lifetime of keys, and the additional lifetime.
const MAX_AGE: i64 = 600;
const MAX_STALE: i64 = 3_600;

/// The time of the first token.
const START: i64 = 1_000_000;

/// The outcome for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Entered,
    /// Accepted without a signature verification.
    EnteredAgain,
    Refused,
    Fetch,
    NoKeys,
}

struct Edge {
    authentication: Authentication,
    cache: KeyCache,
}

impl Edge {
    fn new() -> Self {
        let fetching =
            json!({"keys": null, "keysUrl": URL, "keysMaxAgeSeconds": MAX_AGE, "keysMaxStaleSeconds": MAX_STALE});
        let section = changed(section(Algorithm::EdDsa), fetching);
        Self { authentication: deployment(&section), cache: KeyCache::new() }
    }

    /// An edge that fetched keys at the start.
    fn with_keys() -> Self {
        let mut edge = Self::new();
        assert_eq!(edge.show("k1", START), Seen::Fetch);
        edge.store(&keys(), START).expect("keys");
        edge
    }

    fn show(&mut self, kid: &str, now: i64) -> Seen {
        self.show_text(&token(&json!({"alg": "EdDSA", "kid": kid})), now)
    }

    fn show_text(&mut self, token: &str, now: i64) -> Seen {
        let credential = ["Bearer ", token].concat();
        let unverified = match self.authentication.step(Some(&credential), &mut self.cache, now, true) {
            Step::Done(Ok(_)) => return Seen::EnteredAgain,
            Step::Done(Err(Problem::KeysUnavailable)) => return Seen::NoKeys,
            Step::Done(Err(problem)) => panic!("{problem:?}"),
            Step::FetchKeys(url) => {
                assert_eq!(url, URL);
                return Seen::Fetch;
            }
            Step::Verify(unverified) => unverified,
        };
        let is_genuine = unverified.verify();
        match unverified.finish(is_genuine, &mut self.cache) {
            Ok(_) => Seen::Entered,
            Err(problem) => {
                assert_eq!(problem, Problem::Unauthenticated);
                Seen::Refused
            }
        }
    }

    /// Whether a token causes a key fetch; no signature is verified.
    fn would_fetch(&mut self, token: &str, now: i64) -> bool {
        let credential = ["Bearer ", token].concat();
        matches!(self.authentication.step(Some(&credential), &mut self.cache, now, true), Step::FetchKeys(_))
    }

    fn store(&mut self, keys: &Value, now: i64) -> Result<(), KeysFault> {
        self.authentication.store_keys(&mut self.cache, keys.to_string().as_bytes(), now)
    }
}

/// A token that outlives all tests, signed with the first key whatever its header names.
fn token(header: &Value) -> String {
    let mut claims = claims();
    claims["exp"] = (START * 10).into();
    seal(Algorithm::EdDsa, &header.to_string(), &claims.to_string())
}

fn keys() -> Value {
    json!({"keys": [jwk(Algorithm::EdDsa)]})
}

/// The keys after the issuer created a new one.
fn rotated() -> Value {
    let mut old = vector("RFC 8037, A.4")["jwk"].clone();
    old["kid"] = "k1".into();
    let mut new = jwk(Algorithm::EdDsa);
    new["kid"] = "k2".into();
    json!({"keys": [old, new]})
}

#[test]
fn keys_are_fetched_for_the_first_token_and_then_used() {
    let mut edge = Edge::with_keys();
    assert_eq!(edge.show("k1", START), Seen::Entered);
    assert_eq!(edge.show("k1", START + MAX_AGE - 1), Seen::EnteredAgain);
    assert_eq!(edge.show("k1", START + MAX_AGE), Seen::Fetch);
    edge.store(&keys(), START + MAX_AGE).expect("keys");
    assert_eq!(edge.show("k1", START + MAX_AGE), Seen::EnteredAgain);
}

#[test]
fn without_a_credential_nothing_is_fetched() {
    let mut edge = Edge::new();
    for credential in [None, Some("Basic x")] {
        let step = edge.authentication.step(credential, &mut edge.cache, START, true);
        assert!(matches!(step, Step::Done(Err(Problem::Unauthenticated))));
    }
}

#[test]
fn an_unknown_key_is_fetched_at_intervals() {
    let mut edge = Edge::with_keys();
    // Keys that were just fetched are complete.
    assert_eq!(edge.show("k2", START + 1), Seen::Refused);
    assert_eq!(edge.show("k2", START + 30), Seen::Fetch);
    for after in 30..60 {
        assert_eq!(edge.show("k2", START + after), Seen::Refused, "whatever the outcome of the fetch");
        assert_eq!(edge.show(&format!("other-{after}"), START + after), Seen::Refused);
    }
    edge.store(&rotated(), START + 45).expect("keys");
    assert_eq!(edge.show("k2", START + 46), Seen::Entered);
    assert_eq!(edge.show("k3", START + 60), Seen::Fetch);
}

#[test]
fn a_token_without_a_key_id_causes_no_fetch() {
    let mut edge = Edge::with_keys();
    assert_eq!(edge.show_text("not a token", START + 100), Seen::Refused);
    assert_eq!(edge.show_text(&token(&json!({"alg": "none", "kid": "k2"})), START + 100), Seen::Refused);
    edge.store(&rotated(), START + 100).expect("keys");
    assert_eq!(edge.show_text(&token(&json!({"alg": "EdDSA"})), START + 200), Seen::Refused);
}

#[test]
fn many_tokens_cause_no_more_fetches_than_few() {
    let tokens: Vec<String> =
        (0..100).map(|at| token(&json!({"alg": "EdDSA", "kid": format!("other-{at}")}))).collect();
    let flood = |edge: &mut Edge| {
        let seconds = (0..300).flat_map(|second| std::iter::repeat_n(START + second, 10));
        seconds.zip(tokens.iter().cycle()).filter(|(now, token)| edge.would_fetch(token, *now)).count()
    };
    assert_eq!(flood(&mut Edge::with_keys()), 9, "one in 30 seconds, and none in the first 30");
    assert_eq!(flood(&mut Edge::new()), 80, "eight in 30 seconds while there are no keys");
}

#[test]
fn without_keys_nobody_is_authenticated_and_the_next_fetch_may_succeed() {
    let mut edge = Edge::new();
    for _ in 0..8 {
        assert_eq!(edge.show("k1", START), Seen::Fetch);
    }
    assert_eq!(edge.show("k1", START), Seen::NoKeys);
    assert_eq!(edge.show("k1", START + 29), Seen::NoKeys);
    assert_eq!(edge.show("k1", START + 30), Seen::Fetch);
    assert_eq!(edge.store(&json!({"keys": []}), START + 30), Err(KeysFault::NoneUsable));
    assert_eq!(edge.show("k1", START + 30), Seen::Fetch);
    edge.store(&keys(), START + 31).expect("keys");
    assert_eq!(edge.show("k1", START + 31), Seen::Entered);
}

#[test]
fn one_call_fetches_once() {
    let mut edge = Edge::new();
    let credential = ["Bearer ", &token(&json!({"alg": "EdDSA", "kid": "k1"}))].concat();
    assert_eq!(edge.show("k1", START), Seen::Fetch);
    let step = edge.authentication.step(Some(&credential), &mut edge.cache, START, false);
    assert!(matches!(step, Step::Done(Err(Problem::KeysUnavailable))));
    edge.store(&keys(), START).expect("keys");
    let step = edge.authentication.step(Some(&credential), &mut edge.cache, START, false);
    assert!(matches!(step, Step::Verify(_)));
}

#[test]
fn old_keys_are_used_for_a_bounded_time() {
    let mut edge = Edge::with_keys();
    let end = START + MAX_AGE + MAX_STALE;
    let mut now = START + MAX_AGE;
    while now < end {
        assert_eq!(edge.show("k1", now), Seen::Fetch);
        assert_ne!(edge.show("k1", now + 1), Seen::Fetch);
        // A response without keys does not replace them.
        assert_eq!(edge.store(&json!({"error": "down"}), now + 1), Err(KeysFault::NotASet));
        assert_eq!(edge.show("k1", now + 2), Seen::EnteredAgain);
        now += 30;
    }
    for _ in 0..8 {
        assert_eq!(edge.show("k1", end), Seen::Fetch);
    }
    assert_eq!(edge.show("k1", end), Seen::NoKeys);
}

#[test]
fn a_clock_that_goes_back_makes_no_keys_last() {
    let mut edge = Edge::with_keys();
    assert_eq!(edge.show("k1", START - 1), Seen::Fetch);
    edge.store(&keys(), START - 1).expect("keys");
    assert_eq!(edge.show("k1", START - 1), Seen::Entered);
    let mut far = Edge::with_keys();
    assert_eq!(far.show("k1", i64::MAX), Seen::Fetch);
    assert_eq!(far.show("k1", i64::MIN), Seen::Fetch);
}

#[test]
fn a_token_that_was_verified_is_not_verified_again() {
    let mut edge = Edge::with_keys();
    let token = token(&json!({"alg": "EdDSA", "kid": "k1"}));
    assert_eq!(edge.show_text(&token, START), Seen::Entered);
    assert_eq!(edge.show_text(&token, START), Seen::EnteredAgain);
    // A forgery is never remembered.
    let forged = [token.rsplit_once('.').expect("parts").0, ".", &"A".repeat(86)].concat();
    assert_eq!(edge.show_text(&forged, START), Seen::Refused);
    assert_eq!(edge.show_text(&forged, START), Seen::Refused);
    // Its time is checked every time: when it expires, it causes a verification again.
    let short = seal(Algorithm::EdDsa, r#"{"alg":"EdDSA","kid":"k1"}"#, &{
        let mut claims = claims();
        claims["exp"] = (START + 10).into();
        claims.to_string()
    });
    assert_eq!(edge.show_text(&short, START), Seen::Entered);
    assert_eq!(edge.show_text(&short, START + 39), Seen::EnteredAgain);
    assert_eq!(edge.show_text(&short, START + 40), Seen::Refused);
}

#[test]
fn a_token_is_forgotten_with_the_key_that_verified_it() {
    let mut edge = Edge::with_keys();
    assert_eq!(edge.show("k1", START), Seen::Entered);
    edge.store(&keys(), START + 40).expect("keys");
    assert_eq!(edge.show("k1", START + 41), Seen::EnteredAgain, "the keys are the same");
    edge.store(&rotated(), START + 50).expect("keys");
    assert_eq!(edge.show("k1", START + 51), Seen::Refused, "another key has the same ID now");
    // If the keys change during a verification, nothing is remembered.
    let mut edge = Edge::with_keys();
    let token = token(&json!({"alg": "EdDSA", "kid": "k1"}));
    let credential = ["Bearer ", &token].concat();
    let Step::Verify(unverified) = edge.authentication.step(Some(&credential), &mut edge.cache, START, true) else {
        panic!("a signature to verify");
    };
    edge.authentication.store_keys(&mut edge.cache, rotated().to_string().as_bytes(), START).expect("keys");
    assert!(unverified.finish(true, &mut edge.cache).is_ok());
    assert_eq!(edge.show("k1", START), Seen::Refused);
}

#[test]
fn a_bounded_number_of_tokens_is_remembered() {
    let mut edge = Edge::with_keys();
    let tokens: Vec<String> = (0..65).map(|at| token(&json!({"alg": "EdDSA", "kid": "k1", "at": at}))).collect();
    for token in &tokens {
        assert_eq!(edge.show_text(token, START), Seen::Entered);
    }
    assert_eq!(edge.show_text(&tokens[64], START), Seen::EnteredAgain);
    assert_eq!(edge.show_text(&tokens[1], START), Seen::EnteredAgain);
    assert_eq!(edge.show_text(&tokens[0], START), Seen::Entered, "the oldest made room");
}
