//! The policies that the modules embed.

use callgate_bench::{CRM_POLICY, open_crm_policy, policy_text};
use serde_json::{Value, json};
use wasmtime::{Error, Result};

/// The sizes of the generated policies, in rules.
pub(crate) const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];

/// Which policy a module embeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The one that ships.
    Crm,
    /// The same with a refund that takes any argument.
    CrmAnyArguments,
    /// A generated one of so many rules.
    Rules(usize),
    /// One without a list of tools, whose rules are patterns.
    Open,
}

impl Policy {
    /// All that are measured.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Self::Crm, Self::CrmAnyArguments, Self::Open].into_iter().chain(SIZES.map(Self::Rules))
    }

    /// The name of its module.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Crm => "crm".to_owned(),
            Self::CrmAnyArguments => "crm-any-arguments".to_owned(),
            Self::Rules(rules) => format!("rules-{rules}"),
            Self::Open => "open".to_owned(),
        }
    }

    /// Its text.
    pub(crate) fn text(self) -> Result<String> {
        match self {
            Self::Crm => Ok(CRM_POLICY.to_owned()),
            Self::CrmAnyArguments => open_crm_policy().map_err(Error::msg),
            Self::Rules(rules) => Ok(policy_text(rules)),
            Self::Open => Ok(open_policy_text()),
        }
    }
}

/// An open policy of a hundred servers, each with a rule for its tools that read and one for those that delete.
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
