//! Which tools a rule concerns: a rule does not concern a tool that cannot have the arguments that make it apply.
//!
//! A call with an argument that the closed schema of its tool does not declare is denied before the rules are
//! considered. In every other call to this tool, such an argument is missing, so a check on it is never true or false.

use alloc::format;
use alloc::vec::Vec;

use crate::condition::{Condition, ConditionKind, Field};
use crate::language::effect::Effect;
use crate::language::index::Index as _;
use crate::language::operators::Source;
use crate::language::target::TargetKind;
use crate::policy::check::target::RuleTarget;
use crate::policy::document::{InputSchema, PolicyDocument, Rule, Tool};
use crate::policy::text::diagnostic::{Diagnostic, Severity, first_names, quoted};

/// Removes from each rule the tools that it does not concern.
///
/// Returns for each rule the targets that were removed.
pub(crate) fn narrow(
    document: &PolicyDocument<'_>,
    rule_targets: &mut [Vec<RuleTarget>],
    findings: &mut Vec<Diagnostic>,
) -> Vec<Vec<RuleTarget>> {
    let mut removed = alloc::vec![Vec::new(); rule_targets.len()];
    let tools = document.tools.as_deref().unwrap_or_default();
    for ((rule, targets), removed) in document.rules.iter().zip(rule_targets).zip(&mut removed) {
        let Some(condition) = &rule.condition else { continue };
        let mut others: Vec<&str> = Vec::new();
        let mut always: Vec<&str> = Vec::new();
        targets.retain(|target| {
            let Some((tool, schema)) = closed_tool(tools, *target) else { return true };
            let may_apply = can_be(condition, true, schema);
            if !may_apply {
                removed.push(*target);
                others.push(&tool.name.value);
            } else if rule.effect != Effect::Allow && !can_be(condition, false, schema) {
                always.push(&tool.name.value);
            }
            may_apply
        });
        // An argument that no tool declares is another finding, and the rule is then not understood.
        let is_understood = || {
            !findings.iter().any(|finding| {
                finding.severity == Severity::Error
                    && rule.span.start <= finding.span.start
                    && finding.span.end <= rule.span.end
            })
        };
        if !others.is_empty() && is_understood() {
            findings.push(not_concerned(rule, &others, targets.is_empty()));
        }
        if !always.is_empty() {
            findings.push(always_applies(rule, condition, &always));
        }
    }
    removed
}

fn closed_tool(tools: &[Tool], target: RuleTarget) -> Option<(&Tool, &InputSchema)> {
    let tool = tools.get(target.at.to_usize()).filter(|_| target.kind == TargetKind::Tool)?;
    Some((tool, tool.schema.as_ref().filter(|schema| schema.is_closed && schema.is_enforced)?))
}

/// Whether a condition can have a truth value for a call to a tool with this closed schema. Only the arguments that the
/// schema does not declare are considered, so the answer is never `false` by mistake.
fn can_be(condition: &Condition, truth: bool, schema: &InputSchema) -> bool {
    match &condition.kind {
        ConditionKind::All(children) if truth => children.iter().all(|child| can_be(child, true, schema)),
        ConditionKind::All(children) => children.iter().any(|child| can_be(child, false, schema)),
        ConditionKind::Any(children) if truth => children.iter().any(|child| can_be(child, true, schema)),
        ConditionKind::Any(children) => children.iter().all(|child| can_be(child, false, schema)),
        ConditionKind::Not(inner) => can_be(inner, !truth, schema),
        // A missing argument is what this check is about; every other check on it is unknown.
        ConditionKind::FieldPresent(check) if is_undeclared(&check.field, schema) => !truth,
        _ => !condition.fields().into_iter().any(|field| is_undeclared(field, schema)),
    }
}

fn is_undeclared(field: &Field, schema: &InputSchema) -> bool {
    let name = field.path.first().filter(|_| field.source == Source::Arguments);
    name.is_some_and(|name| schema.property(name).is_none())
}

fn not_concerned(rule: &Rule, tools: &[&str], is_alone: bool) -> Diagnostic {
    let shown = first_names(tools.iter().copied());
    let (subject, whose) = match rule.approval {
        Some(_) => ("the approval of this rule", "the approval's condition"),
        None => ("this rule", "its condition"),
    };
    if is_alone {
        let message = format!("no tool of this rule declares the arguments that {whose} requires: {shown}");
        return Diagnostic::error("unknown_argument", &rule.target.span, message)
            .with_fix("write one rule for each argument");
    }
    let message = match tools {
        [_] => format!(
            "{subject} does not concern {shown}, because its closed schema does not declare the arguments that the condition requires"
        ),
        _ => format!(
            "{subject} does not concern {} tools, whose closed schemas do not declare the arguments that {whose} requires: {shown}",
            tools.len()
        ),
    };
    Diagnostic::note("not_concerned", &rule.target.span, message)
}

fn always_applies(rule: &Rule, condition: &Condition, tools: &[&str]) -> Diagnostic {
    let (effect, shown) = (quoted(rule.effect.name()), first_names(tools.iter().copied()));
    let message = format!(
        "this condition is never false for tools that do not declare its arguments, so the effect of every call to them is {effect}: {shown}"
    );
    Diagnostic::warning("unknown_argument", &condition.span, message).with_fix("write one rule for each argument")
}
