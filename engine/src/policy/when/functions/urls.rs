//! `url(args.url).isOneOf([..])`, `.matches({..})` and `.getHost()`: a URL is one of some.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::ops::Range;

use crate::condition::{Condition, ConditionKind, Field, UrlCheck};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::spanned::Spanned;
use crate::policy::when::ast::{Expr, ExprKind, Start, Step};
use crate::policy::when::functions::Method;
use crate::policy::when::lower::Lowering;

/// Every scheme, or every port.
const ANY: &str = "*";
/// Every public host, which is a word of `hosts` and not the name of a host.
const PUBLIC: &str = "public";
const KEYS: [&str; 4] = ["schemes", "hosts", "ports", "paths"];

/// Whether a method is called on a URL.
pub(super) fn is_url(start: &Start, before: &[Step]) -> bool {
    before.is_empty() && matches!(start, Start::Call(name, _) if name.value == "url")
}

/// The field of `url(args.url)`.
pub(crate) fn url_field(
    lowering: &mut Lowering<'_>,
    start: &Start,
    before: &[Step],
    span: &Range<usize>,
) -> Option<Field> {
    match start {
        Start::Call(url, arguments) if is_url(start, before) => lowering.field_argument(arguments, url),
        _ => {
            let fix = "write it as in `url(args.url).isOneOf([\"https://example.com\"])`";
            lowering.unsupported(span, "this method needs a URL", fix)
        }
    }
}

/// `url(args.url).getHost() == "example.com"`, with any scheme, port and path.
pub(crate) fn host(
    lowering: &mut Lowering<'_>,
    field: Field,
    hosts: Vec<Spanned<String>>,
    span: &Range<usize>,
) -> Option<Condition> {
    if let Some(host) = hosts.iter().find(|host| host.value.contains('*') || host.value == PUBLIC) {
        let message = format!("{} is not the name of one host", quoted(&host.value));
        let fix = format!(
            "write `url(args.url).matches({{\"schemes\": \"*\", \"hosts\": [\"{}\"], \"ports\": \"*\"}})`",
            host.value
        );
        lowering.reader.problems.push(Diagnostic::error("bad_host", &host.span, message).with_fix(fix));
        return None;
    }
    let any = || Vec::from([lowering.spanned(ANY.to_string(), span)]);
    let check = UrlCheck { field, schemes: any(), hosts, ports: any(), paths: Vec::new() };
    lowering.make(span, ConditionKind::UrlCheck(check))
}

/// A scheme, hosts, and optionally a port and a pattern of paths.
struct Origin {
    scheme: String,
    hosts: Vec<Spanned<String>>,
    port: Option<String>,
    path: Option<String>,
    span: Range<usize>,
}

/// `url(args.url).isOneOf(["https://example.com/docs/**"])`. Patterns that differ in their hosts only are one check.
pub(super) fn is_one_of(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Condition> {
    let Method { start, before, name, arguments, span } = method;
    let field = url_field(lowering, start, before, span);
    let [argument] = arguments else {
        return lowering.wrong_arguments(name, "one list of URLs", arguments.len());
    };
    let patterns = lowering.texts(argument, "a URL")?;
    let mut origins: Vec<Origin> = Vec::new();
    for pattern in patterns {
        let origin = match read_pattern(&pattern.value) {
            Ok((scheme, host, port, path)) => Origin {
                scheme,
                hosts: Vec::from([Spanned { value: host, span: pattern.span.clone() }]),
                port,
                path,
                span: pattern.span,
            },
            Err(fix) => {
                let message = format!("{} is not a pattern of URLs", quoted(&pattern.value));
                lowering.reader.problems.push(Diagnostic::error("bad_url", &pattern.span, message).with_fix(fix));
                return None;
            }
        };
        let is_same = |other: &&mut Origin| {
            other.scheme == origin.scheme && other.port == origin.port && other.path == origin.path
        };
        match origins.iter_mut().find(is_same) {
            Some(other) => other.hosts.extend(origin.hosts),
            None => origins.push(origin),
        }
    }
    let field = field?;
    let mut checks = Vec::new();
    for origin in origins {
        let of_pattern = |value: String| Spanned { value, span: origin.span.clone() };
        let check = UrlCheck {
            field: field.clone(),
            schemes: Vec::from([of_pattern(origin.scheme)]),
            hosts: origin.hosts,
            ports: origin.port.map(of_pattern).into_iter().collect(),
            paths: origin.path.map(of_pattern).into_iter().collect(),
        };
        checks.push(lowering.make(span, ConditionKind::UrlCheck(check))?);
    }
    if checks.len() == 1 {
        return checks.pop();
    }
    lowering.make(span, ConditionKind::Any(checks))
}

type Pattern = (String, String, Option<String>, Option<String>);

/// Splits a pattern into its scheme, host, port and path. The error is the fix.
fn read_pattern(pattern: &str) -> Result<Pattern, String> {
    let plain = "write a scheme and a host, such as `https://example.com`, and optionally a port and a path";
    let (scheme, rest) = pattern.split_once("://").filter(|(scheme, _)| !scheme.is_empty()).ok_or(plain)?;
    if rest.contains(['?', '#']) {
        return Err("remove the text after `?` or `#`, which is not compared".into());
    }
    let (authority, path) = rest.find('/').map_or((rest, None), |at| {
        let (authority, path) = rest.split_at_checked(at).unwrap_or((rest, ""));
        (authority, Some(path))
    });
    let after_address = authority.strip_prefix('[').and_then(|address| address.split_once(']'));
    let (host, port) = match after_address {
        Some((address, "")) => (format!("[{address}]"), None),
        Some((address, port)) => (format!("[{address}]"), Some(port.strip_prefix(':').ok_or(plain)?)),
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host.to_string(), Some(port)),
            None => (authority.to_string(), None),
        },
    };
    if port.is_some_and(|port| port != ANY && !is_port(port)) {
        return Err("write a port from 1 to 65535, or `*` for every port".into());
    }
    if host == PUBLIC {
        return Err("write `url(args.url).matches({\"hosts\": [\"public\"]})` for every public host".into());
    }
    if host.is_empty() || host == ANY || host.contains('@') {
        return Err(plain.into());
    }
    if path == Some("/") {
        // Some would mean every path, and others only the root.
        return Err("remove the slash at the end, or write `/**` for every path".into());
    }
    Ok((scheme.to_string(), host, port.map(String::from), path.map(String::from)))
}

/// Whether a text is a port as a policy in JSON spells it.
pub(crate) fn is_port(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    is_plain && text.parse::<u16>().is_ok()
}

/// `url(args.url).matches({"schemes": "*", "hosts": ["example.com"], "ports": [443], "paths": ["/docs/**"]})`
pub(super) fn matches(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Condition> {
    let Method { start, before, name, arguments, span } = method;
    let field = url_field(lowering, start, before, span);
    let [Expr { kind: ExprKind::Map(entries), .. }] = arguments else {
        let fix = "write `url(args.url).isOneOf([\"https://example.com/docs/**\"])`, or `matches` with a map of `hosts`, `schemes`, `ports` and `paths`";
        return lowering.unsupported(span, format!("`{}` needs a map if it follows a URL", name.value), fix);
    };
    if name.value != "matches" {
        let fix = "write `url(args.url).matches({\"hosts\": [\"example.com\"]})`";
        return lowering.unsupported(span, format!("a URL has no method `{}`", name.value), fix);
    }
    let mut lists: [Option<Vec<Spanned<String>>>; 4] = [None, None, None, None];
    for (key, value) in entries {
        let key_text = lowering.text(key, "a key")?;
        let Some(at) = KEYS.into_iter().position(|known| known == key_text.value) else {
            let message = format!("{} is not a part of a URL that `matches` compares", quoted(&key_text.value));
            let problem = Diagnostic::error("unknown_key", &key_text.span, message);
            lowering.reader.problems.push(problem.with_likely_word(&key_text.value, KEYS.into_iter()));
            return None;
        };
        let list = part(lowering, &key_text.value, value)?;
        let slot = lists.get_mut(at)?;
        if slot.is_some() {
            let message = format!("the key {} is duplicated", quoted(&key_text.value));
            return lowering.error("duplicate_key", &key.span, message, "remove one of the two");
        }
        *slot = Some(list);
    }
    let [schemes, hosts, ports, paths] = lists;
    let Some(hosts) = hosts else {
        return lowering.error("missing_key", span, "`hosts` is missing", "add `\"hosts\": [\"example.com\"]`");
    };
    let [schemes, ports, paths] = [schemes, ports, paths].map(Option::unwrap_or_default);
    let check = UrlCheck { field: field?, schemes, hosts, ports, paths };
    lowering.make(span, ConditionKind::UrlCheck(check))
}

/// The list of a part of a URL.
fn part(lowering: &mut Lowering<'_>, key: &str, value: &Expr) -> Option<Vec<Spanned<String>>> {
    let may_be_any = matches!(key, "schemes" | "ports");
    let items = match &value.kind {
        ExprKind::Text(text) if may_be_any && text == ANY => {
            return Some(Vec::from([lowering.spanned(ANY.to_string(), &value.span)]));
        }
        ExprKind::List(items) => items,
        _ => {
            let fix = if may_be_any { "write a list, or `\"*\"` for all" } else { "write a list" };
            return lowering.unsupported(&value.span, format!("`{key}` must be a list"), fix);
        }
    };
    if items.is_empty() && key != "hosts" {
        let message = format!("the list of {key} must not be empty");
        return lowering.error("empty_list", &value.span, message, format!("write an entry, or remove `{key}`"));
    }
    let mut list = Vec::new();
    for item in items {
        list.push(match &item.kind {
            ExprKind::Number(text) if key == "ports" => {
                if !is_port(text) {
                    let message = "a port must be a whole number from 1 to 65535";
                    return lowering.error("bad_port", &item.span, message, "write a number such as `443`");
                }
                lowering.spanned(text.clone(), &item.span)
            }
            ExprKind::Text(text) if key == "ports" && text == ANY && items.len() == 1 => {
                lowering.spanned(ANY.to_string(), &item.span)
            }
            _ if key == "ports" => {
                return lowering.unsupported(&item.span, "a port must be a number", "write a number such as `443`");
            }
            _ => lowering.text(item, &format!("an item of `{key}`"))?,
        });
    }
    Some(list)
}
