//! Finds the programs that the commands use, and installs missing ones.

pub(crate) mod missing_tool;
pub(crate) mod rust_toolchain;
pub(crate) mod cargo_tools;
pub(crate) mod npm_packages;
pub(crate) mod python_packages;
