//! What is wrong with a JSON text.

/// What is wrong with a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// As wide as an offset, so that one or the other is returned in registers.
#[repr(usize)]
pub enum Fault {
    /// The bytes are not UTF-8, or start with a byte-order mark.
    NotUtf8,
    /// The text does not follow the grammar of JSON, ends early or goes on after its value.
    Syntax,
    /// A string holds a surrogate without its partner.
    LoneSurrogate,
    /// A number is beyond the range of a binary64, or names a power of ten beyond a million.
    NumberOutOfRange,
    /// An object names one member twice, after escapes are read.
    DuplicateMember,
    /// Objects and arrays nest deeper than the bound.
    TooDeep,
}
