//! Bytes that are not an image are refused, and an image that is cut or changed anywhere leads to no panic, no endless loop
//! and no access out of bounds.
//!
//! A changed byte may make another policy, so the tests do not assert its effect. They assert what is true of every policy:
//! only the code of an allowed call allows, the names that a decision states are in the bytes of the image, and a call has
//! one decision.
#![expect(clippy::expect_used, clippy::panic, reason = "a test states what must hold by failing")]

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use callgate_engine::{
    Call, Code, Decision, Dialect, Effect, ImageError, PolicyImage, RequestFacts, condition, evaluate,
};
use callgate_test_support::image_of;

const POLICY: &str = include_str!("../../policies/crm.json");
const CALL: &str = r#"{"tool":"bulk_update","role":"admin","args":{},
    "agentAttributes":{"env":"staging","mfa_verified":true,"user_id":"a"}}"#;

/// How long a changed byte may take until the loop over it counts as endless. A decision takes microseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens bytes as an image and judges the call by it; a call that is not read has no decision.
#[track_caller]
fn decide(bytes: &[u8], body: &str) -> Result<Option<Decision>, ImageError> {
    let image = PolicyImage::open(bytes)?;
    for text in [image.version(), image.description(), image.policy_digest()] {
        assert_in(bytes, text);
    }
    let facts = RequestFacts::new(Some(0), Some("10.0.0.1"), Some("DE"));
    let Ok(call) = Call::read(body.as_bytes(), &facts, &image) else { return Ok(None) };
    let decision = evaluate(&image, &call);
    decision.rule(&image).into_iter().for_each(|rule| assert_in(bytes, rule));
    let mut failed = 0_usize;
    for predicate in decision.failed(&image) {
        assert_in(bytes, predicate.field());
        predicate.visit_members(&mut |_, _| ());
        failed = failed.saturating_add(1);
    }
    assert!(failed < 100, "{failed} predicates");
    let mut reason = String::new();
    decision.write_reason(&image, &call, &mut reason);
    let Decision { effect, code, .. } = decision;
    assert_eq!(effect == Effect::Allow, code == Code::Allowed, "{decision:?}");
    assert!(effect == Effect::Deny || !matches!(code, Code::PolicyFault | Code::TooComplex), "{decision:?}");
    assert_eq!(decision, evaluate(&image, &call), "a call has one decision");
    Ok(Some(decision))
}

/// Fails if a text is not a part of the image.
#[track_caller]
fn assert_in(image: &[u8], text: &str) {
    let (image, text) = (image.as_ptr_range(), text.as_bytes().as_ptr_range());
    assert!(text.is_empty() || (image.start <= text.start && text.end <= image.end), "a text is not from the image");
}

/// The effect on the call of these tests.
#[track_caller]
fn judge(bytes: &[u8]) -> Result<Effect, ImageError> {
    Ok(decide(bytes, CALL)?.map_or(Effect::Deny, |decision| decision.effect))
}

/// How often changed images are refused as a whole, for one decision, or not at all.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fates {
    refused: usize,
    faults: usize,
    decided: usize,
}

/// Judges a call by an image in which one byte is changed, for each byte and each of these values.
///
/// The call is judged on another thread, so that a decision that never ends is found.
#[track_caller]
fn change_every_byte(
    policy: &str,
    call: &'static str,
    values: impl Iterator<Item = u8> + Clone + Send + 'static,
) -> Fates {
    let whole = image_of(policy);
    let place = Arc::new(AtomicUsize::new(0));
    let (done, ended) = channel();
    let shown = Arc::clone(&place);
    let worker = thread::spawn(move || {
        let mut fates = Fates::default();
        for at in 0..whole.len() {
            shown.store(at, Ordering::Relaxed);
            let mut changed = whole.clone();
            for value in values.clone() {
                *changed.get_mut(at).expect("a byte") = value;
                let fate = match decide(&changed, call) {
                    Err(_) => &mut fates.refused,
                    Ok(Some(decision)) if decision.code == Code::PolicyFault => &mut fates.faults,
                    Ok(_) => &mut fates.decided,
                };
                *fate = fate.saturating_add(1);
            }
        }
        done.send(fates).expect("the test waits");
    });
    let mut before = usize::MAX;
    loop {
        match ended.recv_timeout(PATIENCE) {
            Ok(fates) => return fates,
            Err(RecvTimeoutError::Timeout) => {
                let now = place.load(Ordering::Relaxed);
                assert!(now != before, "a change of byte {now} leads to an endless loop");
                before = now;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    // The worker sends nothing only if it panicked.
    match worker.join() {
        Ok(()) => panic!("the worker ended without a result"),
        Err(panic) => resume_unwind(panic),
    }
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
    assert_eq!(judge(&image_of(NESTED)), Ok(Effect::Allow));
    let fates = change_every_byte(NESTED, CALL, 0..=u8::MAX);
    assert!(fates.refused > 1_000 && fates.faults > 1_000 && fates.decided > 1_000, "{fates:?}");
}

/// A policy that matches the call with a class of names, which has two rules.
const OPEN: &str = r#"{"version":"callgate-1","roles":{"admin":{}},"rules":[
    {"effect":"Allow","tool_name":"bulk_*","roles":["admin"]},
    {"effect":"Deny","tool_name":"*_update","roles":["admin"],"condition":
        {"BoolCheck":{"source":"AgentAttributes","field":"mfa_verified","value":false}}},
    {"effect":"Allow","resource_uri":"note://*","operations":["read"],"roles":["admin"]}]}"#;

#[test]
fn a_class_of_names_that_is_damaged_comes_to_an_end() {
    assert_eq!(judge(&image_of(OPEN)), Ok(Effect::Allow));
    let fates = change_every_byte(OPEN, CALL, [0x00, 0x01, 0x04, 0x7f, 0x80, 0xff].into_iter());
    assert!(fates.refused > 100 && fates.faults > 100 && fates.decided > 100, "{fates:?}");
}

/// A policy whose one condition has all kinds in it.
const ALL_KINDS: &str = r#"{"version":"callgate-1","tools":["send"],"roles":{"agent":{}},"rules":[
    {"effect":"Allow","tool_name":"send","roles":["agent"],"condition":{"All":[
        {"NumericCheck":{"source":"Arguments","field":"n","op":"Lte","value":5}},
        {"StringCheck":{"source":"Arguments","field":"s","op":"In","value":["a","ab"]}},
        {"StringCheck":{"source":"Arguments","field":"s","op":"EndsWith","value":"b"}},
        {"StringCheck":{"source":"Arguments","field":"s","op":"Glob","value":"a*"}},
        {"StringCheck":{"source":"Arguments","field":"s","op":"Matches","value":"[ab]+"}},
        {"StringCheck":{"source":"Arguments","field":"s","op":"StartsWith","value":"A","ignoreCase":"Full"}},
        {"MembersCheck":{"source":"ResourceAttributes","field":"o","op":"In","value":["M","N"],"ignoreCase":"Ascii"}},
        {"BoolCheck":{"source":"Arguments","field":"b","value":true}},
        {"LengthCheck":{"source":"Arguments","field":"s","op":"Lt","value":3}},
        {"FieldEquals":{"source_a":"Arguments","field_a":"s","source_b":"AgentAttributes","field_b":"s"}},
        {"FieldCompare":{"source_a":"Arguments","field_a":"n","op":"Lt","source_b":"ResourceAttributes","field_b":"/o/n"}},
        {"Every":{"source":"Arguments","field":"l","condition":{
            "NumericCheck":{"source":"Item","field":"n","op":"Gt","value":0}}}},
        {"Some":{"source":"Arguments","field":"l","condition":{
            "Any":[{"FieldPresent":{"source":"Item","field":"x"}},{"FieldPresent":{"source":"Item","field":"n"}}]}}},
        {"Not":{"PathCheck":{"source":"Arguments","field":"p","roots":["/data"]}}},
        {"UrlCheck":{"source":"Arguments","field":"u","hosts":["a.test","*.b.test"],"ports":[443],"paths":["/**"]}},
        {"CidrCheck":{"source":"Request","field":"ip","op":"In","value":["10.0.0.0/8"]}},
        {"CidrCheck":{"source":"Request","field":"ip","op":"NotIn","value":["public"]}},
        {"TimeCheck":{"to":"12:00","weekdays":["Thu"]}}]}}]}"#;
const CALL_OF_ALL_KINDS: &str = r#"{"tool":"send","role":"agent","agentAttributes":{"s":"ab"},"resourceAttributes":{"o":{"n":5}},
    "args":{"n":4,"s":"ab","b":true,"l":[{"n":1},{"n":2}],"p":"/srv","u":"https://x.b.test/"}}"#;

#[test]
fn each_kind_of_condition_that_is_damaged_comes_to_an_end() {
    for kind in condition::names(Dialect::Callgate1) {
        assert!(ALL_KINDS.contains(&format!("\"{kind}\":")), "{kind}");
    }
    // The condition is true, so all parts of it are read.
    let decision = decide(&image_of(ALL_KINDS), CALL_OF_ALL_KINDS).expect("an image").expect("a call");
    assert_eq!(decision.effect, Effect::Allow, "{decision:?}");
    let fates = change_every_byte(ALL_KINDS, CALL_OF_ALL_KINDS, [0x00, 0x01, 0x7f, 0x80, 0xff].into_iter());
    assert!(fates.refused > 100 && fates.faults > 100 && fates.decided > 1_000, "{fates:?}");
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
    let fates = change_every_byte(POLICY, CALL, [0x00, 0x01, 0x7f, 0x80, 0xff].into_iter());
    assert!(fates.refused > 100 && fates.faults > 10 && fates.decided > 1_000, "{fates:?}");
}
