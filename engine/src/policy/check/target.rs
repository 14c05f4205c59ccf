//! What a rule matches.

use crate::language::target::TargetKind;

/// A target that a rule speaks of: a name of its kind's catalog, or behind them a class of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RuleTarget {
    pub(crate) kind: TargetKind,
    pub(crate) at: u32,
}
