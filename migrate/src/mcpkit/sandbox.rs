//! The sandbox settings of an mcpkit policy: files, hosts, environment, limits.
//!
//! A call does not state what the server will access, so these settings have no counterpart. If a tool has a path, URL
//! or address argument, a condition on it is similar, and is suggested.

use callgate_engine::Effect;
use callgate_engine::language::operators::{Source, StringOp};

use super::yaml::{Entry, Value};
use crate::finding::{Finding, Position, Weight, quoted, snippet};
use crate::policy::{Condition, Policy, Rule, judge};

/// The keys of the sections.
pub(super) const SECTIONS: [&str; 4] = ["storage", "network", "environment", "resources"];

/// Reports that a section is not migrated, and suggests a condition.
pub(super) fn report(section: &Entry, findings: &mut Vec<Finding>) {
    if let Value::Null = section.value.value {
        return;
    }
    let lists = match &section.value.value {
        Value::Mapping(entries) if section.key != "resources" => entries.as_slice(),
        _ => &[],
    };
    if lists.is_empty() {
        let message = format!("`{}` configures the server's sandbox and has no counterpart", section.key);
        findings.push(lost(section.position, message).with_fix("configure it in the server's sandbox"));
    }
    for list in lists {
        let message = format!(
            "{} of `{}` limits the server and not the calls, so it has no counterpart",
            quoted(&list.key),
            section.key
        );
        let suggestion = match (&*section.key, &*list.key) {
            ("storage", "allow") => paths(list, false),
            ("storage", "deny") => paths(list, true),
            ("network", "allow") => hosts(list),
            // A `UrlCheck` is false for another scheme or port too, so a Deny rule with it would not match those.
            ("network", "deny") => Suggestion { conditions: networks(list), left_out: texts(list, "host") },
            _ => Suggestion::default(),
        };
        let mut fix = "configure it in the server's sandbox".to_owned();
        let conditions: Vec<String> =
            suggestion.conditions.iter().filter(|condition| is_valid(condition)).map(snippet).collect();
        if !conditions.is_empty() {
            let into = if list.key == "deny" { "a Deny rule" } else { "the Allow rule" };
            fix.push_str(&format!(
                "; for a tool with {} as an argument, give {into} of that tool the condition {}",
                if section.key == "storage" { "a path" } else { "a URL or an address" },
                conditions.join(" or "),
            ));
            if !suggestion.left_out.is_empty() {
                let left_out: Vec<String> = suggestion.left_out.iter().map(|text| quoted(text)).collect();
                fix.push_str(&format!(", which does not cover {}", left_out.join(", ")));
            }
        }
        findings.push(lost(list.position, message).with_fix(fix));
    }
}

fn lost(position: Position, message: String) -> Finding {
    Finding::new(Weight::Lost, "sandbox", position, message)
}

/// Whether the engine accepts a condition, because a rejected suggestion does not help.
fn is_valid(condition: &Condition) -> bool {
    let (tool, role) = ("tool".to_owned(), "agent".to_owned());
    let rule = Rule {
        id: "suggested".to_owned(),
        effect: Effect::Allow.name(),
        tool_name: Some(tool.clone()),
        roles: vec![role.clone()],
        condition: Some(condition.clone()),
        ..Rule::default()
    };
    judge(&Policy::new(Some(vec![tool]), vec![role], vec![rule])).is_ok()
}

/// The strings under `key` of a list's items.
fn texts<'n>(list: &'n Entry, key: &str) -> Vec<&'n str> {
    let Value::List(items) = &list.value.value else { return Vec::new() };
    items
        .iter()
        .filter_map(|item| match &item.get(key)?.value {
            Value::Text(text) => Some(&**text),
            _ => None,
        })
        .collect()
}

/// Conditions that are similar to a list, and the entries that they do not cover.
#[derive(Default)]
struct Suggestion<'n> {
    conditions: Vec<Condition>,
    left_out: Vec<&'n str>,
}

/// A condition for the paths in a list of URIs: `PathCheck` for whole directories, and `StringCheck` for single paths,
/// because `PathCheck` includes everything below its roots.
///
/// In an Allow rule, a condition must not be wider than its URI; if `denies` is set, it may be.
fn paths(list: &Entry, denies: bool) -> Suggestion<'_> {
    const SPECIAL: [char; 5] = ['*', '?', '[', '{', '\\'];
    let (mut roots, mut single, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for uri in texts(list, "uri") {
        let path = uri.strip_prefix("fs://").unwrap_or(uri).trim_start_matches('/');
        let tree = path.strip_suffix("/**").or((path == "**").then_some(""));
        let before = path.split(SPECIAL).next().unwrap_or_default();
        let (covered, path) = match tree {
            Some(tree) if !tree.contains(SPECIAL) => (&mut roots, tree),
            // The directory at the start of the pattern.
            _ if denies && before.len() < path.len() => {
                (&mut roots, before.rsplit_once('/').map_or("", |(directory, _)| directory))
            }
            _ if before.len() < path.len() => {
                left_out.push(uri);
                continue;
            }
            _ if denies => (&mut roots, path),
            _ => (&mut single, path),
        };
        let path = format!("/{path}");
        if !covered.contains(&path) {
            covered.push(path);
        }
    }
    let (source, field) = (Source::Arguments.name(), "path".to_owned());
    let mut conditions = Vec::new();
    if !roots.is_empty() {
        conditions.push(Condition::PathCheck { source, field: field.clone(), roots });
    }
    if !single.is_empty() {
        conditions.push(Condition::StringCheck { source, field, op: StringOp::In.name(), value: single });
    }
    if conditions.len() > 1 {
        conditions = vec![Condition::Any(conditions)];
    }
    Suggestion { conditions, left_out }
}

/// Conditions for the hosts and networks of a list.
fn hosts(list: &Entry) -> Suggestion<'_> {
    let is_said = |host: &&str| !host.strip_prefix("*.").unwrap_or(host).contains('*');
    let (hosts, left_out): (Vec<&str>, Vec<&str>) = texts(list, "host").into_iter().partition(is_said);
    let mut conditions = networks(list);
    if !hosts.is_empty() {
        let hosts = hosts.into_iter().map(str::to_owned).collect();
        let source = Source::Arguments.name();
        conditions.insert(0, Condition::UrlCheck { source, field: "url".to_owned(), hosts });
    }
    Suggestion { conditions, left_out }
}

fn networks(list: &Entry) -> Vec<Condition> {
    let value: Vec<String> = texts(list, "cidr").into_iter().map(str::to_owned).collect();
    let (source, field, op) = (Source::Arguments.name(), "ip".to_owned(), StringOp::In.name());
    if value.is_empty() { Vec::new() } else { vec![Condition::CidrCheck { source, field, op, value }] }
}
