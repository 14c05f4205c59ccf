//! The members that responses and records share.

use alloc::string::String;

use callgate_engine::Effect;
use callgate_engine::judge::approval::ApprovalTerms;

use crate::http::json_text::{write_digest, write_escaped, write_hex_digest, write_name, write_texts};

/// Writes the decision as the first members of an object.
pub(crate) fn write_outcome(effect: Effect, code: &str, rule: Option<&str>, out: &mut String) {
    // The names of effects and codes need no escape.
    out.push_str("\"decision\":\"");
    out.push_str(effect.name());
    out.push_str("\",\"code\":\"");
    out.push_str(code);
    match rule {
        Some(rule) => {
            out.push_str("\",\"rule\":\"");
            write_escaped(rule, out);
            out.push('"');
        }
        None => out.push_str("\",\"rule\":null"),
    }
}

/// Writes a comma and the terms of the required approval, if there are any.
///
/// If this were inlined, its setup would be part of each response.
#[inline(never)]
pub(crate) fn write_approval(approval: &ApprovalTerms<'_>, out: &mut String) {
    let mut separator = ",\"approval\":{";
    let mut next = |out: &mut String| out.push_str(core::mem::replace(&mut separator, ","));
    if approval.approvers().next().is_some() {
        next(out);
        out.push_str("\"by\":");
        write_texts(approval.approvers(), out);
    }
    if approval.not_self {
        next(out);
        out.push_str("\"notSelf\":true");
    }
    if let Some(seconds) = approval.expires_seconds {
        next(out);
        out.push_str("\"expiresSeconds\":");
        out.push_str(itoa::Buffer::new().format(seconds));
    }
    out.push('}');
}

/// Writes a comma and the policy: its version and the hexadecimal digits of its digest.
pub(crate) fn write_policy(version: &str, digest: &str, out: &mut String) {
    out.push_str(",\"policy\":{\"version\":\"");
    write_escaped(version, out);
    out.push_str("\",\"digest\":");
    write_hex_digest(digest, out);
    out.push('}');
}

/// Writes a comma and the argument digest.
pub(crate) fn write_args_digest(digest: &[u8; 32], out: &mut String) {
    write_name("argsDigest", out);
    write_digest(digest, out);
}

/// The ID of a decision: a UUID of random bytes.
pub(crate) fn write_id(random: [u8; 16], buffer: &mut [u8; 45]) -> &str {
    uuid::Builder::from_random_bytes(random).into_uuid().hyphenated().encode_lower(buffer)
}
