//! Tools from npm packages, which e2e/package.json pins in e2e/node_modules. Packages only for measurements have their
//! own directory.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs, iter};

use anyhow::{Context as _, Result};

use super::missing_tool::{find_node, find_npm};
use crate::checkout::Checkout;
use crate::process;

/// Installs the packages if they are missing or the lock file has changed.
pub(crate) fn install(checkout: &Checkout) -> Result<()> {
    install_in(&checkout.e2e())
}

/// Like [`install`], for the npm project in a directory.
pub(crate) fn install_in(directory: &Path) -> Result<()> {
    // Packages are started through `node`, whose newer version is itself an npm package.
    find_node()?;
    let npm = find_npm()?;
    // npm writes this file last, so an interrupted installation is repeated.
    let installed = modified(&directory.join("node_modules/.package-lock.json"));
    let locked = modified(&directory.join("package-lock.json"));
    if installed.is_some_and(|installed| locked.is_none_or(|locked| locked <= installed)) {
        return Ok(());
    }
    println!("installing the npm packages of `{}`", directory.file_name().unwrap_or_default().display());
    let mut command = Command::new(npm);
    // npm warns about the system's Node.js, which a newer one from the packages replaces.
    command.args(["ci", "--loglevel=error"]).current_dir(directory);
    process::run(command)
}

/// The path of a package's program.
pub(crate) fn program(checkout: &Checkout, name: &str) -> PathBuf {
    let file = if cfg!(windows) { format!("{name}.cmd") } else { name.to_owned() };
    bin(checkout).join(file)
}

/// A command that runs a package's program.
pub(crate) fn command(checkout: &Checkout, name: &str) -> Result<Command> {
    let mut command = Command::new(program(checkout, name));
    put_on_path(checkout, &mut command)?;
    // By default, wrangler sends usage statistics and looks up the user's location for them.
    command.env("WRANGLER_SEND_METRICS", "false").env("CLOUDFLARE_CF_FETCH_ENABLED", "false");
    Ok(command)
}

/// Makes a command find the packages' programs first, including Node.js itself.
pub(crate) fn put_on_path(checkout: &Checkout, command: &mut Command) -> Result<()> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let directories = iter::once(bin(checkout)).chain(env::split_paths(&inherited));
    let path = env::join_paths(directories).context("`PATH` cannot contain the directory of the npm packages")?;
    command.env("PATH", path);
    Ok(())
}

fn bin(checkout: &Checkout) -> PathBuf {
    checkout.e2e().join("node_modules/.bin")
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
