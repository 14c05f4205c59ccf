//! The conditions of rules, each by itself.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::net::IpAddr;
use std::collections::HashMap;

use ipnet::IpNet;

use crate::canonical::{path, url};
use crate::language::dialect::Dialect;
use crate::language::operators::{Source, StringOp};
use crate::policy::automaton;
use crate::policy::condition::{Condition, ConditionKind};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::spanned::Spanned;

pub(crate) fn check_condition(
    condition: &Condition,
    dialect: Dialect,
    expressions: &mut Expressions,
    findings: &mut Vec<Diagnostic>,
) {
    if dialect == Dialect::Perso1 {
        return;
    }
    if let ConditionKind::StringCheck { field, op, values } = &condition.kind
        && field.source == Source::Request
    {
        check_request_values(&field.name.value, *op, values, findings);
    }
    match &condition.kind {
        ConditionKind::All(children) | ConditionKind::Any(children) => {
            if children.is_empty() {
                let message = "an empty list of conditions says nothing";
                findings.push(Diagnostic::error("empty_list", &condition.span, message));
            }
            for child in children {
                check_condition(child, dialect, expressions, findings);
            }
        }
        ConditionKind::Every { condition: inner, .. }
        | ConditionKind::Some { condition: inner, .. }
        | ConditionKind::Not(inner) => check_condition(inner, dialect, expressions, findings),
        ConditionKind::StringCheck { values, .. } if values.is_empty() => {
            let message = "an empty list of strings says nothing";
            findings.push(Diagnostic::error("empty_list", &condition.span, message));
        }
        ConditionKind::StringCheck { op: StringOp::Matches, values, .. } => {
            check_expressions(condition, values, expressions, findings);
        }
        ConditionKind::StringCheck { op, values, .. } => {
            for value in values.iter().filter(|value| is_always_true(*op, &value.value)) {
                let message = format!("`{}` with {} is true for every string", op.name(), quoted(&value.value));
                findings.push(Diagnostic::error("always_true", &value.span, message));
            }
        }
        ConditionKind::PathCheck { roots, .. } => check_roots(condition, roots, findings),
        ConditionKind::UrlCheck { schemes, hosts, .. } => check_url(condition, schemes, hosts, findings),
        ConditionKind::CidrCheck { networks, .. } => check_networks(condition, networks, findings),
        ConditionKind::LengthCheck { value, .. } => {
            if value.value.parse::<u32>().is_err() {
                let message = "a length is a whole number from 0 to 4294967295";
                findings.push(Diagnostic::error("bad_length", &value.span, message));
            }
        }
        ConditionKind::FieldEquals { a, b } | ConditionKind::FieldCompare { a, b, .. }
            if a.source == b.source && a.path == b.path =>
        {
            let message = "a field is compared with itself";
            findings.push(Diagnostic::error("same_field", &condition.span, message));
        }
        ConditionKind::TimeCheck { .. }
        | ConditionKind::NumericCheck { .. }
        | ConditionKind::BoolCheck { .. }
        | ConditionKind::FieldPresent { .. }
        | ConditionKind::FieldEquals { .. }
        | ConditionKind::FieldCompare { .. } => {}
    }
}

/// Checks what the facts of a request are compared with: an edge gives no other country and no other address.
fn check_request_values(field: &str, op: StringOp, values: &[Spanned<String>], findings: &mut Vec<Diagnostic>) {
    for value in values {
        let text = &value.value;
        let problem = match field {
            "country" if !may_match_country(op, text) => {
                let message = format!("{} never matches `country`, which is two capital letters", quoted(text));
                let capitals = text.to_ascii_uppercase();
                let is_code = capitals.len() == 2 && capitals.bytes().all(|byte| byte.is_ascii_uppercase());
                let fix = if is_code { format!("write `{capitals}`") } else { "write a code such as `DE`".to_string() };
                Diagnostic::error("bad_country", &value.span, message).with_fix(fix)
            }
            "ip" if !may_match_address(op, text) => {
                let message = format!("{} never matches `ip`, which is an address in canonical form", quoted(text));
                let fix = match text.parse::<IpAddr>() {
                    Ok(address) => format!("write `{address}`"),
                    Err(_) if text.parse::<IpNet>().is_ok() => "use `CidrCheck` for a network".to_string(),
                    Err(_) => "write an address such as `10.0.0.1`".to_string(),
                };
                Diagnostic::error("bad_address", &value.span, message).with_fix(fix)
            }
            _ => continue,
        };
        findings.push(problem);
    }
}

/// Whether an operator may compare with a text as the whole string, and the text without what stands for any characters.
fn whole_and_letters(op: StringOp, text: &str) -> (bool, String) {
    match op {
        StringOp::In | StringOp::NotIn | StringOp::Matches => (true, text.to_string()),
        StringOp::StartsWith | StringOp::EndsWith | StringOp::Contains => (false, text.to_string()),
        StringOp::Glob => (!text.contains('*'), text.replace('*', "")),
    }
}

/// Whether a country code may compare with a text as the operator says, or for `NotIn` as it does not.
fn may_match_country(op: StringOp, text: &str) -> bool {
    if op == StringOp::Matches {
        // An expression that can't be built is another mistake.
        let Ok(automaton) = automaton::build(&[text.to_string()]) else { return true };
        let matches = |first: char, second: char| automaton.label(&String::from_iter([first, second])).is_some();
        return ('A'..='Z').any(|first| ('A'..='Z').any(|second| matches(first, second)));
    }
    let (is_whole, letters) = whole_and_letters(op, text);
    letters.bytes().all(|byte| byte.is_ascii_uppercase()) && (letters.len() == 2 || (!is_whole && letters.len() < 2))
}

/// Whether an address in canonical form may compare with a text as the operator says, or for `NotIn` as it does not. What an
/// expression matches is not worked out.
fn may_match_address(op: StringOp, text: &str) -> bool {
    let (is_whole, letters) = whole_and_letters(op, text);
    match op {
        StringOp::Matches => true,
        _ if is_whole => letters.parse::<IpAddr>().is_ok_and(|address| address.to_string() == letters),
        _ => letters.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b':' | b'.')),
    }
}

/// Lists of regular expressions that were tried, and what is wrong with each: rules often ask for the same.
pub(crate) type Expressions = HashMap<Vec<String>, Option<String>>;

fn check_expressions(
    condition: &Condition,
    values: &[Spanned<String>],
    known: &mut Expressions,
    findings: &mut Vec<Diagnostic>,
) {
    let mut problem_of = |values: &[Spanned<String>]| {
        let texts: Vec<String> = values.iter().map(|value| value.value.clone()).collect();
        known.entry(texts).or_insert_with_key(|texts| automaton::build(texts).err()).clone()
    };
    let Some(problem) = problem_of(values) else { return };
    let before = findings.len();
    for value in values {
        if let Some(problem) = problem_of(core::slice::from_ref(value)) {
            let message = format!("{} is no regular expression here: {problem}", quoted(&value.value));
            findings.push(Diagnostic::error("bad_regex", &value.span, message));
        }
    }
    if findings.len() == before {
        let message = format!("these regular expressions can't be one: {problem}");
        findings.push(Diagnostic::error("bad_regex", &condition.span, message));
    }
}

fn check_not_empty<T>(condition: &Condition, list: &[T], what: &str, findings: &mut Vec<Diagnostic>) {
    if list.is_empty() {
        let message = format!("an empty list of {what} says nothing");
        findings.push(Diagnostic::error("empty_list", &condition.span, message));
    }
}

fn check_roots(condition: &Condition, roots: &[Spanned<String>], findings: &mut Vec<Diagnostic>) {
    check_not_empty(condition, roots, "roots", findings);
    for root in roots.iter().filter(|root| !path::is_canonical(&root.value)) {
        let message = format!("{} is no absolute path with one reading", quoted(&root.value));
        let fix = "start with `/`, without dot segments, empty segments, backslashes or percent-encoding";
        findings.push(Diagnostic::error("bad_root", &root.span, message).with_fix(fix));
    }
}

fn check_url(
    condition: &Condition,
    schemes: &[Spanned<String>],
    hosts: &[Spanned<String>],
    findings: &mut Vec<Diagnostic>,
) {
    check_not_empty(condition, schemes, "schemes", findings);
    check_not_empty(condition, hosts, "hosts", findings);
    for scheme in schemes.iter().filter(|scheme| url::UrlTarget::read(&format!("{}://host", scheme.value)).is_none()) {
        let message = format!("{} is no scheme", quoted(&scheme.value));
        findings.push(Diagnostic::error("bad_scheme", &scheme.span, message).with_fix("write it as in `https`"));
    }
    for host in hosts.iter().filter(|host| !is_host(host.value.strip_prefix("*.").unwrap_or(&host.value))) {
        let message = format!("{} is no host with one reading", quoted(&host.value));
        let fix = "write a name such as `api.example.com` (in punycode where it is not ASCII), `*.` and a name, or an IP address";
        findings.push(Diagnostic::error("bad_host", &host.span, message).with_fix(fix));
    }
}

/// Whether a host has one reading, for the tables of Unicode too.
fn is_host(host: &str) -> bool {
    url::is_host(host) && ::url::Host::parse(host).is_ok_and(|parsed| parsed.to_string().eq_ignore_ascii_case(host))
}

fn check_networks(condition: &Condition, networks: &[Spanned<String>], findings: &mut Vec<Diagnostic>) {
    check_not_empty(condition, networks, "networks", findings);
    for network in networks {
        let problem = match network.value.parse::<IpNet>() {
            Err(_) => format!("{} is no network in CIDR notation", quoted(&network.value)),
            Ok(parsed) if parsed.trunc() != parsed => {
                format!("{} names a host, and its network is `{}`", quoted(&network.value), parsed.trunc())
            }
            Ok(_) => continue,
        };
        findings.push(Diagnostic::error("bad_network", &network.span, problem).with_fix("write it as in `10.0.0.0/8`"));
    }
}

fn is_always_true(op: StringOp, text: &str) -> bool {
    match op {
        StringOp::In | StringOp::NotIn | StringOp::Matches => false,
        StringOp::StartsWith | StringOp::EndsWith | StringOp::Contains => text.is_empty(),
        StringOp::Glob => !text.is_empty() && text.bytes().all(|byte| byte == b'*'),
    }
}
