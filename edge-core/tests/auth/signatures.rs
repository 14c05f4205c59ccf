//! Signatures: those from the RFCs, and invalid ones that look similar.

use callgate_edge_core::auth::{Algorithm, KeyCache, PublicKey, Step};
use serde_json::{Value, json};

use crate::issuer::{
    ALGORITHMS, NOW, RFC, assert_enters, assert_refused, changed, decode, deployment, encode, of, rsa_power, section,
    sign, token, vectors,
};

/// Whether a text's signature is accepted for the only key of a set.
#[track_caller]
fn holds(algorithm: Algorithm, jwk: &Value, token: &str) -> bool {
    let mut section = section(algorithm);
    section["keys"] = json!({"keys": [jwk]});
    let authentication = deployment(&section);
    let credential = ["Bearer ", token].concat();
    let Step::Verify(unverified) = authentication.step(Some(&credential), &mut KeyCache::new(), NOW, true) else {
        panic!("a signature to verify");
    };
    assert_eq!(unverified.algorithm(), algorithm);
    unverified.verify()
}

#[test]
fn the_signatures_of_the_rfcs_hold() {
    let mut count = 0;
    for vector in RFC["signed"].as_array().expect("a list") {
        let algorithm = ALGORITHMS.into_iter().find(|algorithm| vector["algorithm"] == algorithm.name());
        let (algorithm, token) = (algorithm.expect("known"), vector["token"].as_str().expect("text"));
        if algorithm == Algorithm::Hs256 {
            continue;
        }
        count += 1;
        assert!(holds(algorithm, &vector["jwk"], token), "{}", vector["source"]);
        // Another text with the same signature.
        let (input, signature) = token.rsplit_once('.').expect("parts");
        assert!(!holds(algorithm, &vector["jwk"], &[input, "AAAA.", signature].concat()), "{}", vector["source"]);
    }
    assert_eq!(count, 4);
}

#[test]
fn rsa_keys_of_other_lengths_verify() {
    for vector in vectors("rsa.json").as_array().expect("a list") {
        let token = vector["token"].as_str().expect("text");
        assert!(holds(Algorithm::Rs256, &vector["jwk"], token), "{} bits", vector["bits"]);
        let (input, signature) = token.rsplit_once('.').expect("parts");
        assert!(!holds(Algorithm::Rs256, &vector["jwk"], &[input, "AAAA.", signature].concat()));
        assert!(!holds(Algorithm::Rs256, &vector["jwk"], "x"), "the stand-in signature is below the modulus");
    }
}

#[test]
fn every_changed_bit_of_a_signature_breaks_it() {
    for algorithm in ALGORITHMS {
        let authentication = of(algorithm);
        let good = token(algorithm, json!({}));
        let (input, signature) = good.rsplit_once('.').expect("parts");
        let signature = decode(signature);
        let step = signature.len() / 32;
        for at in (0..signature.len()).step_by(step) {
            let mut changed = signature.clone();
            changed[at] ^= 1 << (at % 8);
            assert_refused(&authentication, &[input, &encode(changed)].join("."));
        }
    }
}

#[test]
fn a_signature_has_its_length() {
    for algorithm in ALGORITHMS {
        let authentication = of(algorithm);
        let good = token(algorithm, json!({}));
        let (input, signature) = good.rsplit_once('.').expect("parts");
        let signature = decode(signature);
        let others: [Vec<u8>; 6] = [
            Vec::new(),
            signature[1..].to_vec(),
            signature[..signature.len() - 1].to_vec(),
            [&[0], &*signature].concat(),
            [&*signature, &[0]].concat(),
            [&*signature, &*signature].concat(),
        ];
        for other in others {
            assert_refused(&authentication, &[input, &encode(other)].join("."));
        }
        assert_refused(&authentication, &[input, &encode(vec![0; signature.len()])].join("."));
        assert_refused(&authentication, &[input, &encode(vec![0xff; signature.len()])].join("."));
    }
}

/// A 256-bit big-endian number, and the difference from another one.
fn minus(from: [u8; 32], number: &[u8]) -> [u8; 32] {
    let mut borrow = 0;
    let mut out = [0; 32];
    for at in (0..32).rev() {
        let digit = i16::from(from[at]) - i16::from(number[at]) - borrow;
        borrow = i16::from(digit < 0);
        out[at] = u8::try_from(digit.rem_euclid(256)).expect("a byte");
    }
    out
}

#[test]
fn es256_takes_r_and_s_in_their_ranges() {
    let authentication = of(Algorithm::Es256);
    let good = token(Algorithm::Es256, json!({}));
    let (input, signature) = good.rsplit_once('.').expect("parts");
    let signature = decode(signature);
    let (r, s) = signature.split_at(32);
    let order: [u8; 32] = base16("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let with = |r: &[u8], s: &[u8]| [input, &encode([r, s].concat())].join(".");
    // RFC 7518 does not require a low `s`, and half of all signatures have a high one.
    assert_enters(&authentication, &with(r, &minus(order, s)));
    let zero = [0; 32];
    let one = minus(order, &minus(order, &[&[0; 31][..], &[1]].concat()));
    for (r, s) in [
        (&zero[..], s),
        (r, &zero[..]),
        (&zero[..], &zero[..]),
        (&order[..], s),
        (r, &order[..]),
        (&order[..], &order[..]),
        (&one[..], &one[..]),
        (s, r),
    ] {
        assert_refused(&authentication, &with(r, s));
    }
    let parsed = p256::ecdsa::Signature::from_slice(&signature).expect("a signature");
    let der = der_of(&parsed.to_bytes());
    assert_refused(&authentication, &[input, &encode(der)].join("."));
}

/// `r` and `s` in DER, as in other protocols.
fn der_of(signature: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let number: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = number.first().is_some_and(|first| first & 0x80 != 0).then_some(0);
        let number: Vec<u8> = sign.into_iter().chain(number).collect();
        [&[2, u8::try_from(number.len()).expect("short")], &*number].concat()
    };
    let (r, s) = signature.split_at(32);
    let content = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(content.len()).expect("short")], &*content].concat()
}

fn base16<const N: usize>(text: &str) -> [u8; N] {
    let digit = |at: usize| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).expect("hex");
    std::array::from_fn(digit)
}

#[test]
fn eddsa_takes_s_below_the_order_only() {
    let authentication = of(Algorithm::EdDsa);
    let good = token(Algorithm::EdDsa, json!({}));
    let (input, signature) = good.rsplit_once('.').expect("parts");
    let signature = decode(signature);
    let (point, s) = signature.split_at(32);
    let order: [u8; 32] = base16("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
    let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
    // `s` plus the order is another number for the same point.
    let beyond = minus([0; 32], &minus(minus([0; 32], &reversed(s)), &order));
    let with = |point: &[u8], s: &[u8]| [input, &encode([point, s].concat())].join(".");
    assert_enters(&authentication, &with(point, s));
    assert_refused(&authentication, &with(point, &reversed(&beyond)));
    assert_refused(&authentication, &with(point, &reversed(&order)));
    assert_refused(&authentication, &with(&[0xff; 32], s));
    // The neutral element, and a point of order 8.
    let neutral = base16::<32>("0100000000000000000000000000000000000000000000000000000000000000");
    let small = base16::<32>("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
    for point in [neutral, small] {
        assert_refused(&authentication, &with(&point, s));
        assert_refused(&authentication, &with(&point, &[0; 32]));
    }
}

#[test]
fn rs256_takes_one_padding_only() {
    let authentication = of(Algorithm::Rs256);
    let good = token(Algorithm::Rs256, json!({}));
    let (input, _) = good.rsplit_once('.').expect("parts");
    let digest = <sha2::Sha256 as sha2::Digest>::digest(input.as_bytes());
    let info = base16::<19>("3031300d060960864801650304020105000420");
    let short_info = base16::<17>("302f300b0609608648016503040201 0420".replace(' ', "").as_str());
    let filled = |start: &[u8], info: &[u8], end: &[u8]| {
        let mut text = start.to_vec();
        text.resize(256 - 1 - info.len() - digest.len() - end.len(), 0xff);
        [&*text, &[0], info, &digest, end].concat()
    };
    let with = |text: &[u8]| [input, &encode(rsa_power(text))].join(".");
    assert_eq!(with(&filled(&[0, 1], &info, &[])), good);
    assert_enters(&authentication, &good);
    let mut holed = filled(&[0, 1], &info, &[]);
    holed[9] = 0xfe;
    let garbage = [&[0, 1], &[0xff; 8][..], &[0], &info, &digest, &[0x55; 256 - 2 - 8 - 1 - 19 - 32]].concat();
    for text in [
        filled(&[0, 2], &info, &[]),
        filled(&[0, 0], &info, &[]),
        filled(&[0, 1], &[], &[]),
        filled(&[0, 1], &short_info, &[]),
        filled(&[0, 1], &info, &[0]),
        holed,
        // A reader that parses the text would ignore the trailing data.
        garbage,
        digest.iter().copied().rev().chain([0; 224]).rev().collect(),
    ] {
        assert_eq!(text.len(), 256);
        assert_refused(&authentication, &with(&text));
    }
    // The same number plus the modulus.
    let modulus = decode(crate::issuer::jwk(Algorithm::Rs256)["n"].as_str().expect("text"));
    assert_refused(&authentication, &[input, &encode(&modulus)].join("."));
}

#[test]
fn a_platform_is_given_what_webcrypto_takes() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        let authentication = of(algorithm);
        let credential = ["Bearer ", &token(algorithm, json!({}))].concat();
        let mut cache = KeyCache::new();
        let Step::Verify(unverified) = authentication.step(Some(&credential), &mut cache, NOW, true) else {
            panic!("a signature to verify");
        };
        let jwk = changed(crate::issuer::jwk(algorithm), json!({"kid": null}));
        assert_eq!(serde_json::from_str::<Value>(&unverified.key().jwk()).expect("JSON"), jwk);
        let is_key = match unverified.key() {
            PublicKey::Ed25519(_) => algorithm == Algorithm::EdDsa,
            PublicKey::P256 { .. } => algorithm == Algorithm::Es256,
            PublicKey::Rsa(_) => algorithm == Algorithm::Rs256,
        };
        assert!(is_key);
        assert_eq!(sign(algorithm, unverified.signing_input()), unverified.signature());
        assert!(unverified.clone().finish(true, &mut cache).is_ok());
        assert!(unverified.finish(false, &mut cache).is_err());
    }
}

/// Whether a platform is given this signature to verify, and not one in its place.
#[track_caller]
fn is_given(algorithm: Algorithm, signature: &[u8]) -> bool {
    let authentication = of(algorithm);
    let good = token(algorithm, json!({}));
    let (input, _) = good.rsplit_once('.').expect("parts");
    let credential = ["Bearer ", input, ".", &encode(signature)].concat();
    let mut cache = KeyCache::new();
    let Step::Verify(unverified) = authentication.step(Some(&credential), &mut cache, NOW, true) else {
        panic!("a signature is to be verified");
    };
    let is_given = unverified.signature() == signature;
    // What stands in for a signature lets nobody in, whatever the platform says of it.
    assert_eq!(unverified.finish(true, &mut cache).is_ok(), is_given);
    is_given
}

#[test]
fn a_platform_is_given_no_signature_of_p256_whose_numbers_are_out_of_range() {
    let order: [u8; 32] = base16("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let one: [u8; 32] = base16("0000000000000000000000000000000000000000000000000000000000000001");
    let last = minus(order, &one);
    let is_given = |r: &[u8], s: &[u8]| is_given(Algorithm::Es256, &[r, s].concat());
    for (r, s) in [(&one, &one), (&last, &last), (&one, &last), (&last, &one)] {
        assert!(is_given(r, s), "{r:?} {s:?}");
    }
    for wrong in [[0; 32], order, [0xff; 32]] {
        assert!(!is_given(&wrong, &one), "{wrong:?}");
        assert!(!is_given(&one, &wrong), "{wrong:?}");
        assert!(!is_given(&wrong, &wrong), "{wrong:?}");
    }
    assert!(!is_given(&one, &one[1..]));
    assert!(!is_given(&one, &[0, 1]));
    assert!(!is_given(&one, &[&[0], &one[..]].concat()));
}

#[test]
fn a_platform_is_given_no_signature_of_ed25519_whose_number_is_out_of_range() {
    let order: [u8; 32] = base16("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
    let one: [u8; 32] = base16("0000000000000000000000000000000000000000000000000000000000000001");
    let point = [0x66; 32];
    let is_given = |s: &[u8]| {
        let reversed: Vec<u8> = s.iter().rev().copied().collect();
        is_given(Algorithm::EdDsa, &[&point[..], &reversed].concat())
    };
    assert!(is_given(&one));
    assert!(is_given(&minus(order, &one)));
    assert!(!is_given(&order));
    assert!(!is_given(&[0xff; 32]));
    assert!(!is_given(&one[1..]));
    assert!(!is_given(&[&[0], &one[..]].concat()));
}

#[test]
fn a_platform_is_given_no_signature_of_rsa_that_is_no_number_below_the_modulus() {
    let modulus = decode(crate::issuer::jwk(Algorithm::Rs256)["n"].as_str().expect("text"));
    let mut below = modulus.clone();
    // The modulus is odd.
    *below.last_mut().expect("a byte") -= 1;
    assert!(is_given(Algorithm::Rs256, &below));
    assert!(!is_given(Algorithm::Rs256, &modulus));
    assert!(!is_given(Algorithm::Rs256, &below[1..]));
    assert!(!is_given(Algorithm::Rs256, &[&[0], &below[..]].concat()));
    assert!(!is_given(Algorithm::Rs256, &vec![0xff; modulus.len()]));
}
