//! The path of a request from its head to its response, as a state machine that waits for nothing itself.

pub(crate) mod admission;
pub(crate) mod deployment;
pub(crate) mod edge_facts;
pub(crate) mod pending;
pub(crate) mod route;
