//! Tools that are Python programs: a requirements file pins them, an environment below the build directory holds them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};

use super::missing_tool::find_python;
use crate::checkout::Checkout;
use crate::process;

/// What is installed, from the directory of the end-to-end suite.
const REQUIREMENTS: &str = "schemathesis/requirements.txt";

/// Installs schemathesis where it is missing or its versions have changed since, and tells where it is.
pub(crate) fn install_schemathesis(checkout: &Checkout) -> Result<PathBuf> {
    let python = find_python()?;
    let requirements = checkout.e2e().join(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements).with_context(|| format!("can't read `{REQUIREMENTS}`"))?;
    let environment = checkout.target().join("schemathesis");
    // Written last, so an installation that was broken off is made anew.
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
    ensure!(program.is_file(), "the Python packages brought no `schemathesis`");
    fs::write(&installed, wanted).with_context(|| format!("can't write `{}`", installed.display()))?;
    Ok(program)
}

fn program_in(environment: &Path, name: &str) -> PathBuf {
    let directory = if cfg!(windows) { "Scripts" } else { "bin" };
    environment.join(directory).join(name).with_extension(env::consts::EXE_EXTENSION)
}
