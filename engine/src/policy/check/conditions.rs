//! The conditions of rules, each by itself.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use std::collections::HashMap;

use ipnet::IpNet;

use crate::canonical::{path, url};
use crate::language::dialect::Dialect;
use crate::language::operators::StringOp;
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
    for scheme in schemes.iter().filter(|scheme| url::Target::read(&format!("{}://host", scheme.value)).is_none()) {
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
