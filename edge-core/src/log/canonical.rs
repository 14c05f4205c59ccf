//! The canonical form of a JSON value, for digests.
//!
//! It follows the JSON Canonicalization Scheme (RFC 8785): no white space, sorted members, the fewest escapes. However,
//! numbers keep their original digits instead of being rounded to binary64, because a record must distinguish 0.1 from
//! its neighbors.

use alloc::string::String;

use callgate_engine::json::{Kind, RawValue, sort_members};

use crate::config::section::members;

/// Appends the canonical form of a value, without the member at the path `left_out`.
///
/// `None` if the value is not valid JSON.
pub(crate) fn write_canonical(value: RawValue<'_>, left_out: &[&str], out: &mut String) -> Option<()> {
    match value.kind() {
        Kind::Null | Kind::Bool(_) | Kind::Number => out.push_str(value.text()),
        Kind::String => write_canonical_text(&value.as_string()?, out),
        Kind::Array => {
            let mut is_whole = true;
            let mut separator = '[';
            value.for_items(|item| {
                out.push(core::mem::replace(&mut separator, ','));
                is_whole = write_canonical(item, &[], out).is_some();
                is_whole
            })?;
            out.push_str(if separator == '[' { "[]" } else { "]" });
            return is_whole.then_some(());
        }
        Kind::Object => {
            let mut members = members(value)?;
            // The scheme sorts by UTF-16 code units (section 3.2.3).
            sort_members(&mut members, &mut |a, b| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            let mut separator = "";
            for (name, member) in &members {
                let rest = match left_out.split_first() {
                    Some((first, [])) if first == name => continue,
                    Some((first, rest)) if first == name => rest,
                    _ => &[],
                };
                out.push_str(core::mem::replace(&mut separator, ","));
                write_canonical_text(name, out);
                out.push(':');
                write_canonical(*member, rest, out)?;
            }
            out.push('}');
        }
    }
    Some(())
}

/// Writes a string with the escapes of the scheme (section 3.2.2.2).
fn write_canonical_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..'\u{20}' => {
                out.push_str("\\u00");
                let digit = |digit| char::from_digit(digit, 16).unwrap_or('0');
                out.extend([digit(u32::from(c) >> 4), digit(u32::from(c) & 0xf)]);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use callgate_engine::json::read;

    #[track_caller]
    fn check(text: &str, left_out: &[&str], expected: &str) {
        let mut out = String::new();
        write_canonical(read(text.as_bytes(), 32).expect("JSON"), left_out, &mut out).expect("a checked value");
        assert_eq!(out, expected);
    }

    #[test]
    fn white_space_order_and_escapes_make_no_difference() {
        check(" { \"b\" : [ 1 , { } , [ ] ] , \"a\" : \"\\u0061\\/\" } ", &[], r#"{"a":"a/","b":[1,{},[]]}"#);
        check(r#"["\u0000\b\t\n\f\r\u001f\u007f\"\\é"]"#, &[], "[\"\\u0000\\b\\t\\n\\f\\r\\u001f\u{7f}\\\"\\\\é\"]");
    }

    #[test]
    fn members_stand_in_the_order_of_the_scheme() {
        // The example of RFC 8785, section 3.2.3.
        let text = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
        check(text, &[], "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}");
    }

    #[test]
    fn numbers_keep_their_digits() {
        check("[1.0,1e2,0.10000000000000000001]", &[], "[1.0,1e2,0.10000000000000000001]");
    }

    #[test]
    fn one_member_can_be_left_out() {
        let text = r#"{"hash":1,"data":{"hash":2,"chain":{"previous":3,"hash":4}}}"#;
        check(text, &["data", "chain", "hash"], r#"{"data":{"chain":{"previous":3},"hash":2},"hash":1}"#);
        check(text, &["data", "chain", "none"], r#"{"data":{"chain":{"hash":4,"previous":3},"hash":2},"hash":1}"#);
    }

    #[test]
    fn a_member_is_left_out_only_where_its_whole_path_leads() {
        let path = ["data", "chain", "hash"];
        check(
            r#"{"data":{"hash":{"hash":1},"other":{"hash":2}}}"#,
            &path,
            r#"{"data":{"hash":{"hash":1},"other":{"hash":2}}}"#,
        );
        check(
            r#"{"chain":{"hash":1},"other":{"chain":{"hash":2}}}"#,
            &path,
            r#"{"chain":{"hash":1},"other":{"chain":{"hash":2}}}"#,
        );
        check(r#"{"data":{"chain":[{"hash":1}]}}"#, &path, r#"{"data":{"chain":[{"hash":1}]}}"#);
        check(r#"{"data":{"chain":{"hash":1}}}"#, &path, r#"{"data":{"chain":{}}}"#);
    }
}
