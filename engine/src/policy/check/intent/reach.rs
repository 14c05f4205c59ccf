//! Finds rules that reach more tools, or fewer roles, than their author probably means.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashSet;

use crate::language::effect::Effect;
use crate::language::index::Index as _;
use crate::language::pattern::matches_pattern;
use crate::language::target::TargetKind;
use crate::policy::check::intent::resolved::Resolved;
use crate::policy::check::name_table::RoleIndex;
use crate::policy::check::target::RuleTarget;
use crate::policy::document::{Rule, Tool};
use crate::policy::text::diagnostic::{Diagnostic, first_names, quoted};
use crate::policy::text::spanned::Spanned;

pub(crate) fn check(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    find_open_allow(policy, findings);
    find_tools_with_effects(policy, findings);
    find_uncovered_roles(policy, findings);
}

/// Whether a rule matches every target of its kind, except for those that it excludes.
fn matches_all(rule: &Rule) -> bool {
    rule.target.everything().is_some()
}

/// Whether a name or a pattern of a rule matches a tool. With a server, a rule names its tools without it.
fn names_tool(rule: &Rule, name: &Spanned<String>, tool: &Tool) -> bool {
    matches_pattern(&name.value, &tool.name.value)
        || (rule.server.is_some() && matches_pattern(&name.value, tool.own_name()))
}

fn find_open_allow(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    if policy.document.tools.is_some() {
        return;
    }
    let is_tool = |rule: &&Rule| rule.effect == Effect::Allow && rule.kinds.contains(&TargetKind::Tool);
    for rule in policy.document.rules.iter().filter(is_tool) {
        let Some(pattern) = rule.target.everything() else { continue };
        let whose = match &rule.server {
            Some(server) => format!("every tool of the server {}", quoted(&server.value)),
            None => "every tool of every server".into(),
        };
        let others = if rule.target.excluded.is_empty() { "" } else { " that `except` does not exclude" };
        let when = if rule.condition.is_some() { "can allow" } else { "allows" };
        let message = format!(
            "this rule {when} {whose}{others}, including tools that are added later, because the policy has no `tools`"
        );
        let fix = "declare `tools`, or name the tools in the rule";
        findings.push(Diagnostic::warning("open_allow", &pattern.span, message).with_fix(fix));
    }
}

/// Reports patterns that allow tools whose annotations say that they change something.
///
/// A tool that a stricter rule names, or matches by a narrower pattern than `*`, was considered by the author.
fn find_tools_with_effects(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    let tools = policy.document.tools.as_deref().unwrap_or_default();
    if !tools.iter().any(|tool| tool.has_effects) {
        return;
    }
    let rules = || policy.document.rules.iter().zip(policy.rule_targets);
    let considered: HashSet<RuleTarget> = rules()
        .filter(|(rule, _)| rule.effect != Effect::Allow && !matches_all(rule))
        .flat_map(|(_, targets)| targets.iter().copied())
        .collect();
    for (rule, targets) in rules().filter(|(rule, _)| rule.effect == Effect::Allow) {
        let with_effects = targets
            .iter()
            .filter(|target| target.kind == TargetKind::Tool && !considered.contains(*target))
            .filter_map(|target| tools.get(target.at.to_usize()).filter(|tool| tool.has_effects));
        let (patterns, names): (Vec<_>, Vec<_>) = rule.target.included.iter().partition(|it| it.value.contains('*'));
        let mut left: Vec<&Tool> =
            with_effects.filter(|tool| !names.iter().any(|it| names_tool(rule, it, tool))).collect();
        // Each tool is reported at the first pattern that matches it.
        for pattern in patterns {
            let (matched, others): (Vec<&Tool>, Vec<&Tool>) =
                left.into_iter().partition(|tool| names_tool(rule, pattern, tool));
            left = others;
            if matched.is_empty() {
                continue;
            }
            let message = format!(
                "callgate does not evaluate `annotations`, so this pattern also allows tools that are not read-only: {}",
                first_names(matched.iter().map(|tool| tool.name.value.as_str()))
            );
            let fix = "name the tools that callers may use, or write a `Deny` or `RequireApproval` rule for the others";
            findings.push(Diagnostic::warning("hint_ignored", &pattern.span, message).with_fix(fix));
        }
    }
}

/// Reports Deny rules that cover all roles but one, if that role may use some of their targets.
///
/// A rule that lists the role and none of the covered roles makes a deliberate exception, unless the Deny rule is for
/// every target.
fn find_uncovered_roles(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    let rules = || policy.document.rules.iter().zip(policy.rule_targets.iter().zip(policy.rule_roles));
    for (rule, (targets, roles)) in rules().filter(|(rule, _)| rule.effect == Effect::Deny) {
        if roles.len() < 2 || roles.len().saturating_add(1) != policy.roles.len() {
            continue;
        }
        let mut all = (0_u32..).map(RoleIndex::from_u32).take(policy.roles.len());
        let Some(missing) = all.find(|role| roles.binary_search(role).is_err()) else { continue };
        let Some(name) = policy.roles.get(missing.to_usize()) else { continue };
        let denied: HashSet<RuleTarget> = targets.iter().copied().collect();
        let mut may_use = rules()
            .filter(|(rule, _)| rule.effect != Effect::Deny)
            .filter(|(_, (_, roles))| roles.binary_search(&missing).is_ok())
            .filter(|(_, (targets, _))| targets.iter().any(|target| denied.contains(target)))
            .peekable();
        let is_reached = may_use.peek().is_some();
        let is_exception = !matches_all(rule)
            && may_use.any(|(_, (_, others))| others.iter().all(|other| roles.binary_search(other).is_err()));
        if !is_reached || is_exception {
            continue;
        }
        let message = format!("this rule denies the calls of every role except {}", quoted(name));
        let fix = format!("add {0} to `roles`, or let {0} inherit one of them", quoted(name));
        findings.push(Diagnostic::warning("uncovered_role", &rule.target.span, message).with_fix(fix));
    }
}
