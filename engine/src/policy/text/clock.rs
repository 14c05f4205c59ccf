//! Times of a day and offsets from UTC in a policy.

/// Reads `HH:MM`, from `00:00` to `24:00`, as minutes.
pub(crate) fn read_clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let read = |digits: &str| {
        let is_plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| is_plain)
    };
    let (hours, minutes) = (read(hours)?, read(minutes).filter(|&minutes| minutes < 60)?);
    hours.checked_mul(60)?.checked_add(minutes).filter(|&total| total <= 24 * 60)
}

/// Reads `Z`, `+HH:MM` or `-HH:MM`, at most 14 hours, as minutes east of UTC.
pub(crate) fn read_offset(text: &str) -> Option<i16> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, clock) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(clock), _) => (1, clock),
        (_, Some(clock)) => (-1, clock),
        _ => return None,
    };
    let minutes = i16::try_from(read_clock(clock)?).ok().filter(|&minutes| minutes <= 14 * 60)?;
    minutes.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_and_offsets_are_written_in_one_way() {
        for text in ["", "9:00", "09:0", "24:01", "12:60", "+9:00", "0900", "09:00:00", " 09:00"] {
            assert_eq!(read_clock(text), None, "{text}");
        }
        for text in ["", "z", "UTC", "01:00", "+1:00", "+14:01", "+0100", "−01:00"] {
            assert_eq!(read_offset(text), None, "{text}");
        }
        assert_eq!((read_clock("24:00"), read_offset("-14:00")), (Some(1440), Some(-840)));
        assert_eq!((read_clock("23:59"), read_offset("+14:00"), read_offset("Z")), (Some(1439), Some(840), Some(0)));
    }
}
