//! Why an evaluation stops early.

/// Why an evaluation stopped without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The image is damaged.
    Damaged,
    /// The call exceeds the evaluation budget.
    OverBudget,
}

/// Turns an absent part of the image into a stop.
pub(crate) trait OrDamaged<T> {
    fn or_damaged(self) -> Result<T, Stopped>;
}

impl<T> OrDamaged<T> for Option<T> {
    #[inline]
    fn or_damaged(self) -> Result<T, Stopped> {
        self.ok_or(Stopped::Damaged)
    }
}
