//! Tools that the commands require and cannot install.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fmt};

/// A tool that is not installed.
#[derive(Debug)]
pub(crate) struct MissingTool {
    name: &'static str,
    /// How to install it.
    remedy: &'static str,
}

impl fmt::Display for MissingTool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is missing; {}", self.name, self.remedy)
    }
}

impl std::error::Error for MissingTool {}

/// Finds `node` on `PATH`.
pub(crate) fn find_node() -> Result<PathBuf, MissingTool> {
    find("node", "install Node.js 22 or newer from https://nodejs.org")
}

/// Finds `npm` on `PATH`.
pub(crate) fn find_npm() -> Result<PathBuf, MissingTool> {
    find("npm", "install Node.js 22 or newer, which includes it, from https://nodejs.org")
}

/// Finds `rustup` on `PATH`.
pub(crate) fn find_rustup() -> Result<PathBuf, MissingTool> {
    find("rustup", "install it from https://rustup.rs to add the missing parts of the Rust toolchain")
}

/// Finds `wrk` on `PATH`.
pub(crate) fn find_wrk() -> Result<PathBuf, MissingTool> {
    find("wrk", "install it with `apt install wrk` or `brew install wrk`, or from https://github.com/wg/wrk")
}

/// Finds a `python3` on `PATH` that can create virtual environments, which some systems package separately.
pub(crate) fn find_python() -> Result<PathBuf, MissingTool> {
    let python = find("python3", "install Python 3.10 or newer from https://www.python.org")?;
    let check = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
    let status = Command::new(&python).args(["-c", check]).stderr(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        Ok(python)
    } else {
        let remedy = "install Python 3.10 or newer with the module `venv`, for example with `apt install python3-venv`";
        Err(MissingTool { name: "python3", remedy })
    }
}

/// Finds the C++ compiler for libFuzzer: the one in `CXX`, or the system's.
pub(crate) fn find_cxx() -> Result<PathBuf, MissingTool> {
    const REMEDY: &str = "install a C++ compiler, such as `g++`, for libFuzzer";
    match env::var_os("CXX") {
        Some(chosen) => which::which(chosen).map_err(|_| MissingTool { name: "CXX", remedy: REMEDY }),
        None => find("c++", REMEDY),
    }
}

fn find(name: &'static str, remedy: &'static str) -> Result<PathBuf, MissingTool> {
    which::which(name).map_err(|_| MissingTool { name, remedy })
}
