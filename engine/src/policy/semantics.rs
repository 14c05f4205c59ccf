//! The differences between the languages. The compiler reads them and writes the meaning into the image.

use crate::language::conflicts::Conflicts;
use crate::language::dialect::Dialect;

/// How numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// As exact decimals.
    Decimal,
    /// As binary64 numbers.
    Binary64,
}

/// Which values of two fields can be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Equality {
    /// Strings, numbers and booleans.
    Scalars,
    /// All values; lists and objects by their contents.
    Deep,
}

/// The result of a check if its field is missing or of the wrong type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknowns {
    /// Unknown.
    StayUnknown,
    /// False.
    AreFalse,
}

/// The meaning of a language.
#[derive(Debug)]
pub(crate) struct Semantics {
    pub(crate) numbers: Numbers,
    pub(crate) equality: Equality,
    pub(crate) unknowns: Unknowns,
    pub(crate) conflicts: Conflicts,
    /// Whether a call names one role and no list of roles.
    pub(crate) takes_one_role: bool,
    /// Whether a call names a tool and no other target.
    pub(crate) takes_tools_only: bool,
    /// The reasons of decisions without a rule, by a rule without a condition, by a rule whose condition is true, and
    /// by a rule whose condition is not true. `{tool}` and `{role}` are replaced by the names in the call. Without
    /// these templates, callgate writes its own reasons.
    pub(crate) reasons: Option<[&'static str; 4]>,
}

impl Dialect {
    /// The meaning of the language.
    pub(crate) fn semantics(self) -> &'static Semantics {
        match self {
            Self::Callgate1 => &Semantics {
                numbers: Numbers::Decimal,
                equality: Equality::Scalars,
                unknowns: Unknowns::StayUnknown,
                conflicts: Conflicts::Strictest,
                takes_one_role: false,
                takes_tools_only: false,
                reasons: None,
            },
            Self::Perso1 => &Semantics {
                numbers: Numbers::Binary64,
                equality: Equality::Deep,
                unknowns: Unknowns::AreFalse,
                conflicts: Conflicts::Last,
                takes_one_role: true,
                takes_tools_only: true,
                reasons: Some([
                    "no rule matched tool '{tool}' for role '{role}'; applying default_action",
                    "rule matched tool '{tool}' for role '{role}'; no condition required",
                    "rule matched tool '{tool}' for role '{role}'; condition passed",
                    "rule matched tool '{tool}' for role '{role}'; condition failed",
                ]),
            },
        }
    }
}
