//! Every invalid token costs one verification with a key of the configured kind, whatever is wrong.

use callgate_edge_core::Problem;
use callgate_edge_core::auth::{Algorithm, KeyCache, MAX_TOKEN_BYTES, Step};
use serde_json::json;

use crate::issuer::{NOW, changed, claims, jwk, of, seal, token};

#[test]
fn each_wrong_token_asks_for_one_verification_and_gets_one_answer() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        let authentication = of(algorithm);
        let good = token(algorithm, json!({}));
        let (input, _) = good.rsplit_once('.').expect("parts");
        let header = |kid: &str, alg: &str| json!({"alg": alg, "kid": kid}).to_string();
        let wrong = [
            String::new(),
            "x".into(),
            "a.b".into(),
            "x".repeat(100_000),
            [input, "."].concat(),
            [input, ".AAAA"].concat(),
            [&good, "="].concat(),
            seal(algorithm, &header("k2", algorithm.name()), &claims().to_string()),
            seal(algorithm, &header("k1", "none"), &claims().to_string()),
            seal(algorithm, "{}", &claims().to_string()),
            seal(algorithm, &header("k1", algorithm.name()), "no claims"),
            token(algorithm, json!({"exp": 0})),
            token(algorithm, json!({"nbf": NOW + 1_000})),
            token(algorithm, json!({"iss": "other"})),
            token(algorithm, json!({"aud": "other"})),
            token(algorithm, json!({"sub": null})),
            token(algorithm, json!({"roles": []})),
        ];
        for token in &wrong {
            let mut cache = KeyCache::new();
            let credential = ["Bearer ", token].concat();
            let Step::Verify(unverified) = authentication.step(Some(&credential), &mut cache, NOW, true) else {
                panic!("{token:.80}: nothing to verify");
            };
            let key = changed(jwk(algorithm), json!({"kid": null}));
            assert_eq!(serde_json::from_str::<serde_json::Value>(&unverified.key().jwk()).expect("JSON"), key);
            // Even a platform that accepts every signature does not let it pass.
            assert_eq!(unverified.clone().finish(true, &mut cache), Err(Problem::Unauthenticated), "{token:.80}");
            let is_genuine = unverified.verify();
            assert_eq!(unverified.finish(is_genuine, &mut cache), Err(Problem::Unauthenticated), "{token:.80}");
        }
    }
}

#[test]
fn a_signature_that_stands_in_for_another_is_one_that_could_hold() {
    // Otherwise, it would take less time than other signatures.
    type Check = fn(&[u8]) -> bool;
    let p256: Check = |bytes| p256::ecdsa::Signature::from_slice(bytes).is_ok();
    let ed25519: Check = |bytes| {
        let point = bytes.first_chunk::<32>().map(ed25519_dalek::VerifyingKey::from_bytes);
        point.is_some_and(|point| point.is_ok_and(|point| !point.is_weak())) && bytes.last() < Some(&0x10)
    };
    let rsa: Check = |bytes| bytes.len() == 256 && bytes.first() == Some(&0);
    for (algorithm, could_hold) in [(Algorithm::Es256, p256), (Algorithm::EdDsa, ed25519), (Algorithm::Rs256, rsa)] {
        let authentication = of(algorithm);
        let Step::Verify(unverified) = authentication.step(Some("Bearer x"), &mut KeyCache::new(), NOW, true) else {
            panic!("nothing to verify");
        };
        assert!(could_hold(unverified.signature()), "{algorithm:?}");
        assert!(!unverified.verify());
    }
}

#[test]
fn the_answer_gives_no_hint() {
    let response = Problem::Unauthenticated.response();
    assert_eq!(response.status, 401);
    let challenge = response.headers().find(|(name, _)| *name == "www-authenticate");
    assert_eq!(challenge, Some(("www-authenticate", "Bearer realm=\"callgate\"")));
}

#[test]
fn what_stands_in_for_a_token_is_as_long_as_what_was_shown_up_to_a_bound() {
    let authentication = of(Algorithm::EdDsa);
    for length in [1, 100, MAX_TOKEN_BYTES, MAX_TOKEN_BYTES + 1, 2 * MAX_TOKEN_BYTES] {
        let shown = "x".repeat(length);
        let credential = ["Bearer ", &shown].concat();
        let Step::Verify(unverified) = authentication.step(Some(&credential), &mut KeyCache::new(), NOW, true) else {
            panic!("nothing is to be verified");
        };
        let expected = shown.get(..length.min(MAX_TOKEN_BYTES)).expect("so many characters");
        assert_eq!(unverified.signing_input(), expected.as_bytes(), "{length}");
    }
}
