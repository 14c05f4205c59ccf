//! Warns if a `perso-1` policy allows what its text seems to forbid.

use alloc::format;
use alloc::vec::Vec;

use hashbrown::HashMap;

use crate::condition::{Condition, ConditionKind};
use crate::language::effect::Effect;
use crate::language::index::Index as _;
use crate::policy::check::name_table::TargetIndex;
use crate::policy::check::target::RuleTarget;
use crate::policy::document::PolicyDocument;
use crate::policy::text::diagnostic::{Diagnostic, quoted};

/// Reports each position at which perso allows what the text seems to forbid.
pub(crate) fn warn_where_it_fails_open(
    document: &PolicyDocument<'_>,
    rule_targets: &[Vec<RuleTarget>],
    declared_tools: usize,
    findings: &mut Vec<Diagnostic>,
) {
    if document.default_effect == Effect::Allow {
        let span = place_of_default(document.text);
        let message = "`default_action` allows every call that no rule matches, including unknown tools and roles";
        findings.push(Diagnostic::warning("allows_by_default", &span, message).with_fix("write `Deny`"));
    }
    let mut last: HashMap<(TargetIndex, &str), usize> = HashMap::new();
    let mut overridden: Vec<(usize, usize)> = Vec::new();
    for (at, (rule, targets)) in document.rules.iter().zip(rule_targets).enumerate() {
        for &RuleTarget { at: tool, .. } in targets {
            // A rule of perso has one name or pattern.
            let undeclared = rule.target.included.iter().filter(|_| tool.to_usize() >= declared_tools);
            for name in undeclared.filter(|name| !name.value.contains('*')) {
                let message = format!("{} is not declared in `tools`, but this rule allows it", quoted(&name.value));
                findings.push(Diagnostic::warning("undeclared_tool", &name.span, message));
            }
            for role in rule.roles.listed() {
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
                "this rule replaces {} for some tool and role; in perso, only the last rule for a tool and a role applies",
                quoted(&earlier.name())
            );
            findings.push(Diagnostic::warning("rule_replaced", &later.target.span, message));
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
            warn("always_true", "an empty `All` is always true", "remove the condition, or add checks to it");
        }
        ConditionKind::Not(_) => warn(
            "not_fails_open",
            "`Not` is true if its field is missing, null or of the wrong type",
            "also require the field with `FieldPresent`, or migrate to `callgate-1`, in which `Not` of unknown is unknown",
        ),
        ConditionKind::FieldPresent(_) => warn(
            "presence_only",
            "`FieldPresent` is true for `false`, 0 and the empty string",
            "compare the value with `StringCheck`, or migrate to `callgate-1` and use `BoolCheck`",
        ),
        ConditionKind::FieldEquals(_) => warn(
            "null_equals_null",
            "`FieldEquals` is true if both fields are null, empty or equal objects",
            "also check one of the fields with `StringCheck`",
        ),
        _ => {}
    }
    condition.children().iter().for_each(|child| warn_of_condition(child, findings));
}
