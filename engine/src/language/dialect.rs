//! The languages that a policy can be written in.

/// The language of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `callgate-1`: declared tools and roles, strictest effect wins, three-valued truth, exact decimals.
    Callgate1,
    /// `perso-1`: the same meaning as in the perso engine.
    Perso1,
}

impl Dialect {
    /// The dialect's name in documents and responses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Callgate1 => "callgate-1",
            Self::Perso1 => "perso-1",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Callgate1 => 1,
            Self::Perso1 => 2,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        [Self::Callgate1, Self::Perso1].into_iter().find(|dialect| dialect.code() == code)
    }
}
