//! Decisions as JSON, written once and straight into the buffer that is sent.

use alloc::string::String;
use alloc::vec::Vec;

use callgate_engine::predicate::Source;
use callgate_engine::reason::{FailedPredicate, Requirement};
use callgate_engine::{Call, PolicyImage, RequestError, RequestFacts, evaluate};
use sha2::{Digest as _, Sha256};

/// What an edge adds to a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrival<'a> {
    /// Becomes the decision's id, so it must not repeat.
    pub random: [u8; 16],
    /// The time, in seconds since the start of 1970 in UTC. Needed where the policy reads the source `Request`.
    pub unix_time: Option<i64>,
    /// The caller's IP address, where the platform vouches for it.
    pub ip: Option<&'a str>,
    /// The caller's country as a code of two letters, where the platform vouches for it.
    pub country: Option<&'a str>,
}

impl Arrival<'_> {
    fn facts(&self, image: &PolicyImage<'_>) -> RequestFacts {
        if image.reads_request() {
            RequestFacts::new(self.unix_time, self.ip, self.country)
        } else {
            RequestFacts::default()
        }
    }
}

/// Judges the one call of `body` and writes the answer.
///
/// # Errors
/// The body is no call; there is no decision.
pub fn answer_call(image: &PolicyImage<'_>, body: &[u8], arrival: &Arrival<'_>) -> Result<Vec<u8>, RequestError> {
    let facts = arrival.facts(image);
    let call = Call::read(body, &facts, image)?;
    let mut out = Vec::with_capacity(512);
    write_decision(image, &call, arrival.random, &mut out);
    Ok(out)
}

/// Judges the calls of `body` in order and writes `{"decisions":[..]}`. The ids of the decisions follow on one another.
///
/// # Errors
/// The body is no batch, or one of its calls is no call; there is no decision on any.
pub fn answer_batch(image: &PolicyImage<'_>, body: &[u8], arrival: &Arrival<'_>) -> Result<Vec<u8>, RequestError> {
    let facts = arrival.facts(image);
    let calls = Call::read_batch(body, &facts, image)?;
    let mut out = Vec::with_capacity(calls.len().saturating_mul(512));
    out.extend_from_slice(b"{\"decisions\":[");
    let mut id = u128::from_be_bytes(arrival.random);
    for (at, call) in calls.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_decision(image, call, id.to_be_bytes(), &mut out);
        id = id.wrapping_add(1);
    }
    out.extend_from_slice(b"]}");
    Ok(out)
}

fn write_decision(image: &PolicyImage<'_>, call: &Call<'_>, random: [u8; 16], out: &mut Vec<u8>) {
    let decision = evaluate(image, call);
    out.extend_from_slice(b"{\"decision\":");
    write_text(decision.effect.name(), out);
    write_member("code", decision.code.name(), out);
    out.extend_from_slice(b",\"rule\":");
    match decision.rule(image) {
        Some(rule) => write_text(rule, out),
        None => out.extend_from_slice(b"null"),
    }
    let mut reason = String::with_capacity(96);
    decision.write_reason(image, call, &mut reason);
    write_member("reason", &reason, out);
    out.extend_from_slice(b",\"failed\":[");
    for (at, failed) in decision.failed(image).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_failed(&failed, out);
    }
    out.extend_from_slice(b"],\"policy\":{\"version\":");
    write_text(image.version(), out);
    out.extend_from_slice(b",\"digest\":");
    write_digest(image.policy_digest(), out);
    out.extend_from_slice(b"},\"argsDigest\":");
    write_digest(&Sha256::digest(call.arguments.as_bytes()).into(), out);
    let mut buffer = uuid::Uuid::encode_buffer();
    let id = uuid::Builder::from_random_bytes(random).into_uuid().hyphenated();
    write_member("decisionId", id.encode_lower(&mut buffer), out);
    out.push(b'}');
}

fn write_failed(failed: &FailedPredicate<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"check\":");
    write_text(failed.requirement.check(), out);
    write_member("source", failed.source.name(), out);
    write_member("field", failed.field, out);
    write_member("op", failed.requirement.op(), out);
    match failed.requirement {
        Requirement::Numeric(_, number) | Requirement::Length(_, number) => {
            out.extend_from_slice(b",\"value\":");
            out.extend_from_slice(number.as_bytes());
        }
        Requirement::Path(_, texts) | Requirement::Cidr(_, texts) => {
            write_list("value", texts.iter(), out);
        }
        Requirement::Time(_, window) => {
            if let Some((from, to)) = window.hours() {
                write_member("from", &from, out);
                write_member("to", &to, out);
            }
            write_list("weekdays", window.weekday_names(), out);
            write_member("offset", &window.offset(), out);
        }
        Requirement::Url(_, allowed) => {
            write_list("schemes", allowed.schemes(), out);
            write_list("hosts", allowed.hosts(), out);
            write_list("ports", allowed.ports(), out);
        }
        Requirement::String(asked, _, texts) => {
            write_list("value", texts.iter(), out);
            out.extend_from_slice(if asked { b"" } else { b",\"negated\":true" });
        }
        Requirement::Bool(value) => {
            out.extend_from_slice(if value { b",\"value\":true" } else { b",\"value\":false" });
        }
        Requirement::Present(_) | Requirement::Items { .. } => {}
        Requirement::Equals(_, source, field) | Requirement::Compare(_, source, field) => {
            write_other(source, field, out)
        }
    }
    write_member("problem", failed.problem.name(), out);
    out.push(b'}');
}

/// Writes a comma, a name and a list of texts.
fn write_list<'t>(name: &str, texts: impl Iterator<Item = &'t str>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    for (at, text) in texts.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_text(text, out);
    }
    out.push(b']');
}

fn write_other(source: Source, field: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"other\":{\"source\":");
    write_text(source.name(), out);
    write_member("field", field, out);
    out.push(b'}');
}

pub(crate) fn write_digest(digest: &[u8; 32], out: &mut Vec<u8>) {
    let mut hex = [0; 64];
    out.extend_from_slice(b"\"sha256:");
    out.extend_from_slice(base16ct::lower::encode(digest, &mut hex).unwrap_or_default());
    out.push(b'"');
}

/// Writes a comma, a name that needs no escape, and a text.
pub(crate) fn write_member(name: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    write_text(text, out);
}

/// Writes a JSON string (RFC 8259, section 7).
///
/// The serializers in reach write through a formatter that costs more wasm than all of this module.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0..=0x1f | 0x7f => {
                let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
                out.extend([b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 0xf)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn every_string_is_written_as_json_that_reads_back_the_same() {
        let all: String = (0..0x300).filter_map(char::from_u32).chain("😀\u{202e}`".chars()).collect();
        let mut out = Vec::new();
        write_text(&all, &mut out);
        let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(value, serde_json::Value::from(all.to_string()));
        assert!(out.iter().all(|&byte| byte >= 0x20 && byte != 0x7f), "no control character is sent as it is");
    }
}
