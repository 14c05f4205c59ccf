//! What a language means where the languages differ. The compiler consults it and writes the meaning into the image.

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
    /// All values, lists and objects by their contents.
    Deep,
}

/// What a check is if its field is missing or of the wrong type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknowns {
    /// Unknown.
    StayUnknown,
    /// False.
    AreFalse,
}

/// Which rules for a target and a role are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflicts {
    /// All; the strictest that applies decides.
    Strictest,
    /// The last in the order of the policy, which decides alone.
    Last,
}

/// The meaning of a language.
#[derive(Debug)]
pub(crate) struct Semantics {
    pub(crate) numbers: Numbers,
    pub(crate) equality: Equality,
    pub(crate) unknowns: Unknowns,
    pub(crate) conflicts: Conflicts,
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
            },
            Self::Perso1 => &Semantics {
                numbers: Numbers::Binary64,
                equality: Equality::Deep,
                unknowns: Unknowns::AreFalse,
                conflicts: Conflicts::Last,
            },
        }
    }
}
