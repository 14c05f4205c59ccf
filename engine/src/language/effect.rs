//! The effect of a rule on the calls that it applies to.

/// The effect of a rule, or of the policy as a whole, on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// The call may run.
    Allow,
    /// The call may run after a person has approved it.
    RequireApproval,
    /// The call must not run.
    Deny,
}

impl Effect {
    /// All effects, the strictest last.
    pub const ALL: [Self; 3] = [Self::Allow, Self::RequireApproval, Self::Deny];

    /// The effect's name in policies and responses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::RequireApproval => "RequireApproval",
            Self::Deny => "Deny",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Deny => 0,
            Self::RequireApproval => 1,
            Self::Allow => 2,
        }
    }

    /// The effect of a code in an image; an invalid code is Deny.
    pub(crate) fn from_code(code: u8) -> Self {
        Self::ALL.into_iter().find(|effect| effect.code() == code).unwrap_or(Self::Deny)
    }
}
