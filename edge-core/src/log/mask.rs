//! Arguments in a record, with the values of named fields masked.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use callgate_engine::json::{Kind, RawValue, read};

use crate::config::pointer::{Pointer, escape};
use crate::http::json_text::write_text;

/// The replacement of a masked value.
const MASKED: &str = "\"[masked]\"";

/// The default maximum length of arguments in a record, in bytes.
const DEFAULT_MAX_BYTES: usize = 8 * 1024;

/// The maximum nesting of objects and lists in recorded arguments, including the arguments' own object.
///
/// The record around them must fit into the JSON reader's limit.
const MAX_DEPTH: usize = 24;

/// The masked fields of the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mask {
    /// Names of members at any depth, in any case: a mask of `email` also applies to `Email`.
    names: Vec<String>,
    /// JSON pointers (RFC 6901) from the arguments.
    pointers: Vec<String>,
    /// The maximum length of the arguments in a record, in bytes.
    max_bytes: usize,
}

/// Arguments in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordedArguments {
    /// They are not recorded.
    None,
    /// They are too long or nested too deeply to be recorded.
    Erased,
    /// Their text, and the JSON pointers of the masked values.
    Kept(String, Vec<String>),
}

impl Mask {
    pub(crate) fn new(max_bytes: Option<usize>) -> Self {
        Self { names: Vec::new(), pointers: Vec::new(), max_bytes: max_bytes.unwrap_or(DEFAULT_MAX_BYTES) }
    }

    /// Adds a masked field; returns whether it is a field name or a JSON pointer.
    pub(crate) fn add(&mut self, field: &str) -> bool {
        if !field.starts_with('/') {
            self.names.push(field.to_owned());
            return !field.is_empty();
        }
        self.pointers.push(field.to_owned());
        Pointer::read(field).is_some()
    }

    /// The arguments of a call in `text`, in the form of a record.
    pub(crate) fn apply(&self, text: &str) -> RecordedArguments {
        let Ok(arguments) = read(text.as_bytes(), MAX_DEPTH) else { return RecordedArguments::Erased };
        let mut writer =
            Writer { mask: self, place: String::new(), out: String::new(), masked: Vec::new(), room: self.max_bytes };
        match writer.value(arguments) {
            Some(()) => RecordedArguments::Kept(writer.out, writer.masked),
            None => RecordedArguments::Erased,
        }
    }

    fn holds(&self, name: Option<&str>, place: &str) -> bool {
        name.is_some_and(|name| self.names.iter().any(|masked| masked.eq_ignore_ascii_case(name)))
            || self.pointers.iter().any(|masked| masked == place)
    }
}

struct Writer<'m> {
    mask: &'m Mask,
    /// The JSON pointer of the next value.
    place: String,
    out: String,
    masked: Vec<String>,
    /// The remaining space for the text and the pointers, in bytes.
    room: usize,
}

impl Writer<'_> {
    /// Writes a value; `None` if it does not fit.
    fn value(&mut self, value: RawValue<'_>) -> Option<()> {
        match value.kind() {
            Kind::Null | Kind::Bool(_) | Kind::Number | Kind::String => self.push(value.text()),
            Kind::Array => {
                let mut done = self.push("[");
                let mut index = 0_usize;
                value.for_items(|item| {
                    let comma = if index > 0 { self.push(",") } else { Some(()) };
                    let mut digits = itoa::Buffer::new();
                    done = done.and(comma).and_then(|()| self.member(None, digits.format(index), item));
                    index = index.saturating_add(1);
                    done.is_some()
                })?;
                done.and_then(|()| self.push("]"))
            }
            Kind::Object => {
                let mut done = self.push("{");
                let mut separator = "";
                value.for_members(|name, member| {
                    done = done.and_then(|()| {
                        let mut quoted = String::with_capacity(name.len().saturating_add(4));
                        quoted.push_str(core::mem::replace(&mut separator, ","));
                        write_text(name, &mut quoted);
                        quoted.push(':');
                        self.push(&quoted)?;
                        self.member(Some(name), &escape(name), member)
                    });
                    done.is_some()
                })?;
                done.and_then(|()| self.push("}"))
            }
        }
    }

    /// Writes the value of a member or an item, unless it is masked.
    fn member(&mut self, name: Option<&str>, token: &str, value: RawValue<'_>) -> Option<()> {
        let before = self.place.len();
        self.place.push('/');
        self.place.push_str(token);
        let done = if self.mask.holds(name, &self.place) {
            self.room = self.room.checked_sub(self.place.len())?;
            self.masked.push(self.place.clone());
            self.push(MASKED)
        } else {
            self.value(value)
        };
        self.place.truncate(before);
        done
    }

    fn push(&mut self, text: &str) -> Option<()> {
        self.room = self.room.checked_sub(text.len())?;
        self.out.push_str(text);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;

    #[track_caller]
    fn check(fields: &[&str], text: &str, expected: &str, masked: &[&str]) {
        let mut mask = Mask::new(None);
        assert!(fields.iter().all(|field| mask.add(field)), "{fields:?}");
        let masked = masked.iter().map(|&pointer| pointer.to_owned()).collect();
        assert_eq!(mask.apply(text), RecordedArguments::Kept(expected.to_owned(), masked));
    }

    #[test]
    fn a_named_field_is_masked_at_any_depth_and_in_any_case() {
        check(
            &["email"],
            r#"{ "email" : "a@b.example", "to": [ { "EMail": {"x": 1} }, { "name": "b" } ], "e/m": {"email": null} }"#,
            r#"{"email":"[masked]","to":[{"EMail":"[masked]"},{"name":"b"}],"e/m":{"email":"[masked]"}}"#,
            &["/email", "/to/0/EMail", "/e~1m/email"],
        );
    }

    #[test]
    fn a_pointer_masks_one_place() {
        check(
            &["/to/1", "/a~1b", "/m~0n/x"],
            r#"{"to":["a","b","c"],"a/b":2,"m~n":{"x":3,"y":4},"x":5}"#,
            r#"{"to":["a","[masked]","c"],"a/b":"[masked]","m~n":{"x":"[masked]","y":4},"x":5}"#,
            &["/to/1", "/a~1b", "/m~0n/x"],
        );
    }

    #[test]
    fn a_name_that_is_spelled_with_escapes_is_masked_too() {
        check(&["email"], r#"{"\u0065mail":1}"#, r#"{"email":"[masked]"}"#, &["/email"]);
        check(&["/email"], r#"{"\u0065mail":1}"#, r#"{"email":"[masked]"}"#, &["/email"]);
    }

    #[test]
    fn without_a_mask_all_is_kept_as_it_was_sent() {
        check(
            &[],
            r#"{"a":1.50,"b":"\u0041","c":[],"d":{},"e":[[],{}]}"#,
            r#"{"a":1.50,"b":"\u0041","c":[],"d":{},"e":[[],{}]}"#,
            &[],
        );
        check(&[], "{}", "{}", &[]);
    }

    #[test]
    fn what_is_no_field_is_refused() {
        for field in ["", "/a~", "/~2", "/a~b/c"] {
            assert!(!Mask::new(None).add(field), "{field}");
        }
        for field in ["a", "/", "/a~0~1", "a~b", "/~01"] {
            assert!(Mask::new(None).add(field), "{field}");
        }
    }

    #[test]
    fn arguments_beyond_the_bound_are_erased() {
        let mut mask = Mask::new(Some(64));
        assert!(mask.add("secret"));
        let text = format!("{{\"a\":\"{}\"}}", "x".repeat(56));
        assert_eq!(mask.apply(&text), RecordedArguments::Kept(text.clone(), vec![]));
        assert_eq!(mask.apply(&format!("{text} ")), RecordedArguments::Kept(text.clone(), vec![]));
        assert_eq!(mask.apply(&text.replace('x', "xy")), RecordedArguments::Erased);
        // Pointers of masked values count too.
        let many: String = (0..9).map(|n| format!("{{\"secret\":{n}}},")).collect();
        assert_eq!(mask.apply(&format!("{{\"l\":[{many}0]}}")), RecordedArguments::Erased);
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(23), "]".repeat(23));
        assert_eq!(mask.apply(&deep), RecordedArguments::Kept(deep.clone(), vec![]));
        assert_eq!(mask.apply(&deep.replacen('[', "[[", 1).replacen(']', "]]", 1)), RecordedArguments::Erased);
    }
}
