//! A policy without errors, as the checks of this folder read it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::policy::check::name_table::RoleIndex;
use crate::policy::check::target::RuleTarget;
use crate::policy::document::PolicyDocument;

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
