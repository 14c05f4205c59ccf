//! Texts that restrict or permit URLs.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::condition::{ConditionKind, StringCheck};
use crate::language::effect::Effect;
use crate::language::operators::StringOp;
use crate::policy::check::intent::spellings::scope::{Argument, Form, RuleScope};
use crate::policy::check::intent::visit::visit_all;
use crate::policy::text::diagnostic::{Diagnostic, quoted};

/// Reports the beginning of a URL that permits a call, although other URLs have the same beginning.
pub(super) fn find_urls<'p>(
    scope: &RuleScope<'p>,
    check: &'p StringCheck,
    argument: Argument<'p>,
    findings: &mut Vec<Diagnostic>,
) {
    for value in &check.values {
        let Some(openness) = openness(check.op, &value.value, argument.is_url()) else { continue };
        if has_url_check(scope, argument, openness) {
            continue;
        }
        let shown = quoted(&value.value);
        let (message, fix) = match openness {
            Openness::Host => (
                format!("{shown} also accepts other hosts, such as {}", quoted(&other_host(check.op, &value.value))),
                "use `UrlCheck` with `hosts`, which compares whole host names",
            ),
            Openness::Path => (
                format!("{shown} also accepts URLs whose dot segments, such as `../`, leave this path"),
                "use `UrlCheck` with `hosts` and `paths`, such as `[\"/repos/acme/**\"]`",
            ),
        };
        findings.push(Diagnostic::warning("url_as_text", &value.span, message).with_fix(fix));
    }
}

/// Reports a text that restricts a URL, although the same URL has other spellings.
pub(super) fn find_restricted_urls<'p>(
    scope: &RuleScope<'p>,
    check: &'p StringCheck,
    argument: Argument<'p>,
    findings: &mut Vec<Diagnostic>,
) {
    let is_url = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let has_scheme = lower.contains("http://") || lower.contains("https://");
        has_scheme || (argument.is_url() && (text.contains(['.', '/']) || lower.contains("localhost")))
    };
    let is_text = check.op != StringOp::Matches;
    if let Some(value) = check.values.iter().find(|value| is_text && is_url(&value.value))
        && scope.accepts_ambiguous(Form::Url, argument)
    {
        let message = format!(
            "{} is compared as text, so other spellings of the same URL in {}, such as `HTTP://`, `127.1` or `%61`, are not restricted",
            quoted(&value.value),
            argument.name()
        );
        let fix = "use `UrlCheck` with `hosts`, `schemes` and `ports`, best in the Allow rules";
        findings.push(Diagnostic::warning("url_as_text", &value.span, message).with_fix(fix));
    }
}

/// What a pattern leaves open although it looks closed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Openness {
    Host,
    Path,
}

/// What a pattern of URLs leaves open; `None` if it is not such a pattern, or accepts whole hosts or every URL.
pub(super) fn openness(op: StringOp, text: &str, is_url: bool) -> Option<Openness> {
    let names_host = |text: &str| text.trim_start_matches(['.', '*', '/']).contains('.');
    let lower = text.to_ascii_lowercase();
    let after = ["http://", "https://"].iter().find_map(|scheme| lower.strip_prefix(scheme));
    let after = match (op, after) {
        (StringOp::StartsWith, Some(after)) => after,
        (StringOp::Glob, Some(after)) if after.contains('*') => after,
        (StringOp::Contains | StringOp::EndsWith, _) => {
            return (is_url && names_host(text)).then_some(Openness::Host);
        }
        (StringOp::Glob, None) => {
            return (is_url && text.starts_with('*') && names_host(text)).then_some(Openness::Host);
        }
        _ => return None,
    };
    if after.bytes().all(|byte| byte == b'*') {
        return None;
    }
    match after.split_once('/') {
        Some((host, _)) if host.contains('*') => Some(Openness::Host),
        Some((_, path)) => path.bytes().any(|byte| byte != b'*').then_some(Openness::Path),
        None => Some(Openness::Host),
    }
}

/// A URL of another host that a pattern with an open host accepts.
pub(super) fn other_host(op: StringOp, text: &str) -> String {
    let after = text.split_once("://").map_or(text, |(_, after)| after);
    match op {
        StringOp::StartsWith if after.contains(':') => format!("{text}@evil.test/"),
        StringOp::StartsWith => format!("{}.evil.test/", text.trim_end_matches('.')),
        StringOp::Glob => {
            let scheme = if after.len() == text.len() { "https://" } else { "" };
            let host = if after.starts_with('*') { "evil.test/x" } else { ".evil.test/" };
            format!("{scheme}{}", text.replacen('*', host, 1).replace('*', ""))
        }
        _ => format!("https://evil.test/{text}"),
    }
}

/// Whether a `UrlCheck` of the same rule closes what a text leaves open.
pub(super) fn has_url_check<'p>(scope: &RuleScope<'p>, argument: Argument<'p>, openness: Openness) -> bool {
    let mut has = false;
    visit_all(scope.condition, &mut |condition, at| {
        if let ConditionKind::UrlCheck(check) = &condition.kind {
            has |= (Argument { field: &check.field, list: at.list }).is_same(argument)
                && at.is_negated == (scope.rule.effect == Effect::Deny)
                && (openness == Openness::Host || !check.paths.is_empty());
        }
    });
    has
}
