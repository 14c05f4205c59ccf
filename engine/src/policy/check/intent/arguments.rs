//! Finds arguments that no rule reads although a rule limits a similar argument of the same tool.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashSet;

use crate::condition::Condition;
use crate::language::effect::Effect;
use crate::language::index::Index as _;
use crate::language::operators::Source;
use crate::language::target::TargetKind;
use crate::policy::check::intent::resolved::Resolved;
use crate::policy::check::intent::visit::visit_all;
use crate::policy::check::intent::words::{PATH_WORDS, URL_WORDS, stems};
use crate::policy::document::{Property, Rule};
use crate::policy::text::diagnostic::{Diagnostic, first_names, quoted};

/// Groups of words: arguments whose names end in words of one group are similar.
const GROUPS: [&[&str]; 6] = [
    &["to", "cc", "bcc", "recipient", "email", "mail"],
    &PATH_WORDS,
    &URL_WORDS,
    &["command", "cmd", "script"],
    &["query", "sql", "statement"],
    &["amount", "price", "total", "fee", "tip"],
];

/// Reports each argument that no rule of a tool reads, if an Allow rule of the tool reads a similar one.
pub(crate) fn check(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    let tools = policy.document.tools.as_deref().unwrap_or_default();
    let mut rules_of: Vec<Vec<usize>> = alloc::vec![Vec::new(); tools.len()];
    for (at, (rule, targets)) in policy.document.rules.iter().zip(policy.rule_targets).enumerate() {
        for target in targets.iter().filter(|target| target.kind == TargetKind::Tool && rule.condition.is_some()) {
            if let Some(rules) = rules_of.get_mut(target.at.to_usize()) {
                rules.push(at);
            }
        }
    }
    let arguments: Vec<HashSet<&str>> = policy
        .document
        .rules
        .iter()
        .map(|rule| rule.condition.as_ref().map(arguments_of).unwrap_or_default())
        .collect();
    let is_allow = |rule: usize| policy.document.rules.get(rule).is_some_and(|rule| rule.effect == Effect::Allow);
    let mut limited: BTreeMap<(usize, &str, &str), Vec<&str>> = BTreeMap::new();
    let mut missed: BTreeMap<(usize, &str, &str), Vec<&str>> = BTreeMap::new();
    let reads = |rule: &usize, name: &str| arguments.get(*rule).is_some_and(|names| names.contains(name));
    for (tool, rules) in tools.iter().zip(&rules_of) {
        let Some(schema) = &tool.schema else { continue };
        let is_read = |property: &&Property| rules.iter().any(|rule| reads(rule, &property.name));
        let (read, unread): (Vec<&Property>, Vec<&Property>) = schema.properties.iter().partition(is_read);
        for unread in unread {
            let guard = read.iter().filter(|read| are_similar(read, unread)).find_map(|read| {
                let rule = rules.iter().filter(|rule| is_allow(**rule)).find(|rule| reads(rule, &read.name))?;
                Some((*rule, read.name.as_str(), unread.name.as_str()))
            });
            if let Some(guard) = guard {
                limited.entry(guard).or_default().push(&tool.name.value);
            }
        }
    }
    let allowed: HashSet<usize> = policy
        .rule_targets
        .iter()
        .zip(&policy.document.rules)
        .filter(|(_, rule)| rule.effect != Effect::Deny)
        .flat_map(|(targets, _)| targets.iter().filter(|target| target.kind == TargetKind::Tool))
        .map(|target| target.at.to_usize())
        .collect();
    for (at, (removed, rule)) in policy.removed_targets.iter().zip(&policy.document.rules).enumerate() {
        for tool_at in removed.iter().map(|target| target.at.to_usize()).filter(|tool_at| allowed.contains(tool_at)) {
            let (Some(tool), Some(rules)) = (tools.get(tool_at), rules_of.get(tool_at)) else { continue };
            let Some(schema) = tool.schema.as_ref().filter(|_| rule.effect != Effect::Allow) else { continue };
            let unread = schema.properties.iter().filter(|it| !rules.iter().any(|rule| reads(rule, &it.name)));
            for unread in unread {
                let mut names: Vec<&str> = arguments.get(at).into_iter().flatten().copied().collect();
                names.sort_unstable();
                if let Some(name) = names.into_iter().find(|name| have_similar_names(name, &unread.name)) {
                    missed.entry((at, name, &unread.name)).or_default().push(&tool.name.value);
                }
            }
        }
    }
    let rule_of = |at: usize| policy.document.rules.get(at);
    findings.extend(
        limited.into_iter().filter_map(|((at, read, unread), tools)| Some(finding(rule_of(at)?, read, unread, &tools))),
    );
    findings.extend(
        missed.into_iter().filter_map(|((at, read, unread), tools)| Some(miss(rule_of(at)?, read, unread, &tools))),
    );
}

/// The finding for a rule that restricts an argument of some tools and does not concern a tool with a similar one.
fn miss(rule: &Rule, read: &str, unread: &str, tools: &[&str]) -> Diagnostic {
    let (read, unread) = (quoted(read), quoted(unread));
    let message = format!(
        "this rule reads {read}, so it does not concern {}, and no rule reads the similar argument {unread} there",
        first_names(tools.iter().copied())
    );
    Diagnostic::warning("unread_argument", &rule.target.span, message)
        .with_fix(format!("write a rule of the same effect that reads {unread}"))
}

fn finding(rule: &Rule, read: &str, unread: &str, tools: &[&str]) -> Diagnostic {
    let (read, unread) = (quoted(read), quoted(unread));
    let message = format!(
        "this rule limits the argument {read}, but no rule reads the similar argument {unread} of {}",
        first_names(tools.iter().copied())
    );
    Diagnostic::warning("unread_argument", &rule.target.span, message)
        .with_fix(format!("also limit {unread}, or require with `Not` and `FieldPresent` that it is missing"))
}

/// The top-level arguments that a condition reads.
fn arguments_of(condition: &Condition) -> HashSet<&str> {
    let mut names = HashSet::new();
    visit_all(condition, &mut |condition, _| {
        let arguments = condition.fields().into_iter().filter(|field| field.source == Source::Arguments);
        names.extend(arguments.filter_map(|field| field.path.first()).map(String::as_str));
    });
    names
}

/// Whether two arguments have similar names and may have values of the same types. A list of values is as good as one value.
fn are_similar(a: &Property, b: &Property) -> bool {
    let may_have_texts = |property: &Property| {
        property.types.is_empty()
            || property.types.iter().any(|name| ["string", "array", "number", "integer"].contains(&&**name))
    };
    let is_number = |property: &Property| property.types.iter().any(|name| name == "number" || name == "integer");
    if !may_have_texts(a) || !may_have_texts(b) || is_number(a) != is_number(b) {
        return false;
    }
    have_similar_names(&a.name, &b.name)
}

/// Whether two names are equal but for a number or a plural, or end in words of one group.
fn have_similar_names(a: &str, b: &str) -> bool {
    let (a, b) = (stems(a), stems(b));
    let group = |stems: &[String]| {
        let last = stems.last()?;
        GROUPS.iter().position(|group| group.contains(&last.as_str()))
    };
    a == b || group(&a).is_some_and(|of_a| group(&b) == Some(of_a))
}
