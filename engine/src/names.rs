//! The names that a policy declares, and the ones that its rules use.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use wildmatch::WildMatchPattern;

use crate::document::{PolicyDocument, Role, Rule, Spanned};
use crate::error::{Diagnostic, quoted};
use crate::image::Dialect;

/// The longest name of a tool or a role, in characters. MCP's own bound for tool names.
const MAX_NAME_CHARS: usize = 128;

/// A pattern in which `*` stands for any run of characters and nothing else is special.
///
/// The crate has a second wildcard for one character; NUL takes its place, which no name may hold.
type Pattern = WildMatchPattern<'*', '\0'>;

/// Words and their places in a list.
#[derive(Default)]
pub(crate) struct Words {
    pub(crate) words: Vec<String>,
    index: HashMap<String, u32>,
}

impl Words {
    fn get(&self, word: &str) -> Option<u32> {
        self.index.get(word).copied()
    }

    /// Adds a word unless it is there, and returns its place and whether it is new.
    fn add(&mut self, word: &str) -> (u32, bool) {
        if let Some(at) = self.get(word) {
            return (at, false);
        }
        // INVARIANT: a policy text has fewer than 2^32 bytes, so it has fewer words.
        let at = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.push(word.into());
        self.index.insert(word.into(), at);
        (at, true)
    }
}

/// The names that a policy's rules may use.
pub(crate) struct Names {
    dialect: Dialect,
    pub(crate) tools: Words,
    /// How many of `tools` are declared; a pattern matches only those.
    pub(crate) declared_tools: usize,
    has_tools: bool,
    pub(crate) roles: Words,
    /// For each role, the roles that have its rules: itself and those that inherit it.
    heirs: Vec<Vec<u32>>,
    has_roles: bool,
}

impl Names {
    pub(crate) fn collect(document: &PolicyDocument<'_>, findings: &mut Vec<Diagnostic>) -> Self {
        let mut names = Self {
            dialect: document.dialect,
            tools: Words::default(),
            declared_tools: 0,
            has_tools: document.tools.is_some(),
            roles: Words::default(),
            heirs: Vec::new(),
            has_roles: document.roles.is_some(),
        };
        for tool in document.tools.iter().flatten() {
            names.declare(&tool.name, "tool", findings);
        }
        names.declared_tools = names.tools.words.len();
        for role in document.roles.iter().flatten() {
            names.declare(&role.name, "role", findings);
        }
        names.inherit(document.roles.as_deref().unwrap_or_default(), findings);
        names
    }

    fn declare(&mut self, name: &Spanned<String>, what: &'static str, findings: &mut Vec<Diagnostic>) {
        let words = if what == "tool" { &mut self.tools } else { &mut self.roles };
        let (_, is_new) = words.add(&name.value);
        if self.dialect == Dialect::Perso1 {
            return;
        }
        if !is_new {
            // A role that stands twice is a key that stands twice, which was found before.
            if what == "tool" {
                let message = format!("the tool {} is declared twice", quoted(&name.value));
                findings.push(Diagnostic::error("duplicate_tool", &name.span, message));
            }
            return;
        }
        let is_bad = |c: char| c.is_control() || c.is_whitespace() || c == '*';
        let problem = if name.value.is_empty() {
            format!("the name of a {what} must not be empty")
        } else if name.value.chars().any(is_bad) {
            format!("the name of a {what} must not hold white space, control characters or `*`")
        } else if name.value.chars().count() > MAX_NAME_CHARS {
            format!("the name of a {what} must not be longer than {MAX_NAME_CHARS} characters")
        } else {
            return;
        };
        findings.push(Diagnostic::error("bad_name", &name.span, problem));
    }

    pub(crate) fn tools_of(&mut self, rule: &Rule, findings: &mut Vec<Diagnostic>) -> Vec<u32> {
        let name = &rule.tool_name;
        if name.value.contains('\0') {
            findings.push(Diagnostic::error("bad_name", &name.span, "the name of a tool must not hold NUL"));
            return Vec::new();
        }
        if name.value.contains('*') {
            let pattern = Pattern::new(&name.value);
            let matched: Vec<u32> = (0_u32..)
                .zip(self.tools.words.iter().take(self.declared_tools))
                .filter(|(_, tool)| pattern.matches(tool))
                .map(|(at, _)| at)
                .collect();
            if matched.is_empty() && self.has_tools {
                let message = format!("the pattern {} matches no declared tool", quoted(&name.value));
                findings.push(match self.dialect {
                    Dialect::Callgate1 => Diagnostic::error("no_tool_matches", &name.span, message),
                    Dialect::Perso1 => Diagnostic::warning("no_tool_matches", &name.span, message),
                });
            }
            return matched;
        }
        if let Some(tool) = self.tools.get(&name.value) {
            return alloc::vec![tool];
        }
        match self.dialect {
            Dialect::Perso1 => alloc::vec![self.tools.add(&name.value).0],
            Dialect::Callgate1 => {
                if self.has_tools {
                    let message = format!("{} is not declared in `tools`", quoted(&name.value));
                    let problem = Diagnostic::error("unknown_tool", &name.span, message);
                    let tools = self.tools.words.iter().map(String::as_str);
                    findings.push(problem.with_likely_word(&name.value, tools));
                }
                Vec::new()
            }
        }
    }

    pub(crate) fn roles_of(&mut self, rule: &Rule, findings: &mut Vec<Diagnostic>) -> Vec<u32> {
        if self.dialect == Dialect::Perso1 {
            return self.perso_roles_of(rule, findings);
        }
        if rule.roles.is_empty() {
            let message = "this rule names no role, so it never applies";
            findings.push(Diagnostic::error("no_role", &(rule.span.start..rule.span.start.saturating_add(1)), message));
        }
        let mut seen: Vec<u32> = Vec::new();
        for role in &rule.roles {
            match self.roles.get(&role.value) {
                Some(known) if seen.contains(&known) => {
                    let message = format!("the role {} stands twice in this rule", quoted(&role.value));
                    findings.push(Diagnostic::error("duplicate_role", &role.span, message));
                }
                Some(known) => seen.push(known),
                None if self.has_roles => {
                    let message = format!("{} is not declared in `roles`", quoted(&role.value));
                    let problem = Diagnostic::error("unknown_role", &role.span, message);
                    let roles = self.roles.words.iter().map(String::as_str);
                    findings.push(problem.with_likely_word(&role.value, roles));
                }
                None => {}
            }
        }
        let heirs = |role: &u32| usize::try_from(*role).ok().and_then(|role| self.heirs.get(role));
        let mut roles: Vec<u32> = seen.iter().filter_map(heirs).flatten().copied().collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// Finds out which roles have the rules of which, and that no role inherits itself.
    fn inherit(&mut self, roles: &[Role], findings: &mut Vec<Diagnostic>) {
        let mut parents: Vec<Vec<u32>> = alloc::vec![Vec::new(); self.roles.words.len()];
        for role in roles {
            let mut known = Vec::new();
            for parent in &role.inherits {
                match self.roles.get(&parent.value) {
                    Some(at) => known.push(at),
                    None => {
                        let message = format!("{} is not declared in `roles`", quoted(&parent.value));
                        let problem = Diagnostic::error("unknown_role", &parent.span, message);
                        let names = self.roles.words.iter().map(String::as_str);
                        findings.push(problem.with_likely_word(&parent.value, names));
                    }
                }
            }
            let at = self.roles.get(&role.name.value).and_then(|at| usize::try_from(at).ok());
            if let Some(slot) = at.and_then(|at| parents.get_mut(at)) {
                *slot = known;
            }
        }
        self.heirs = alloc::vec![Vec::new(); parents.len()];
        for (at, role) in (0_u32..).zip(&self.roles.words) {
            let ancestors = ancestors(at, &parents);
            if ancestors.contains(&at) {
                let declared = roles.iter().find(|declared| declared.name.value == *role);
                if let Some(declared) = declared {
                    let message = format!("the role {} inherits itself", quoted(role));
                    findings.push(Diagnostic::error("role_cycle", &declared.name.span, message));
                }
            }
            for ancestor in ancestors.into_iter().chain([at]) {
                if let Some(heirs) = usize::try_from(ancestor).ok().and_then(|ancestor| self.heirs.get_mut(ancestor)) {
                    heirs.push(at);
                }
            }
        }
    }
}

/// The roles that a role inherits, at any remove; the role itself is among them only in a cycle.
fn ancestors(role: u32, parents: &[Vec<u32>]) -> Vec<u32> {
    let parents_of = |role: u32| usize::try_from(role).ok().and_then(|role| parents.get(role)).into_iter().flatten();
    let mut found: Vec<u32> = Vec::new();
    let mut open: Vec<u32> = parents_of(role).copied().collect();
    while let Some(next) = open.pop() {
        if !found.contains(&next) {
            found.push(next);
            open.extend(parents_of(next));
        }
    }
    found
}

impl Names {
    /// perso leaves out the roles of a rule that the policy does not declare; no role is a pattern.
    fn perso_roles_of(&self, rule: &Rule, findings: &mut Vec<Diagnostic>) -> Vec<u32> {
        let mut known = Vec::new();
        for role in &rule.roles {
            match self.roles.get(&role.value) {
                Some(at) => known.push(at),
                None => {
                    let message =
                        format!("{} is not declared in `roles`, so perso ignores it here", quoted(&role.value));
                    let problem = Diagnostic::warning("unknown_role", &role.span, message);
                    let roles = self.roles.words.iter().map(String::as_str);
                    findings.push(problem.with_likely_word(&role.value, roles));
                }
            }
        }
        known
    }
}
