//! Why a call is not judged to its end.

/// Why judging stopped without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The image is damaged.
    Damaged,
    /// The call takes more work than one call may cost.
    OverBudget,
}

/// Has an absent part of the image stop the judging.
pub(crate) trait OrDamaged<T> {
    fn or_damaged(self) -> Result<T, Stopped>;
}

impl<T> OrDamaged<T> for Option<T> {
    #[inline]
    fn or_damaged(self) -> Result<T, Stopped> {
        self.ok_or(Stopped::Damaged)
    }
}
