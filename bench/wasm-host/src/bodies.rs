//! The measured calls, as bytes from a host.

use callgate_bench::{Padding, call_text, refund_text, without_digest};

use crate::policy::Policy;

/// The measured refunds, which are allowed and have increasingly large unused arguments.
pub(crate) const REFUNDS: [Padding; 7] = [
    Padding::None,
    Padding::OneString(1_000),
    Padding::OneString(100_000),
    Padding::OneString(250_000),
    Padding::Members(1_000),
    Padding::Members(100_000),
    Padding::Members(250_000),
];

/// The refund call. An agent can refund at most 500.
pub(crate) fn refund(amount: u32, padding: Padding) -> Vec<u8> {
    refund_text(amount, padding).into_bytes()
}

/// The call of a host that does not need the argument digest.
pub(crate) fn refund_without_digest() -> Vec<u8> {
    without_digest(&refund_text(200, Padding::None)).into_bytes()
}

/// The policy whose refund schema declares arguments with this padding.
pub(crate) fn policy_of(padding: Padding) -> Policy {
    match padding {
        Padding::None | Padding::OneString(_) => Policy::Crm,
        Padding::Members(_) => Policy::CrmWithoutSchema,
    }
}

/// `calls` refunds in one body.
pub(crate) fn refund_batch(calls: usize) -> Vec<u8> {
    format!(r#"{{ "calls": [{}] }}"#, vec![refund_text(200, Padding::None); calls].join(", ")).into_bytes()
}

/// A refund whose body has exactly `length` bytes, or its minimum length.
pub(crate) fn refund_of_length(length: usize) -> Vec<u8> {
    let around = refund(200, Padding::OneString(0)).len();
    refund(200, length.checked_sub(around).map_or(Padding::None, Padding::OneString))
}

/// A call that generated policies of any size allow, with a rule without a condition.
pub(crate) fn exact_tool() -> Vec<u8> {
    call_text("tool_0", "role_0", 200, 0).into_bytes()
}

/// A call to a tool that the open policy only matches with a pattern.
pub(crate) fn pattern_tool() -> Vec<u8> {
    call_text("server42_read_file", "agent", 200, 0).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_the_length_that_was_asked_for() {
        for length in [1_000, 262_144, 262_145] {
            assert_eq!(refund_of_length(length).len(), length);
        }
        assert_eq!(refund_of_length(0), refund(200, Padding::None));
    }
}
