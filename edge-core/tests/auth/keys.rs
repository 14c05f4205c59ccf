//! Key sets, and which of their keys are usable.

use callgate_edge_core::auth::{Algorithm, KeyCache, KeysFault, MAX_KEYS_BYTES};
use serde_json::{Value, json};

use crate::issuer::{
    NOW, assert_enters, assert_refused, changed, claims, configure, decode, deployment, encode, jwk, of, seal, section,
    token, token_header, vector,
};

/// The error of a set.
fn fault(algorithm: Algorithm, keys: &Value) -> Result<(), KeysFault> {
    of(algorithm).store_keys(&mut KeyCache::new(), keys.to_string().as_bytes(), NOW)
}

#[track_caller]
fn check(algorithm: Algorithm, changes: Value, is_taken: bool) {
    let keys = json!({"keys": [changed(jwk(algorithm), changes)]});
    let expected = if is_taken { Ok(()) } else { Err(KeysFault::NoneUsable) };
    assert_eq!(fault(algorithm, &keys), expected, "{keys}");
}

#[test]
fn a_key_is_only_used_for_its_stated_purpose() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        check(algorithm, json!({}), true);
        check(algorithm, json!({"kid": null}), true);
        check(algorithm, json!({"alg": algorithm.name(), "use": "sig", "key_ops": ["sign", "verify"]}), true);
        check(algorithm, json!({"x5c": ["MIIB"], "x5t": "x", "anything": {"else": 1}}), true);
        for changes in [
            json!({"alg": "none"}),
            json!({"alg": "RS512"}),
            json!({"alg": 1}),
            json!({"use": "enc"}),
            json!({"use": ["sig"]}),
            json!({"key_ops": []}),
            json!({"key_ops": ["sign"]}),
            json!({"key_ops": "verify"}),
            json!({"kty": null}),
            json!({"kty": "oct"}),
            json!({"kty": 1}),
            json!({"kid": 1}),
            json!({"d": "AQ"}),
        ] {
            check(algorithm, changes, false);
        }
        for other in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
            let keys = json!({"keys": [jwk(other)]});
            assert_eq!(fault(algorithm, &keys).is_ok(), other == algorithm);
        }
    }
}

#[test]
fn points_are_points_of_their_curve() {
    let x = jwk(Algorithm::Es256)["x"].clone();
    for changes in [
        json!({"crv": "P-384"}),
        json!({"crv": null}),
        json!({"crv": "secp256k1"}),
        json!({"y": null}),
        json!({"y": x}),
        json!({"x": encode([0; 32]), "y": encode([0; 32])}),
        json!({"x": encode([0xff; 32])}),
        json!({"x": encode([1; 31])}),
        json!({"x": encode([0; 33])}),
        json!({"x": [1]}),
        json!({"x": format!("{}=", encode([7; 32]))}),
    ] {
        check(Algorithm::Es256, changes, false);
    }
    for changes in [
        json!({"crv": "X25519"}),
        json!({"crv": "Ed448"}),
        json!({"crv": null}),
        json!({"x": null}),
        json!({"x": encode([7; 31])}),
        // No point has this coordinate.
        json!({"x": encode([2; 32])}),
    ] {
        check(Algorithm::EdDsa, changes, false);
    }
}

#[test]
fn points_of_small_order_are_rejected() {
    let with = |first: u8, rest: u8, last: u8| {
        let mut point = [rest; 32];
        point[0] = first;
        point[31] = last;
        point
    };
    let mut small = vec![with(0, 0, 0), with(1, 0, 0), with(0xec, 0xff, 0x7f)];
    // The same coordinate plus the prime.
    small.extend([with(0xed, 0xff, 0x7f), with(0xee, 0xff, 0x7f)]);
    for text in ["JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU", "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o"] {
        small.push(decode(text).try_into().expect("a point"));
    }
    for point in small {
        for sign in [0, 0x80] {
            let mut point = point;
            point[31] |= sign;
            check(Algorithm::EdDsa, json!({"x": encode(point)}), false);
            // The result of the crate, if it accepts the point.
            let key = ed25519_dalek::VerifyingKey::from_bytes(&point);
            assert!(key.is_err() || key.is_ok_and(|key| key.is_weak()), "{point:?}");
        }
    }
}

#[test]
fn rsa_keys_are_strong() {
    let modulus = |bytes: usize, first: u8, last: u8| {
        let mut modulus = vec![0xa5; bytes];
        modulus[0] = first;
        modulus[bytes - 1] = last;
        json!({"n": encode(modulus)})
    };
    check(Algorithm::Rs256, modulus(256, 0x80, 1), true);
    check(Algorithm::Rs256, modulus(257, 0x01, 1), true);
    check(Algorithm::Rs256, modulus(384, 0xff, 1), true);
    check(Algorithm::Rs256, modulus(512, 0xff, 1), true);
    for changes in [
        modulus(128, 0xff, 1),
        modulus(255, 0xff, 1),
        modulus(256, 0x7f, 1),
        modulus(513, 0x01, 1),
        // An even number, and one with a leading zero.
        modulus(256, 0xff, 2),
        modulus(257, 0x00, 1),
        json!({"n": ""}),
        json!({"n": null}),
        json!({"e": null}),
        json!({"e": "AQ"}),
        json!({"e": "Aw"}),
        json!({"e": "AAEAAQ"}),
        json!({"e": 65_537}),
    ] {
        check(Algorithm::Rs256, changes, false);
    }
}

#[test]
fn a_set_is_strict_json_of_a_bounded_size() {
    let key = jwk(Algorithm::EdDsa);
    let check = |text: &str, expected: Result<(), KeysFault>| {
        assert_eq!(of(Algorithm::EdDsa).store_keys(&mut KeyCache::new(), text.as_bytes(), NOW), expected, "{text:.80}");
    };
    check(&json!({"keys": [key]}).to_string(), Ok(()));
    // Unusable keys are ignored, as are unknown members.
    check(
        &json!({"keys": [1, null, {}, jwk(Algorithm::Es256), key, {"kty": "oct"}], "public_certs": []}).to_string(),
        Ok(()),
    );
    for text in ["", "null", "[]", "{}", "not JSON", r#"{"keys":{}}"#, r#"{"keys":null}"#] {
        check(text, Err(KeysFault::NotASet));
    }
    check(&json!([key]).to_string(), Err(KeysFault::NotASet));
    check(&key.to_string(), Err(KeysFault::NotASet));
    check(&format!(r#"{{"keys":[{key}],"keys":[]}}"#), Err(KeysFault::NotASet));
    check(&format!(r#"{{"keys":[{}]}}"#, key.to_string().replacen('{', r#"{"kid":"k2","#, 1)), Err(KeysFault::NotASet));
    check(r#"{"keys":[]}"#, Err(KeysFault::NoneUsable));
    check(&json!({"keys": [key, key]}).to_string(), Err(KeysFault::RepeatedId));
    let mut other = key.clone();
    other["x"] = vector("RFC 8037, A.4")["jwk"]["x"].clone();
    check(&json!({"keys": [key, other]}).to_string(), Err(KeysFault::RepeatedId));
    // One of them is unusable here, so there is only one choice.
    other["use"] = "enc".into();
    check(&json!({"keys": [key, other]}).to_string(), Ok(()));
    let mut many = vec![json!({}); 63];
    many.push(key.clone());
    check(&json!({"keys": many}).to_string(), Ok(()));
    many.push(json!({}));
    check(&json!({"keys": many}).to_string(), Err(KeysFault::TooMany));
    let sized = |length: usize| json!({"keys": [key], "x": "x".repeat(length)}).to_string();
    let room = MAX_KEYS_BYTES - sized(0).len();
    check(&sized(room), Ok(()));
    check(&sized(room + 1), Err(KeysFault::TooLong));
}

#[test]
fn the_key_is_the_one_that_the_token_names() {
    let mut set = section(Algorithm::EdDsa);
    let mut other = vector("RFC 8037, A.4")["jwk"].clone();
    other["kid"] = "k2".into();
    let header = |kid: &str| json!({"alg": "EdDSA", "kid": kid}).to_string();
    let sealed = |header: &str| seal(Algorithm::EdDsa, header, &claims().to_string());
    let ours = token_header(Algorithm::EdDsa).to_string();
    for keys in [json!([jwk(Algorithm::EdDsa), other]), json!([other, jwk(Algorithm::EdDsa)])] {
        set["keys"] = json!({"keys": keys});
        let authentication = deployment(&set);
        assert_enters(&authentication, &sealed(&ours));
        assert_refused(&authentication, &sealed(&header("k2")));
        assert_refused(&authentication, &sealed(&header("k3")));
        // If there are several keys, none is tried.
        assert_refused(&authentication, &sealed(r#"{"alg":"EdDSA"}"#));
    }
}

#[test]
fn without_a_name_there_must_be_one_key() {
    let header = r#"{"alg":"EdDSA"}"#;
    let token_without = seal(Algorithm::EdDsa, header, &claims().to_string());
    assert_enters(&of(Algorithm::EdDsa), &token_without);
    let mut nameless = section(Algorithm::EdDsa);
    nameless["keys"] = json!({"keys": [changed(jwk(Algorithm::EdDsa), json!({"kid": null}))]});
    let nameless = deployment(&nameless);
    assert_enters(&nameless, &token_without);
    // The name must be that of a key.
    assert_refused(&nameless, &token(Algorithm::EdDsa, json!({})));
}

#[test]
fn a_private_key_in_the_configuration_is_refused() {
    let mut set = section(Algorithm::EdDsa);
    for (name, value) in [("d", "AQ"), ("k", "AQ")] {
        let mut private = jwk(Algorithm::EdDsa);
        private[name] = value.into();
        private["kid"] = "private".into();
        set["keys"] = json!({"keys": [jwk(Algorithm::EdDsa), private]});
        let error = configure(&set).map(drop).expect_err("an error").to_string();
        assert_eq!(error, "/auth/keys has a private key; create a new key pair and use its public key");
    }
}

#[test]
fn a_point_is_a_key_though_some_bytes_of_it_are_those_of_a_point_of_small_order() {
    let point_of = |seed: u16| {
        let mut secret = [0; 32];
        secret[..2].copy_from_slice(&seed.to_be_bytes());
        ed25519_dalek::SigningKey::from_bytes(&secret).verifying_key().to_bytes()
    };
    let bytes: [fn(&[u8; 32]) -> bool; 5] = [
        |point| point[0] <= 1,
        |point| point[0] >= 0xec,
        |point| point[31] & 0x7f == 0,
        |point| point[31] & 0x7f == 0x7f,
        |point| point[0] >= 0xec && point[31] & 0x7f == 0x7f,
    ];
    for has_them in bytes {
        let point = (0..u16::MAX).map(point_of).find(has_them).expect("such a point");
        check(Algorithm::EdDsa, json!({"x": encode(point)}), true);
    }
}

#[test]
fn a_fault_of_a_set_says_what_is_wrong() {
    let faults =
        [KeysFault::TooLong, KeysFault::NotASet, KeysFault::TooMany, KeysFault::RepeatedId, KeysFault::NoneUsable];
    for fault in faults {
        assert!(!fault.problem().is_empty());
        assert_eq!(fault.to_string(), fault.problem());
        assert_eq!(faults.iter().filter(|other| other.problem() == fault.problem()).count(), 1);
    }
}
