//! Checks arbitrary bytes as the body of a request.
//!
//! The reader, and serde_json with the rules of the HTTP reference, must accept and reject the same bodies, read the
//! same content, and lead to the same decision with a policy that reads fields of every type.

use std::sync::LazyLock;

use callgate_conformance::json::Json;
use callgate_conformance::judge::compile_text;
use callgate_conformance::reference::Reference;
use callgate_conformance::request::Request;
use callgate_engine::limits::{MAX_CALLS_PER_BATCH, MAX_REQUEST_DEPTH, MAX_ROLES_PER_CALL};
use callgate_engine::{Call, PolicyImage, RequestError, RequestFacts};

use crate::agreement;
use crate::strict_json;

/// A policy with every condition, which reads fields of every source at several depths.
pub const POLICY: &str = include_str!("every_condition.json");
/// A policy of the dialect with one role per call.
const PERSO_POLICY: &str = include_str!("../../../testdata/perso-1/policies/crm-demo.json");

/// The members of a call, of which it has one.
const TARGETS: [&str; 4] = ["tool", "toolName", "prompt", "resource"];
/// The operations on a resource.
const OPERATIONS: [&str; 3] = ["read", "list", "subscribe"];

/// 2026-11-21, a Saturday, shortly after 09:00 UTC.
const TIME: i64 = 1_795_251_900;
const ADDRESS: &str = "10.0.0.1";
const COUNTRY: &str = "DE";

/// The state that every run needs, created once.
struct Fixed {
    image: Vec<u8>,
    perso_image: Vec<u8>,
    reference: Reference,
    facts: RequestFacts,
}

static FIXED: LazyLock<Result<Fixed, String>> = LazyLock::new(|| {
    Ok(Fixed {
        image: compile_text(POLICY)?,
        perso_image: compile_text(PERSO_POLICY)?,
        reference: Reference::new(POLICY).map_err(|refusal| refusal.to_string())?,
        facts: RequestFacts::new(Some(TIME), Some(ADDRESS), Some(COUNTRY)),
    })
});

/// Reads a body as one call and as a batch.
///
/// # Errors
/// The reader accepts or rejects a body wrongly, reads other content, or leads to another decision than the reference.
pub fn check(body: &[u8]) -> Result<(), String> {
    let fixed = FIXED.as_ref().map_err(Clone::clone)?;
    let image = open(&fixed.image)?;
    let json = strict_json::read(body);

    let read = Call::read(body, &fixed.facts, &image);
    let expected = json.as_ref().filter(|json| is_call(json));
    check_call(read.as_ref(), expected, fixed, &image).map_err(|problem| format!("as a call: {problem}"))?;

    let batch = Call::read_batch(body, &fixed.facts, &image);
    let expected = json.as_ref().and_then(calls_of);
    match (&batch, expected) {
        (Ok(calls), Some(expected)) if calls.len() == expected.len() => {
            for (call, expected) in calls.iter().zip(expected) {
                check_call(Ok(call), Some(expected), fixed, &image)
                    .map_err(|problem| format!("in a batch: {problem}"))?;
            }
        }
        (Err(_), None) => {}
        (read, expected) => return Err(format!("as a batch: {read:?}, but the reference reads {expected:?}")),
    }

    let perso = Call::read(body, &fixed.facts, &open(&fixed.perso_image)?);
    let is_there = |name: &str| json.as_ref().is_some_and(|json| json.child(name).is_some());
    let is_of_perso = is_there("role") && !is_there("prompt") && !is_there("resource");
    if perso.is_ok() != (read.is_ok() && is_of_perso) {
        return Err(format!("with a perso-1 policy: {perso:?}, otherwise {read:?}"));
    }
    Ok(())
}

fn open(image: &[u8]) -> Result<PolicyImage<'_>, String> {
    PolicyImage::open(image).map_err(|problem| format!("{problem:?}"))
}

fn check_call(
    read: Result<&Call<'_>, &RequestError>,
    expected: Option<&Json>,
    fixed: &Fixed,
    image: &PolicyImage<'_>,
) -> Result<(), String> {
    let (call, expected) = match (read, expected) {
        (Ok(call), Some(expected)) => (call, expected),
        (Err(_), None) => return Ok(()),
        (read, expected) => return Err(format!("{read:?}, but the reference reads {expected:?}")),
    };
    let request = Request::from_body(expected);
    let trace = match expected.child("traceId") {
        Some(Json::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let is_same = (call.target.kind, &*call.target.name) == (request.kind, request.name.as_str())
        && call.roles.iter().eq(request.roles.iter())
        && call.server.as_deref() == request.server.as_deref()
        && call.trace_id.as_deref() == trace
        && call.wants_explanation == (expected.child("explain") == Some(&Json::Bool(true)))
        && call.wants_digest == (expected.child("argsDigest") != Some(&Json::Bool(false)))
        && strict_json::read(call.arguments.as_bytes()).as_ref() == Some(&request.arguments);
    if !is_same {
        return Err(format!("{call:?}, but the reference reads {request:?}"));
    }
    if !agreement::is_easy(expected) {
        return Ok(());
    }
    let (request, _) = agreement::with_facts(request, Some(TIME), Some(ADDRESS), Some(COUNTRY));
    agreement::check(image, call, &fixed.reference, &request)
}

/// The calls of a batch, as described in the HTTP reference.
fn calls_of(body: &Json) -> Option<&[Json]> {
    let Json::Object(members) = body else { return None };
    let [(name, Json::Array(calls))] = members.as_slice() else { return None };
    let is_batch = name == "calls" && (1..=MAX_CALLS_PER_BATCH).contains(&calls.len()) && calls.iter().all(is_call);
    is_batch.then_some(calls)
}

/// Whether a body is one call, as described in the HTTP reference.
fn is_call(body: &Json) -> bool {
    let Json::Object(members) = body else { return false };
    let is_member = |(name, value): &(String, Json)| match name.as_str() {
        "tool" | "toolName" | "prompt" | "resource" | "role" | "server" | "traceId" => matches!(value, Json::String(_)),
        "operation" => matches!(value, Json::String(name) if OPERATIONS.contains(&name.as_str())),
        "argsDigest" | "explain" => matches!(value, Json::Bool(_)),
        "args" | "agentAttributes" | "resourceAttributes" => matches!(value, Json::Object(_)),
        "roles" => match value {
            Json::Array(roles) => {
                (1..=MAX_ROLES_PER_CALL).contains(&roles.len())
                    && roles.iter().all(|role| matches!(role, Json::String(_)))
            }
            _ => false,
        },
        _ => false,
    };
    let count = |names: &[&str]| names.iter().filter(|name| body.child(name).is_some()).count();
    members.iter().all(is_member)
        && count(&TARGETS) == 1
        && count(&["operation"]) == count(&["resource"])
        && count(&["role", "roles"]) == 1
        && strict_json::depth(body) <= MAX_REQUEST_DEPTH
        && strict_json::is_strict(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_reads_and_the_judges_agree_on_a_plain_call() {
        check(br#"{"tool":"read","role":"agent","args":{"path":"/data/reports/q3.csv"}}"#).expect("no problem");
        check(br#"{"calls":[{"toolName":"count","roles":["manager"]}]}"#).expect("no problem");
    }

    #[test]
    fn what_is_refused_is_no_problem() {
        for body in ["", "{", "[]", "{\"tool\":1}", "\u{feff}{}"] {
            check(body.as_bytes()).expect("no problem");
        }
    }

    #[test]
    fn a_call_that_the_http_reference_refuses_is_none() {
        for body in [
            r#"{"role":"a"}"#,
            r#"{"tool":"a"}"#,
            r#"{"tool":"a","toolName":"a","role":"a"}"#,
            r#"{"tool":"a","role":"a","roles":["a"]}"#,
            r#"{"tool":"a","roles":[]}"#,
            r#"{"tool":"a","role":"a","args":[]}"#,
            r#"{"tool":"a","role":"a","other":1}"#,
            r#"{"tool":"a","prompt":"a","role":"a"}"#,
            r#"{"tool":"a","operation":"read","role":"a"}"#,
            r#"{"resource":"a:b","role":"a"}"#,
            r#"{"resource":"a:b","operation":"write","role":"a"}"#,
            r#"{"tool":"a","role":"a","server":null}"#,
            r#"{"tool":"a","role":"a","args":{"x":{"y":1,"y":1}}}"#,
        ] {
            assert!(!is_call(&strict_json::read(body.as_bytes()).expect("JSON")), "{body}");
        }
    }
}
