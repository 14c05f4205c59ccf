//! Index types: a number for one table is not accepted for another table.

/// A number that refers to an entry of one table.
pub(crate) trait Index: Copy {
    fn from_u32(number: u32) -> Self;

    fn to_u32(self) -> u32;

    /// The number as an index of a slice. A number that does not fit refers to no entry.
    #[inline]
    fn to_usize(self) -> usize {
        usize::try_from(self.to_u32()).unwrap_or(usize::MAX)
    }
}

/// Defines index types; the comment of each states what its number counts.
macro_rules! define_index {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(transparent)]
        pub(crate) struct $name(u32);

        impl $crate::language::index::Index for $name {
            #[inline]
            fn from_u32(number: u32) -> Self {
                Self(number)
            }

            #[inline]
            fn to_u32(self) -> u32 {
                self.0
            }
        }
    )+};
}

pub(crate) use define_index;
