//! A second JSON reader, with serde_json, that preserves the text of numbers and duplicate members.
//!
//! `serde_json::Value` does neither. Raw values do both, one level at a time.

use std::fmt;

use callgate_conformance::json::Json;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// More nesting than the engine accepts in a request or a policy; the limit only protects the stack.
const MAX_DEPTH: usize = 200;
/// The maximum absolute value of a number's exponent.
const MAX_EXPONENT: u32 = 999_999;

/// All members of an object in text order, including duplicates.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EveryMember;

        impl<'de> Visitor<'de> for EveryMember {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(EveryMember)
    }
}

/// Reads one JSON text in UTF-8; `None` if serde_json refuses it.
pub(crate) fn read(bytes: &[u8]) -> Option<Json> {
    read_value(serde_json::from_slice(bytes).ok()?, MAX_DEPTH)
}

fn read_value(value: &RawValue, depth: usize) -> Option<Json> {
    let text = value.get();
    Some(match text.as_bytes().first()? {
        b'{' => {
            let depth = depth.checked_sub(1)?;
            let Members(members) = serde_json::from_str(text).ok()?;
            let read = |(name, value)| Some((name, read_value(value, depth)?));
            Json::Object(members.into_iter().map(read).collect::<Option<_>>()?)
        }
        b'[' => {
            let depth = depth.checked_sub(1)?;
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            Json::Array(items.into_iter().map(|item| read_value(item, depth)).collect::<Option<_>>()?)
        }
        b'"' => Json::String(serde_json::from_str(text).ok()?),
        b't' => Json::Bool(true),
        b'f' => Json::Bool(false),
        b'n' => Json::Null,
        _ => Json::Number(text.to_owned()),
    })
}

/// The nesting depth of objects and arrays: 1 for an object without any in it.
pub(crate) fn depth(value: &Json) -> usize {
    let deepest = match value {
        Json::Array(items) => items.iter().map(depth).max(),
        Json::Object(members) => members.iter().map(|(_, value)| depth(value)).max(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return 0,
    };
    deepest.unwrap_or(0).saturating_add(1)
}

/// Whether a value is I-JSON (RFC 7493): no duplicate names, and each number fits a binary64.
pub(crate) fn is_strict(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(_) | Json::String(_) => true,
        Json::Number(text) => {
            let exponent = text.split_once(['e', 'E']).map_or("0", |(_, exponent)| exponent);
            let exponent = exponent.trim_start_matches(['+', '-']).parse::<u32>();
            text.parse::<f64>().is_ok_and(f64::is_finite) && exponent.is_ok_and(|power| power <= MAX_EXPONENT)
        }
        Json::Array(items) => items.iter().all(is_strict),
        Json::Object(members) => {
            let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            names.len() == members.len() && members.iter().all(|(_, value)| is_strict(value))
        }
    }
}

/// Passes each string and number of a value to `look`, with whether it is a number, including member names.
pub(crate) fn for_texts(value: &Json, look: &mut impl FnMut(&str, bool)) {
    match value {
        Json::Null | Json::Bool(_) => {}
        Json::Number(text) => look(text, true),
        Json::String(text) => look(text, false),
        Json::Array(items) => items.iter().for_each(|item| for_texts(item, look)),
        Json::Object(members) => {
            for (name, value) in members {
                look(name, false);
                for_texts(value, look);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(usize, bool)>) {
        let read = read(text.as_bytes());
        assert_eq!(read.as_ref().map(|value| (depth(value), is_strict(value))), expected, "{text}");
    }

    #[test]
    fn what_is_read_keeps_its_texts() {
        let read = read(br#" {"a":[1.50,"\u0041",null,true],"a":{}} "#).expect("a value");
        assert_eq!(read.to_string(), r#"{"a":[1.50,"A",null,true],"a":{}}"#);
    }

    #[test]
    fn a_text_of_i_json_is_strict() {
        check("{}", Some((1, true)));
        check("[{\"a\":[]},1]", Some((3, true)));
        check("-0.0e999999", Some((0, true)));
        check("1e-999999", Some((0, true)));
    }

    #[test]
    fn what_i_json_refuses_is_read_and_not_strict() {
        check(r#"{"a":1,"\u0061":2}"#, Some((1, false)));
        check("[1e400]", Some((1, false)));
        check("0e1000000", Some((0, false)));
        check("1e-99999999999999999999", Some((0, false)));
    }

    #[test]
    fn what_is_no_json_is_not_read() {
        for text in ["", "{", "[1,]", "01", "nul", "{} {}", "\"\\ud800\"", "\"\n\"", "\u{feff}1", "{\"a\"}"] {
            check(text, None);
        }
        check(&"[".repeat(100_000), None);
    }
}
