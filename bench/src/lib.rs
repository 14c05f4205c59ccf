//! Policies and bodies of any size for the benchmarks, the same in every run.

mod bodies;

pub use bodies::{Padding, call_text, refund_text, without_digest};

use callgate_engine::{compile, parse, validate};
use serde_json::{Value, json};

/// The roles of a generated policy.
const ROLES: usize = 10;

/// The text of a `callgate-1` policy with `rules` rules, each for a different (role, tool) pair.
///
/// The first four rules are the same in every size: `tool_0` for `role_0` without a condition, `tool_0` for `role_1`
/// with one number, `tool_0` for `role_2` with all of three checks, `tool_0` for `role_3` with a denial. An image sorts
/// rules by their IDs, which put these rules in the middle, away from memory that every decision reads.
#[must_use]
pub fn policy_text(rules: usize) -> String {
    let mut random = fastrand::Rng::with_seed(0x00ca_1190_7e5e_ed00);
    let (tools, roles) = (tool_names(rules), role_names());
    let middle = rules.checked_div(2).unwrap_or_default();
    let rule = |at: usize, condition: Value| {
        let effect = if at == 3 { "Deny" } else { "Allow" };
        json!({
            "id": format!("rule-{}", at.saturating_add(middle).checked_rem(rules).unwrap_or_default()),
            "effect": effect,
            "tool_name": format!("tool_{}", at.checked_div(ROLES).unwrap_or_default()),
            "roles": [format!("role_{}", at.checked_rem(ROLES).unwrap_or_default())],
            "condition": condition,
        })
    };
    let rules: Vec<Value> = (0..rules)
        .map(|at| {
            let limit = random.u32(1..10_000);
            let condition = match at {
                0 | 3 => Value::Null,
                1 => at_most(500),
                2 => all_of_three(500),
                _ => match random.u8(0..4) {
                    0 => Value::Null,
                    1 => at_most(limit),
                    2 => json!({ "Not": at_most(limit) }),
                    _ => all_of_three(limit),
                },
            };
            rule(at, condition)
        })
        .collect();
    json!({ "version": "callgate-1", "tools": tools, "roles": roles, "rules": rules }).to_string()
}

/// The text of a `callgate-1` policy with the (role, tool) pairs of [`policy_text`] for `rules` rules, but with one
/// rule per role.
#[must_use]
pub fn shared_policy_text(pairs: usize) -> String {
    let rules: Vec<Value> = (0..ROLES)
        .map(|at| {
            json!({ "id": format!("rule-{at}"), "effect": "Allow", "tool_name": "*", "roles": [format!("role_{at}")] })
        })
        .collect();
    json!({ "version": "callgate-1", "tools": tool_names(pairs), "roles": role_names(), "rules": rules }).to_string()
}

fn tool_names(pairs: usize) -> Vec<String> {
    (0..pairs.div_ceil(ROLES)).map(|at| format!("tool_{at}")).collect()
}

fn role_names() -> serde_json::Map<String, Value> {
    (0..ROLES).map(|at| (format!("role_{at}"), json!({}))).collect()
}

fn at_most(limit: u32) -> Value {
    json!({ "NumericCheck": { "source": "Arguments", "field": "amount", "op": "Lte", "value": limit } })
}

fn all_of_three(limit: u32) -> Value {
    json!({ "All": [
        at_most(limit),
        { "StringCheck": { "source": "AgentAttributes", "field": "env", "op": "In", "value": ["production"] } },
        { "BoolCheck": { "source": "AgentAttributes", "field": "mfa_verified", "value": true } },
    ] })
}

/// The default policy, as the source text of its image.
pub const CRM_POLICY: &str = include_str!("../../policies/crm.json");

/// The default policy whose refund validates its arguments itself.
///
/// # Errors
/// The default policy no longer has the expected form.
pub fn unenforced_crm_policy() -> Result<String, String> {
    let mut policy: Value = serde_json::from_str(CRM_POLICY).map_err(|error| error.to_string())?;
    let refund = policy.pointer_mut("/tools/2").and_then(Value::as_object_mut);
    refund.ok_or("there is no refund")?.insert("enforceSchema".to_owned(), false.into());
    Ok(policy.to_string())
}

/// The schema of the refund in the default policy.
///
/// # Errors
/// The default policy no longer has the expected form.
pub fn refund_schema() -> Result<Value, String> {
    let policy: Value = serde_json::from_str(CRM_POLICY).map_err(|error| error.to_string())?;
    policy.pointer("/tools/2/inputSchema").cloned().ok_or_else(|| "the refund has no schema".to_owned())
}

/// The image of a policy text.
///
/// # Errors
/// The policy is invalid.
pub fn image(text: &str) -> Result<Vec<u8>, String> {
    let policy = parse(text).and_then(validate).map_err(|problems| format!("{problems:?}"))?;
    Ok(compile(&policy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use callgate_engine::{Call, Code, PolicyImage, RequestFacts, evaluate};

    #[test]
    fn policies_of_every_size_decide_the_same_first_calls() {
        for rules in [10, 1_000] {
            let bytes = image(&policy_text(rules)).expect("a valid policy");
            let image = PolicyImage::open(&bytes).expect("an image");
            for (role, amount, expected) in [
                ("role_0", 800, Code::Allowed),
                ("role_1", 500, Code::Allowed),
                ("role_1", 800, Code::ConditionFailed),
                ("role_2", 500, Code::Allowed),
                ("role_3", 1, Code::DeniedByRule),
            ] {
                let text = call_text("tool_0", role, amount, 0);
                let facts = RequestFacts::default();
                let call = Call::read(text.as_bytes(), &facts, &image).expect("a call");
                assert_eq!(evaluate(&image, &call).code, expected, "{rules} rules, {role}, {amount}");
            }
        }
    }

    #[test]
    fn one_seed_gives_one_policy() {
        assert_eq!(policy_text(100), policy_text(100));
    }
}
