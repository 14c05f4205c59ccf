//! Finds rules that never decide, because another rule decides every call that they apply to.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use core::cmp::Reverse;

use hashbrown::HashMap;

use crate::condition::Condition;
use crate::language::effect::Effect;
use crate::policy::check::intent::implication::{Assumed, texts_of};
use crate::policy::check::intent::resolved::Resolved;
use crate::policy::check::name_table::RoleIndex;
use crate::policy::check::target::RuleTarget;
use crate::policy::document::Rule;
use crate::policy::text::diagnostic::{Diagnostic, quoted};

/// The most pairs of rules whose conditions are compared, so that a large policy is checked in seconds.
const MAX_COMPARISONS: usize = 100_000;

/// A rule, and what it matches.
struct Matched<'p> {
    rule: &'p Rule,
    /// The condition on the server, if the rule has one.
    server: Option<Condition>,
    targets: &'p [RuleTarget],
    roles: &'p [RoleIndex],
}

impl<'p> Matched<'p> {
    fn conditions(&self) -> Vec<&Condition> {
        self.server.iter().chain(&self.rule.condition).collect()
    }
}

/// Reports each rule that never decides, with the rule that decides instead.
pub(crate) fn check(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    let matched: Vec<Matched<'_>> = policy
        .document
        .rules
        .iter()
        .zip(policy.rule_targets.iter().zip(policy.rule_roles))
        .map(|(rule, (targets, roles))| Matched { rule, server: rule.server_condition(), targets, roles })
        .collect();
    // A rule that covers another one matches its first target.
    let mut by_target: HashMap<RuleTarget, Vec<usize>> =
        matched.iter().filter_map(|rule| Some((*rule.targets.first()?, Vec::new()))).collect();
    for (at, rule) in matched.iter().enumerate() {
        for target in rule.targets {
            if let Some(rules) = by_target.get_mut(target) {
                rules.push(at);
            }
        }
    }
    let mut comparisons: usize = 0;
    for (at, rule) in matched.iter().enumerate() {
        let Some(first) = rule.targets.first().filter(|_| !rule.roles.is_empty()) else { continue };
        let others = by_target.get(first).into_iter().flatten().filter(|&&other| other != at);
        let mut others: Vec<_> = others.filter_map(|&other| Some((other, matched.get(other)?))).collect();
        // The strictest rule is the one that decides.
        others.sort_by_key(|(other_at, other)| (Reverse(other.rule.effect), *other_at));
        // What is known if the rule applies; it is computed at most once.
        let mut assumed = None;
        for (other_at, other) in others {
            if other.rule.effect < rule.rule.effect || rule.rule.is_part_of(other.rule) || !is_covered(rule, other) {
                continue;
            }
            comparisons = comparisons.saturating_add(1);
            if comparisons > MAX_COMPARISONS {
                return;
            }
            // Of two rules that decide the same calls, the later one is reported.
            let is_first_of_two = at < other_at && other.rule.effect == rule.rule.effect && is_covered(other, rule);
            if decides_instead(other, rule, &mut assumed)
                && !(is_first_of_two && decides_instead(rule, other, &mut None))
            {
                findings.push(finding(rule.rule, other.rule, texts_are_equal(rule, other)));
                break;
            }
        }
    }
}

/// Whether a rule matches each target and role that another one matches.
fn is_covered(rule: &Matched<'_>, by: &Matched<'_>) -> bool {
    by.roles.len() >= rule.roles.len()
        && by.targets.len() >= rule.targets.len()
        && rule.roles.iter().all(|role| by.roles.binary_search(role).is_ok())
        && has_all(by.targets, rule.targets)
}

fn has_all(outer: &[RuleTarget], inner: &[RuleTarget]) -> bool {
    // INVARIANT: the targets of a rule are in the order of their catalogs.
    let mut outer = outer.iter();
    inner.iter().all(|target| outer.any(|other| other == target))
}

/// Whether a rule decides, or an even stricter one, wherever another rule of a lower or equal effect applies.
fn decides_instead<'m>(
    stricter: &'m Matched<'_>,
    rule: &'m Matched<'_>,
    assumed: &mut Option<Option<Assumed<'m>>>,
) -> bool {
    let (outer, inner) = (stricter.conditions(), rule.conditions());
    if rule.rule.effect != Effect::Allow {
        // The rule may apply if its condition is unknown, so a condition of the other one must be unknown then, too.
        let reason = |rule: &Matched<'_>| rule.rule.reason.as_ref().map(|reason| reason.value.clone());
        // A rule of the same effect may be there to give another reason, or other terms of an approval.
        let has_own_reason = reason(rule).is_some() && reason(rule) != reason(stricter);
        let has_own_reason = has_own_reason || rule.rule.approval.is_some();
        let is_implied = outer.is_empty() || texts_are_equal(rule, stricter);
        return is_implied && !(has_own_reason && rule.rule.effect == stricter.rule.effect);
    }
    if outer.is_empty() {
        return true;
    }
    let Some(assumed) = assumed.get_or_insert_with(|| Assumed::new(&inner)) else { return false };
    outer.iter().all(|condition| match stricter.rule.effect {
        // An Allow rule does not apply if its condition is unknown, but the others do.
        Effect::Allow => assumed.must_be(condition, true),
        Effect::RequireApproval | Effect::Deny => assumed.cannot_be(condition, false),
    })
}

fn texts_are_equal(a: &Matched<'_>, b: &Matched<'_>) -> bool {
    texts_of(&a.conditions()) == texts_of(&b.conditions())
}

fn finding(rule: &Rule, by: &Rule, is_same_condition: bool) -> Diagnostic {
    let name = quoted(&by.name());
    let is_duplicate = is_same_condition
        && rule.effect == by.effect
        && rule.target.has_same_names(&by.target)
        && rule.kinds == by.kinds;
    let (message, fix) = match (rule.effect, by.effect) {
        _ if is_duplicate => (
            format!("this rule is redundant, because the rule {name} has the same effect, target and condition"),
            String::from("remove one of them"),
        ),
        (Effect::Allow, Effect::Allow) => (
            format!("this rule never decides alone, because the rule {name} allows every call that this rule allows"),
            format!("remove this rule, or narrow the rule {name}"),
        ),
        (Effect::Allow, Effect::RequireApproval) => (
            format!(
                "this rule never allows a call, because the rule {name} requires approval for every call that this rule allows"
            ),
            format!("exclude the calls of this rule from the rule {name}"),
        ),
        (Effect::RequireApproval, Effect::RequireApproval) => (
            format!(
                "this rule changes no decision, because the rule {name} requires approval for every call that this rule applies to"
            ),
            format!("remove this rule, or narrow the rule {name}"),
        ),
        (Effect::Allow | Effect::RequireApproval, _) => (
            format!("this rule never decides, because the rule {name} denies every call that this rule applies to"),
            format!("exclude the calls of this rule from the rule {name}, or remove this rule"),
        ),
        (Effect::Deny, _) => (
            format!("this rule changes no decision, because the rule {name} denies every call that this rule denies"),
            format!("remove this rule, or narrow the rule {name}"),
        ),
    };
    Diagnostic::warning("never_decides", &rule.target.span, message).with_fix(fix)
}
