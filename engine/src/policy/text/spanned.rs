//! A value and its place in the text.

use core::ops::Range;

/// A value and the bytes that it takes in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Range<usize>,
}
