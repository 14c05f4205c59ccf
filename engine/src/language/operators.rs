//! The sources of fields and the comparison operators.

use core::cmp::Ordering;

/// The field of the source `Request` that contains the call's `server`.
pub(crate) const SERVER_FIELD: &str = "server";

/// The source of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The tool call's arguments, which the model wrote.
    Arguments,
    /// Facts from the host about the caller.
    AgentAttributes,
    /// Facts from the host about the record or machine that the call affects.
    ResourceAttributes,
    /// One item of a list, inside `Every` and `Some`.
    Item,
    /// Facts from the edge about the request: `time` (seconds since 1970), `ip` and `country`.
    Request,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 5] =
        [Self::Arguments, Self::AgentAttributes, Self::ResourceAttributes, Self::Item, Self::Request];

    /// The source's name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Arguments => "Arguments",
            Self::AgentAttributes => "AgentAttributes",
            Self::ResourceAttributes => "ResourceAttributes",
            Self::Item => "Item",
            Self::Request => "Request",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Arguments => 0,
            Self::AgentAttributes => 1,
            Self::ResourceAttributes => 2,
            Self::Item => 3,
            Self::Request => 4,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.code() == code)
    }
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumericOp {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less than.
    Lt,
    /// Less than or equal.
    Lte,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Gte,
}

impl NumericOp {
    /// All operators, in the order of their codes.
    pub const ALL: [Self; 6] = [Self::Eq, Self::Ne, Self::Lt, Self::Lte, Self::Gt, Self::Gte];

    /// The operator's name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "Eq",
            Self::Ne => "Ne",
            Self::Lt => "Lt",
            Self::Lte => "Lte",
            Self::Gt => "Gt",
            Self::Gte => "Gte",
        }
    }

    /// The operator that is true if and only if this one is false.
    #[must_use]
    pub fn inverse(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Gte,
            Self::Lte => Self::Gt,
            Self::Gt => Self::Lte,
            Self::Gte => Self::Lt,
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Eq => 0,
            Self::Ne => 1,
            Self::Lt => 2,
            Self::Lte => 3,
            Self::Gt => 4,
            Self::Gte => 5,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.code() == code)
    }

    /// Whether two values with this ordering satisfy the operator.
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Ne => ordering.is_ne(),
            Self::Lt => ordering.is_lt(),
            Self::Lte => ordering.is_le(),
            Self::Gt => ordering.is_gt(),
            Self::Gte => ordering.is_ge(),
        }
    }

    /// Whether the operator is true for both orderings; `None` if it is true for one of them only.
    pub(crate) fn agrees(self, [a, b]: [Ordering; 2]) -> Option<bool> {
        let is_true = self.holds(a);
        (is_true == self.holds(b)).then_some(is_true)
    }
}

/// How a string is compared with a list of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringOp {
    /// The string is one of the texts.
    In,
    /// The string is none of the texts.
    NotIn,
    /// The string starts with one of the texts.
    StartsWith,
    /// The string ends with one of the texts.
    EndsWith,
    /// The string contains one of the texts.
    Contains,
    /// The string matches one of the texts as a pattern, in which `*` matches any run of characters.
    Glob,
    /// One of the texts, as a regular expression, matches the whole string.
    Matches,
}

impl StringOp {
    /// All operators.
    pub const ALL: [Self; 7] =
        [Self::In, Self::NotIn, Self::StartsWith, Self::EndsWith, Self::Contains, Self::Glob, Self::Matches];

    /// The operator's name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::StartsWith => "StartsWith",
            Self::EndsWith => "EndsWith",
            Self::Contains => "Contains",
            Self::Glob => "Glob",
            Self::Matches => "Matches",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::In => 0,
            Self::NotIn => 1,
            Self::StartsWith => 2,
            Self::EndsWith => 3,
            Self::Contains => 4,
            Self::Glob => 5,
            Self::Matches => 6,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.code() == code)
    }
}
