//! Which rules for a target and a role decide.

/// Which rules for a target and a role decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflicts {
    /// The strictest rule that applies, for all roles of the caller.
    Strictest,
    /// The only rule that is kept for the first role; without one, the default effect.
    Last,
}

impl Conflicts {
    #[cfg(feature = "compile")]
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Strictest => 0,
            Self::Last => 1,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Strictest),
            1 => Some(Self::Last),
            _ => None,
        }
    }
}
