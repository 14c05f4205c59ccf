//! Keeps the paths of this machine out of what is built: it is then the same wherever it is built, and names nobody's home.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::checkout::Checkout;
use crate::rust_toolchain::sysroot;

/// The arguments by which cargo builds for `target` without the paths of this machine.
///
/// They add to the flags of `.cargo/config.toml`, which the variables for flags would replace.
pub(crate) fn cargo_arguments(checkout: &Checkout, target: &str) -> Result<[String; 2]> {
    // Where the sources of the standard library are installed, rustc names them there and not as it is distributed.
    let library = sysroot()?.join("lib/rustlib/src/rust");
    let commit = rustc_commit()?;
    // Of two that fit, the later one counts, so that what may lie within another comes behind it.
    let prefixes = [
        (checkout.root(), "/callgate"),
        (checkout.target(), "/callgate/target"),
        (checkout.cargo_home(), "/cargo"),
        (&library, &format!("/rustc/{commit}")),
    ];
    let mut flags = Vec::new();
    for (path, name) in prefixes {
        flags.push(format!("'--remap-path-prefix={}={name}'", literal(path)?));
    }
    Ok(["--config".to_owned(), format!("target.{target}.rustflags=[{}]", flags.join(","))])
}

/// A path as it can stand in a literal string of TOML, which knows no escapes.
fn literal(path: &Path) -> Result<&str> {
    let text = path.to_str().with_context(|| format!("`{}` is not UTF-8", path.display()))?;
    let is_literal = !text.contains(|character: char| character == '\'' || character.is_control());
    ensure!(is_literal, "`{text}` can't be given to cargo: move it to a path without `'`");
    Ok(text)
}

fn rustc_commit() -> Result<String> {
    let output = Command::new("rustc").args(["--version", "--verbose"]).output().context("can't start `rustc`")?;
    ensure!(output.status.success(), "`rustc --version` failed: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let commit = text.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    Ok(commit.context("`rustc --version --verbose` names no commit")?.to_owned())
}
