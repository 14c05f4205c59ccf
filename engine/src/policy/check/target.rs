//! The targets of rules.

use crate::language::target::TargetKind;
use crate::policy::check::name_table::TargetIndex;

/// A target that a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RuleTarget {
    pub(crate) kind: TargetKind,
    pub(crate) at: TargetIndex,
}
