//! The terms that policies and calls share: targets, effects, operators and times.

pub mod case;
pub(crate) mod conflicts;
pub mod effect;
pub(crate) mod index;
pub mod operators;
pub(crate) mod problem;
pub(crate) mod pattern;
pub mod target;
pub mod time_window;
pub(crate) mod dialect;
