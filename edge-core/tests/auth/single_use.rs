//! Single-use tokens.

use callgate_edge_core::Problem;
use callgate_edge_core::auth::{Algorithm, Authentication, Caller, KeyCache, Step};
use serde_json::json;

use crate::issuer::{NOW, deployment, section, token};

fn enter(authentication: &Authentication, cache: &mut KeyCache, token: &str, now: i64) -> Result<Caller, Problem> {
    let credential = ["Bearer ", token].concat();
    match authentication.step(Some(&credential), cache, now, true) {
        Step::Done(outcome) => outcome,
        Step::Verify(unverified) => {
            let is_genuine = unverified.verify();
            unverified.finish(is_genuine, cache)
        }
        Step::FetchKeys(url) => panic!("`{url}` must be fetched"),
    }
}

fn once(algorithm: Algorithm) -> Authentication {
    let mut section = section(algorithm);
    section["singleUse"] = json!(true);
    deployment(&section)
}

const REFUSED: Result<(), Problem> = Err(Problem::Unauthenticated);

#[test]
fn a_token_is_accepted_once() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Hs256] {
        let (authentication, mut cache) = (once(algorithm), KeyCache::new());
        let mut check = |id: &str, exp: i64, now: i64, expected| {
            let token = token(algorithm, json!({"jti": id, "exp": exp}));
            assert_eq!(enter(&authentication, &mut cache, &token, now).map(drop), expected, "{id} {exp} {now}");
        };
        check("a", NOW + 60, NOW, Ok(()));
        check("a", NOW + 60, NOW, REFUSED);
        check("b", NOW + 60, NOW, Ok(()));
        // The `jti` identifies the token, not its text.
        check("a", NOW + 61, NOW + 1, REFUSED);
        // An expired token is rejected as such; later, its `jti` can be used again.
        check("a", NOW + 60, NOW + 90, REFUSED);
        check("a", NOW + 200, NOW + 90, Ok(()));
        check("a", NOW + 200, NOW + 91, REFUSED);
    }
}

#[test]
fn a_token_that_does_not_hold_uses_nothing_up() {
    let (authentication, mut cache) = (once(Algorithm::EdDsa), KeyCache::new());
    let good = token(Algorithm::EdDsa, json!({"jti": "a"}));
    let (input, _) = good.rsplit_once('.').expect("a signature");
    let other = token(Algorithm::EdDsa, json!({"jti": "b"}));
    let (_, signature) = other.rsplit_once('.').expect("a signature");
    let forged = [input, ".", signature].concat();
    assert_eq!(enter(&authentication, &mut cache, &forged, NOW).map(drop), REFUSED);
    assert!(enter(&authentication, &mut cache, &good, NOW).is_ok());
}

#[test]
fn a_token_without_an_id_is_taken_only_where_it_may_come_again() {
    for id in [json!(null), json!(""), json!(7)] {
        let changed = token(Algorithm::EdDsa, json!({"jti": id}));
        assert_eq!(enter(&once(Algorithm::EdDsa), &mut KeyCache::new(), &changed, NOW).map(drop), REFUSED);
        let (often, mut cache) = (deployment(&section(Algorithm::EdDsa)), KeyCache::new());
        assert!(enter(&often, &mut cache, &changed, NOW).is_ok());
        assert!(enter(&often, &mut cache, &changed, NOW).is_ok());
    }
}

#[test]
fn where_no_more_can_be_remembered_none_is_taken() {
    let (authentication, mut cache) = (once(Algorithm::Hs256), KeyCache::new());
    let mut enter_as = |id: usize, exp: i64, now: i64| {
        let token = token(Algorithm::Hs256, json!({"jti": id.to_string(), "exp": exp}));
        enter(&authentication, &mut cache, &token, now).map(drop)
    };
    for id in 0..4_096 {
        assert_eq!(enter_as(id, NOW + 60, NOW), Ok(()));
    }
    assert_eq!(enter_as(5_000, NOW + 60, NOW), REFUSED);
    assert_eq!(enter_as(0, NOW + 60, NOW), REFUSED, "used tokens stay used");
    assert_eq!(enter_as(5_000, NOW + 200, NOW + 90), Ok(()), "expired tokens free space");
}
