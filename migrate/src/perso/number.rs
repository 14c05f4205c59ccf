//! Converts perso's comparisons of binary64 numbers to exact decimals.
//!
//! perso rounds a call's number to a binary64 before the comparison, so numbers next to a bound are treated as the
//! bound. If that denied a call, the bound here is the next binary64 inside; if that allowed a call, the exact bound is
//! stricter.

use callgate_engine::language::operators::NumericOp;

/// A comparison with a number, as text.
pub(super) type Comparison = (NumericOp, String);

/// The conversion of a comparison.
#[derive(Debug, PartialEq)]
pub(super) enum Exact {
    /// All of these must be true.
    All(Vec<Comparison>),
    /// No number passes.
    Never,
}

/// Comparisons that are true only for numbers for which perso's is true.
pub(super) fn not_more_than(op: NumericOp, text: &str, value: f64) -> Exact {
    let beside = |op, bound: f64| match spell(bound) {
        Some(text) => Exact::All(vec![(op, text)]),
        None => Exact::Never,
    };
    match op {
        NumericOp::Lt => beside(NumericOp::Lte, value.next_down()),
        NumericOp::Gt => beside(NumericOp::Gte, value.next_up()),
        _ => Exact::All(vec![(op, text.to_owned())]),
    }
}

/// Comparisons that are each true for every number for which perso's is true.
pub(super) fn not_less_than(op: NumericOp, text: &str, value: f64) -> Vec<Comparison> {
    // Beyond the largest binary64, a bound would exclude no number.
    let beside = |op, bound: f64| spell(bound).map(|text| (op, text));
    match op {
        NumericOp::Lte => beside(NumericOp::Lt, value.next_up()).into_iter().collect(),
        NumericOp::Gte => beside(NumericOp::Gt, value.next_down()).into_iter().collect(),
        NumericOp::Eq => {
            let (below, above) = beyond_equality(value);
            beside(NumericOp::Gt, below).into_iter().chain(beside(NumericOp::Lt, above)).collect()
        }
        _ => vec![(op, text.to_owned())],
    }
}

/// The nearest numbers on both sides that perso does not treat as equal to `value`.
fn beyond_equality(value: f64) -> (f64, f64) {
    let is_near = |other: f64| (value - other).abs() < f64::EPSILON;
    let (mut below, mut above) = (value - f64::EPSILON, value + f64::EPSILON);
    // If adjacent numbers are further apart than the distance, the sum is `value` itself.
    while is_near(below) {
        below = below.next_down();
    }
    while is_near(above) {
        above = above.next_up();
    }
    (below, above)
}

/// The shortest text of this binary64; `None` for an infinity.
fn spell(value: f64) -> Option<String> {
    let text = format!("{value:?}");
    value.is_finite().then(|| text.strip_suffix(".0").map(str::to_owned).unwrap_or(text))
}

/// The decimal that perso compares with, if it differs from the text.
pub(super) fn rounded(text: &str, value: f64) -> Option<String> {
    // No binary64 has more decimal places.
    let exact = format!("{value:.1074}");
    if digits(text)? == digits(&exact)? {
        return None;
    }
    let shown: String = exact.trim_end_matches('0').trim_end_matches('.').chars().take(40).collect();
    Some(if shown.len() < 40 { shown } else { format!("{shown}…") })
}

/// The sign, the digits without leading and trailing zeros, and the exponent: equal for two texts of one number.
fn digits(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len().checked_sub(significant.len())?).ok()?;
    let places = i64::try_from(fraction.len()).ok()?;
    let power = exponent.parse::<i64>().ok()?.checked_sub(places)?.checked_add(zeros)?;
    let significant = significant.trim_start_matches('0').to_owned();
    Some(if significant.is_empty() { (false, significant, 0) } else { (negative, significant, power) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(op: NumericOp, text: &str, allowed: Exact, denied: &[(NumericOp, &str)]) {
        let value = text.parse().expect("a number");
        assert_eq!(not_more_than(op, text, value), allowed, "{op:?} {text}");
        let denied: Vec<Comparison> = denied.iter().map(|&(op, text)| (op, text.to_owned())).collect();
        assert_eq!(not_less_than(op, text, value), denied, "{op:?} {text}");
    }

    fn one(op: NumericOp, text: &str) -> Exact {
        Exact::All(vec![(op, text.to_owned())])
    }

    #[test]
    fn a_bound_moves_only_where_rounding_would_let_more_in() {
        use NumericOp::{Eq, Gt, Gte, Lt, Lte};
        check(Lte, "500.0", one(Lte, "500.0"), &[(Lt, "500.00000000000006")]);
        check(Gte, "500", one(Gte, "500"), &[(Gt, "499.99999999999994")]);
        check(Lt, "200", one(Lte, "199.99999999999997"), &[(Lt, "200")]);
        check(Gt, "9007199254740992", one(Gte, "9007199254740994"), &[(Gt, "9007199254740992")]);
        check(Eq, "3", one(Eq, "3"), &[(Gt, "2.9999999999999996"), (Lt, "3.0000000000000004")]);
        check(Eq, "0", one(Eq, "0"), &[(Gt, "-2.220446049250313e-16"), (Lt, "2.220446049250313e-16")]);
    }

    #[test]
    fn beyond_the_largest_number_there_is_nothing_to_allow_and_nothing_to_deny() {
        let most = "1.7976931348623157e308";
        check(NumericOp::Gt, most, Exact::Never, &[(NumericOp::Gt, most)]);
        check(NumericOp::Lte, most, one(NumericOp::Lte, most), &[]);
    }

    #[test]
    fn a_number_that_a_binary64_does_not_hold_is_shown_as_it_is_held() {
        for exact in ["500", "500.0", "5e2", "0.5", "-0", "0.0", "-12.250", "9007199254740992", "1e22"] {
            assert_eq!(rounded(exact, exact.parse().expect("a number")), None, "{exact}");
        }
        let shown = |text: &str| rounded(text, text.parse().expect("a number"));
        assert_eq!(shown("0.3").as_deref(), Some("0.29999999999999998889776975374843459576…"));
        assert_eq!(shown("9007199254740993").as_deref(), Some("9007199254740992"));
        assert!(shown("1e23").is_some());
    }
}
