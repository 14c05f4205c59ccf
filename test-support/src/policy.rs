//! Policies and the decisions that they make.

use std::fmt::Display;

use callgate_engine::policy::text::Diagnostic;
use callgate_engine::{Call, Code, Effect, PolicyImage, RequestError, RequestFacts, ValidPolicy, compile, evaluate};
use callgate_engine::{parse, validate};

/// A decision, and what a response says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The decision itself.
    pub effect: Effect,
    /// The code of the reason.
    pub code: Code,
    /// The rule that decided, or that came nearest to applying.
    pub rule: Option<String>,
    /// The reason as a sentence.
    pub reason: String,
}

/// A policy in which validation finds no error.
///
/// # Panics
/// The policy has an error; the message has all of them.
#[must_use]
#[track_caller]
pub fn valid_policy(text: &str) -> ValidPolicy<'_> {
    match parse(text).and_then(validate) {
        Ok(policy) => policy,
        Err(errors) => panic!("{text}\n{errors:#?}"),
    }
}

/// The image of a valid policy.
///
/// # Panics
/// The policy has an error; the message has all of them.
#[must_use]
#[track_caller]
pub fn image_of(policy: impl Display) -> Vec<u8> {
    compile(&valid_policy(&policy.to_string()))
}

/// Compares the images of two valid policies, which may differ in the digest of the policy only.
///
/// # Panics
/// A policy has an error, or the images differ in another part.
#[track_caller]
pub fn assert_same_image(a: impl Display, b: impl Display) {
    // The image contains the length of the text, so both get the same one.
    let (a, b) = (a.to_string(), b.to_string());
    let len = a.len().max(b.len());
    let image = |text: &str| {
        let image = image_of(format_args!("{text}{}", " ".repeat(len.saturating_sub(text.len()))));
        let digest = open(&image).policy_digest().as_bytes().to_vec();
        let at = image.windows(digest.len()).position(|part| part == digest);
        let (before, rest) = image.split_at(at.unwrap_or_default());
        [before, rest.get(digest.len()..).unwrap_or_default()].concat()
    };
    assert!(image(&a) == image(&b), "the images differ:\n{a}\n{b}");
}

/// What `callgate check` finds in a policy: all findings, also if it is valid.
#[must_use]
pub fn findings_of(policy: impl Display) -> Vec<Diagnostic> {
    match parse(&policy.to_string()).and_then(validate) {
        Ok(policy) => policy.findings().to_vec(),
        Err(errors) => errors,
    }
}

/// The errors of a policy, and the warnings beside them.
///
/// # Panics
/// The policy is valid.
#[must_use]
#[track_caller]
pub fn errors_of(policy: impl Display) -> Vec<Diagnostic> {
    let text = policy.to_string();
    match parse(&text).and_then(validate) {
        Ok(_) => panic!("the policy has no error\n{text}"),
        Err(errors) => errors,
    }
}

/// The codes of [`errors_of`].
///
/// # Panics
/// The policy is valid.
#[must_use]
#[track_caller]
pub fn error_codes_of(policy: impl Display) -> Vec<&'static str> {
    errors_of(policy).iter().map(|error| error.code).collect()
}

/// Decides a call whose edge knows nothing of the request.
///
/// # Panics
/// The bytes are not an image, or the body is not a call.
#[must_use]
#[track_caller]
pub fn decide(image: &[u8], body: impl Display) -> Answer {
    decide_with(image, &RequestFacts::default(), body)
}

/// Decides a call whose edge knows these facts.
///
/// # Panics
/// The bytes are not an image, or the body is not a call.
#[must_use]
#[track_caller]
pub fn decide_with(image: &[u8], facts: &RequestFacts, body: impl Display) -> Answer {
    let body = body.to_string();
    match try_decide(image, facts, &body) {
        Ok(answer) => answer,
        Err(error) => panic!("not a call: {error}\n{body}"),
    }
}

/// Decides a body that may not be a call.
///
/// # Errors
/// The body is not a call.
///
/// # Panics
/// The bytes are not an image.
#[track_caller]
pub fn try_decide(image: &[u8], facts: &RequestFacts, body: impl Display) -> Result<Answer, RequestError> {
    let image = open(image);
    let body = body.to_string();
    Call::read(body.as_bytes(), facts, &image).map(|call| answer_to(&image, &call))
}

/// Decides a call that was read.
#[must_use]
pub fn answer_to(image: &PolicyImage<'_>, call: &Call<'_>) -> Answer {
    let decision = evaluate(image, call);
    let mut reason = String::new();
    decision.write_reason(image, call, &mut reason);
    Answer { effect: decision.effect, code: decision.code, rule: decision.rule(image).map(str::to_owned), reason }
}

/// Opens an image.
///
/// # Panics
/// The bytes are not an image.
#[must_use]
#[track_caller]
pub fn open(image: &[u8]) -> PolicyImage<'_> {
    match PolicyImage::open(image) {
        Ok(image) => image,
        Err(error) => panic!("not an image: {error}"),
    }
}
