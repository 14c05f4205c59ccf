//! Checks as JSON, stated as requirements for their fields.

use alloc::string::String;

use callgate_engine::judge::reason::{FailedPredicate, MemberValue};

use crate::http::json_text::{write_list, write_member, write_plain_member, write_text};

/// Writes a check that decided, as an object.
pub(crate) fn write_failed(failed: &FailedPredicate<'_, '_>, out: &mut String) {
    out.push('{');
    write_check(failed, true, out);
    out.push('}');
}

/// Writes the members that describe a check, and its problem if it has one.
pub(crate) fn write_check(failed: &FailedPredicate<'_, '_>, has_problem: bool, out: &mut String) {
    out.push_str("\"check\":\"");
    out.push_str(failed.check());
    out.push('"');
    write_plain_member("source", failed.source().name(), out);
    write_member("field", failed.field(), out);
    write_plain_member("op", failed.op(), out);
    failed.visit_members(&mut |name, value| match value {
        MemberValue::Bool(value) => write_literal(name, if value { "true" } else { "false" }, out),
        MemberValue::Number(text) | MemberValue::Json(text) => write_literal(name, text, out),
        MemberValue::Text(text) => write_member(name, text, out),
        MemberValue::Texts(texts) => write_list(name, texts, out),
        MemberValue::Field(source, field) => {
            write_literal(name, "{\"source\":", out);
            write_text(source.name(), out);
            write_member("field", field, out);
            out.push('}');
        }
    });
    if has_problem {
        write_plain_member("problem", failed.problem().name(), out);
        if let Some(member) = failed.problem_in() {
            write_plain_member("problemIn", member, out);
        }
    }
}

/// Writes a member whose value is JSON text, or starts with it.
fn write_literal(name: &str, value: &str, out: &mut String) {
    for part in [",\"", name, "\":", value] {
        out.push_str(part);
    }
}
