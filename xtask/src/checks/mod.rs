//! The checks: the steps of `cargo xtask test`, and those that take too long to be one.

pub(crate) mod test;
mod steps;
mod summary;
pub(crate) mod rooms;

pub(crate) mod fuzz;
pub(crate) mod mutants;
pub(crate) mod load;
