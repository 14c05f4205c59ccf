//! Bytes that are not an image are refused, and an image that is cut or changed anywhere leads to no panic, no endless loop
//! and no access out of bounds. A changed byte may make another policy, so what is decided then is not asserted.

use callgate_engine::{Call, Effect, ImageError, PolicyImage, RequestFacts, evaluate};
use callgate_test_support::image_of;

const POLICY: &str = include_str!("../../policies/crm.json");
const CALL: &[u8] = br#"{"tool":"bulk_update","role":"admin","args":{},
    "agentAttributes":{"env":"staging","mfa_verified":true,"user_id":"a"}}"#;

/// Opens bytes as an image and judges the call by it; reasons are written too, as they read the image most.
fn judge(bytes: &[u8]) -> Result<Effect, ImageError> {
    let image = PolicyImage::open(bytes)?;
    let facts = RequestFacts::new(Some(0), None, None);
    let Ok(call) = Call::read(CALL, &facts, &image) else { return Ok(Effect::Deny) };
    let decision = evaluate(&image, &call);
    let mut reason = String::new();
    decision.write_reason(&image, &call, &mut reason);
    assert!(decision.failed(&image).count() < 100);
    Ok(decision.effect)
}

#[test]
fn the_whole_image_denies_the_call() {
    assert_eq!(judge(&image_of(POLICY)), Ok(Effect::Deny));
}

#[test]
fn bytes_that_are_no_image_are_refused() {
    assert_eq!(judge(b""), Err(ImageError::NotAnImage));
    assert_eq!(judge(&[0; 4096]), Err(ImageError::NotAnImage));
    assert_eq!(judge(POLICY.as_bytes()), Err(ImageError::NotAnImage));
    let mut other = image_of(POLICY);
    *other.get_mut(8).expect("a format") = 0xff;
    assert_eq!(judge(&other), Err(ImageError::OtherFormat));
}

#[test]
fn a_cut_image_is_refused() {
    let whole = image_of(POLICY);
    for length in 0..whole.len() {
        let cut = whole.get(..length).expect("a prefix");
        assert!(judge(cut).is_err(), "cut to {length} of {}", whole.len());
    }
}

#[test]
fn an_image_with_another_digest_is_refused_where_that_is_no_digest() {
    let whole = image_of(POLICY);
    let digest = PolicyImage::open(&whole).expect("an image").policy_digest().as_bytes().to_vec();
    let at = whole.windows(digest.len()).position(|bytes| *bytes == digest).expect("the digest, as text");
    for place in [at, at + 63] {
        // Responses contain the digest without escapes, so no byte of the digest may end its string.
        for (byte, expected) in [(b'0', Ok(Effect::Deny)), (b'f', Ok(Effect::Deny)), (b'"', Err(ImageError::Damaged))] {
            let mut changed = whole.clone();
            *changed.get_mut(place).expect("a digit") = byte;
            assert_eq!(judge(&changed), expected, "{byte} at {place}");
        }
        for byte in [b'/', b':', b'`', b'g', b'F', 0, 0xff] {
            let mut changed = whole.clone();
            *changed.get_mut(place).expect("a digit") = byte;
            assert_eq!(judge(&changed), Err(ImageError::Damaged), "{byte} at {place}");
        }
    }
    let mut changed = whole.clone();
    for place in [at, at + 63] {
        *changed.get_mut(place).expect("a digit") = b'"';
    }
    assert_eq!(judge(&changed), Err(ImageError::Damaged), "two that are none");
}

/// A policy with nested conditions, in which a step without an end could cause an endless loop.
const NESTED: &str = r#"{"version":"callgate-1","tools":["bulk_update"],"roles":{"admin":{}},"rules":[
    {"effect":"Allow","tool_name":"bulk_update","roles":["admin"],"condition":{"All":[
        {"Any":[{"FieldPresent":{"source":"AgentAttributes","field":"user_id"}}]},
        {"Not":{"FieldPresent":{"source":"Arguments","field":"x"}}}]}}]}"#;

#[test]
fn a_condition_that_is_damaged_comes_to_an_end() {
    let whole = image_of(NESTED);
    assert_eq!(judge(&whole), Ok(Effect::Allow));
    for at in 0..whole.len() {
        for value in 0..=u8::MAX {
            let mut changed = whole.clone();
            *changed.get_mut(at).expect("a byte") = value;
            _ = judge(&changed);
        }
    }
}

/// A policy that matches the call with a class of names, which has two rules.
const OPEN: &str = r#"{"version":"callgate-1","roles":{"admin":{}},"rules":[
    {"effect":"Allow","tool_name":"bulk_*","roles":["admin"]},
    {"effect":"Deny","tool_name":"*_update","roles":["admin"],"condition":
        {"BoolCheck":{"source":"AgentAttributes","field":"mfa_verified","value":false}}},
    {"effect":"Allow","resource_uri":"note://*","operations":["read"],"roles":["admin"]}]}"#;

#[test]
fn a_class_of_names_that_is_damaged_comes_to_an_end() {
    let whole = image_of(OPEN);
    assert_eq!(judge(&whole), Ok(Effect::Allow));
    for at in 0..whole.len() {
        for value in [0x00, 0x01, 0x04, 0x7f, 0x80, 0xff] {
            let mut changed = whole.clone();
            *changed.get_mut(at).expect("a byte") = value;
            _ = judge(&changed);
        }
    }
}

#[test]
fn an_image_that_is_not_read_says_why() {
    for (error, text) in [
        (ImageError::NotAnImage, "these bytes are not a compiled policy"),
        (ImageError::OtherFormat, "the compiled policy is from another version of callgate; compile it again"),
        (ImageError::Damaged, "the compiled policy is damaged; compile it again"),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn a_changed_byte_never_stops_the_engine() {
    let whole = image_of(POLICY);
    for at in 0..whole.len() {
        for value in [0x00, 0x01, 0x7f, 0x80, 0xff] {
            let mut changed = whole.clone();
            *changed.get_mut(at).expect("a byte") = value;
            // A change may form another policy; only the existence of a decision matters.
            _ = judge(&changed);
        }
    }
}
