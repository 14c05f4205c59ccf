//! Warns of rules that are valid but probably do not mean what their author wants.
//!
//! Each finding states a fact about the policy. Whether the author wants it so, only the author knows, so a policy can
//! accept a finding with a reason.

mod arguments;
mod effectless;
mod implication;
mod names;
mod reach;
mod texts;

pub(crate) use texts::{dotted_fix, is_dotted};

use alloc::string::String;
use alloc::vec::Vec;

use crate::condition::{Condition, ConditionKind, Field};
use crate::policy::check::name_table::RoleIndex;
use crate::policy::check::target::RuleTarget;
use crate::policy::document::PolicyDocument;
use crate::policy::text::diagnostic::Diagnostic;

/// A policy without errors.
#[derive(Clone, Copy)]
pub(crate) struct Resolved<'p> {
    pub(crate) document: &'p PolicyDocument<'p>,
    /// The names of the declared roles.
    pub(crate) roles: &'p [String],
    /// For each rule, its targets.
    pub(crate) rule_targets: &'p [Vec<RuleTarget>],
    /// For each rule, the tools of its pattern that it does not concern.
    pub(crate) removed_targets: &'p [Vec<RuleTarget>],
    /// For each rule, its roles and their descendants, in ascending order.
    pub(crate) rule_roles: &'p [Vec<RoleIndex>],
}

/// Reports what the author of a policy probably does not mean.
pub(crate) fn check(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    names::find_unused(policy, findings);
    reach::check(policy, findings);
    texts::check(policy, findings);
    arguments::check(policy, findings);
    effectless::check(policy, findings);
}

/// The position of a check in the condition of a rule.
#[derive(Clone, Copy)]
struct Position<'p> {
    /// Whether the check is inside an odd number of `Not`.
    is_negated: bool,
    /// The list of which the source `Item` is an item.
    list: Option<&'p Field>,
}

/// Visits a condition and all conditions in it.
fn visit<'p>(condition: &'p Condition, at: Position<'p>, visitor: &mut impl FnMut(&'p Condition, Position<'p>)) {
    visitor(condition, at);
    let inside = match &condition.kind {
        ConditionKind::Not(_) => Position { is_negated: !at.is_negated, ..at },
        ConditionKind::Items(items) => Position { list: Some(&items.field), ..at },
        _ => at,
    };
    condition.children().iter().for_each(|child| visit(child, inside, visitor));
}

/// Visits the conditions of a rule from the outside.
fn visit_all<'p>(condition: &'p Condition, visitor: &mut impl FnMut(&'p Condition, Position<'p>)) {
    visit(condition, Position { is_negated: false, list: None }, visitor);
}
