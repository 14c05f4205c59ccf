//! Why a JSON text is rejected.

/// Why a JSON text is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// As wide as an offset, so that a fault or an offset is returned in registers.
#[repr(usize)]
pub enum Fault {
    /// The bytes are not UTF-8, or start with a byte-order mark.
    NotUtf8,
    /// The text does not follow the JSON grammar, ends early or has trailing data.
    Syntax,
    /// A string contains an unpaired surrogate.
    LoneSurrogate,
    /// A number is outside the range of a binary64, or its exponent is beyond ±999,999.
    NumberOutOfRange,
    /// An object has a duplicate member name, after escapes are decoded.
    DuplicateMember,
    /// Objects and arrays exceed the nesting limit.
    TooDeep,
}
