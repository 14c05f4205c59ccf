//! A record as an event of OPA's decision log, for its collectors.

use alloc::string::String;

use crate::http::json_text::{write_hex_digest, write_member};
use crate::log::entry::{Entry, MAX_TEXT_BYTES, cut};
use crate::log::timestamp::write_timestamp;

/// The path of the decision in the tree of policies.
const PATH: &str = "callgate/decision";

/// Writes the event. The last member is `result`, which OPA allows to be any value: it contains callgate's own members.
pub(crate) fn write(entry: &Entry<'_>, out: &mut String) {
    out.push_str("{\"labels\":{\"app\":\"callgate\",\"version\":\"");
    out.push_str(env!("CARGO_PKG_VERSION"));
    out.push('"');
    entry.write_labels(',', out);
    out.push_str("},\"decision_id\":\"");
    out.push_str(entry.decision_id);
    out.push_str("\",\"trace_id\":\"");
    entry.trace.write_trace_id(out);
    out.push_str("\",\"bundles\":{\"policy\":{\"revision\":");
    write_hex_digest(entry.policy_digest, out);
    out.push_str("}},\"path\":\"");
    out.push_str(PATH);
    out.push_str("\",\"input\":{");
    entry.write_call(out);
    out.push('}');
    entry.write_hidden("/input", out);
    if let Some(principal) = entry.principal {
        write_member("requested_by", &cut(principal, MAX_TEXT_BYTES), out);
    }
    out.push_str(",\"timestamp\":\"");
    write_timestamp(entry.unix_millis, out);
    out.push_str("\",\"metrics\":{\"timer_server_handler_ns\":");
    out.push_str(itoa::Buffer::new().format(entry.duration_micros.saturating_mul(1_000)));
    out.push_str("},\"result\":{");
    entry.write_outcome(out);
    out.push_str("}}");
}
