//! Policies of other engines as policies of `callgate-1`.
//!
//! A migrated policy allows no call that its source denies. What `callgate-1` cannot express is denied, and a
//! [`Finding`] reports it with its position in the source. `docs/migrate.md` describes both sources in full.
//!
//! A perso policy, in JSON:
//!
//! ```
//! let source = r#"{ "version": "perso-1", "default_action": "Allow", "tools": ["view"], "roles": ["clerk"],
//!     "rules": [{ "tool_name": "view", "roles": ["clerk"] }] }"#;
//! let migrated = callgate_migrate::from_perso(source).expect("perso accepts the policy");
//! assert!(migrated.policy.contains(r#""version": "callgate-1""#));
//! // callgate denies what no rule allows, so a default of `Allow` is lost.
//! assert_eq!(migrated.findings[0].code, "allows_by_default");
//! assert!(!migrated.is_complete());
//! ```
//!
//! An mcpkit policy, in YAML, for the role `agent`, because mcpkit has no roles:
//!
//! ```
//! let source = "version: '1.0'\ntools:\n  allow: [view]\n";
//! let migrated = callgate_migrate::from_mcpkit(source, "agent").expect("mcpkit accepts the policy");
//! assert!(migrated.policy.contains(r#""tool_name": "view""#));
//! assert!(migrated.is_complete());
//!
//! // mcpkit ignores the whole section for the wrong type, so nothing is written.
//! let source = "version: '1.0'\nmcp:\n  tools:\n    allow: [view]\n";
//! assert!(callgate_migrate::from_mcpkit(source, "agent").is_err());
//! ```

mod finding;
mod mcpkit;
mod perso;
mod policy;

use callgate_engine::policy::text::Diagnostic;

pub use self::finding::{Finding, Position, Weight};
use self::policy::Policy;

/// A `callgate-1` policy and its differences from the source.
#[derive(Debug)]
pub struct Migrated {
    /// The policy text, which the engine accepts.
    pub policy: String,
    /// The differences, in the order of the source.
    pub findings: Vec<Finding>,
}

impl Migrated {
    /// Whether the policy has a counterpart for every part of the source.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.findings.iter().all(|finding| finding.weight == Weight::Note)
    }
}

/// Why no policy is written.
#[derive(Debug)]
pub enum Refusal {
    /// The engine reads the source in its perso dialect, and the source has these errors.
    PersoSource(Vec<Diagnostic>),
    /// The source is not a policy that mcpkit accepts; at least one of these findings is an error.
    McpkitSource(Vec<Finding>),
    /// The role cannot have this name, for the given reason.
    Role(String),
    /// The engine rejects the migrated policy.
    Result {
        /// The differences from the source, in the order of the source.
        findings: Vec<Finding>,
        /// The text of the rejected policy.
        policy: String,
        /// Its errors.
        problems: Vec<Diagnostic>,
    },
}

/// Migrates the JSON text of a perso policy.
///
/// # Errors
/// perso does not accept the policy, or the engine does not accept its migration.
pub fn from_perso(text: &str) -> Result<Migrated, Refusal> {
    let (policy, findings) = perso::migrate(text).map_err(Refusal::PersoSource)?;
    finish(&policy, findings)
}

/// Migrates the YAML text of an mcpkit policy; all rules are for one `role`.
///
/// # Errors
/// mcpkit does not accept the policy, or the engine does not accept the role or the migration.
pub fn from_mcpkit(text: &str, role: &str) -> Result<Migrated, Refusal> {
    policy::judge(&Policy::new(Some(Vec::new()), vec![role.to_owned()], Vec::new())).map_err(Refusal::Role)?;
    match mcpkit::migrate(text, role, policy::judge) {
        (Some(policy), findings) => finish(&policy, findings),
        (None, findings) => Err(Refusal::McpkitSource(in_order(findings))),
    }
}

fn finish(policy: &Policy, findings: Vec<Finding>) -> Result<Migrated, Refusal> {
    let findings = in_order(findings);
    let policy = policy.to_text();
    match policy::check(&policy) {
        Ok(()) => Ok(Migrated { policy, findings }),
        Err(problems) => Err(Refusal::Result { findings, policy, problems }),
    }
}

fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| finding.position);
    findings
}
