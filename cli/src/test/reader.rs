//! Reads the values of a case file, and reports each problem with its place.

use std::net::IpAddr;

use callgate_engine::json::{Kind, RawValue};
use callgate_engine::{Fault, RequestFacts};
use jiff::Timestamp;
use serde::de::IgnoredAny;

use crate::print::quoted;

/// Why a text is not a test case.
#[derive(Debug, PartialEq)]
pub(super) struct Invalid {
    /// The offset in the text, in bytes.
    pub(super) offset: usize,
    pub(super) problem: String,
}

impl Invalid {
    /// The same problem in a text in which the text starts at `start`.
    pub(super) fn after(self, start: usize) -> Self {
        Self { offset: self.offset.saturating_add(start), ..self }
    }
}

/// Reads the values of a text.
pub(super) struct CaseReader<'l> {
    pub(super) text: &'l str,
}

impl<'l> CaseReader<'l> {
    pub(super) fn invalid<T>(&self, at: RawValue<'l>, problem: String) -> Result<T, Invalid> {
        let offset = at.text().as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        Err(Invalid { offset, problem })
    }

    /// Checks that a value is an object of known members.
    pub(super) fn members(&self, object: RawValue<'l>, what: &str, known: &[&str]) -> Result<(), Invalid> {
        if object.kind() != Kind::Object {
            let more = match (what, object.kind()) {
                ("a test case", Kind::Array) => {
                    "; write each test case on a line of its own, without a list around them"
                }
                ("`expect`", _) => r#"; write an object such as `{"decision": "Deny"}`"#,
                _ => "",
            };
            return self.invalid(object, format!("{what} must be an object, not {}{more}", noun(object)));
        }
        let mut unknown = None;
        object.for_members(|name, value| {
            unknown = (!known.contains(&name)).then(|| (name.to_owned(), value));
            unknown.is_none()
        });
        let Some((name, value)) = unknown else { return Ok(()) };
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        self.invalid(value, format!("{what} has an unknown member {}; known are {}", quoted(&name), known.join(", ")))
    }

    pub(super) fn required(&self, object: RawValue<'l>, what: &str, name: &str) -> Result<RawValue<'l>, Invalid> {
        match object.member(name) {
            Some(value) => Ok(value),
            None => self.invalid(object, format!("{what} must have the member `{name}`")),
        }
    }

    pub(super) fn text(&self, value: RawValue<'l>, what: &str) -> Result<String, Invalid> {
        match value.as_string() {
            Some(text) => Ok(text.into_owned()),
            None => self.invalid(value, format!("{what} must be a string, not {}", noun(value))),
        }
    }

    /// The facts of the request; a fact of `defaults` was checked before.
    pub(super) fn facts(
        &self,
        request: Option<RawValue<'l>>,
        defaults: &[(String, RawValue<'_>)],
    ) -> Result<RequestFacts, Invalid> {
        if let Some(request) = request {
            self.members(request, "`request`", &["time", "ip", "country"])?;
        }
        let own = |name: &str| request.and_then(|request| request.member(name));
        let default = |name: &str| defaults.iter().find(|(other, _)| other == name).map(|&(_, value)| value);
        let time = match own("time") {
            None => default("time").and_then(unix_time),
            Some(value) => match unix_time(value) {
                Some(time) => Some(time),
                None => {
                    let expected = "a time such as `2026-11-24T10:00:00Z`, or the seconds since 1970-01-01T00:00:00Z";
                    return self.invalid(value, format!("`request.time` must be {expected}, not {}", shown(value)));
                }
            },
        };
        let is_ip = |text: &str| text.parse::<IpAddr>().is_ok();
        let ip = self.fact(own("ip"), "ip", "an IPv4 or IPv6 address such as `192.0.2.1`", is_ip)?;
        let is_country = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        let country =
            self.fact(own("country"), "country", "a country code of two capital letters such as `DE`", is_country)?;
        let or_default =
            |fact: Option<String>, name: &str| fact.or_else(|| Some(default(name)?.as_string()?.into_owned()));
        let (ip, country) = (or_default(ip, "ip"), or_default(country, "country"));
        Ok(RequestFacts::new(time, ip.as_deref(), country.as_deref()))
    }

    /// A fact that is a string. An edge omits an unknown fact, so `null` is not a fact.
    fn fact(
        &self,
        value: Option<RawValue<'l>>,
        name: &str,
        expected: &str,
        is_valid: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, Invalid> {
        let Some(value) = value else { return Ok(None) };
        match value.as_string().filter(|text| is_valid(text)) {
            Some(text) => Ok(Some(text.into_owned())),
            None => self.invalid(value, format!("`request.{name}` must be {expected}, not {}", shown(value))),
        }
    }
}

/// A time as seconds since 1970: an integer, or a string in the format of RFC 3339 with whole seconds.
pub(super) fn unix_time(value: RawValue<'_>) -> Option<i64> {
    if let Some(number) = value.as_number() {
        return number.parse().ok();
    }
    let text = value.as_string()?;
    // The parser also accepts shorter forms, in which a typing error can be overlooked.
    let is_whole = text.len() >= "2026-11-24T10:00:00Z".len() && text.as_bytes().get(10) == Some(&b'T');
    let time: Timestamp = text.parse().ok().filter(|_| is_whole)?;
    (time.subsec_nanosecond() == 0).then(|| time.as_second())
}

/// The type of a value, for messages.
pub(super) fn noun(value: RawValue<'_>) -> &'static str {
    match value.kind() {
        Kind::Null => "null",
        Kind::Bool(_) => "a boolean",
        Kind::Number => "a number",
        Kind::String => "a string",
        Kind::Array => "a list",
        Kind::Object => "an object",
    }
}

/// A string or a number as written; for other values, the type.
pub(super) fn shown(value: RawValue<'_>) -> String {
    match value.kind() {
        Kind::String => format!("`{}`", quoted(&value.as_string().unwrap_or_default())),
        Kind::Number => format!("`{}`", quoted(value.text()).trim_matches('"')),
        _ => noun(value).to_owned(),
    }
}

/// The problem of a text that is not strict JSON.
pub(super) fn invalid_json(text: &str, fault: Fault) -> Invalid {
    let problem = match fault {
        Fault::NotUtf8 => "the file must be UTF-8 without a byte-order mark",
        Fault::Syntax => "this is not valid JSON",
        Fault::LoneSurrogate => "a string has a surrogate without its partner",
        Fault::NumberOutOfRange => "a number is out of range",
        Fault::DuplicateMember => "an object has a duplicate member",
        Fault::TooDeep => "objects and lists are nested too deeply",
    };
    // The strict reader reports no position; serde_json does for invalid JSON.
    let (offset, problem) = match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) if error.is_eof() => {
            (text.trim_end().len(), "the JSON text ends too early; write each test case on one line")
        }
        Err(error) => (error.column().saturating_sub(1), problem),
        Ok(_) => (0, problem),
    };
    Invalid { offset, problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use callgate_engine::json::read;

    #[test]
    fn a_time_is_in_seconds_or_in_the_format_of_rfc_3339() {
        let time = |text: &str| unix_time(read(text.as_bytes(), 1).expect("JSON"));
        assert_eq!(time(r#""2026-11-24T10:00:00Z""#), Some(1_795_514_400));
        assert_eq!(time(r#""2026-11-24T11:00:00+01:00""#), time(r#""2026-11-24T10:00:00Z""#));
        assert_eq!(time("1795514400"), time(r#""2026-11-24T10:00:00Z""#));
        assert_eq!(time(r#""1969-12-31T23:59:59Z""#), Some(-1));
    }
}
