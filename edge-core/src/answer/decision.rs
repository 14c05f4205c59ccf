//! Decisions as JSON, written once and directly into the response buffer.

use alloc::string::String;
use alloc::vec::Vec;

use callgate_engine::{Call, CallLimits, PolicyImage, RequestError, RequestFacts, evaluate};
use sha2::{Digest as _, Sha256};

use crate::answer::check::write_failed;
use crate::answer::edge_facts::EdgeFacts;
use crate::answer::explanation::{Explain, write_explanation};
use crate::http::decision_members::{write_approval, write_args_digest, write_id, write_outcome, write_policy};
use crate::http::json_text::write_escaped;
use crate::log::recorder::DecisionRecorder;

/// Evaluates the one call in `body` and writes the response, with an explanation if the call asks for it.
///
/// # Errors
/// The body is not a call; there is no decision.
pub fn answer_call(image: &PolicyImage<'_>, body: &[u8], edge_facts: &EdgeFacts<'_>) -> Result<Vec<u8>, RequestError> {
    answer_alone(image, body, edge_facts, false, Explain::IfAsked)
}

/// Evaluates the one call in `body` like [`answer_call`], always with an explanation.
///
/// # Errors
/// As for [`answer_call`].
pub fn explain_call(image: &PolicyImage<'_>, body: &[u8], edge_facts: &EdgeFacts<'_>) -> Result<Vec<u8>, RequestError> {
    answer_alone(image, body, edge_facts, false, Explain::Always)
}

/// Evaluates the calls in `body` in order and writes `{"decisions":[..]}`. The decision IDs are consecutive.
///
/// # Errors
/// The body is not a batch, or one of its items is not a call; there is no decision for any of them.
pub fn answer_batch(image: &PolicyImage<'_>, body: &[u8], edge_facts: &EdgeFacts<'_>) -> Result<Vec<u8>, RequestError> {
    answer_alone(image, body, edge_facts, true, Explain::IfAsked)
}

fn answer_alone(
    image: &PolicyImage<'_>,
    body: &[u8],
    edge_facts: &EdgeFacts<'_>,
    is_batch: bool,
    explain: Explain,
) -> Result<Vec<u8>, RequestError> {
    let (limits, facts) = (&CallLimits::default(), &edge_facts.facts(image));
    let inputs = DecisionInputs { image, limits, facts, is_batch, explain };
    // INVARIANT: only `Explain::Never` refuses a call that asks for an explanation. An empty response is no decision.
    Ok(answer_body(&inputs, body, edge_facts.random, None)?.unwrap_or_default())
}

/// The inputs of the evaluation of a body's calls.
pub(crate) struct DecisionInputs<'j> {
    pub(crate) image: &'j PolicyImage<'j>,
    pub(crate) limits: &'j CallLimits,
    pub(crate) facts: &'j RequestFacts,
    pub(crate) is_batch: bool,
    pub(crate) explain: Explain,
}

/// Evaluates the calls in `body`, writes the response, and records each decision with `recorder`.
///
/// `None` if a call asks for an explanation that the caller may not receive; then nothing is decided.
pub(crate) fn answer_body(
    inputs: &DecisionInputs<'_>,
    body: &[u8],
    random: [u8; 16],
    mut recorder: Option<&mut DecisionRecorder<'_>>,
) -> Result<Option<Vec<u8>>, RequestError> {
    let &DecisionInputs { image, limits, facts, is_batch, explain } = inputs;
    let is_refused = |call: &Call<'_>| call.wants_explanation && explain == Explain::Never;
    if !is_batch {
        return Call::judge_within(limits, body, facts, image, |call| {
            if is_refused(call) {
                return None;
            }
            let mut out = String::with_capacity(768);
            write_decision(inputs, call, random, recorder, &mut out);
            Some(out.into_bytes())
        });
    }
    let calls = Call::read_batch_within(limits, body, facts, image)?;
    if calls.iter().any(is_refused) {
        return Ok(None);
    }
    let mut out = String::with_capacity(calls.len().saturating_mul(512));
    out.push_str("{\"decisions\":[");
    let mut id = u128::from_be_bytes(random);
    for (at, call) in calls.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_decision(inputs, call, id.to_be_bytes(), recorder.as_deref_mut(), &mut out);
        id = id.wrapping_add(1);
    }
    out.push_str("]}");
    Ok(Some(out.into_bytes()))
}

fn write_decision(
    &DecisionInputs { image, explain, .. }: &DecisionInputs<'_>,
    call: &Call<'_>,
    random: [u8; 16],
    recorder: Option<&mut DecisionRecorder<'_>>,
    out: &mut String,
) {
    let decision = evaluate(image, call);
    out.push('{');
    write_outcome(decision.effect, decision.code.name(), decision.rule(image), out);
    out.push_str(",\"reason\":\"");
    decision.write_reason_by(image, call, write_escaped, out);
    out.push_str("\",\"failed\":[");
    for (at, failed) in decision.failed(image).enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_failed(&failed, out);
    }
    out.push(']');
    if let Some(approval) = &decision.approval(image) {
        write_approval(approval, out);
    }
    if call.wants_explanation || explain == Explain::Always {
        write_explanation(image, call, out);
    }
    write_policy(image.version(), image.policy_digest(), out);
    let args_digest: Option<[u8; 32]> = call.wants_digest.then(|| Sha256::digest(call.arguments.as_bytes()).into());
    if let Some(digest) = &args_digest {
        write_args_digest(digest, out);
    }
    out.push_str(",\"decisionId\":\"");
    let mut buffer = uuid::Uuid::encode_buffer();
    let id = write_id(random, &mut buffer);
    out.push_str(id);
    out.push_str("\"}");
    if let Some(recorder) = recorder {
        recorder.record(call, &decision, args_digest, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use callgate_test_support::image_of;
    use serde_json::Value;

    /// The response of a policy to a call.
    #[track_caller]
    fn answer_to(call: &str, policy: &str) -> Value {
        let bytes = image_of(policy);
        let image = PolicyImage::open(&bytes).expect("an image");
        let answer = answer_call(&image, call.as_bytes(), &EdgeFacts::default()).expect("a call");
        serde_json::from_slice(&answer).expect("JSON")
    }

    #[track_caller]
    fn check(digest: &str, expected: Option<&str>) {
        let text = r#"{"version":"callgate-1","tools":["t"],"roles":{"r":{}},
            "rules":[{"effect":"Allow","tool_name":"t","roles":["r"]}]}"#;
        let body = format!(r#"{{"tool":"t","role":"r","args":{{"a": 1}}{digest}}}"#);
        let answer = answer_to(&body, text);
        assert_eq!(answer.get("decision"), Some(&Value::from("Allow")));
        assert_eq!(answer.get("argsDigest").map(|digest| digest.as_str().expect("text")), expected);
    }

    /// The reason in the response must be exactly the sentence, whatever it quotes.
    #[track_caller]
    fn check_reason(policy: &str, call: &str, expected: &str) {
        assert_eq!(answer_to(call, policy).get("reason"), Some(&Value::from(expected)));
    }

    #[test]
    fn a_reason_is_escaped_wherever_it_quotes_the_policy_or_the_call() {
        let policy = |rule: &str| {
            format!(
                r#"{{"version":"callgate-1","tools":["t"],"roles":{{"r":{{}}}},
                    "rules":[{{"effect":"Allow","tool_name":"t","roles":["r"],{rule}}}]}}"#
            )
        };
        let call = r#"{"tool":"t","role":"r","args":{"a\"\n":"c"}}"#;
        check_reason(&policy(r#""id":"a\"\\b""#), call, "rule `a\"\\b` allows this call");
        check_reason(&policy(r#""id":"x","reason":"say \"no\"\u0001""#), call, "say \"no\"\u{1}");
        let condition = r#""id":"x","condition":{"StringCheck":{"source":"Arguments","field":"a\"\n","op":"In",
            "value":["b\"","b\\"]}}"#;
        check_reason(&policy(condition), call, "`a\"\n` must be one of `b\"`, `b\\`");
        let perso = r#"{"version":"perso-1","tools":[],"roles":[],"default_action":"Deny","rules":[]}"#;
        let call = r#"{"tool":"\"","role":"\\","args":{}}"#;
        check_reason(perso, call, "no rule matched tool '\"' for role '\\'; applying default_action");
    }

    #[test]
    fn the_terms_of_an_approval_are_in_the_response_that_requires_it() {
        let policy = |terms: &str| {
            format!(
                r#"{{"version":"callgate-1","tools":["t"],"roles":{{"r":{{}},"\"q":{{}}}},
                    "rules":[{{"id":"x","effect":"Allow","tools":"t","roles":"*","approval":{{
                        "when":{{"BoolCheck":{{"source":"Arguments","field":"large","value":true}}}}{terms}}}}}]}}"#
            )
        };
        let answer = |large: bool, terms: &str| {
            let call = format!(r#"{{"tool":"t","role":"r","args":{{"large":{large}}}}}"#);
            let answer = answer_to(&call, &policy(terms));
            (answer["decision"].clone(), answer.get("approval").cloned())
        };
        let all = r#","by":["r","\"q"],"notSelf":true,"expires":"1h""#;
        let expected = serde_json::json!({ "by": ["\"q", "r"], "notSelf": true, "expiresSeconds": 3600 });
        assert_eq!(answer(true, all), (Value::from("RequireApproval"), Some(expected)));
        assert_eq!(answer(false, all), (Value::from("Allow"), None));
        let expected = serde_json::json!({ "notSelf": true });
        assert_eq!(answer(true, r#","notSelf":true"#), (Value::from("RequireApproval"), Some(expected)));
        let expected = serde_json::json!({ "expiresSeconds": 90 });
        assert_eq!(answer(true, r#","expires":"90s""#), (Value::from("RequireApproval"), Some(expected)));
        assert_eq!(answer(true, ""), (Value::from("RequireApproval"), None));
    }

    #[test]
    fn the_digest_of_the_arguments_is_left_out_for_who_has_no_use_for_it() {
        // SHA-256 of `{"a": 1}`, white space included.
        let digest = "sha256:f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310";
        check("", Some(digest));
        check(r#","argsDigest":true"#, Some(digest));
        check(r#","argsDigest":false"#, None);
    }
}
