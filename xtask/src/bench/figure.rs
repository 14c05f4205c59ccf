//! Formats figures with three significant digits, in a readable unit.

/// A value with its unit.
pub(super) fn figure(value: f64, unit: &str) -> String {
    let (value, unit) = match unit {
        "ns" if value >= 1e9 => (value / 1e9, "s"),
        "ns" if value >= 1e6 => (value / 1e6, "ms"),
        "ns" if value >= 1e3 => (value / 1e3, "µs"),
        // Sizes are compared digit by digit, so they stay in bytes, and integers stay integers.
        "B" if value.fract() == 0.0 => return format!("{} B", thousands(&format!("{value:.0}"))),
        unit => (value, unit),
    };
    if unit.is_empty() { number(value) } else { format!("{} {unit}", number(value)) }
}

/// A number with three significant digits, or as an integer if it has more.
pub(super) fn number(value: f64) -> String {
    if value.abs() >= 99.95 {
        thousands(&format!("{value:.0}"))
    } else if value.abs() >= 9.995 {
        format!("{value:.1}")
    } else if value.abs() >= 0.995 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

/// An integer with thousands separators.
fn thousands(digits: &str) -> String {
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(at);
        if at > 0 && left.is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: f64, unit: &str, expected: &str) {
        assert_eq!(figure(value, unit), expected);
    }

    #[test]
    fn times_take_the_unit_that_reads_best() {
        check(6.42, "ns", "6.42 ns");
        check(38.46, "ns", "38.5 ns");
        check(886.4, "ns", "886 ns");
        check(2_320.0, "ns", "2.32 µs");
        check(15_800_000.0, "ns", "15.8 ms");
        check(4_200_000_000.0, "ns", "4.20 s");
    }

    #[test]
    fn other_units_stay_as_they_are() {
        check(279_507.0, "B", "279,507 B");
        check(38.0, "B", "38 B");
        check(12_345.6, "requests/s", "12,346 requests/s");
        check(1.234, "GB/s", "1.23 GB/s");
        check(-1_234.0, "B", "-1,234 B");
        check(0.412, "", "0.412");
    }
}
