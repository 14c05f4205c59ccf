//! Warns of rules that are valid but probably do not mean what their author wants.
//!
//! Each finding states a fact about the policy. Whether the author wants it so, only the author knows, so a policy can
//! accept a finding with a reason.

mod arguments;
mod effectless;
mod implication;
mod names;
mod reach;
mod resolved;
mod spellings;
mod texts;
mod visit;
mod words;

use alloc::vec::Vec;

pub(crate) use crate::policy::check::intent::resolved::Resolved;
pub(crate) use crate::policy::check::intent::texts::{dotted_fix, is_dotted};
use crate::policy::text::diagnostic::Diagnostic;

/// Reports what the author of a policy probably does not mean.
pub(crate) fn check(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    names::find_unused(policy, findings);
    reach::check(policy, findings);
    texts::check(policy, findings);
    spellings::check(policy, findings);
    arguments::check(policy, findings);
    effectless::check(policy, findings);
}
