//! Document to valid policy: every name refers to something, every pattern matches something.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use wildmatch::WildMatchPattern;

use crate::condition::{Condition, ConditionKind, Field};
use crate::decision::Effect;
use crate::document::{PolicyDocument, Rule, Spanned};
use crate::error::{Diagnostic, Severity, quoted};
use crate::image::Dialect;

/// The longest name of a tool or a role, in characters. MCP's own bound for tool names.
const MAX_NAME_CHARS: usize = 128;

/// A pattern in which `*` stands for any run of characters and nothing else is special.
///
/// The crate has a second wildcard for one character; NUL takes its place, which no name may hold.
type Pattern = WildMatchPattern<'*', '\0'>;

/// A policy without an error, and what is risky about it.
#[derive(Debug)]
pub struct ValidPolicy<'t> {
    pub(crate) document: PolicyDocument<'t>,
    /// The tools that a call may name: the declared ones, then in `perso-1` those that only a rule names.
    pub(crate) tools: Vec<String>,
    /// The roles that a caller may hold.
    pub(crate) roles: Vec<String>,
    /// For each rule of the document, the tools that it speaks of, as indices of `tools`.
    pub(crate) rule_tools: Vec<Vec<u32>>,
    /// For each rule of the document, the roles that it speaks of, as indices of `roles`.
    pub(crate) rule_roles: Vec<Vec<u32>>,
    warnings: Vec<Diagnostic>,
}

impl ValidPolicy<'_> {
    /// What the author may not have meant, in the order of the text.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

/// Checks a document against itself.
///
/// # Errors
/// All that is wrong with the policy, in the order of the text, with the warnings among it.
pub fn validate(mut document: PolicyDocument<'_>) -> Result<ValidPolicy<'_>, Vec<Diagnostic>> {
    let mut findings = core::mem::take(&mut document.problems);
    let mut names = Names::collect(&document, &mut findings);
    let mut rule_tools = Vec::with_capacity(document.rules.len());
    let mut rule_roles = Vec::with_capacity(document.rules.len());
    for rule in &document.rules {
        rule_tools.push(names.tools_of(rule, &mut findings));
        rule_roles.push(names.roles_of(rule, &mut findings));
        if let Some(condition) = &rule.condition {
            check_condition(condition, document.dialect, &mut findings);
        }
    }
    check_rule_ids(&document.rules, &mut findings);
    match document.dialect {
        Dialect::Callgate1 => warn_of_unused_names(&document, &rule_tools, &rule_roles, &mut findings),
        Dialect::Perso1 => warn_where_perso_fails_open(&document, &rule_tools, &names, &mut findings),
    }
    findings.sort_by_key(|finding| (finding.span.start, finding.span.end));
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(findings);
    }
    Ok(ValidPolicy {
        document,
        tools: names.tools.words,
        roles: names.roles.words,
        rule_tools,
        rule_roles,
        warnings: findings,
    })
}

/// Words and their places in a list.
#[derive(Default)]
struct Words {
    words: Vec<String>,
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
struct Names {
    dialect: Dialect,
    tools: Words,
    /// How many of `tools` are declared; a pattern matches only those.
    declared_tools: usize,
    has_tools: bool,
    roles: Words,
    has_roles: bool,
}

impl Names {
    fn collect(document: &PolicyDocument<'_>, findings: &mut Vec<Diagnostic>) -> Self {
        let mut names = Self {
            dialect: document.dialect,
            tools: Words::default(),
            declared_tools: 0,
            has_tools: document.tools.is_some(),
            roles: Words::default(),
            has_roles: document.roles.is_some(),
        };
        for tool in document.tools.iter().flatten() {
            names.declare(tool, "tool", findings);
        }
        names.declared_tools = names.tools.words.len();
        for role in document.roles.iter().flatten() {
            names.declare(role, "role", findings);
        }
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

    fn tools_of(&mut self, rule: &Rule, findings: &mut Vec<Diagnostic>) -> Vec<u32> {
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

    fn roles_of(&mut self, rule: &Rule, findings: &mut Vec<Diagnostic>) -> Vec<u32> {
        if self.dialect == Dialect::Perso1 {
            return self.perso_roles_of(rule, findings);
        }
        if rule.roles.is_empty() {
            let message = "this rule names no role, so it never applies";
            findings.push(Diagnostic::error("no_role", &start_of_rule(rule), message));
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
        seen
    }
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

fn start_of_rule(rule: &Rule) -> core::ops::Range<usize> {
    rule.span.start..rule.span.start.saturating_add(1)
}

fn check_rule_ids(rules: &[Rule], findings: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, ()> = HashMap::new();
    for id in rules.iter().filter_map(|rule| rule.id.as_ref()) {
        if id.value.is_empty() || id.value.starts_with('/') || id.value.chars().any(char::is_control) {
            let message = "an `id` must not be empty, start with `/` or hold control characters";
            findings.push(Diagnostic::error("bad_name", &id.span, message));
        }
        if seen.insert(&id.value, ()).is_some() {
            let message = format!("two rules have the `id` {}", quoted(&id.value));
            findings.push(Diagnostic::error("duplicate_id", &id.span, message));
        }
    }
}

fn check_condition(condition: &Condition, dialect: Dialect, findings: &mut Vec<Diagnostic>) {
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
                check_condition(child, dialect, findings);
            }
        }
        ConditionKind::Not(inner) => check_condition(inner, dialect, findings),
        ConditionKind::StringCheck { field, values, .. } => {
            check_field(field, findings);
            if values.is_empty() {
                let message = "an empty list of strings says nothing";
                findings.push(Diagnostic::error("empty_list", &condition.span, message));
            }
        }
        ConditionKind::NumericCheck { field, .. }
        | ConditionKind::BoolCheck { field, .. }
        | ConditionKind::FieldPresent { field } => check_field(field, findings),
        ConditionKind::FieldEquals { a, b } => {
            check_field(a, findings);
            check_field(b, findings);
            if a.source == b.source && a.name.value == b.name.value {
                let message = "a field always equals itself";
                findings.push(Diagnostic::error("same_field", &condition.span, message));
            }
        }
    }
}

fn check_field(field: &Field, findings: &mut Vec<Diagnostic>) {
    let name = &field.name;
    if name.value.is_empty() {
        findings.push(Diagnostic::error("bad_field", &name.span, "the name of a field must not be empty"));
    } else if name.value.starts_with('/') {
        let message = "a field is a top-level key; JSON pointers are not part of this version of the language";
        findings.push(Diagnostic::error("bad_field", &name.span, message));
    }
}

fn warn_of_unused_names(
    document: &PolicyDocument<'_>,
    rule_tools: &[Vec<u32>],
    rule_roles: &[Vec<u32>],
    findings: &mut Vec<Diagnostic>,
) {
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        // A rule that can't be read may be the one that uses the name.
        return;
    }
    let unused = |names: &Option<Vec<Spanned<String>>>, used: &[Vec<u32>], what: &str| {
        let mut is_used = alloc::vec![false; names.as_ref().map_or(0, Vec::len)];
        for &at in used.iter().flatten() {
            if let Some(slot) = usize::try_from(at).ok().and_then(|at| is_used.get_mut(at)) {
                *slot = true;
            }
        }
        let warn = |name: &Spanned<String>| {
            let message =
                format!("no rule speaks of the {what} {}, so its calls are always denied", quoted(&name.value));
            Diagnostic::warning("unused_name", &name.span, message)
        };
        names.iter().flatten().zip(is_used).filter(|(_, used)| !used).map(|(name, _)| warn(name)).collect::<Vec<_>>()
    };
    findings.extend(unused(&document.tools, rule_tools, "tool"));
    findings.extend(unused(&document.roles, rule_roles, "role"));
}

/// Names each spot where perso's meaning lets through what the text seems to forbid.
fn warn_where_perso_fails_open(
    document: &PolicyDocument<'_>,
    rule_tools: &[Vec<u32>],
    names: &Names,
    findings: &mut Vec<Diagnostic>,
) {
    if document.default_effect == Effect::Allow {
        let span = place_of_default(document.text);
        let message = "`default_action` allows every call that no rule speaks of, unknown tools and roles included";
        findings.push(Diagnostic::warning("allows_by_default", &span, message).with_fix("write `Deny`"));
    }
    let mut last: HashMap<(u32, &str), usize> = HashMap::new();
    let mut overridden: Vec<(usize, usize)> = Vec::new();
    for (at, (rule, tools)) in document.rules.iter().zip(rule_tools).enumerate() {
        for &tool in tools {
            if !rule.tool_name.value.contains('*') && usize::try_from(tool).is_ok_and(|at| at >= names.declared_tools) {
                let message =
                    format!("{} is not declared in `tools`, yet this rule allows it", quoted(&rule.tool_name.value));
                findings.push(Diagnostic::warning("undeclared_tool", &rule.tool_name.span, message));
            }
            for role in &rule.roles {
                if let Some(earlier) = last.insert((tool, &role.value), at).filter(|&earlier| earlier != at) {
                    overridden.push((earlier, at));
                }
            }
        }
        if let Some(condition) = &rule.condition {
            warn_of_condition(condition, findings);
        }
    }
    overridden.sort_unstable();
    overridden.dedup();
    for (earlier, later) in overridden {
        if let (Some(earlier), Some(later)) = (document.rules.get(earlier), document.rules.get(later)) {
            let message = format!(
                "this rule replaces {} for some tool and role: in perso the last rule wins and the others have no effect",
                earlier.name()
            );
            findings.push(Diagnostic::warning("rule_replaced", &later.tool_name.span, message));
        }
    }
}

fn place_of_default(text: &str) -> core::ops::Range<usize> {
    let start = text.find("\"default_action\"").unwrap_or(0);
    start..start.saturating_add("\"default_action\"".len()).min(text.len())
}

fn warn_of_condition(condition: &Condition, findings: &mut Vec<Diagnostic>) {
    let mut warn = |code, message: &str, fix: &str| {
        findings.push(Diagnostic::warning(code, &condition.span, message).with_fix(fix));
    };
    match &condition.kind {
        ConditionKind::All(children) if children.is_empty() => {
            warn("always_true", "an empty `All` is always true", "remove the condition, or write what must hold");
        }
        ConditionKind::Not(_) => warn(
            "not_fails_open",
            "`Not` is true where its field is missing, null or of the wrong type",
            "ask for the field with `FieldPresent` too, or move to `callgate-1`, where `Not` of unknown is unknown",
        ),
        ConditionKind::FieldPresent { .. } => warn(
            "presence_only",
            "`FieldPresent` is true for `false`, 0 and the empty string",
            "compare the value with `StringCheck`, or move to `callgate-1` and use `BoolCheck`",
        ),
        ConditionKind::FieldEquals { .. } => warn(
            "null_equals_null",
            "`FieldEquals` is true where both fields are null, empty or equal objects",
            "ask for one of the fields with `StringCheck` too",
        ),
        _ => {}
    }
    match &condition.kind {
        ConditionKind::All(children) | ConditionKind::Any(children) => {
            children.iter().for_each(|child| warn_of_condition(child, findings));
        }
        ConditionKind::Not(inner) => warn_of_condition(inner, findings),
        _ => {}
    }
}
