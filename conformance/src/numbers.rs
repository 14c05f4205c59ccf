//! Comparisons of numbers by their texts.

use std::cmp::Ordering;

use bigdecimal::BigDecimal;

use crate::truth::Truth;

/// Whether two numbers compare as `is_so` states; unknown unless their decimals and their nearest binary64 agree.
pub(crate) fn compare(a: &str, b: &str, is_so: impl Fn(Ordering) -> bool) -> Truth {
    let decimals = a.parse::<BigDecimal>().ok()?.cmp(&b.parse().ok()?);
    let rounded = a.parse::<f64>().ok()?.partial_cmp(&b.parse().ok()?)?;
    let answer = is_so(decimals);
    (answer == is_so(rounded)).then_some(answer)
}
