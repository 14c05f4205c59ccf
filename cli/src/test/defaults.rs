//! The defaults of a case file: members of calls and facts of requests that a case has unless it sets its own.

use callgate_engine::json::{Kind, RawValue, read};
use callgate_engine::limits::MAX_REQUEST_DEPTH;
use serde_json::Value;

use crate::test::reader::{CaseReader, Invalid, invalid_json, noun};

/// The members that every case of a file has unless it has its own.
pub(super) struct Defaults<'l> {
    pub(super) call: Vec<(String, RawValue<'l>)>,
    pub(super) request: Vec<(String, RawValue<'l>)>,
}

impl<'l> Defaults<'l> {
    /// Reads a line with the only member `defaults`; `None` if the line does not have the member.
    pub(super) fn of_line(line: &'l str) -> Result<Option<Self>, Invalid> {
        let Ok(whole) = read(line.as_bytes(), MAX_REQUEST_DEPTH.saturating_add(2)) else { return Ok(None) };
        let Some(defaults) = (if whole.kind() == Kind::Object { whole.member("defaults") } else { None }) else {
            return Ok(None);
        };
        let reader = CaseReader { text: line };
        reader.members(whole, "the line of the defaults", &["defaults"])?;
        Self::of_object(&reader, defaults).map(Some)
    }

    /// Reads the object of the defaults.
    pub(super) fn read(text: &'l str) -> Result<Self, Invalid> {
        let defaults =
            read(text.as_bytes(), MAX_REQUEST_DEPTH.saturating_add(1)).map_err(|fault| invalid_json(text, fault))?;
        Self::of_object(&CaseReader { text }, defaults)
    }

    fn of_object(reader: &CaseReader<'l>, defaults: RawValue<'l>) -> Result<Self, Invalid> {
        reader.members(defaults, "`defaults`", &["call", "request"])?;
        let list = |name: &str, what: &str| {
            let mut members = Vec::new();
            let Some(object) = defaults.member(name) else { return Ok(members) };
            if object.kind() != Kind::Object {
                return reader.invalid(object, format!("{what} must be an object, not {}", noun(object)));
            }
            object.for_members(|name, value| {
                members.push((name.to_owned(), value));
                true
            });
            Ok(members)
        };
        let (call, request) = (list("call", "`defaults.call`")?, list("request", "`defaults.request`")?);
        // The facts are checked here, where their places are known.
        reader.facts(defaults.member("request"), &[])?;
        Ok(Self { call, request })
    }
}

/// Members of a call of which it has only one, or some that belong together: a default is not added to another one.
const EXCLUSIVE: [&[&str]; 2] = [&["tool", "toolName", "prompt", "resource", "operation"], &["role", "roles"]];

/// Adds the defaults to an object that has none of them.
pub(super) fn merged(object: RawValue<'_>, defaults: &[(String, RawValue<'_>)]) -> Option<String> {
    let mut names = Vec::new();
    let mut members = Vec::new();
    object.for_members(|name, value| {
        names.push(name.to_owned());
        members.push(format!("{}:{}", Value::from(name), value.text()));
        true
    })?;
    for (name, value) in defaults {
        let group = EXCLUSIVE.iter().find(|group| group.contains(&&**name));
        let is_own = |own: &String| own == name || group.is_some_and(|group| group.contains(&&**own));
        if !names.iter().any(is_own) {
            members.push(format!("{}:{}", Value::from(&**name), value.text()));
        }
    }
    Some(format!("{{{}}}", members.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::case::Case;

    /// The call of a case with defaults.
    #[track_caller]
    fn check(defaults: &str, call: &str, expected: &str) {
        let line = format!(r#"{{"name":"x","call":{call},"expect":{{"decision":"Deny"}}}}"#);
        let defaults = format!(r#"{{"call":{defaults}}}"#);
        let defaults = Defaults::read(&defaults).expect("defaults");
        assert_eq!(Case::read(&line, Some(&defaults)).expect("a case").call, expected);
    }

    #[test]
    fn a_case_has_the_defaults_that_it_does_not_set_itself() {
        let defaults = r#"{"tool":"t","role":"r","args":{"a":1}}"#;
        check(defaults, "{}", r#"{"tool":"t","role":"r","args":{"a":1}}"#);
        check(defaults, r#"{"args":{"b": 1.0}}"#, r#"{"args":{"b": 1.0},"tool":"t","role":"r"}"#);
        check(defaults, r#"{"roles":["s"],"prompt":"p"}"#, r#"{"roles":["s"],"prompt":"p","args":{"a":1}}"#);
        check("{}", r#"{ "tool": "t" }"#, r#"{ "tool": "t" }"#);
        // A call that is not an object is the engine's to reject.
        check(defaults, "[]", "[]");
    }

    #[test]
    fn only_an_object_with_defaults_is_one() {
        let problem = |line| match Defaults::of_line(line) {
            Err(invalid) => invalid.problem,
            Ok(defaults) => panic!("{line} is valid: {}", defaults.is_some()),
        };
        assert!(Defaults::of_line(r#"{"name":"x"}"#).is_ok_and(|defaults| defaults.is_none()));
        assert!(Defaults::of_line("[1]").is_ok_and(|defaults| defaults.is_none()));
        assert!(Defaults::of_line(r#"{"defaults":{}}"#).is_ok_and(|defaults| defaults.is_some()));
        assert!(problem(r#"{"defaults":{},"name":"x"}"#).contains("unknown member \"name\""));
        assert!(problem(r#"{"defaults":{"expect":{}}}"#).contains("unknown member \"expect\""));
        assert!(problem(r#"{"defaults":{"call":[]}}"#).contains("`defaults.call` must be an object"));
        assert!(problem(r#"{"defaults":{"request":{"ip":"x"}}}"#).contains("`request.ip` must be"));
    }
}
