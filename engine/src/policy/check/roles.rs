//! The declared roles, and the roles of rules.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashSet;

use crate::language::dialect::Dialect;
use crate::language::index::Index as _;
use crate::policy::check::name_table::{NameTable, RoleIndex, declare};
use crate::policy::document::{PolicyDocument, Role, Rule, RuleRoles};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::spanned::Spanned;

/// The most pairs of a role and a role that it inherits, directly or indirectly.
const MAX_INHERITED_PAIRS: usize = 1_000_000;

/// The roles that a policy's rules may use.
pub(crate) struct Roles {
    dialect: Dialect,
    pub(crate) names: NameTable<RoleIndex>,
    /// For each role, the roles that have its rules: itself and its descendants.
    descendants: Vec<Vec<RoleIndex>>,
    is_declared: bool,
}

impl Roles {
    pub(crate) fn collect(document: &PolicyDocument<'_>, findings: &mut Vec<Diagnostic>) -> Self {
        let mut roles = Self {
            dialect: document.dialect,
            names: NameTable::default(),
            descendants: Vec::new(),
            is_declared: document.roles.is_some(),
        };
        for role in document.roles.iter().flatten() {
            // A duplicate role is a duplicate key, which was already reported.
            declare(&mut roles.names, &role.name, &role.name.value, "role", document.dialect, findings);
        }
        roles.inherit(document.roles.as_deref().unwrap_or_default(), findings);
        roles
    }

    /// The roles of a rule and all roles that inherit them.
    pub(crate) fn roles_for(&self, rule: &Rule, findings: &mut Vec<Diagnostic>) -> Vec<RoleIndex> {
        if self.dialect == Dialect::Perso1 {
            return self.perso_roles_for(rule, findings);
        }
        let listed = match &rule.roles {
            RuleRoles::Every(span) => {
                if self.is_declared && self.names.len() == 0 {
                    let message = "`roles` declares no role, so this rule never applies";
                    findings.push(Diagnostic::error("no_role", span, message).with_fix("declare a role"));
                }
                return self.names.iter().map(|(role, _)| role).collect();
            }
            RuleRoles::Listed(listed) => listed,
        };
        if listed.is_empty() {
            let message = "`roles` is empty, so this rule never applies";
            findings.push(Diagnostic::error("no_role", &(rule.span.start..rule.span.start.saturating_add(1)), message));
        }
        self.with_descendants(listed, findings)
    }

    /// The roles that may approve the calls of a rule, and all roles that inherit them.
    pub(crate) fn approvers_for(&self, rule: &Rule, findings: &mut Vec<Diagnostic>) -> Vec<RoleIndex> {
        rule.approval.as_ref().map(|approval| self.with_descendants(&approval.by, findings)).unwrap_or_default()
    }

    /// The listed roles and all roles that inherit them, in ascending order.
    fn with_descendants(&self, listed: &[Spanned<String>], findings: &mut Vec<Diagnostic>) -> Vec<RoleIndex> {
        let mut seen: Vec<RoleIndex> = Vec::new();
        for role in listed {
            match self.names.get(&role.value) {
                Some(known) if seen.contains(&known) => {
                    let message = format!("the role {} is duplicated in this rule", quoted(&role.value));
                    findings.push(Diagnostic::error("duplicate_role", &role.span, message));
                }
                Some(known) => seen.push(known),
                None if self.is_declared => {
                    let message = format!("{} is not declared in `roles`", quoted(&role.value));
                    let problem = Diagnostic::error("unknown_role", &role.span, message);
                    let roles = self.names.names.iter().map(String::as_str);
                    findings.push(match role.value.as_str() {
                        "*" => problem.with_fix("write `\"*\"` without a list for every declared role"),
                        _ => problem.with_likely_word(&role.value, roles),
                    });
                }
                None => {}
            }
        }
        let descendants = |role: &RoleIndex| self.descendants.get(role.to_usize());
        let mut roles: Vec<RoleIndex> = seen.iter().filter_map(descendants).flatten().copied().collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// Computes the descendants of each role, and checks that no role inherits itself.
    fn inherit(&mut self, roles: &[Role], findings: &mut Vec<Diagnostic>) {
        let mut parents: Vec<Vec<RoleIndex>> = alloc::vec![Vec::new(); self.names.names.len()];
        for role in roles {
            let mut known = Vec::new();
            for parent in &role.inherits {
                match self.names.get(&parent.value) {
                    Some(at) => known.push(at),
                    None => {
                        let message = format!("{} is not declared in `roles`", quoted(&parent.value));
                        let problem = Diagnostic::error("unknown_role", &parent.span, message);
                        let names = self.names.names.iter().map(String::as_str);
                        findings.push(problem.with_likely_word(&parent.value, names));
                    }
                }
            }
            let at = self.names.get(&role.name.value);
            if let Some(slot) = at.and_then(|at| parents.get_mut(at.to_usize())) {
                *slot = known;
            }
        }
        self.descendants = alloc::vec![Vec::new(); parents.len()];
        let mut pairs: usize = 0;
        for (at, role) in self.names.iter() {
            let ancestors = ancestors(at, &parents);
            if ancestors.contains(&at)
                && let Some(declared) = roles.get(at.to_usize()).filter(|declared| declared.name.value == *role)
            {
                let message = format!("the role {} inherits itself", quoted(role));
                findings.push(Diagnostic::error("role_cycle", &declared.name.span, message));
            }
            pairs = pairs.saturating_add(ancestors.len());
            if pairs > MAX_INHERITED_PAIRS {
                if let Some(declared) = roles.get(at.to_usize()) {
                    let message = "the roles of this policy inherit more than a million roles in total";
                    findings.push(Diagnostic::error("too_many_heirs", &declared.name.span, message));
                }
                return;
            }
            for ancestor in ancestors.into_iter().chain([at]) {
                if let Some(descendants) = self.descendants.get_mut(ancestor.to_usize()) {
                    descendants.push(at);
                }
            }
        }
    }
}

/// The roles that a role inherits, directly or indirectly; the role itself is included only in a cycle.
fn ancestors(role: RoleIndex, parents: &[Vec<RoleIndex>]) -> HashSet<RoleIndex> {
    let parents_of = |role: RoleIndex| parents.get(role.to_usize()).into_iter().flatten();
    let mut found: HashSet<RoleIndex> = HashSet::new();
    let mut open: Vec<RoleIndex> = parents_of(role).copied().collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(parents_of(next));
        }
    }
    found
}

impl Roles {
    /// perso ignores undeclared roles of a rule, and has no role patterns.
    fn perso_roles_for(&self, rule: &Rule, findings: &mut Vec<Diagnostic>) -> Vec<RoleIndex> {
        let mut known = Vec::new();
        for role in rule.roles.listed() {
            match self.names.get(&role.value) {
                Some(at) => known.push(at),
                None => {
                    let message =
                        format!("{} is not declared in `roles`, so perso ignores it here", quoted(&role.value));
                    let problem = Diagnostic::warning("unknown_role", &role.span, message);
                    let roles = self.names.names.iter().map(String::as_str);
                    findings.push(problem.with_likely_word(&role.value, roles));
                }
            }
        }
        known
    }
}
