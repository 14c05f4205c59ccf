//! The trace that a call belongs to: the header `traceparent` of W3C Trace Context.

use alloc::string::String;

/// The length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// A trace and the caller's position in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    trace_id: [u8; 16],
    parent_id: [u8; 8],
    flags: u8,
}

impl TraceContext {
    /// Reads the header; `None` if it violates the standard (W3C Trace Context, section 3.2).
    ///
    /// A later version can have more fields after a dash, and only its sampled flag is known (section 3.2.4).
    pub(crate) fn read(header: &str) -> Option<Self> {
        let (known, more) = header.split_at_checked(LENGTH)?;
        let mut parts = known.split('-');
        let [version] = read_hex(parts.next()?)?;
        let (trace_id, parent_id) = (read_hex(parts.next()?)?, read_hex(parts.next()?)?);
        let [flags] = read_hex(parts.next()?)?;
        let is_whole = match version {
            0 => more.is_empty(),
            0xff => false,
            _ => more.is_empty() || more.starts_with('-'),
        };
        let is_valid = is_whole && parts.next().is_none() && trace_id != [0; 16] && parent_id != [0; 8];
        let flags = if version == 0 { flags } else { flags & 1 };
        is_valid.then_some(Self { trace_id, parent_id, flags })
    }

    /// A new trace from a decision's random bytes, without the sampled flag.
    pub(crate) fn start(random: [u8; 16]) -> Self {
        let (_, last) = random.split_at(8);
        let mut trace_id = random;
        let mut parent_id = <[u8; 8]>::try_from(last).unwrap_or_default();
        // In either, all zeros mean invalid.
        trace_id[15] |= u8::from(trace_id == [0; 16]);
        parent_id[7] |= u8::from(parent_id == [0; 8]);
        Self { trace_id, parent_id, flags: 0 }
    }

    /// Appends the trace ID in hexadecimal digits.
    pub(crate) fn write_trace_id(&self, out: &mut String) {
        write_hex::<32>(&self.trace_id, out);
    }

    /// Appends the header in version 00.
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str("00-");
        self.write_trace_id(out);
        out.push('-');
        write_hex::<16>(&self.parent_id, out);
        out.push('-');
        write_hex::<2>(&[self.flags], out);
    }
}

/// Reads bytes in lower-case hexadecimal digits; the standard has no other case.
fn read_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let decoded = base16ct::lower::decode(digits, &mut bytes).ok()?;
    (decoded.len() == N).then_some(bytes)
}

fn write_hex<const DIGITS: usize>(bytes: &[u8], out: &mut String) {
    let mut hex = [0; DIGITS];
    out.push_str(base16ct::lower::encode_str(bytes, &mut hex).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    const NEW: &str = "00-0102030405060708090a0b0c0d0e0f10-090a0b0c0d0e0f10-00";

    #[track_caller]
    fn check(header: &str, expected: &str) {
        let mut out = String::new();
        TraceContext::read(header).unwrap_or_else(|| TraceContext::start(RANDOM)).write(&mut out);
        assert_eq!(out, expected, "{header}");
    }

    #[test]
    fn a_trace_is_kept() {
        for header in [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "00-00000000000000000000000000000001-0000000000000001-ff",
        ] {
            check(header, header);
        }
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let expected = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        check("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", expected);
        check("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-what-comes", expected);
        check("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", expected);
        check("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more", NEW);
        check("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", NEW);
    }

    #[test]
    fn what_breaks_the_standard_starts_a_trace() {
        for header in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-é",
            // The header was sent twice.
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            check(header, NEW);
        }
    }

    #[test]
    fn a_new_trace_is_never_all_zeros() {
        let mut out = String::new();
        TraceContext::start([0; 16]).write(&mut out);
        assert_eq!(out, "00-00000000000000000000000000000001-0000000000000001-00");
    }
}
