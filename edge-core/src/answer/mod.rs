//! Responses: decisions, and the description of the policy.

pub(crate) mod build_facts;
pub(crate) mod check;
pub(crate) mod decision;
pub(crate) mod explanation;
pub(crate) mod edge_facts;
#[cfg(feature = "embed")]
pub(crate) mod embedded;
pub(crate) mod policy;
