//! A test case: a call, the request facts, and the expected decision.

use std::borrow::Cow;

use callgate_engine::json::{Kind, RawValue, read};
use callgate_engine::limits::MAX_REQUEST_DEPTH;
use callgate_engine::{Effect, RequestFacts};

use crate::test::defaults::{Defaults, merged};
use crate::test::reader::{CaseReader, Invalid, invalid_json, noun, shown};

/// A test case.
pub(crate) struct Case<'l> {
    pub(crate) name: String,
    /// The body of `POST /evaluate`.
    pub(crate) call: Cow<'l, str>,
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

impl<'l> Case<'l> {
    /// Reads the object of a test case.
    ///
    /// # Errors
    /// The text is not a test case.
    pub(crate) fn read(text: &'l str, defaults: Option<&Defaults<'_>>) -> Result<Self, Invalid> {
        // The case has one level around the call.
        let whole =
            read(text.as_bytes(), MAX_REQUEST_DEPTH.saturating_add(1)).map_err(|fault| invalid_json(text, fault))?;
        let reader = CaseReader { text };
        reader.members(whole, "a test case", &["name", "call", "request", "expect"])?;
        let expect = reader.required(whole, "a test case", "expect")?;
        let call = reader.required(whole, "a test case", "call")?;
        let with_defaults = defaults.filter(|defaults| !defaults.call.is_empty());
        let call =
            with_defaults.and_then(|defaults| merged(call, &defaults.call)).map_or(call.text().into(), Cow::Owned);
        Ok(Self {
            name: reader.text(reader.required(whole, "a test case", "name")?, "`name`")?,
            call,
            facts: reader.facts(whole.member("request"), defaults.map_or(&[], |defaults| &defaults.request))?,
            expected: Expected::read(&reader, expect)?,
        })
    }
}

impl Expected {
    fn read<'l>(reader: &CaseReader<'l>, expect: RawValue<'l>) -> Result<Self, Invalid> {
        reader.members(expect, "`expect`", &["decision", "code", "rule", "reason"])?;
        let decision = reader.required(expect, "`expect`", "decision")?;
        let name = decision.as_string().unwrap_or_default();
        let Some(effect) = Effect::ALL.into_iter().find(|effect| effect.name() == name) else {
            let expected = "`Allow`, `RequireApproval` or `Deny`";
            return reader.invalid(decision, format!("`expect.decision` must be {expected}, not {}", shown(decision)));
        };
        let member = |name: &str| match expect.member(name) {
            None => Ok(Expectation::Anything),
            Some(value) if value.kind() == Kind::Null => Ok(Expectation::None),
            Some(value) => match value.as_string() {
                Some(text) => Ok(Expectation::Text(text.into_owned())),
                None => reader.invalid(value, format!("`expect.{name}` must be a string or null, not {}", noun(value))),
            },
        };
        Ok(Self { decision: effect, code: member("code")?, rule: member("rule")?, reason: member("reason")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares a line's problem and the text at its position with the expected ones.
    #[track_caller]
    fn check(line: &str, at: &str, problem: &str) {
        let Err(invalid) = Case::read(line, None) else { panic!("{line} is a test case") };
        let rest = line.get(invalid.offset..).expect("an offset of the line");
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
        let time = "`request.time` must be a time such as `2026-11-24T10:00:00Z`, or the seconds since \
            1970-01-01T00:00:00Z, not ";
        for text in ["now", "2026-11-24", "2026-11-24T10:00:00", "2026-11-24T10:00Z", "2026-11-24 10:00:00Z"] {
            let value = format!("\"{text}\"");
            check(&with_request(&format!(r#"{{"time":{value}}}"#)), &value, &format!("{time}`{value}`"));
        }
        for text in ["2026-11-24T10:00:00.5Z", "2026-02-30T10:00:00Z", "2026-11-24T25:00:00Z"] {
            let value = format!("\"{text}\"");
            check(&with_request(&format!(r#"{{"time":{value}}}"#)), &value, &format!("{time}`{value}`"));
        }
        check(&with_request(r#"{"time":1.5}"#), "1.5", &format!("{time}`1.5`"));
        check(&with_request(r#"{"time":null}"#), "null", &format!("{time}null"));
        check(&with_request("[]"), "[]", "`request` must be an object, not a list");
        check(
            &with_request(r#"{"Time":1}"#),
            "1",
            "`request` has an unknown member \"Time\"; known are `time`, `ip`, `country`",
        );
        assert!(Case::read(&with_request(r#"{"time":1,"ip":"::1","country":"KP"}"#), None).is_ok());
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
        let case = Case::read(&line, None).expect("a case");
        assert!(case.expected.rule.is_met(None) && !case.expected.rule.is_met(Some("u")));
        assert!(case.expected.reason.is_met(None) && case.expected.reason.is_met(Some("u")));
        assert!(case.expected.code.is_met(Some("no_rule")) && !case.expected.code.is_met(Some("x")));
        assert!(!case.expected.code.is_met(None));
    }
}
