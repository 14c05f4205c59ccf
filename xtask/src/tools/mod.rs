//! The programs that the commands use: where each is found, and how a missing one is installed.

pub(crate) mod missing_tool;
pub(crate) mod rust_toolchain;
pub(crate) mod cargo_tools;
pub(crate) mod npm_packages;
pub(crate) mod python_packages;
