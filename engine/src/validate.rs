//! Document to valid policy: every name refers to something, every pattern matches something.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use std::collections::{HashMap, HashSet};

use ipnet::IpNet;

use crate::catalog::{Catalog, check_uri_pattern};
use crate::condition::{Condition, ConditionKind};
use crate::dialect::Dialect;
use crate::document::{PolicyDocument, Rule, Spanned};
use crate::error::{Diagnostic, Severity, quoted};
use crate::guard;
use crate::limits::MAX_POLICY_BYTES;
use crate::names::Roles;
use crate::path;
use crate::perso;
use crate::predicate::StringOp;
use crate::regex;
use crate::schema;
use crate::target::TargetKind;
use crate::url;

/// A target that a rule speaks of: a name of its kind's catalog, or behind them a class of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) kind: TargetKind,
    pub(crate) at: u32,
}

/// A policy without an error, and what is risky about it.
#[derive(Debug)]
pub struct ValidPolicy<'t> {
    pub(crate) document: PolicyDocument<'t>,
    /// What calls may name, in the order of [`TargetKind::ALL`].
    pub(crate) catalogs: [Catalog; 5],
    /// The roles that a caller may hold.
    pub(crate) roles: Vec<String>,
    /// For each rule of the document, the targets that it speaks of.
    pub(crate) rule_targets: Vec<Vec<Target>>,
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

    /// The names of the rules as answers give them, in the order of the text.
    pub fn rule_names(&self) -> impl Iterator<Item = String> {
        self.document.rules.iter().map(Rule::name)
    }
}

/// Checks a document against itself.
///
/// # Errors
/// All that is wrong with the policy, in the order of the text, with the warnings among it.
pub fn validate(mut document: PolicyDocument<'_>) -> Result<ValidPolicy<'_>, Vec<Diagnostic>> {
    let mut findings = core::mem::take(&mut document.problems);
    let mut catalogs = TargetKind::ALL.map(|kind| Catalog::collect(&document, kind, &mut findings));
    let roles = Roles::collect(&document, &mut findings);
    let mut rule_targets = Vec::with_capacity(document.rules.len());
    let mut rule_roles = Vec::with_capacity(document.rules.len());
    let mut expressions = Expressions::default();
    for rule in &document.rules {
        let mut targets = Vec::new();
        for catalog in catalogs.iter_mut().filter(|catalog| rule.kinds.contains(&catalog.kind)) {
            let kind = catalog.kind;
            targets.extend(catalog.targets_of(rule, &mut findings).into_iter().map(|at| Target { kind, at }));
        }
        if rule.kinds.iter().any(|kind| kind.is_resource()) {
            check_uri_pattern(&rule.target, &mut findings);
        }
        rule_targets.push(targets);
        rule_roles.push(roles.of(rule, &mut findings));
        if let Some(condition) = &rule.condition {
            check_condition(condition, document.dialect, &mut expressions, &mut findings);
        }
    }
    check_pairs(&document, &rule_targets, &rule_roles, &mut findings);
    check_rule_ids(&document.rules, &mut findings);
    check_servers(&document, &mut findings);
    schema::check(&document, &rule_targets, &mut findings);
    match document.dialect {
        // A rule that can't be read may be the one that uses a name, and a condition with an error guards nothing anyway.
        Dialect::Callgate1 if findings.iter().any(|finding| finding.severity == Severity::Error) => {}
        Dialect::Callgate1 => {
            guard::check(&document, &rule_targets, &mut findings);
            warn_of_unused_names(&document, &rule_targets, &rule_roles, &mut findings);
        }
        Dialect::Perso1 => {
            let [tools, ..] = &catalogs;
            let declared = tools.declared.unwrap_or_default();
            perso::warn_where_it_fails_open(&document, &rule_targets, declared, &mut findings);
        }
    }
    // A rule on several operations is checked once for each, and says the same each time.
    findings.sort_by_key(|finding| (finding.span.start, finding.span.end));
    findings.dedup();
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(findings);
    }
    Ok(ValidPolicy { document, catalogs, roles: roles.names.words, rule_targets, rule_roles, warnings: findings })
}

/// The most pairs of a role and a target that the rules of a policy speak of, each counted once for each rule: the rows of
/// the image may have a cell for each.
const MOST_PAIRS: usize = 10_000_000;
// A place in an image has 31 bits. A policy's text takes at most four times its length, and a pair at most 12 bytes.
const _: () = assert!(4 * MAX_POLICY_BYTES + 12 * MOST_PAIRS < 1 << 31);

fn check_pairs(
    document: &PolicyDocument<'_>,
    rule_targets: &[Vec<Target>],
    rule_roles: &[Vec<u32>],
    findings: &mut Vec<Diagnostic>,
) {
    let mut pairs: usize = 0;
    for (rule, (targets, roles)) in document.rules.iter().zip(rule_targets.iter().zip(rule_roles)) {
        pairs = pairs.saturating_add(targets.len().saturating_mul(roles.len()));
        if pairs > MOST_PAIRS {
            let message =
                format!("the rules up to this one speak of more than {MOST_PAIRS} pairs of a role and a target");
            findings.push(Diagnostic::error("too_many_pairs", &rule.target.span, message));
            return;
        }
    }
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

/// Checks that the servers that rules name are declared, and the texts that they say can be said.
fn check_servers(document: &PolicyDocument<'_>, findings: &mut Vec<Diagnostic>) {
    let declared = document.servers.as_deref().unwrap_or_default();
    for server in declared.iter().filter(|server| server.value.is_empty()) {
        findings.push(Diagnostic::error("bad_name", &server.span, "the name of a server must not be empty"));
    }
    for rule in &document.rules {
        if let Some(server) = rule.server.as_ref().filter(|server| declared.iter().all(|d| d.value != server.value)) {
            let message = format!("{} is not declared in `servers`", quoted(&server.value));
            let problem = Diagnostic::error("unknown_server", &server.span, message);
            findings.push(problem.with_likely_word(&server.value, declared.iter().map(|d| d.value.as_str())));
        }
        if let Some(reason) = rule.reason.as_ref().filter(|reason| reason.value.trim().is_empty()) {
            findings.push(Diagnostic::error("empty_reason", &reason.span, "a `reason` must say something"));
        }
    }
}

fn check_condition(
    condition: &Condition,
    dialect: Dialect,
    expressions: &mut Expressions,
    findings: &mut Vec<Diagnostic>,
) {
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
                check_condition(child, dialect, expressions, findings);
            }
        }
        ConditionKind::Every { condition: inner, .. }
        | ConditionKind::Some { condition: inner, .. }
        | ConditionKind::Not(inner) => check_condition(inner, dialect, expressions, findings),
        ConditionKind::StringCheck { values, .. } if values.is_empty() => {
            let message = "an empty list of strings says nothing";
            findings.push(Diagnostic::error("empty_list", &condition.span, message));
        }
        ConditionKind::StringCheck { op: StringOp::Matches, values, .. } => {
            check_expressions(condition, values, expressions, findings);
        }
        ConditionKind::StringCheck { op, values, .. } => {
            for value in values.iter().filter(|value| is_always_true(*op, &value.value)) {
                let message = format!("`{}` with {} is true for every string", op.name(), quoted(&value.value));
                findings.push(Diagnostic::error("always_true", &value.span, message));
            }
        }
        ConditionKind::PathCheck { roots, .. } => check_roots(condition, roots, findings),
        ConditionKind::UrlCheck { schemes, hosts, .. } => check_url(condition, schemes, hosts, findings),
        ConditionKind::CidrCheck { networks, .. } => check_networks(condition, networks, findings),
        ConditionKind::LengthCheck { value, .. } => {
            if value.value.parse::<u32>().is_err() {
                let message = "a length is a whole number from 0 to 4294967295";
                findings.push(Diagnostic::error("bad_length", &value.span, message));
            }
        }
        ConditionKind::FieldEquals { a, b } | ConditionKind::FieldCompare { a, b, .. }
            if a.source == b.source && a.path == b.path =>
        {
            let message = "a field is compared with itself";
            findings.push(Diagnostic::error("same_field", &condition.span, message));
        }
        ConditionKind::TimeCheck { .. }
        | ConditionKind::NumericCheck { .. }
        | ConditionKind::BoolCheck { .. }
        | ConditionKind::FieldPresent { .. }
        | ConditionKind::FieldEquals { .. }
        | ConditionKind::FieldCompare { .. } => {}
    }
}

/// Lists of regular expressions that were tried, and what is wrong with each: rules often ask for the same.
type Expressions = HashMap<Vec<String>, Option<String>>;

fn check_expressions(
    condition: &Condition,
    values: &[Spanned<String>],
    known: &mut Expressions,
    findings: &mut Vec<Diagnostic>,
) {
    let mut problem_of = |values: &[Spanned<String>]| {
        let texts: Vec<String> = values.iter().map(|value| value.value.clone()).collect();
        known.entry(texts).or_insert_with_key(|texts| regex::build(texts).err()).clone()
    };
    let Some(problem) = problem_of(values) else { return };
    let before = findings.len();
    for value in values {
        if let Some(problem) = problem_of(core::slice::from_ref(value)) {
            let message = format!("{} is no regular expression here: {problem}", quoted(&value.value));
            findings.push(Diagnostic::error("bad_regex", &value.span, message));
        }
    }
    if findings.len() == before {
        let message = format!("these regular expressions can't be one: {problem}");
        findings.push(Diagnostic::error("bad_regex", &condition.span, message));
    }
}

fn check_not_empty<T>(condition: &Condition, list: &[T], what: &str, findings: &mut Vec<Diagnostic>) {
    if list.is_empty() {
        let message = format!("an empty list of {what} says nothing");
        findings.push(Diagnostic::error("empty_list", &condition.span, message));
    }
}

fn check_roots(condition: &Condition, roots: &[Spanned<String>], findings: &mut Vec<Diagnostic>) {
    check_not_empty(condition, roots, "roots", findings);
    for root in roots.iter().filter(|root| !path::is_canonical(&root.value)) {
        let message = format!("{} is no absolute path with one reading", quoted(&root.value));
        let fix = "start with `/`, without dot segments, empty segments, backslashes or percent-encoding";
        findings.push(Diagnostic::error("bad_root", &root.span, message).with_fix(fix));
    }
}

fn check_url(
    condition: &Condition,
    schemes: &[Spanned<String>],
    hosts: &[Spanned<String>],
    findings: &mut Vec<Diagnostic>,
) {
    check_not_empty(condition, schemes, "schemes", findings);
    check_not_empty(condition, hosts, "hosts", findings);
    for scheme in schemes.iter().filter(|scheme| url::Target::read(&format!("{}://host", scheme.value)).is_none()) {
        let message = format!("{} is no scheme", quoted(&scheme.value));
        findings.push(Diagnostic::error("bad_scheme", &scheme.span, message).with_fix("write it as in `https`"));
    }
    for host in hosts.iter().filter(|host| !is_host(host.value.strip_prefix("*.").unwrap_or(&host.value))) {
        let message = format!("{} is no host with one reading", quoted(&host.value));
        let fix = "write a name such as `api.example.com` (in punycode where it is not ASCII), `*.` and a name, or an IP address";
        findings.push(Diagnostic::error("bad_host", &host.span, message).with_fix(fix));
    }
}

/// Whether a host has one reading, for the tables of Unicode too.
fn is_host(host: &str) -> bool {
    url::is_host(host) && ::url::Host::parse(host).is_ok_and(|parsed| parsed.to_string().eq_ignore_ascii_case(host))
}

fn check_networks(condition: &Condition, networks: &[Spanned<String>], findings: &mut Vec<Diagnostic>) {
    check_not_empty(condition, networks, "networks", findings);
    for network in networks {
        let problem = match network.value.parse::<IpNet>() {
            Err(_) => format!("{} is no network in CIDR notation", quoted(&network.value)),
            Ok(parsed) if parsed.trunc() != parsed => {
                format!("{} names a host, and its network is `{}`", quoted(&network.value), parsed.trunc())
            }
            Ok(_) => continue,
        };
        findings.push(Diagnostic::error("bad_network", &network.span, problem).with_fix("write it as in `10.0.0.0/8`"));
    }
}

fn is_always_true(op: StringOp, text: &str) -> bool {
    match op {
        StringOp::In | StringOp::NotIn | StringOp::Matches => false,
        StringOp::StartsWith | StringOp::EndsWith | StringOp::Contains => text.is_empty(),
        StringOp::Glob => !text.is_empty() && text.bytes().all(|byte| byte == b'*'),
    }
}

fn warn_of_unused_names(
    document: &PolicyDocument<'_>,
    rule_targets: &[Vec<Target>],
    rule_roles: &[Vec<u32>],
    findings: &mut Vec<Diagnostic>,
) {
    let of_kind = |kind: TargetKind| {
        let targets = rule_targets.iter().flatten().filter(move |target| target.kind == kind);
        targets.map(|target| target.at).collect::<HashSet<u32>>()
    };
    let used_roles: HashSet<u32> = rule_roles.iter().flatten().copied().collect();
    let mut warn = |what: &str, names: &mut dyn Iterator<Item = &Spanned<String>>, used: &HashSet<u32>| {
        for (_, name) in (0_u32..).zip(names).filter(|(at, _)| !used.contains(at)) {
            let message =
                format!("no rule speaks of the {what} {}, so its calls are always denied", quoted(&name.value));
            findings.push(Diagnostic::warning("unused_name", &name.span, message));
        }
    };
    warn("tool", &mut document.tools.iter().flatten().map(|tool| &tool.name), &of_kind(TargetKind::Tool));
    warn("prompt", &mut document.prompts.iter().flatten(), &of_kind(TargetKind::Prompt));
    warn("role", &mut document.roles.iter().flatten().map(|role| &role.name), &used_roles);
}
