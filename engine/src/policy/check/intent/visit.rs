//! Visits the conditions of a rule, each with its position.

use crate::condition::{Condition, ConditionKind, Field};
use crate::language::effect::Effect;

/// The position of a check in the condition of a rule.
#[derive(Clone, Copy)]
pub(crate) struct Position<'p> {
    /// Whether the check is inside an odd number of `Not`.
    pub(crate) is_negated: bool,
    /// The list of which the source `Item` is an item.
    pub(crate) list: Option<&'p Field>,
}

impl Position<'_> {
    /// Whether a true check keeps a call from being allowed by a rule with this effect. An approval is neither.
    pub(crate) fn restricts(self, effect: Effect) -> Option<bool> {
        match effect {
            Effect::Allow => Some(self.is_negated),
            Effect::Deny => Some(!self.is_negated),
            Effect::RequireApproval => None,
        }
    }
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
pub(crate) fn visit_all<'p>(condition: &'p Condition, visitor: &mut impl FnMut(&'p Condition, Position<'p>)) {
    visit(condition, Position { is_negated: false, list: None }, visitor);
}
