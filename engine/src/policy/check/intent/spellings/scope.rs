//! The values that the checks of a policy read, and the rules that concern them.

use alloc::string::String;
use alloc::vec::Vec;

use core::cell::Cell;

use hashbrown::HashMap;

use crate::condition::{Condition, ConditionKind, Field};
use crate::language::effect::Effect;
use crate::language::operators::Source;
use crate::policy::check::intent::resolved::Resolved;
use crate::policy::check::intent::visit::visit_all;
use crate::policy::check::intent::words::{PATH_WORDS, URL_WORDS, stems};
use crate::policy::check::name_table::RoleIndex;
use crate::policy::check::target::RuleTarget;
use crate::policy::document::Rule;
use crate::policy::text::diagnostic::quoted;

/// More last words, which the arguments of a tool rarely have in common.
const OTHER_PATH_WORDS: [&str; 4] = ["cwd", "root", "workdir", "pathname"];
const OTHER_URL_WORDS: [&str; 1] = ["callback"];
/// Directories at the top of file systems that usually ignore case.
pub(super) const CASELESS_ROOTS: [&str; 2] = ["/Users", "/Volumes"];

/// The most rules that are compared with other rules, so that a large policy is checked in seconds.
pub(super) const MAX_COMPARISONS: usize = 200_000;

/// A field, and the list of which it is an item, if any.
#[derive(Clone, Copy)]
pub(super) struct Argument<'p> {
    pub(super) field: &'p Field,
    pub(super) list: Option<&'p Field>,
}

impl Argument<'_> {
    /// Whether the model sets the value.
    pub(super) fn is_of_the_model(self) -> bool {
        match self.field.source {
            Source::Arguments => true,
            Source::Item => self.list.is_some_and(|list| matches!(list.source, Source::Arguments | Source::Item)),
            _ => false,
        }
    }

    pub(super) fn is_same(self, other: Self) -> bool {
        let is_same_list = match (self.list, other.list) {
            (Some(a), Some(b)) => a.is_same(b),
            (a, b) => a.is_none() && b.is_none(),
        };
        self.field.is_same(other.field) && (self.field.source != Source::Item || is_same_list)
    }

    /// The last word of its name in the singular. An item has the name of its list.
    pub(super) fn last_word(self) -> String {
        let name = self.field.path.last().or_else(|| self.list.and_then(|list| list.path.last()));
        name.and_then(|name| stems(name).pop()).unwrap_or_default()
    }

    pub(super) fn name(self) -> String {
        let name = match self.list {
            Some(list) if self.field.path.is_empty() => &list.name.value,
            _ => &self.field.name.value,
        };
        quoted(name)
    }

    pub(super) fn is_path(self) -> bool {
        has_word(self, &PATH_WORDS) || has_word(self, &OTHER_PATH_WORDS)
    }

    pub(super) fn is_url(self) -> bool {
        has_word(self, &URL_WORDS) || has_word(self, &OTHER_URL_WORDS)
    }
}

/// A rule among the others.
#[derive(Clone, Copy)]
pub(super) struct RuleScope<'p> {
    pub(super) policy: Resolved<'p>,
    pub(super) at: usize,
    pub(super) rule: &'p Rule,
    pub(super) condition: &'p Condition,
    /// For each target, the rules that match it.
    pub(super) rules_of: &'p HashMap<RuleTarget, Vec<usize>>,
    /// How many rules may still be compared.
    pub(super) budget: &'p Cell<usize>,
}

impl<'p> RuleScope<'p> {
    /// Whether some call with an ambiguous text in this argument may be allowed, as far as checks of its form tell.
    pub(super) fn accepts_ambiguous(&self, form: Form, argument: Argument<'p>) -> bool {
        let of_rule = |rule: &'p Rule| match &rule.condition {
            Some(condition) => outcomes(condition, None, form, argument),
            None => Outcomes { can_be_true: true, can_be_false: false },
        };
        let own = outcomes(self.condition, None, form, argument);
        if (self.rule.effect == Effect::Deny && !own.can_be_false)
            || (self.rule.effect == Effect::Allow && !own.can_be_true)
        {
            return false;
        }
        self.targets().iter().any(|target| {
            let mut is_allowed = self.rule.effect == Effect::Allow;
            for (at, rule) in self.rules_for(target) {
                let outcomes = of_rule(rule);
                match rule.effect {
                    Effect::Deny if !outcomes.can_be_false && self.is_covered_by(at, rule) => return false,
                    Effect::Allow if outcomes.can_be_true && self.has_role_of(at) => is_allowed = true,
                    _ => {}
                }
            }
            is_allowed && self.has_budget()
        })
    }

    pub(super) fn targets(&self) -> &'p [RuleTarget] {
        self.policy.rule_targets.get(self.at).map(Vec::as_slice).unwrap_or_default()
    }

    /// The rules that match a target, until the budget is spent.
    pub(super) fn rules_for(&self, target: &RuleTarget) -> impl Iterator<Item = (usize, &'p Rule)> {
        let rules = self.rules_of.get(target).into_iter().flatten();
        rules.take_while(|_| self.has_budget()).filter_map(|&at| {
            self.budget.set(self.budget.get().saturating_sub(1));
            Some((at, self.policy.document.rules.get(at)?))
        })
    }

    pub(super) fn has_budget(&self) -> bool {
        self.budget.get() > 0
    }

    pub(super) fn roles_of(&self, at: usize) -> &'p [RoleIndex] {
        self.policy.rule_roles.get(at).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether another rule is for all roles of this rule, and for every server.
    pub(super) fn is_covered_by(&self, at: usize, rule: &Rule) -> bool {
        let roles = self.roles_of(at);
        rule.server.is_none() && self.roles_of(self.at).iter().all(|role| roles.binary_search(role).is_ok())
    }

    pub(super) fn has_role_of(&self, at: usize) -> bool {
        let roles = self.roles_of(at);
        self.roles_of(self.at).iter().any(|role| roles.binary_search(role).is_ok())
    }

    /// Whether a rule that allows one of its targets has a root of a file system that ignores case for this argument.
    pub(super) fn allows_caseless_roots(&self, argument: Argument<'p>) -> bool {
        let mut is_caseless = false;
        let rules = self.targets().iter().flat_map(|target| self.rules_for(target));
        let allows = rules.filter(|(at, rule)| rule.effect == Effect::Allow && self.has_role_of(*at));
        for condition in allows.filter_map(|(_, rule)| rule.condition.as_ref()) {
            visit_all(condition, &mut |condition, at| {
                if let ConditionKind::PathCheck(check) = &condition.kind {
                    is_caseless |= Argument { field: &check.field, list: at.list }.is_same(argument)
                        && check.places().iter().any(|root| is_caseless_path(&root.value));
                }
            });
        }
        is_caseless
    }
}

/// The truth values that a condition may have besides unknown.
#[derive(Clone, Copy)]
pub(super) struct Outcomes {
    pub(super) can_be_true: bool,
    pub(super) can_be_false: bool,
}

/// What a text is read as.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Path,
    Url,
}

/// The outcomes of a condition if each check of the form of an argument is unknown and all other checks are free.
pub(super) fn outcomes<'p>(
    condition: &'p Condition,
    list: Option<&'p Field>,
    form: Form,
    argument: Argument<'p>,
) -> Outcomes {
    let parts = |conditions: &'p [Condition]| -> Vec<Outcomes> {
        conditions.iter().map(|condition| outcomes(condition, list, form, argument)).collect()
    };
    match &condition.kind {
        ConditionKind::All(conditions) => {
            let parts = parts(conditions);
            Outcomes {
                can_be_true: parts.iter().all(|part| part.can_be_true),
                can_be_false: parts.iter().any(|part| part.can_be_false),
            }
        }
        ConditionKind::Any(conditions) => {
            let parts = parts(conditions);
            Outcomes {
                can_be_true: parts.iter().any(|part| part.can_be_true),
                can_be_false: parts.iter().all(|part| part.can_be_false),
            }
        }
        ConditionKind::Not(inner) => {
            let inner = outcomes(inner, list, form, argument);
            Outcomes { can_be_true: inner.can_be_false, can_be_false: inner.can_be_true }
        }
        // Another item of the list may make `Every` false and `Some` true.
        ConditionKind::Items(items) => {
            let item = outcomes(&items.condition, Some(&items.field), form, argument);
            if items.every {
                Outcomes { can_be_true: item.can_be_true, can_be_false: true }
            } else {
                Outcomes { can_be_true: true, can_be_false: item.can_be_false }
            }
        }
        kind => {
            let field = match (kind, form) {
                (ConditionKind::PathCheck(check), Form::Path) => Some(&check.field),
                (ConditionKind::UrlCheck(check), Form::Url) => Some(&check.field),
                _ => None,
            };
            let is_free = !field.is_some_and(|field| Argument { field, list }.is_same(argument));
            Outcomes { can_be_true: is_free, can_be_false: is_free }
        }
    }
}

fn has_word(argument: Argument<'_>, words: &[&str]) -> bool {
    words.contains(&argument.last_word().as_str())
}

/// Whether a text starts with a drive letter, such as `C:\`.
pub(super) fn starts_with_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic())
}

/// Whether a path is on a file system that usually ignores case.
pub(super) fn is_caseless_path(path: &str) -> bool {
    let is_below = |root: &&str| path.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    CASELESS_ROOTS.iter().any(is_below) || starts_with_drive(path)
}
