//! The checks: the steps of `cargo xtask test`, and separate commands for checks that take too long.

pub(crate) mod test;
mod steps;
mod summary;
pub(crate) mod rooms;

pub(crate) mod fuzz;
pub(crate) mod mutants;
pub(crate) mod load;
