//! The embedded policies of the modules.

use callgate_bench::{CRM_POLICY, policy_text, unenforced_crm_policy};
use serde_json::{Value, json};
use wasmtime::{Error, Result};

/// The sizes of the generated policies, in rules.
pub(crate) const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];

/// The embedded policy of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The default policy.
    Crm,
    /// The default policy whose refund validates its arguments itself, so that it accepts any.
    CrmWithoutSchema,
    /// A generated policy with this number of rules.
    Rules(usize),
    /// A policy without a list of tools, whose rules are patterns.
    Open,
}

impl Policy {
    /// All measured policies.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Self::Crm, Self::CrmWithoutSchema, Self::Open].into_iter().chain(SIZES.map(Self::Rules))
    }

    /// The name of its module.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Crm => "crm".to_owned(),
            Self::CrmWithoutSchema => "crm-without-schema".to_owned(),
            Self::Rules(rules) => format!("rules-{rules}"),
            Self::Open => "open".to_owned(),
        }
    }

    /// Its text.
    pub(crate) fn text(self) -> Result<String> {
        match self {
            Self::Crm => Ok(CRM_POLICY.to_owned()),
            Self::CrmWithoutSchema => unenforced_crm_policy().map_err(Error::msg),
            Self::Rules(rules) => Ok(policy_text(rules)),
            Self::Open => Ok(open_policy_text()),
        }
    }
}

/// An open policy for a hundred servers, each with a rule for its reading tools and one for its deleting tools.
fn open_policy_text() -> String {
    let rules: Vec<Value> = (0..100)
        .flat_map(|server| {
            [("Allow", "read"), ("Deny", "delete")].map(|(effect, verb)| {
                json!({
                    "id": format!("{verb}-{server}"),
                    "effect": effect,
                    "tool_name": format!("server{server}_{verb}_*"),
                    "roles": ["agent"],
                })
            })
        })
        .collect();
    json!({ "version": "callgate-1", "roles": { "agent": {} }, "rules": rules }).to_string()
}
