//! Finds conditions without effect: conditions that are never true, or that are true whenever they are known.
//!
//! A condition is assumed to be true, and then to be false, and each check in it narrows the possible values of its
//! fields. If no value remains for a field, the assumption is impossible. The possible values are never underestimated,
//! so each finding is correct, but not every such condition is found.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::condition::{Condition, ConditionKind};
use crate::json::decimal::Decimal;
use crate::language::index::Index as _;
use crate::language::operators::Source;
use crate::language::target::TargetKind;
use crate::policy::check::domain::{Domain, Numbers, Strings};
use crate::policy::check::knowledge::Knowledge;
use crate::policy::check::target::RuleTarget;
use crate::policy::document::{InputSchema, PolicyDocument, Property};
use crate::policy::text::diagnostic::{Diagnostic, push_limited, quoted};

/// Finds conditions that are never true or never false, on their own or for a call that matches the schema of a tool.
pub(crate) fn check(document: &PolicyDocument<'_>, rule_targets: &[Vec<RuleTarget>], findings: &mut Vec<Diagnostic>) {
    let tools = document.tools.as_deref().unwrap_or_default();
    let mut reported = None;
    for (rule, targets) in document.rules.iter().zip(rule_targets) {
        let Some(condition) = &rule.condition else { continue };
        if reported == Some(rule.index) {
            // The condition of an approval contains that of its rule.
            continue;
        }
        let before = findings.len();
        find(condition, &Knowledge::default(), "", findings);
        if findings.len() > before {
            reported = Some(rule.index);
            // A finding for every call is not repeated for the calls of one tool.
            continue;
        }
        for target in targets.iter().filter(|target| target.kind == TargetKind::Tool) {
            let Some(tool) = tools.get(target.at.to_usize()) else { continue };
            let Some(schema) = tool.schema.as_ref().filter(|schema| schema.is_enforced && schema.limits_something())
            else {
                continue;
            };
            let of_whom = format!(" for a call that matches the schema of {}", quoted(&tool.name.value));
            find(condition, &knowledge_from_schema(schema), &of_whom, findings);
        }
    }
}

/// Reports the outermost conditions that cannot be true or cannot be false.
fn find<'p>(condition: &'p Condition, known: &Knowledge<'p>, of_whom: &str, findings: &mut Vec<Diagnostic>) {
    let mut report = |code: &'static str, message: String, fix: &str| {
        push_limited(Diagnostic::warning(code, &condition.span, message).with_fix(fix), findings);
    };
    if !assume(&mut known.clone(), condition, true) {
        return report(
            "never_true",
            format!("this condition is never true{of_whom}"),
            "use a value that the field can have",
        );
    }
    let mut known_or_not = Knowledge { accepts_unknown: true, ..known.clone() };
    if !assume(&mut known_or_not, condition, false) {
        let message = format!(
            "this condition is never false{of_whom}; it only requires its fields to be present and of the right type"
        );
        return report("always_true", message, "remove the condition or narrow it");
    }
    condition.children().iter().for_each(|child| find(child, known, of_whom, findings));
}

/// The possible values of the fields of a call that matches a schema.
fn knowledge_from_schema(schema: &InputSchema) -> Knowledge<'_> {
    let mut known = Knowledge::default();
    for property in &schema.properties {
        let key = (Source::Arguments, core::slice::from_ref(&property.name));
        known.values.insert(key, domain_from_property(property));
        let mut lengths = Numbers::lengths();
        property.lengths.iter().for_each(|(op, length)| lengths.narrow(*op, length));
        known.lengths.insert(key, lengths);
    }
    known
}

/// The possible values of an argument according to the schema of its tool; types are ignored.
fn domain_from_property(property: &Property) -> Domain<'_> {
    let mut domain = Domain::all();
    for (op, number) in &property.limits {
        domain.numbers.narrow(*op, number);
    }
    if let Some(choices) = &property.choices {
        domain.numbers.only = Some(choices.numbers.iter().filter_map(|text| Decimal::read(text)).collect());
        domain.strings = Strings::Only(choices.strings.iter().map(|text| text.as_str()).collect());
        domain.may_be_true = choices.booleans.contains(&true);
        domain.may_be_false = choices.booleans.contains(&false);
        domain.may_be_compound = choices.has_others;
    }
    domain
}

/// Assumes that a condition is true, or false, and keeps what is then known; returns whether that is consistent.
pub(super) fn assume<'p>(known: &mut Knowledge<'p>, condition: &'p Condition, truth: bool) -> bool {
    match &condition.kind {
        ConditionKind::All(children) => assume_combined(known, children, truth, true),
        ConditionKind::Any(children) => assume_combined(known, children, truth, false),
        ConditionKind::Not(inner) => assume(known, inner, !truth),
        kind => kind.as_check().is_none_or(|check| check.narrow(known, truth)),
    }
}

/// Assumes that children combine to `truth`: each child has this truth value if `truth` needs `all`; otherwise at least
/// one does.
fn assume_combined<'p>(known: &mut Knowledge<'p>, children: &'p [Condition], truth: bool, all: bool) -> bool {
    if truth == all {
        // The results of single checks are certain, so they are computed before conditions with alternatives.
        let (combined, single): (Vec<&Condition>, Vec<&Condition>) =
            children.iter().partition(|child| child.kind.as_check().is_none());
        return single.into_iter().chain(combined).all(|child| assume(known, child, truth));
    }
    let mut possible = children.iter().filter_map(|child| {
        let mut known = known.clone();
        assume(&mut known, child, truth).then_some(known)
    });
    match (possible.next(), possible.next()) {
        (None, _) => false,
        (Some(only), None) => {
            drop(possible);
            *known = only;
            true
        }
        // Several children are possible, so nothing is certain.
        (Some(_), Some(_)) => true,
    }
}
