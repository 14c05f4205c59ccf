//! Bodies of calls from hosts.

use serde_json::{Map, Value, json};

/// The additional arguments that no rule reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Nothing.
    None,
    /// One string of this many bytes, the fastest case for a reader.
    OneString(usize),
    /// Small objects of about this many bytes in total, which a reader must parse.
    Members(usize),
}

impl Padding {
    /// The name of a refund with this padding in a table.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::None => "the call alone".to_owned(),
            Self::OneString(bytes) => format!("and {} KB in one string", bytes / 1_000),
            Self::Members(bytes) => format!("and {} KB in small objects", bytes / 1_000),
        }
    }

    fn arguments(self) -> Map<String, Value> {
        let mut arguments = Map::new();
        match self {
            Self::None => {}
            Self::OneString(bytes) => {
                arguments.insert("note".to_owned(), "x".repeat(bytes).into());
            }
            Self::Members(bytes) => {
                let mut length: usize = 0;
                for at in 0.. {
                    if length >= bytes {
                        break;
                    }
                    let (name, value) = (format!("line_{at}"), json!({ "sku": format!("A-{at}"), "qty": 3 }));
                    // Two quotes, a colon and a comma surround them.
                    length =
                        length.saturating_add(name.len()).saturating_add(value.to_string().len()).saturating_add(4);
                    arguments.insert(name, value);
                }
            }
        }
        arguments
    }
}

/// A refund request of a support desk agent.
#[must_use]
pub fn refund_text(amount: u32, padding: Padding) -> String {
    let mut arguments = Map::new();
    arguments.insert("order_id".to_owned(), "ORD-8821".into());
    arguments.insert("amount".to_owned(), amount.into());
    arguments.extend(padding.arguments());
    // The members are in a natural order, which a tree of values would not preserve.
    format!(
        r#"{{ "tool": "process_refund", "args": {arguments}, "role": "agent", "agentAttributes": {agent}, "resourceAttributes": {{}} }}"#,
        arguments = Value::Object(arguments),
        agent = r#"{ "user_id": "agt-099", "env": "production" }"#,
    )
}

/// The same call without the argument digest, which peers do not compute either.
#[must_use]
pub fn without_digest(call: &str) -> String {
    call.replacen('{', r#"{ "argsDigest": false,"#, 1)
}

/// A call from a host, with `padding` bytes of arguments that no rule reads.
#[must_use]
pub fn call_text(tool: &str, role: &str, amount: u32, padding: usize) -> String {
    let mut args = json!({ "order_id": "ORD-8821", "amount": amount });
    if padding > 0
        && let Some(args) = args.as_object_mut()
    {
        args.insert("note".to_owned(), "x".repeat(padding).into());
    }
    json!({
        "tool": tool, "args": args, "role": role,
        "agentAttributes": { "user_id": "agt-099", "env": "production", "mfa_verified": true },
        "resourceAttributes": {},
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CRM_POLICY, image, unenforced_crm_policy};
    use callgate_engine::{Call, Code, PolicyImage, RequestFacts, evaluate};

    #[track_caller]
    fn check(policy: &str, amount: u32, padding: Padding, expected: Code) {
        let bytes = image(policy).expect("a valid policy");
        let image = PolicyImage::open(&bytes).expect("an image");
        let text = refund_text(amount, padding);
        let facts = RequestFacts::default();
        for text in [without_digest(&text), text] {
            let call = Call::read(text.as_bytes(), &facts, &image).expect("a call");
            assert_eq!(evaluate(&image, &call).code, expected, "{amount}, {padding:?}");
        }
    }

    #[test]
    fn refunds_are_judged_by_their_amount_whatever_pads_them() {
        let open = unenforced_crm_policy().expect("a policy");
        for (policy, padding) in [
            (CRM_POLICY, Padding::None),
            (CRM_POLICY, Padding::OneString(1_000)),
            (open.as_str(), Padding::Members(1_000)),
            (open.as_str(), Padding::Members(250_000)),
        ] {
            check(policy, 200, padding, Code::Allowed);
            check(policy, 800, padding, Code::ConditionFailed);
        }
    }

    #[test]
    fn padding_is_as_long_as_it_says() {
        let alone = refund_text(200, Padding::None).len();
        for (padding, expected) in [(Padding::OneString(100_000), 100_000), (Padding::Members(100_000), 100_000)] {
            let length = refund_text(200, padding).len().saturating_sub(alone);
            assert!((expected..expected + 100).contains(&length), "{padding:?}: {length}");
        }
    }
}
