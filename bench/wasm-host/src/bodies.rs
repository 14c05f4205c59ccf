//! The calls that are measured, as the bytes that a host sends.
//!
//! They are written out, since a crate that builds a tree of values chooses the order of the members by its features.

/// Arguments that no rule reads, beside those that a rule does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Padding {
    /// No others.
    None,
    /// One string of so many bytes.
    String(usize),
    /// About so many bytes of members, as a record of a database has them.
    Members(usize),
}

/// The arguments of a refund.
pub(crate) fn refund_arguments(amount: u32, padding: Padding) -> String {
    let note = match padding {
        Padding::None => String::new(),
        Padding::String(bytes) => format!(r#", "note": "{}""#, "x".repeat(bytes)),
        Padding::Members(bytes) => format!(r#", "note": {{{}}}"#, members(bytes)),
    };
    format!(r#"{{ "order_id": "ORD-8821", "amount": {amount}{note} }}"#)
}

/// Members with every kind of value until they have `bytes` bytes.
fn members(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes.saturating_add(64));
    let mut at = 0_u32;
    while text.len() < bytes {
        let value = match at % 4 {
            0 => format!("{at}"),
            1 => format!(r#""value {at} of a record""#),
            2 => format!(r#"{{ "id": {at}, "is_open": true, "owner": null }}"#),
            _ => format!(r#"[{at}, 0.5, "a", "b"]"#),
        };
        let comma = if at == 0 { "" } else { ", " };
        text.push_str(&format!(r#"{comma}"field_{at}": {value}"#));
        at = at.saturating_add(1);
    }
    text
}

/// What the host knows of the agent that asks for a refund.
pub(crate) const AGENT_ATTRIBUTES: &str = r#"{ "user_id": "agt-099", "env": "production" }"#;

/// The call of a refund by the policy that ships, which allows an agent 500.
pub(crate) fn refund(amount: u32, padding: Padding) -> Vec<u8> {
    refund_text(amount, padding).into_bytes()
}

/// `calls` refunds in one body.
pub(crate) fn refund_batch(calls: usize) -> Vec<u8> {
    let call = refund_text(200, Padding::None);
    format!(r#"{{ "calls": [{}] }}"#, vec![call; calls].join(", ")).into_bytes()
}

fn refund_text(amount: u32, padding: Padding) -> String {
    call("process_refund", "agent", &refund_arguments(amount, padding))
}

/// A call that a generated policy of any size allows, by a rule without a condition.
pub(crate) fn exact_tool() -> Vec<u8> {
    call("tool_0", "role_0", &refund_arguments(200, Padding::None)).into_bytes()
}

/// A call of a tool that the open policy knows by a pattern alone.
pub(crate) fn pattern_tool() -> Vec<u8> {
    call("server42_read_file", "agent", &refund_arguments(200, Padding::None)).into_bytes()
}

fn call(tool: &str, role: &str, arguments: &str) -> String {
    format!(
        r#"{{ "tool": "{tool}", "args": {arguments}, "role": "{role}", "agentAttributes": {AGENT_ATTRIBUTES}, "resourceAttributes": {{}} }}"#
    )
}

/// A refund whose body has exactly `length` bytes, or as many as it has without padding.
pub(crate) fn refund_of_length(length: usize) -> Vec<u8> {
    let around = refund(200, Padding::String(0)).len();
    refund(200, length.checked_sub(around).map_or(Padding::None, Padding::String))
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
