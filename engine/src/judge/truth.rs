//! The three truth values of a condition.

/// Kleene's three truth values. `All` is the minimum in this order and `Any` the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    False,
    Unknown,
    True,
}

impl Truth {
    pub(crate) fn from_bool(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }

    /// The truth value with unknown as `None`.
    pub(crate) fn to_option(self) -> Option<bool> {
        match self {
            Self::False => Some(false),
            Self::Unknown => None,
            Self::True => Some(true),
        }
    }

    /// Unknown if there is no value.
    pub(crate) fn from_option(value: Option<bool>) -> Self {
        value.map_or(Self::Unknown, Self::from_bool)
    }

    pub(crate) fn negate(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}
