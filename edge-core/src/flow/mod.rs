//! The path of a request from its head to its response, as a state machine that waits for nothing itself.
//!
//! [`next`] has the states in their order; each other file takes a request from one state to the next.

pub(crate) mod next;
pub(crate) mod deployment;
pub(crate) mod route;
mod admission;
mod endpoint;
pub(crate) mod rate;
pub(crate) mod body;
pub(crate) mod record;
pub(crate) mod sender;
