//! The checks on numbers that only schemas have.

use crate::json::decimal::{Decimal, EXACT_INTEGERS, nearest_binary64};

/// How many digits of a decimal every binary64 preserves.
const EXACT_DIGITS: usize = 15;

/// Whether a number is an integer; `None` if it is not, but its nearest binary64 is.
pub(super) fn is_integer(text: &str) -> Option<bool> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Some(true);
    }
    let is_exact = Decimal::read(text)?.is_integer();
    let is_rounded = is_integer_binary64(nearest_binary64(text)?);
    (is_exact == is_rounded).then_some(is_exact)
}

/// Whether a binary64 has no fraction. `core` has no `fract`.
fn is_integer_binary64(number: f64) -> bool {
    const FRACTION_BITS: u32 = 52;
    const BIAS: u64 = 1023;
    let bits = number.to_bits();
    let exponent = bits >> FRACTION_BITS & 0x7ff;
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    if exponent < BIAS {
        // Below 1, only zero is an integer.
        return exponent == 0 && fraction == 0;
    }
    let whole_bits = exponent.saturating_sub(BIAS);
    whole_bits >= u64::from(FRACTION_BITS)
        || u64::from(fraction.trailing_zeros()) >= u64::from(FRACTION_BITS).saturating_sub(whole_bits)
}

/// Whether a number is a multiple of a divisor above zero, both as decimals; `None` if programs that use binary64 may
/// read another number, or if the numbers are too long.
pub(super) fn is_multiple(text: &str, divisor: &str) -> Option<bool> {
    let number = Decimal::read(text)?;
    let (integer, power) = number.to_integer()?;
    if number.significant_digits() > EXACT_DIGITS && !scale(integer, power).is_some_and(is_exact) {
        return None;
    }
    if integer == 0 {
        return Some(true);
    }
    let (divisor, divisor_power) = Decimal::read(divisor)?.to_integer()?;
    let least = power.min(divisor_power);
    let number = scale(integer, power.checked_sub(least)?)?;
    Some(number.checked_rem(scale(divisor, divisor_power.checked_sub(least)?)?)? == 0)
}

/// An integer times a power of ten; `None` if the result is not an integer or has too many digits.
fn scale(integer: i128, power: i64) -> Option<i128> {
    integer.checked_mul(10_i128.checked_pow(u32::try_from(power).ok()?)?)
}

/// Whether binary64 represents an integer and its neighbors.
fn is_exact(integer: i128) -> bool {
    i64::try_from(integer).is_ok_and(|integer| EXACT_INTEGERS.contains(&integer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_may_have_a_point_or_an_exponent() {
        for text in ["0", "-5", "1.0", "1e2", "120e-1", "1e300", "0.0", "-0.0e-5", "9007199254740993.0"] {
            assert_eq!(is_integer(text), Some(true), "{text}");
        }
        for text in ["0.5", "1.5e0", "12e-1", "-0.25", "4503599627370495.5", "1e-300"] {
            assert_eq!(is_integer(text), Some(false), "{text}");
        }
    }

    #[test]
    fn a_fraction_that_a_binary64_loses_is_unknown() {
        for text in ["1e-400", "1.00000000000000000001", "9007199254740993.5"] {
            assert_eq!(is_integer(text), None, "{text}");
        }
    }

    #[test]
    fn multiples_are_decimal() {
        for (text, divisor) in
            [("19.99", "0.01"), ("0.3", "0.1"), ("0", "7"), ("-6", "2"), ("1e3", "1e2"), ("4.5", "1.5")]
        {
            assert_eq!(is_multiple(text, divisor), Some(true), "{text} {divisor}");
        }
        for (text, divisor) in [("19.999", "0.01"), ("7", "2"), ("0.35", "0.1"), ("1e-7", "1e-5")] {
            assert_eq!(is_multiple(text, divisor), Some(false), "{text} {divisor}");
        }
    }

    #[test]
    fn multiples_of_numbers_beyond_a_binary64_are_unknown() {
        for text in ["9007199254740993", "500.00000000000000001", "1e308"] {
            assert_eq!(is_multiple(text, "0.5"), None, "{text}");
        }
        for text in ["9007199254740992", "9007199254740992e0", "9007199254740992.0"] {
            assert_eq!(is_multiple(text, "2"), Some(true), "{text}");
        }
    }
}
