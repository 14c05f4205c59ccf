//! The codes of steps. Kinds whose meaning differs between languages have a code for each meaning.

pub(crate) const ALL: u8 = 1;
pub(crate) const ANY: u8 = 2;
pub(crate) const NOT: u8 = 3;
pub(crate) const NUMERIC: u8 = 4;
pub(crate) const STRING: u8 = 5;
pub(crate) const BOOL: u8 = 6;
pub(crate) const PRESENT: u8 = 7;
pub(crate) const EQUALS: u8 = 8;
pub(crate) const LENGTH: u8 = 9;
pub(crate) const COMPARE: u8 = 10;
pub(crate) const PATH: u8 = 11;
pub(crate) const URL: u8 = 12;
pub(crate) const CIDR: u8 = 13;
pub(crate) const EVERY: u8 = 14;
pub(crate) const SOME: u8 = 15;
pub(crate) const TIME: u8 = 16;
pub(crate) const NUMERIC_BINARY64: u8 = 17;
pub(crate) const STRING_OR_FALSE: u8 = 18;
pub(crate) const PRESENT_UNCHARGED: u8 = 19;
pub(crate) const EQUALS_DEEP: u8 = 20;
pub(crate) const STRING_FOLDED: u8 = 21;
pub(crate) const MEMBERS: u8 = 22;
pub(crate) const TIME_IN_CALENDAR: u8 = 23;
