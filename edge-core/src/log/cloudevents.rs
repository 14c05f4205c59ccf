//! A record as an event of CloudEvents 1.0, in its JSON format.

use alloc::string::String;

use crate::http::json_text::{write_member, write_name, write_number, write_plain_member};
use crate::log::entry::Entry;
use crate::log::timestamp::write_timestamp;

/// The type of the events. Removing something from `data` requires another type.
const TYPE: &str = "io.github.callgate.decision.v1";

/// The maximum length of a `subject`, in bytes.
const MAX_SUBJECT_BYTES: usize = 256;

/// Writes the event.
pub(crate) fn write(entry: &Entry<'_>, out: &mut String) {
    out.push_str("{\"specversion\":\"1.0\",\"id\":\"");
    out.push_str(entry.decision_id);
    out.push('"');
    write_member("source", &entry.config.source, out);
    write_plain_member("type", TYPE, out);
    // The attribute is optional, and not every target name is a valid attribute value.
    if let Some(target) = entry.target.filter(|target| is_attribute(&target.name)) {
        write_member("subject", &target.name, out);
    }
    out.push_str(",\"time\":\"");
    write_timestamp(entry.unix_millis, out);
    out.push_str("\",\"traceparent\":\"");
    entry.trace.write(out);
    out.push_str("\",\"datacontenttype\":\"application/json\",\"data\":{\"decisionId\":\"");
    out.push_str(entry.decision_id);
    out.push_str("\",\"traceId\":\"");
    entry.trace.write_trace_id(out);
    out.push_str("\",");
    entry.write_call(out);
    entry.write_hidden("", out);
    out.push(',');
    entry.write_outcome(out);
    write_number("durationMicros", entry.duration_micros, out);
    if !entry.config.labels.is_empty() {
        write_name("labels", out);
        entry.write_labels('{', out);
        out.push('}');
    }
    out.push_str("}}");
}

/// Whether a text is a valid attribute value: not empty, without control characters and noncharacters.
fn is_attribute(text: &str) -> bool {
    let is_noncharacter = |c: char| matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    (1..=MAX_SUBJECT_BYTES).contains(&text.len()) && !text.chars().any(|c| c.is_control() || is_noncharacter(c))
}
