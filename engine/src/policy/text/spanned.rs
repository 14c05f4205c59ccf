//! A value and its position in the text.

use core::ops::Range;

/// A value and the bytes that it spans in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// The byte range.
    pub span: Range<usize>,
}
