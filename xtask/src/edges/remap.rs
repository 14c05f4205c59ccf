//! Removes local paths from builds, so that a build has the same bytes everywhere and does not contain a user's home
//! directory.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::checkout::Checkout;
use crate::tools::rust_toolchain::sysroot;

/// The cargo arguments to build for `target` without local paths.
///
/// They extend the flags in `.cargo/config.toml`, which the flag variables would replace.
pub(crate) fn cargo_arguments(checkout: &Checkout, target: &str) -> Result<[String; 2]> {
    // If the standard library's sources are installed, rustc uses their local paths instead of the distributed ones.
    let library = sysroot()?.join("lib/rustlib/src/rust");
    let commit = rustc_commit()?;
    // If two prefixes match, the later one applies, so nested paths come later.
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

/// A path for a literal TOML string, which has no escapes.
fn literal(path: &Path) -> Result<&str> {
    let text = path.to_str().with_context(|| format!("`{}` is not UTF-8", path.display()))?;
    let is_literal = !text.contains(|character: char| character == '\'' || character.is_control());
    ensure!(is_literal, "`{text}` cannot be passed to cargo; move it to a path without `'`");
    Ok(text)
}

fn rustc_commit() -> Result<String> {
    let output = Command::new("rustc").args(["--version", "--verbose"]).output().context("cannot start `rustc`")?;
    ensure!(output.status.success(), "`rustc --version` failed: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let commit = text.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    Ok(commit.context("`rustc --version --verbose` does not print a commit")?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_checkout_and_the_downloads_get_names_of_their_own() {
        let checkout = Checkout::at(PathBuf::from("/home/ada/call gate"), PathBuf::from("/home/ada/.cargo"));
        let [option, value] = cargo_arguments(&checkout, "wasm32-wasip2").expect("arguments");
        assert_eq!(option, "--config");
        let (key, flags) = value.split_once('=').expect("a key and a value");
        assert_eq!(key, "target.wasm32-wasip2.rustflags");
        for flag in ["/home/ada/call gate=/callgate", "/home/ada/.cargo=/cargo"] {
            assert!(flags.contains(&format!("'--remap-path-prefix={flag}'")), "{flags}");
        }
    }

    #[test]
    fn a_path_that_cargo_can_not_be_given_is_refused() {
        let checkout = Checkout::at(PathBuf::from("/home/o'hara/callgate"), PathBuf::from("/cargo"));
        let error = cargo_arguments(&checkout, "wasm32-wasip2").expect_err("an error").to_string();
        assert!(error.starts_with("`/home/o'hara/callgate` cannot be passed to cargo"), "{error}");
    }
}
