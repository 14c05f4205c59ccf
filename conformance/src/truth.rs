//! The three truth values.

/// True, false or, as `None`, unknown.
pub(crate) type Truth = Option<bool>;

/// False if one is false; otherwise unknown if one is unknown; otherwise true.
pub(crate) fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
    let truths: Vec<Truth> = truths.into_iter().collect();
    if truths.contains(&Some(false)) {
        Some(false)
    } else if truths.contains(&None) {
        None
    } else {
        Some(true)
    }
}

/// True if one is true; otherwise unknown if one is unknown; otherwise false.
pub(crate) fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
    not(all(truths.into_iter().map(not)))
}

/// The opposite, which is unknown if the truth is.
pub(crate) fn not(truth: Truth) -> Truth {
    truth.map(|truth| !truth)
}
