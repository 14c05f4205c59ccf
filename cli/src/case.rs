//! One line of a case file: a call, the request facts, and the expected decision.

use std::net::IpAddr;

use callgate_engine::Fault;
use callgate_engine::json::{Kind, RawValue, read};
use callgate_engine::limits::MAX_REQUEST_DEPTH;
use callgate_engine::{Effect, RequestFacts};
use serde::de::IgnoredAny;

use crate::print::quoted;

/// A test case.
pub(crate) struct Case<'l> {
    pub(crate) name: String,
    /// The body of `POST /evaluate`.
    pub(crate) call: &'l str,
    pub(crate) facts: RequestFacts,
    pub(crate) expected: Expected,
}

/// The expected decision.
pub(crate) struct Expected {
    pub(crate) decision: Effect,
    pub(crate) code: Expectation,
    pub(crate) rule: Expectation,
    pub(crate) reason: Expectation,
}

/// The expectation for one member of the decision.
pub(crate) enum Expectation {
    /// The case does not have the member.
    Anything,
    /// The case has `null`.
    None,
    Text(String),
}

impl Expectation {
    /// Whether the decision has the expected value; `None` if the decision does not have the member, or has `null`.
    pub(crate) fn is_met(&self, seen: Option<&str>) -> bool {
        match self {
            Self::Anything => true,
            Self::None => seen.is_none(),
            Self::Text(text) => seen == Some(text),
        }
    }
}

/// Why a line is not a test case.
#[derive(Debug, PartialEq)]
pub(crate) struct Invalid {
    /// The column, in characters from 1.
    pub(crate) column: usize,
    pub(crate) problem: String,
}

impl<'l> Case<'l> {
    /// Reads a line.
    ///
    /// # Errors
    /// The line is not a test case.
    pub(crate) fn read(line: &'l str) -> Result<Self, Invalid> {
        // The case has one level around the call.
        let whole =
            read(line.as_bytes(), MAX_REQUEST_DEPTH.saturating_add(1)).map_err(|fault| invalid_json(line, fault))?;
        let reader = CaseReader { line };
        reader.members(whole, "a test case", &["name", "call", "request", "expect"])?;
        let expect = reader.required(whole, "a test case", "expect")?;
        Ok(Self {
            name: reader.text(reader.required(whole, "a test case", "name")?, "`name`")?,
            call: reader.required(whole, "a test case", "call")?.text(),
            facts: reader.facts(whole.member("request"))?,
            expected: reader.expected(expect)?,
        })
    }
}

struct CaseReader<'l> {
    line: &'l str,
}

impl<'l> CaseReader<'l> {
    fn invalid<T>(&self, at: RawValue<'l>, problem: String) -> Result<T, Invalid> {
        let offset = at.text().as_ptr().addr().saturating_sub(self.line.as_ptr().addr());
        Err(Invalid { column: column(self.line, offset), problem })
    }

    /// Checks that a value is an object of known members.
    fn members(&self, object: RawValue<'l>, what: &str, known: &[&str]) -> Result<(), Invalid> {
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

    fn required(&self, object: RawValue<'l>, what: &str, name: &str) -> Result<RawValue<'l>, Invalid> {
        match object.member(name) {
            Some(value) => Ok(value),
            None => self.invalid(object, format!("{what} must have the member `{name}`")),
        }
    }

    fn text(&self, value: RawValue<'l>, what: &str) -> Result<String, Invalid> {
        match value.as_string() {
            Some(text) => Ok(text.into_owned()),
            None => self.invalid(value, format!("{what} must be a string, not {}", noun(value))),
        }
    }

    fn facts(&self, request: Option<RawValue<'l>>) -> Result<RequestFacts, Invalid> {
        let Some(request) = request else { return Ok(RequestFacts::default()) };
        self.members(request, "`request`", &["time", "ip", "country"])?;
        let time =
            request.member("time").map(|value| match value.as_number().and_then(|text| text.parse::<i64>().ok()) {
                Some(time) => Ok(time),
                None => {
                    let expected = "an integer, the seconds since 1970-01-01T00:00:00Z, such as `1795167000`";
                    self.invalid(value, format!("`request.time` must be {expected}, not {}", shown(value)))
                }
            });
        let is_ip = |text: &str| text.parse::<IpAddr>().is_ok();
        let ip = self.fact(request, "ip", "an IPv4 or IPv6 address such as `192.0.2.1`", is_ip)?;
        let is_country = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        let country =
            self.fact(request, "country", "a country code of two capital letters such as `DE`", is_country)?;
        Ok(RequestFacts::new(time.transpose()?, ip.as_deref(), country.as_deref()))
    }

    /// A fact that is a string. An edge omits an unknown fact, so `null` is not a fact.
    fn fact(
        &self,
        request: RawValue<'l>,
        name: &str,
        expected: &str,
        is_valid: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, Invalid> {
        let Some(value) = request.member(name) else { return Ok(None) };
        match value.as_string().filter(|text| is_valid(text)) {
            Some(text) => Ok(Some(text.into_owned())),
            None => self.invalid(value, format!("`request.{name}` must be {expected}, not {}", shown(value))),
        }
    }

    fn expected(&self, expect: RawValue<'l>) -> Result<Expected, Invalid> {
        self.members(expect, "`expect`", &["decision", "code", "rule", "reason"])?;
        let decision = self.required(expect, "`expect`", "decision")?;
        let name = decision.as_string().unwrap_or_default();
        let Some(effect) = Effect::ALL.into_iter().find(|effect| effect.name() == name) else {
            let expected = "`Allow`, `RequireApproval` or `Deny`";
            return self.invalid(decision, format!("`expect.decision` must be {expected}, not {}", shown(decision)));
        };
        let member = |name: &str| match expect.member(name) {
            None => Ok(Expectation::Anything),
            Some(value) if value.kind() == Kind::Null => Ok(Expectation::None),
            Some(value) => match value.as_string() {
                Some(text) => Ok(Expectation::Text(text.into_owned())),
                None => self.invalid(value, format!("`expect.{name}` must be a string or null, not {}", noun(value))),
            },
        };
        Ok(Expected { decision: effect, code: member("code")?, rule: member("rule")?, reason: member("reason")? })
    }
}

/// The type of a value, for messages.
fn noun(value: RawValue<'_>) -> &'static str {
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
fn shown(value: RawValue<'_>) -> String {
    match value.kind() {
        Kind::String => format!("`{}`", quoted(&value.as_string().unwrap_or_default())),
        Kind::Number => format!("`{}`", quoted(value.text()).trim_matches('"')),
        _ => noun(value).to_owned(),
    }
}

fn invalid_json(line: &str, fault: Fault) -> Invalid {
    let problem = match fault {
        Fault::NotUtf8 => "the file must be UTF-8 without a byte-order mark",
        Fault::Syntax => "this is not valid JSON",
        Fault::LoneSurrogate => "a string has a surrogate without its partner",
        Fault::NumberOutOfRange => "a number is out of range",
        Fault::DuplicateMember => "an object has a duplicate member",
        Fault::TooDeep => "objects and lists are nested too deeply",
    };
    // The strict reader reports no position; serde_json does for invalid JSON.
    let (offset, problem) = match serde_json::from_str::<IgnoredAny>(line) {
        Err(error) if error.is_eof() => {
            (line.trim_end().len(), "the JSON text ends too early; write each test case on one line")
        }
        Err(error) => (error.column().saturating_sub(1), problem),
        Ok(_) => (0, problem),
    };
    Invalid { column: column(line, offset), problem: problem.to_owned() }
}

/// The column of a byte, in characters from 1.
fn column(line: &str, offset: usize) -> usize {
    line.char_indices().take_while(|&(at, _)| at < offset).count().saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares a line's problem and the text at its position with the expected ones.
    #[track_caller]
    fn check(line: &str, at: &str, problem: &str) {
        let Err(invalid) = Case::read(line) else { panic!("{line} is a test case") };
        let rest: String = line.chars().skip(invalid.column.saturating_sub(1)).collect();
        assert!(rest.starts_with(at), "{line}: {invalid:?}");
        assert_eq!(invalid.problem, problem, "{line}");
    }

    fn with_request(request: &str) -> String {
        format!(r#"{{"name":"é","call":{{}},"request":{request},"expect":{{"decision":"Deny"}}}}"#)
    }

    fn with_expect(expect: &str) -> String {
        format!(r#"{{"name":"é","call":{{}},"expect":{expect}}}"#)
    }

    #[test]
    fn a_fact_that_no_edge_has_is_invalid() {
        let country = "`request.country` must be a country code of two capital letters such as `DE`, not ";
        check(&with_request(r#"{"country":"kp"}"#), r#""kp""#, &format!("{country}`\"kp\"`"));
        check(&with_request(r#"{"country":"KPX"}"#), r#""KPX""#, &format!("{country}`\"KPX\"`"));
        check(&with_request(r#"{"country":null}"#), "null", &format!("{country}null"));
        let ip = "`request.ip` must be an IPv4 or IPv6 address such as `192.0.2.1`, not ";
        check(&with_request(r#"{"ip":"10.0.0.999"}"#), r#""10.0.0.999""#, &format!("{ip}`\"10.0.0.999\"`"));
        check(&with_request(r#"{"ip":5}"#), "5", &format!("{ip}`5`"));
        let time =
            "`request.time` must be an integer, the seconds since 1970-01-01T00:00:00Z, such as `1795167000`, not ";
        check(
            &with_request(r#"{"time":"2026-11-24T10:00:00Z"}"#),
            r#""2026"#,
            &format!("{time}`\"2026-11-24T10:00:00Z\"`"),
        );
        check(&with_request(r#"{"time":1.5}"#), "1.5", &format!("{time}`1.5`"));
        check(&with_request("[]"), "[]", "`request` must be an object, not a list");
        check(
            &with_request(r#"{"Time":1}"#),
            "1",
            "`request` has an unknown member \"Time\"; known are `time`, `ip`, `country`",
        );
        assert!(Case::read(&with_request(r#"{"time":1,"ip":"::1","country":"KP"}"#)).is_ok());
    }

    #[test]
    fn an_expectation_is_an_object_with_a_decision() {
        check(
            &with_expect(r#""Allow""#),
            r#""Allow""#,
            r#"`expect` must be an object, not a string; write an object such as `{"decision": "Deny"}`"#,
        );
        check(&with_expect("{}"), "{}", "`expect` must have the member `decision`");
        let decision = "`expect.decision` must be `Allow`, `RequireApproval` or `Deny`, not ";
        check(&with_expect(r#"{"decision":"allow"}"#), r#""allow""#, &format!("{decision}`\"allow\"`"));
        check(&with_expect(r#"{"decision":null}"#), "null", &format!("{decision}null"));
        check(
            &with_expect(r#"{"decision":"Deny","rule":5}"#),
            "5",
            "`expect.rule` must be a string or null, not a number",
        );
        check(r#"{"name":"x","call":{}}"#, "{", "a test case must have the member `expect`");
    }

    #[test]
    fn what_is_not_json_is_reported_at_its_column() {
        check(r#"{"name":"é",,}"#, ",}", "this is not valid JSON");
        check("[", "", "the JSON text ends too early; write each test case on one line");
        check(
            r#"[{"name":"x"}]"#,
            "[",
            "a test case must be an object, not a list; write each test case on a line of its own, without a list around them",
        );
        check(r#"{"name":"x","name":"y"}"#, "{", "an object has a duplicate member");
        check("\u{feff}{}", "", "the file must be UTF-8 without a byte-order mark");
    }

    #[test]
    fn null_expects_none_and_what_is_left_out_may_be_anything() {
        let line = with_expect(r#"{"decision":"Deny","rule":null,"code":"no_rule"}"#);
        let case = Case::read(&line).expect("a case");
        assert!(case.expected.rule.is_met(None) && !case.expected.rule.is_met(Some("u")));
        assert!(case.expected.reason.is_met(None) && case.expected.reason.is_met(Some("u")));
        assert!(case.expected.code.is_met(Some("no_rule")) && !case.expected.code.is_met(Some("x")));
        assert!(!case.expected.code.is_met(None));
    }
}
