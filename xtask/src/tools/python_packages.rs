//! Python tools, pinned in a requirements file and installed in an environment below the build directory.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};

use super::missing_tool::find_python;
use crate::checkout::Checkout;
use crate::process;

/// The requirements file, relative to the end-to-end suite.
const REQUIREMENTS: &str = "schemathesis/requirements.txt";

/// Installs schemathesis if it is missing or outdated, and returns its path.
pub(crate) fn install_schemathesis(checkout: &Checkout) -> Result<PathBuf> {
    let python = find_python()?;
    let requirements = checkout.e2e().join(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements).with_context(|| format!("cannot read `{REQUIREMENTS}`"))?;
    let environment = checkout.target().join("schemathesis");
    // Written last, so that an interrupted installation is repeated.
    let installed = environment.join("installed.txt");
    let program = program_in(&environment, "schemathesis");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) && program.is_file() {
        return Ok(program);
    }
    println!("installing the Python packages of `{REQUIREMENTS}`");
    let mut command = Command::new(python);
    command.args(["-m", "venv", "--clear"]).arg(&environment);
    process::run(command)?;
    let mut command = Command::new(program_in(&environment, "python"));
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
    process::run(command)?;
    ensure!(program.is_file(), "the Python packages do not contain `schemathesis`");
    fs::write(&installed, wanted).with_context(|| format!("cannot write `{}`", installed.display()))?;
    Ok(program)
}

fn program_in(environment: &Path, name: &str) -> PathBuf {
    let directory = if cfg!(windows) { "Scripts" } else { "bin" };
    environment.join(directory).join(name).with_extension(env::consts::EXE_EXTENSION)
}
