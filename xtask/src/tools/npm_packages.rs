//! Tools that are npm packages: e2e/package.json pins them, e2e/node_modules holds them. What only measurements take has
//! a directory of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs, iter};

use anyhow::{Context as _, Result};

use super::missing_tool::{find_node, find_npm};
use crate::checkout::Checkout;
use crate::process;

/// Installs the packages where they are missing or the lock file has changed since.
pub(crate) fn install(checkout: &Checkout) -> Result<()> {
    install_in(&checkout.e2e())
}

/// As [`install`], for the npm project in a directory.
pub(crate) fn install_in(directory: &Path) -> Result<()> {
    // Packages are started through `node`, and the newer one that is among them comes from npm.
    find_node()?;
    let npm = find_npm()?;
    // npm writes this file last, so an installation that was broken off is made anew.
    let installed = modified(&directory.join("node_modules/.package-lock.json"));
    let locked = modified(&directory.join("package-lock.json"));
    if installed.is_some_and(|installed| locked.is_none_or(|locked| locked <= installed)) {
        return Ok(());
    }
    println!("installing the npm packages of `{}`", directory.file_name().unwrap_or_default().display());
    let mut command = Command::new(npm);
    // What npm warns of is the system's own Node.js, in whose place the packages bring a newer one.
    command.args(["ci", "--loglevel=error"]).current_dir(directory);
    process::run(command)
}

/// Where a package's program is.
pub(crate) fn program(checkout: &Checkout, name: &str) -> PathBuf {
    let file = if cfg!(windows) { format!("{name}.cmd") } else { name.to_owned() };
    bin(checkout).join(file)
}

/// A command that runs a package's program.
pub(crate) fn command(checkout: &Checkout, name: &str) -> Result<Command> {
    let mut command = Command::new(program(checkout, name));
    put_on_path(checkout, &mut command)?;
    // wrangler reports its use, and asks the network what to tell of a caller's place, unless it is told not to.
    command.env("WRANGLER_SEND_METRICS", "false").env("CLOUDFLARE_CF_FETCH_ENABLED", "false");
    Ok(command)
}

/// Has a command find the packages' programs first, among them the Node.js that runs the others.
pub(crate) fn put_on_path(checkout: &Checkout, command: &mut Command) -> Result<()> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let directories = iter::once(bin(checkout)).chain(env::split_paths(&inherited));
    let path = env::join_paths(directories).context("`PATH` can't hold the directory of the npm packages")?;
    command.env("PATH", path);
    Ok(())
}

fn bin(checkout: &Checkout) -> PathBuf {
    checkout.e2e().join("node_modules/.bin")
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
