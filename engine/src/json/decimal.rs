//! Compares JSON numbers exactly, as decimals.
//!
//! 500.00000000000000001 is more than 500 and 2^53 + 1 is not 2^53, but a binary64 cannot represent either difference.
//! The available crates convert a number before they compare it, which allocates or rounds.

use core::cmp::Ordering;
use core::ops::RangeInclusive;

use lexical_parse_float::FromLexical as _;

/// The largest exponent of a number, positive or negative.
const MAX_EXPONENT: i64 = 999_999;

/// The parts of a number: the digits without the decimal point, and the position of the point.
#[derive(Clone, Copy)]
pub(crate) struct Decimal<'a> {
    negative: bool,
    /// The digits before the point, without leading zeros.
    whole: &'a [u8],
    fraction: &'a [u8],
    /// The power of ten of the first digit, or `None` for zero.
    leading_power: Option<i64>,
}

impl<'a> Decimal<'a> {
    /// Splits a number; `None` if it is not a JSON number or its exponent is beyond ±999,999.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let whole = skip_zeros(whole.as_bytes());
        let mut fraction = fraction.as_bytes();
        let leading_power = if let Some(before_point) = i64::try_from(whole.len()).ok()?.checked_sub(1)
            && before_point >= 0
        {
            Some(before_point.checked_add(exponent)?)
        } else {
            let significant = skip_zeros(fraction);
            let zeros = fraction.len().checked_sub(significant.len())?;
            let power = exponent.checked_sub(i64::try_from(zeros).ok()?)?.checked_sub(1)?;
            let is_zero = significant.is_empty();
            fraction = significant;
            (!is_zero).then_some(power)
        };
        Some(Self { negative, whole, fraction, leading_power })
    }

    /// Whether the nearest binary64 is finite, which I-JSON (RFC 7493, section 2.2) requires.
    pub(crate) fn is_finite(&self, text: &str) -> bool {
        // Only a number of 309 digits or more can be out of range, so the conversion is rare.
        self.leading_power.is_none_or(|power| power < 308) || nearest_binary64(text).is_some_and(f64::is_finite)
    }

    /// Whether the value has no fraction.
    pub(crate) fn is_integer(&self) -> bool {
        let Some(power) = self.leading_power else { return true };
        // The digit after `power` others has the weight 1.
        let whole = usize::try_from(power).map_or(0, |power| power.saturating_add(1));
        self.digits().skip(whole).all(|digit| digit == b'0')
    }

    /// How many digits remain without zeros at the ends.
    pub(crate) fn significant_digits(&self) -> usize {
        let mut count = 0;
        for (at, digit) in self.digits().enumerate() {
            if digit != b'0' {
                count = at.saturating_add(1);
            }
        }
        count
    }

    /// The value as an integer and a power of ten to multiply it with; `None` if the integer has too many digits.
    pub(crate) fn to_integer(self) -> Option<(i128, i64)> {
        let Some(leading_power) = self.leading_power else { return Some((0, 0)) };
        let digits = self.significant_digits();
        let mut integer = 0_i128;
        for digit in self.digits().take(digits) {
            integer = integer.checked_mul(10)?.checked_add(i128::from(digit.checked_sub(b'0')?))?;
        }
        let power = leading_power.checked_sub(i64::try_from(digits).ok()?)?.checked_add(1)?;
        Some((if self.negative { integer.checked_neg()? } else { integer }, power))
    }

    /// Compares the two values, exactly.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let (Some(power), Some(other_power)) = (self.leading_power, other.leading_power) else {
            return self.sign().cmp(&other.sign());
        };
        self.sign().cmp(&other.sign()).then_with(|| {
            let magnitude = power.cmp(&other_power).then_with(|| compare_digits(self, other));
            if self.negative { magnitude.reverse() } else { magnitude }
        })
    }

    /// -1, 0 or 1; minus zero is zero.
    fn sign(&self) -> i8 {
        match (self.leading_power, self.negative) {
            (None, _) => 0,
            (Some(_), true) => -1,
            (Some(_), false) => 1,
        }
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.iter().chain(self.fraction).copied()
    }
}

/// The integers that binary64 represents exactly, and all integers between them.
pub(crate) const EXACT_INTEGERS: RangeInclusive<i64> = -(1 << 53)..=1 << 53;

/// How two numbers compare for a program that keeps all digits, and for one that rounds each to the nearest binary64;
/// `None` if a text has an exponent beyond a million.
pub(crate) fn compare_as_programs_do(a: &str, b: &str) -> Option<[Ordering; 2]> {
    let exact = Decimal::read(a)?.compare(&Decimal::read(b)?);
    let rounded = nearest_binary64(a)?.partial_cmp(&nearest_binary64(b)?)?;
    Some([exact, rounded])
}

/// The binary64 nearest to a JSON number, as programs read it; infinite beyond its range.
///
/// `core` needs a table of 10 KB for this, which is a twentieth of the Worker.
pub(crate) fn nearest_binary64(text: &str) -> Option<f64> {
    f64::from_lexical(text.as_bytes()).ok()
}

fn skip_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

/// Compares two digit strings whose first digits have the same power; a missing digit is zero.
fn compare_digits(a: &Decimal<'_>, b: &Decimal<'_>) -> Ordering {
    let (mut left, mut right) = (a.digits(), b.digits());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => match x.unwrap_or(b'0').cmp(&y.unwrap_or(b'0')) {
                Ordering::Equal => {}
                different => return different,
            },
        }
    }
}

fn read_exponent(text: &str) -> Option<i64> {
    let exponent = text.parse::<i64>().ok()?;
    (-MAX_EXPONENT..=MAX_EXPONENT).contains(&exponent).then_some(exponent)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;

    #[track_caller]
    fn check(a: &str, expected: Ordering, b: &str) {
        let (left, right) = (Decimal::read(a).expect("a number"), Decimal::read(b).expect("a number"));
        assert_eq!(left.compare(&right), expected, "{a} against {b}");
        assert_eq!(right.compare(&left), expected.reverse(), "{b} against {a}");
    }

    #[test]
    fn values_are_compared_and_not_their_spelling() {
        check("200", Ordering::Equal, "200.0");
        check("200", Ordering::Equal, "2e2");
        check("200", Ordering::Equal, "20000E-2");
        check("0.001", Ordering::Equal, "1e-3");
        check("0.0010", Ordering::Equal, "0.1e-2");
        check("-0", Ordering::Equal, "0.0e7");
        check("1e999999", Ordering::Equal, "10e999998");
    }

    #[test]
    fn differences_beyond_a_binary64_are_seen() {
        check("500.00000000000000001", Ordering::Greater, "500");
        check("9007199254740993", Ordering::Greater, "9007199254740992");
        check("0.30000000000000004", Ordering::Greater, "0.3");
        check("1e-400", Ordering::Greater, "0");
        check("-1e-400", Ordering::Less, "0");
    }

    #[test]
    fn sign_and_size_order_values() {
        check("-5", Ordering::Less, "3");
        check("-5", Ordering::Less, "-3");
        check("10", Ordering::Greater, "9");
        check("0.09", Ordering::Less, "0.1");
        check("123", Ordering::Less, "123.4");
        check("-123", Ordering::Greater, "-123.4");
        check("18446744073709551616", Ordering::Greater, "18446744073709551615");
    }

    #[test]
    fn text_that_is_no_number_in_reach_is_refused() {
        for text in ["", "-", "1e", "1e1000000", "1e-99999999999999999999", "0x10", "1_000", "NaN", ".5", "1.2.3"] {
            assert!(Decimal::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn only_values_that_round_to_infinity_are_not_finite() {
        let is_finite = |text: &str| Decimal::read(text).expect("a number").is_finite(text);
        assert!(is_finite("1.7976931348623157e308"));
        assert!(is_finite("0.00001e312"));
        assert!(is_finite("1e-9999"));
        assert!(!is_finite("1.8e308"));
        assert!(!is_finite("-1e400"));
        assert!(!is_finite("100000e304"));
    }

    #[test]
    fn the_nearest_binary64_is_that_of_the_standard_library() {
        // Half-way cases, the ends of the range, and more digits than any binary64 needs.
        let mut texts: Vec<String> = [
            "0",
            "-0",
            "0.0e7",
            "1E5",
            "1e+5",
            "9007199254740993",
            "9007199254740992.999999999999999999",
            "1e-400",
            "4.9406564584124654e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "2.2250738585072011e-308",
            "1.7976931348623157e308",
            "1.7976931348623158079e308",
            "1.7976931348623159e308",
            "1e999999",
            "-1e400",
        ]
        .map(String::from)
        .to_vec();
        for digits in [20, 400, 800, 5000] {
            texts.extend([format!("0.{}1", "0".repeat(digits)), "9".repeat(digits.min(300))]);
            texts.push(format!("9007199254740993{}1e-{digits}", "0".repeat(digits)));
            texts.push(format!("0.5{}1", "0".repeat(digits)));
        }
        let mut random = fastrand::Rng::with_seed(17);
        for _ in 0..100_000 {
            let near = f64::from_bits(random.u64(..));
            if near.is_finite() {
                texts.push(format!("{near:e}"));
                // Between a number and the next, where rounding is decided.
                let digits: String = (0..random.usize(1..40)).map(|_| random.digit(10)).collect();
                let point = random.usize(..=digits.len());
                let (whole, fraction) = digits.split_at(point);
                // A zero after or before other digits does not change the value.
                let whole = whole.trim_start_matches('0');
                let whole = if whole.is_empty() { "0" } else { whole };
                let fraction = format!("{fraction}0");
                texts.push(format!("{whole}.{fraction}e{}", random.i32(-345..310)));
            }
        }
        for text in texts {
            let expected: f64 = text.parse().expect("a number");
            assert_eq!(nearest_binary64(&text).map(f64::to_bits), Some(expected.to_bits()), "{text}");
        }
    }
}
