//! Document to valid policy: every name refers to something, and every pattern matches something.

mod accept;
pub(crate) mod catalog;
mod concern;
mod conditions;
pub(crate) mod domain;
mod guard;
mod intent;
pub(crate) mod knowledge;
mod perso;
pub(crate) mod roles;
mod schema;
pub(crate) mod target;
pub(crate) mod name_table;

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use hashbrown::{HashMap, HashSet};

use crate::condition::check::{Expressions, Validation};
use crate::language::dialect::Dialect;
use crate::language::effect::Effect;
use crate::language::target::TargetKind;
use crate::language::target::can_be_name;
use crate::limits::MAX_POLICY_BYTES;
use crate::policy::check::catalog::bad_name;
use crate::policy::check::catalog::{Catalog, check_uri_pattern};
use crate::policy::check::conditions::{check_condition, check_coverage};
use crate::policy::check::intent::Resolved;
use crate::policy::check::name_table::RoleIndex;
use crate::policy::check::roles::Roles;
use crate::policy::check::target::RuleTarget;
use crate::policy::document::{PolicyDocument, Rule, Tool};
use crate::policy::text::diagnostic::{Diagnostic, Severity, quoted};

/// A policy without errors, and its warnings.
#[derive(Debug)]
pub struct ValidPolicy<'t> {
    pub(crate) document: PolicyDocument<'t>,
    /// The targets of calls, in the order of [`TargetKind::ALL`].
    pub(crate) catalogs: [Catalog; 5],
    /// The roles that a caller may have.
    pub(crate) roles: Vec<String>,
    /// For each rule of the document, the targets that it matches.
    pub(crate) rule_targets: Vec<Vec<RuleTarget>>,
    /// For each rule of the document, the roles that it matches, as indices of `roles`.
    pub(crate) rule_roles: Vec<Vec<RoleIndex>>,
    /// For each rule of the document, the roles that may approve its calls, as indices of `roles`.
    pub(crate) rule_approvers: Vec<Vec<RoleIndex>>,
    findings: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl ValidPolicy<'_> {
    /// The warnings, the notes and the findings that the policy accepts, in the order of the text.
    #[must_use]
    pub fn findings(&self) -> &[Diagnostic] {
        &self.findings
    }

    /// The warnings that the policy does not accept, in the order of the text.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The owner and the note of the rule with a name in responses.
    #[must_use]
    pub fn texts_of_rule(&self, name: &str) -> (Option<&str>, Option<&str>) {
        let rule = self.document.rules.iter().find(|rule| rule.name() == name);
        rule.map_or((None, None), |rule| (rule.owner.as_deref(), rule.note.as_deref()))
    }

    /// The names of the rules in responses, in the order of the text.
    pub fn rule_names(&self) -> impl Iterator<Item = String> {
        self.document.rules.iter().filter(|rule| rule.approval.is_none()).map(Rule::name)
    }
}

/// Checks the consistency of a document.
///
/// # Errors
/// All errors of the policy, in the order of the text, together with the warnings.
pub fn validate(mut document: PolicyDocument<'_>) -> Result<ValidPolicy<'_>, Vec<Diagnostic>> {
    let mut findings = core::mem::take(&mut document.problems);
    let mut catalogs = TargetKind::ALL.map(|kind| Catalog::collect(&document, kind, &mut findings));
    let roles = Roles::collect(&document, &mut findings);
    let mut rule_targets = Vec::with_capacity(document.rules.len());
    let mut rule_roles = Vec::with_capacity(document.rules.len());
    let mut rule_approvers = Vec::with_capacity(document.rules.len());
    let mut expressions = Expressions::default();
    for rule in &document.rules {
        let mut targets = Vec::new();
        for catalog in catalogs.iter_mut().filter(|catalog| rule.kinds.contains(&catalog.kind)) {
            let kind = catalog.kind;
            targets.extend(catalog.targets_of(rule, &mut findings).into_iter().map(|at| RuleTarget { kind, at }));
        }
        if rule.kinds.iter().any(|kind| kind.is_resource()) {
            rule.target.all().for_each(|uri| check_uri_pattern(uri, &mut findings));
        }
        rule_targets.push(targets);
        rule_roles.push(roles.roles_for(rule, &mut findings));
        rule_approvers.push(roles.approvers_for(rule, &mut findings));
        if let Some(condition) = rule.condition.as_ref().filter(|_| document.dialect == Dialect::Callgate1) {
            let mut validation = Validation { findings: &mut findings, expressions: &mut expressions };
            check_condition(condition, &mut validation);
            // A check in a rule with `RequireApproval` neither allows nor denies a call alone.
            match rule.effect {
                Effect::Allow => check_coverage(condition, false, &mut validation),
                Effect::Deny => check_coverage(condition, true, &mut validation),
                Effect::RequireApproval => {}
            }
        }
    }
    check_pairs(&document, &rule_targets, &rule_roles, &mut findings);
    check_rule_ids(&document.rules, &mut findings);
    check_servers(&document, &mut findings);
    schema::check(&document, &rule_targets, &mut findings);
    let removed_targets = match document.dialect {
        Dialect::Callgate1 => concern::narrow(&document, &mut rule_targets, &mut findings),
        Dialect::Perso1 => Vec::new(),
    };
    match document.dialect {
        // A rule that cannot be read may be the one that uses a name, and a condition with an error has no effect
        // anyway.
        Dialect::Callgate1 if findings.iter().any(|finding| finding.severity == Severity::Error) => {}
        Dialect::Callgate1 => {
            guard::check(&document, &rule_targets, &mut findings);
            let policy = Resolved {
                document: &document,
                roles: &roles.names.names,
                rule_targets: &rule_targets,
                removed_targets: &removed_targets,
                rule_roles: &rule_roles,
            };
            intent::check(policy, &mut findings);
        }
        Dialect::Perso1 => {
            let [tools, ..] = &catalogs;
            let declared = tools.declared.unwrap_or_default();
            perso::warn_where_it_fails_open(&document, &rule_targets, declared, &mut findings);
        }
    }
    // A rule on several operations is checked once for each operation, with the same findings each time.
    findings.sort_by(|a, b| {
        let key = |finding: &Diagnostic| (finding.span.start, finding.span.end, finding.severity, finding.code);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    findings.dedup();
    name_owners(&document.rules, &mut findings);
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(findings);
    }
    accept::apply(&document, &mut findings);
    let is_open = |finding: &&Diagnostic| finding.severity == Severity::Warning && finding.accepted.is_none();
    let warnings = findings.iter().filter(is_open).cloned().collect();
    let roles = roles.names.names;
    Ok(ValidPolicy { document, catalogs, roles, rule_targets, rule_roles, rule_approvers, findings, warnings })
}

/// The most pairs of a role and a target that the rules of a policy match. Each pair counts once for each rule, because
/// the rows of the image may have a cell for it.
const MAX_PAIRS: usize = 10_000_000;
// An offset in an image has 31 bits. The content of a policy text needs at most four times its length, and a pair at
// most 12 bytes.
const _: () = assert!(4 * MAX_POLICY_BYTES + 12 * MAX_PAIRS < 1 << 31);

fn check_pairs(
    document: &PolicyDocument<'_>,
    rule_targets: &[Vec<RuleTarget>],
    rule_roles: &[Vec<RoleIndex>],
    findings: &mut Vec<Diagnostic>,
) {
    let mut pairs: usize = 0;
    for (rule, (targets, roles)) in document.rules.iter().zip(rule_targets.iter().zip(rule_roles)) {
        pairs = pairs.saturating_add(targets.len().saturating_mul(roles.len()));
        if pairs > MAX_PAIRS {
            let message = format!("the rules up to this one match more than {MAX_PAIRS} pairs of a role and a target");
            findings.push(Diagnostic::error("too_many_pairs", &rule.target.span, message));
            return;
        }
    }
}

/// Adds the owner of the rule to each finding in it.
fn name_owners(rules: &[Rule], findings: &mut [Diagnostic]) {
    for finding in findings {
        // INVARIANT: rules are in the order of the text.
        let later = rules.partition_point(|rule| rule.span.start <= finding.span.start);
        let rule = later.checked_sub(1).and_then(|at| rules.get(at));
        finding.owner = rule
            .filter(|rule| finding.span.end <= rule.span.end)
            .and_then(|rule| rule.owner.as_deref())
            .map(Into::into);
    }
}

fn check_rule_ids(rules: &[Rule], findings: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<&str, ()> = HashMap::new();
    // The two parts of a rule with an approval have one `id`.
    for id in rules.iter().filter(|rule| rule.approval.is_none()).filter_map(|rule| rule.id.as_ref()) {
        if id.value.is_empty() || id.value.starts_with('/') || id.value.chars().any(char::is_control) {
            let message = "an `id` must not be empty, start with `/` or contain control characters";
            findings.push(Diagnostic::error("bad_name", &id.span, message));
        }
        if seen.insert(&id.value, ()).is_some() {
            let message = format!("the `id` {} is duplicated", quoted(&id.value));
            findings.push(Diagnostic::error("duplicate_id", &id.span, message));
        }
    }
}

/// Checks that the name of a tool after the name of its server and a slash is not the name of another tool, and that a
/// call which omits the server is not a call to another tool.
fn check_owners(document: &PolicyDocument<'_>, findings: &mut Vec<Diagnostic>) {
    for (server, _) in document.server_tools.iter().filter(|(server, _)| server.value.contains('/')) {
        let message = "the name of a server with tools must not contain `/`";
        findings.push(Diagnostic::error("bad_name", &server.span, message));
    }
    let owners: HashSet<&str> = document.server_tools.iter().map(|(server, _)| server.value.as_str()).collect();
    let tools = document.tools.as_deref().unwrap_or_default();
    let owned: HashMap<&str, &Tool> =
        tools.iter().filter(|tool| tool.server.is_some()).map(|tool| (tool.own_name(), tool)).collect();
    for tool in tools.iter().filter(|tool| tool.server.is_none()) {
        let name = quoted(&tool.name.value);
        let start = tool.name.value.split_once('/').map(|(start, _)| start);
        if let Some(server) = start.filter(|start| owners.contains(start)) {
            let message = format!("{name} is ambiguous, because {} is a server with tools", quoted(server));
            findings.push(Diagnostic::error("ambiguous_name", &tool.name.span, message).with_fix("rename the server"));
        }
        if let Some(other) = owned.get(tool.name.value.as_str()) {
            let other = quoted(&other.name.value);
            let message = format!("{name} is ambiguous in a call without a server, because {other} is declared too");
            let fix = "declare the tool for each server that has it, and not for every server";
            findings.push(Diagnostic::error("ambiguous_name", &tool.name.span, message).with_fix(fix));
        }
    }
}

/// Checks that the servers of rules are declared and valid, and that reasons are not blank.
fn check_servers(document: &PolicyDocument<'_>, findings: &mut Vec<Diagnostic>) {
    let declared = document.servers.as_deref().unwrap_or_default();
    for server in declared.iter().filter(|server| !can_be_name(&server.value)) {
        let message = if server.value.is_empty() {
            "the name of a server must not be empty".to_string()
        } else {
            format!("{} is not a valid server name", quoted(&server.value))
        };
        findings.push(bad_name(server, message));
    }
    check_owners(document, findings);
    for rule in &document.rules {
        if let Some(server) = rule.server.as_ref().filter(|server| declared.iter().all(|d| d.value != server.value)) {
            let message = format!("{} is not declared in `servers`", quoted(&server.value));
            let problem = Diagnostic::error("unknown_server", &server.span, message);
            findings.push(problem.with_likely_word(&server.value, declared.iter().map(|d| d.value.as_str())));
        }
        if let Some(reason) = rule.reason.as_ref().filter(|reason| reason.value.trim().is_empty()) {
            findings.push(Diagnostic::error("empty_reason", &reason.span, "`reason` must not be blank"));
        }
    }
}
