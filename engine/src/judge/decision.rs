//! The decisions of the engine.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::image::index::{FieldSlot, RuleOffset, StepOffset};
use crate::judge::schema::violation::Violation;
use crate::language::effect::Effect;
pub use crate::language::problem::PredicateProblem;

/// The reason for a decision. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// An Allow rule applies and nothing stricter does; in `perso-1` also the default.
    Allowed,
    /// No rule can allow the call: no rule matches it, or only Deny rules do.
    NoRule,
    /// The policy declares tools, but not this one.
    UnknownTool,
    /// The policy declares prompts, but not this one.
    UnknownPrompt,
    /// The resource URI is ambiguous or not in normal form.
    AmbiguousResource,
    /// The policy declares none of the caller's roles.
    UnknownRole,
    /// The call has an argument that the tool's closed schema does not declare.
    UndeclaredArgument,
    /// The arguments do not conform to the tool's schema.
    InvalidArguments,
    /// A rule matches the call, but its condition is false.
    ConditionFailed,
    /// A field that a condition reads is missing, null, of the wrong type or ambiguous.
    ConditionUnknown,
    /// A Deny rule applies.
    DeniedByRule,
    /// A RequireApproval rule applies and no Deny rule does.
    ApprovalRequired,
    /// The call exceeds the evaluation budget.
    TooComplex,
    /// The embedded policy could not be read.
    PolicyFault,
}

impl Code {
    /// The code's name in responses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::NoRule => "no_rule",
            Self::UnknownTool => "unknown_tool",
            Self::UnknownPrompt => "unknown_prompt",
            Self::AmbiguousResource => "ambiguous_resource",
            Self::UnknownRole => "unknown_role",
            Self::UndeclaredArgument => "undeclared_argument",
            Self::InvalidArguments => "invalid_arguments",
            Self::ConditionFailed => "condition_failed",
            Self::ConditionUnknown => "condition_unknown",
            Self::DeniedByRule => "denied_by_rule",
            Self::ApprovalRequired => "approval_required",
            Self::TooComplex => "too_complex",
            Self::PolicyFault => "policy_fault",
        }
    }
}

/// A predicate that decided a call, as a step of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    pub(crate) step: StepOffset,
    /// Whether the predicate is inside an odd number of `Not`, so that its opposite is required.
    pub(crate) negated: bool,
    pub(crate) problem: PredicateProblem,
    /// The field that has the problem: the predicate's first field, or its second one if it compares two.
    pub(crate) field: FieldSlot,
    /// Whether it would be enough to satisfy this predicate instead of the previous ones.
    pub(crate) is_alternative: bool,
}

/// The outcome of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Allow, RequireApproval or Deny.
    pub effect: Effect,
    /// Why.
    pub code: Code,
    /// The rule that decided.
    pub(crate) rule: Option<RuleOffset>,
    /// The predicates that decided, in the order of the policy. Most decisions are Allow, which has none.
    pub(crate) failures: Vec<Failure>,
    /// What the arguments violate, if they do not conform to the tool's schema.
    pub(crate) violation: Option<Box<Violation>>,
}

impl Decision {
    /// A Deny without a rule.
    pub(crate) fn deny(code: Code) -> Self {
        Self { effect: Effect::Deny, code, rule: None, failures: Vec::new(), violation: None }
    }
}
