//! The edges: how each is built, measured and served.

pub(crate) mod policy;
pub(crate) mod remap;
pub(crate) mod worker;
pub(crate) mod spin;
pub(crate) mod table;
pub(crate) mod reproduce;
pub(crate) mod size;
pub(crate) mod parts;

pub(crate) mod up;
mod api_keys;
