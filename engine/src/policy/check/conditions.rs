//! Checks the conditions of rules, each on its own.

use crate::condition::check::Validation;
use crate::condition::{Condition, ConditionKind};

/// Checks a condition and its children.
pub(crate) fn check_condition(condition: &Condition, validation: &mut Validation<'_>) {
    if let ConditionKind::All(children) | ConditionKind::Any(children) = &condition.kind {
        validation.check_not_empty(&condition.span, children, "conditions");
    }
    if let Some(check) = condition.kind.as_check() {
        check.validate(&condition.span, validation);
    }
    condition.children().iter().for_each(|child| check_condition(child, validation));
}

/// Checks that a condition covers what it denies. `denies` is its truth value that denies a call.
pub(crate) fn check_coverage(condition: &Condition, denies: bool, validation: &mut Validation<'_>) {
    if let Some(check) = condition.kind.as_check() {
        if denies {
            check.validate_denial(&condition.span, validation);
        } else {
            check.validate_permission(&condition.span, validation);
        }
    }
    let denies = denies != matches!(condition.kind, ConditionKind::Not(_));
    condition.children().iter().for_each(|child| check_coverage(child, denies, validation));
}
