//! Migrates a perso policy to `callgate-1`.
//!
//! In perso, only the last rule for a tool and a role applies; here, all rules do. So each rule is written only for
//! those pairs of tool and role for which it is the last one.

mod condition;
mod number;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use callgate_engine::policy::document::{PolicyDocument, Rule as Source};
use callgate_engine::policy::text::Spanned;
use callgate_engine::policy::text::{Diagnostic, Severity};
use callgate_engine::{Effect, parse, validate};
use wildmatch::WildMatchPattern;

use self::condition::{Translated, Translator};
use crate::finding::{Finding, Lines, Position, Weight, quoted};
use crate::policy::{Condition, Policy, Rule, RuleIds, judge};

/// A pattern in the engine's syntax: NUL, which no name contains, replaces the second wildcard.
type Pattern = WildMatchPattern<'*', '\0'>;

/// A tool and a role, as indices into their lists.
type Pair = (usize, usize);

/// Migrates the text of a policy.
///
/// # Errors
/// The errors of perso's dialect.
pub(crate) fn migrate(text: &str) -> Result<(Policy, Vec<Finding>), Vec<Diagnostic>> {
    let document = parse(text)?;
    // Only the policy's own text is used below; the full check validates its references.
    validate(document.clone())?;
    let lines = Lines::new(text);
    let mut findings: Vec<Finding> = document.problems.iter().filter_map(|found| unknown_key(found, &lines)).collect();
    if document.default_effect == Effect::Allow {
        let at = text.find("\"default_action\"").unwrap_or_default();
        let message =
            "`default_action` is `Allow`, which has no counterpart; calls that no rule matches are now denied";
        let fix = "write an Allow rule for each tool and role that needs it";
        let finding = Finding::new(Weight::Lost, "allows_by_default", lines.position(at), message);
        findings.push(finding.with_fix(fix));
    }
    let names = Names::collect(&document, &lines, &mut findings);
    let rules = migrate_rules(&document, &names, &lines, &mut findings);
    let mut policy = Policy::new(Some(names.tools), names.roles, rules);
    policy.description = Some(document.description).filter(|text| !text.is_empty());
    Ok((policy, findings))
}

/// perso ignores unknown keys, so their intended meaning is lost here too.
fn unknown_key(found: &Diagnostic, lines: &Lines<'_>) -> Option<Finding> {
    (found.severity == Severity::Warning).then(|| Finding {
        weight: Weight::Lost,
        code: found.code,
        position: lines.position(found.span.start),
        message: found.message.clone(),
        fix: found.fix.clone(),
    })
}

/// The tools and roles of the new policy.
struct Names {
    tools: Vec<String>,
    /// The number of `tools` that the source declares, which its patterns match.
    declared: usize,
    roles: Vec<String>,
}

impl Names {
    fn collect(document: &PolicyDocument<'_>, lines: &Lines<'_>, findings: &mut Vec<Finding>) -> Self {
        let mut keep = |names: &mut Vec<&Spanned<String>>, what: &str| {
            let mut seen = BTreeSet::new();
            names.retain(|name| seen.insert(&name.value));
            let refusal = |names: Vec<String>| {
                let (tools, roles) = if what == "tool" { (names, Vec::new()) } else { (Vec::new(), names) };
                judge(&Policy::new(Some(tools), roles, Vec::new())).err()
            };
            if refusal(names.iter().map(|name| name.value.clone()).collect()).is_none() {
                return;
            }
            names.retain(|name| {
                let refused = refusal(vec![name.value.clone()]);
                if let Some(problem) = &refused {
                    let message = format!(
                        "{} is not a valid {what} name; it is omitted and its calls are denied: {problem}",
                        quoted(&name.value)
                    );
                    findings.push(Finding::new(Weight::Lost, "bad_name", lines.position(name.span.start), message));
                }
                refused.is_none()
            });
        };
        let mut declared: Vec<_> = document.tools.iter().flatten().map(|tool| &tool.name).collect();
        keep(&mut declared, "tool");
        let mut roles: Vec<_> = document.roles.iter().flatten().map(|role| &role.name).collect();
        keep(&mut roles, "role");

        let is_declared = |name: &str| document.tools.iter().flatten().any(|tool| tool.name.value == name);
        let speaks_of_a_role =
            |rule: &&Source| rule.roles.listed().iter().any(|role| roles.iter().any(|known| known.value == role.value));
        let mut added: Vec<_> = document
            .rules
            .iter()
            .filter(speaks_of_a_role)
            .flat_map(|rule| &rule.target.included)
            .filter(|name| !name.value.contains('*') && !is_declared(&name.value))
            .collect();
        keep(&mut added, "tool");
        for name in &added {
            let message = format!(
                "{} is not declared in `tools`, but perso lets this rule allow it; the new policy declares it",
                quoted(&name.value)
            );
            findings.push(Finding::new(Weight::Note, "undeclared_tool", lines.position(name.span.start), message));
        }
        let texts = |names: &[&Spanned<String>]| names.iter().map(|name| name.value.clone()).collect::<Vec<_>>();
        let mut tools = texts(&declared);
        tools.extend(texts(&added));
        Self { tools, declared: declared.len(), roles: texts(&roles) }
    }

    /// The tools that a rule matches in perso.
    fn tools_of(&self, rule: &Source) -> Vec<usize> {
        let name = name_of(rule);
        let pattern = name.contains('*').then(|| Pattern::new(name));
        let matches = |at: usize, tool: &str| match &pattern {
            Some(pattern) => at < self.declared && pattern.matches(tool),
            None => tool == name,
        };
        self.tools.iter().enumerate().filter(|(at, tool)| matches(*at, tool)).map(|(at, _)| at).collect()
    }

    /// The tools that a rule's name would match in the new policy.
    fn covered_by(&self, name: &str) -> Vec<usize> {
        let pattern = Pattern::new(name);
        self.tools.iter().enumerate().filter(|(_, tool)| pattern.matches(tool)).map(|(at, _)| at).collect()
    }
}

/// The only name or pattern of a rule.
fn name_of(rule: &Source) -> &str {
    rule.target.included.first().map_or("", |name| name.value.as_str())
}

fn migrate_rules(
    document: &PolicyDocument<'_>,
    names: &Names,
    lines: &Lines<'_>,
    findings: &mut Vec<Finding>,
) -> Vec<Rule> {
    let role_at: HashMap<&str, usize> = names.roles.iter().enumerate().map(|(at, role)| (&**role, at)).collect();
    let mut pairs_of: Vec<Vec<Pair>> = Vec::new();
    let mut last: HashMap<Pair, usize> = HashMap::new();
    for (index, rule) in document.rules.iter().enumerate() {
        let tools = names.tools_of(rule);
        let position = |name: &Spanned<String>| lines.position(name.span.start);
        let name = name_of(rule);
        if tools.is_empty() && name.contains('*') {
            let message = format!("the pattern {} matches no declared tool; the rule is omitted", quoted(name));
            let place = lines.position(rule.target.span.start);
            findings.push(Finding::new(Weight::Note, "no_match", place, message));
        }
        let mut roles = BTreeSet::new();
        for role in rule.roles.listed() {
            match role_at.get(&*role.value) {
                Some(&at) => _ = roles.insert(at),
                None => {
                    let message = format!(
                        "{} is not declared in `roles`, so perso ignores it; it is omitted",
                        quoted(&role.value)
                    );
                    findings.push(Finding::new(Weight::Note, "unknown_role", position(role), message));
                }
            }
        }
        let pairs: Vec<Pair> = tools.iter().flat_map(|&tool| roles.iter().map(move |&role| (tool, role))).collect();
        last.extend(pairs.iter().map(|&pair| (pair, index)));
        pairs_of.push(pairs);
    }

    let mut ids = RuleIds::default();
    let mut rules = Vec::new();
    let mut of_conditions = Vec::new();
    let mut translator = Translator::new(lines, &mut of_conditions);
    for (index, (source, pairs)) in document.rules.iter().zip(&pairs_of).enumerate() {
        let position = lines.position(source.target.span.start);
        let kept: Vec<Pair> = pairs.iter().filter(|pair| last.get(pair) == Some(&index)).copied().collect();
        if kept.len() < pairs.len() {
            findings.push(replaced(position, kept.len(), pairs.len()));
        }
        if kept.is_empty() {
            continue;
        }
        let condition = match source.condition.as_ref().map(|condition| translator.translate(condition)) {
            None | Some(Translated::Always) => None,
            Some(Translated::When(condition)) => Some(condition),
            Some(Translated::Never) => {
                let message = "the condition of this rule is never true; the rule is omitted";
                findings.push(Finding::new(Weight::Note, "never_allows", position, message));
                continue;
            }
        };
        rules.extend(write_rules(source, &kept, names, condition.as_ref(), &mut ids));
    }
    findings.extend(of_conditions);
    rules
}

fn replaced(position: Position, kept: usize, all: usize) -> Finding {
    let message = if kept == 0 {
        "later rules replace this one for all its tools and roles; it has no effect in perso and is omitted".to_owned()
    } else {
        let replaced = all.saturating_sub(kept);
        format!(
            "later rules replace this one for {replaced} of its {all} pairs of tool and role; it is written for the others"
        )
    };
    Finding::new(Weight::Note, "rule_replaced", position, message)
}

/// As few rules as possible: the source's own pattern for the roles with all of its tools, then a rule for each
/// remaining tool.
fn write_rules(
    source: &Source,
    kept: &[Pair],
    names: &Names,
    condition: Option<&Condition>,
    ids: &mut RuleIds,
) -> Vec<Rule> {
    let mut tools_of_role: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for &(tool, role) in kept {
        tools_of_role.entry(role).or_default().insert(tool);
    }
    let name = name_of(source);
    let mut wide: BTreeSet<usize> = BTreeSet::new();
    if name.contains('*') {
        let covered: BTreeSet<usize> = names.covered_by(name).into_iter().collect();
        wide.extend(tools_of_role.iter().filter(|(_, tools)| **tools == covered).map(|(&role, _)| role));
        let left: BTreeSet<usize> =
            kept.iter().filter(|(_, role)| !wide.contains(role)).map(|&(tool, _)| tool).collect();
        if left == covered {
            // Each tool needs its own rule anyway, which can include these roles too.
            wide.clear();
        }
    }
    let mut roles_of_tool: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for &(tool, role) in kept.iter().filter(|(_, role)| !wide.contains(role)) {
        roles_of_tool.entry(tool).or_default().insert(role);
    }
    let mut write = |tool: &str, roles: &BTreeSet<usize>| {
        let roles: Vec<String> = roles.iter().filter_map(|&at| names.roles.get(at)).cloned().collect();
        Rule {
            id: ids.name(&format!("{tool}-{}", named(&roles))),
            effect: Effect::Allow.name(),
            tool_name: Some(tool.to_owned()),
            roles,
            condition: condition.cloned(),
            ..Rule::default()
        }
    };
    let by_pattern = (!wide.is_empty()).then(|| write(name, &wide));
    let by_tool = roles_of_tool.iter().filter_map(|(&at, roles)| names.tools.get(at).map(|tool| write(tool, roles)));
    by_pattern.into_iter().chain(by_tool).collect()
}

/// The roles in a rule's name.
fn named(roles: &[String]) -> String {
    const MOST: usize = 3;
    let shown: Vec<&str> = roles.iter().take(MOST).map(String::as_str).collect();
    let more = roles.len().saturating_sub(MOST);
    let shown = shown.join("-");
    if more == 0 { shown } else { format!("{shown}-and-{more}-more") }
}
