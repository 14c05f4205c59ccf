//! `cargo xtask reproduce`: verifies that builds of one commit are reproducible.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::policy::Policy;
use super::table::EDGES;
use crate::checkout::Checkout;
use crate::process;

/// Clones the last commit to two directories, builds every edge from scratch in each, and compares them.
///
/// The paths differ in length, and so do those of cargo's downloads. The policy and the trusted keys come from the
/// environment, as in a deployed build.
pub(crate) fn run(checkout: &Checkout) -> Result<()> {
    EDGES.iter().try_for_each(|edge| (edge.install_needs)(checkout))?;
    let directory = tempfile::Builder::new().prefix("callgate-reproduce-").tempdir()?;
    let place = |place: &str, home: &str| {
        let output = directory.path().join(place);
        let clone = clone(checkout, &output.join("callgate"), &directory.path().join(home))?;
        Ok::<_, anyhow::Error>((clone, output))
    };
    // Both clones are made before the first build, because a new commit may be added during it.
    let clones = [place("one", "home")?, place("another/and/deeper", "a-home-of-another-name")?];
    for (clone, output) in &clones {
        println!("building the last commit in {}", clone.root().display());
        build(checkout, clone, output)?;
    }
    let [(_, one), (_, other)] = &clones;
    let mut differing = 0_usize;
    for file in EDGES.iter().flat_map(|edge| edge.files) {
        let (one, other) = (read(&one.join(file))?, read(&other.join(file))?);
        let difference = one.iter().zip(&other).position(|(one, other)| one != other);
        let difference = difference.or((one.len() != other.len()).then_some(one.len().min(other.len())));
        println!("{}  {file}", digest(&one));
        if let Some(at) = difference {
            println!("{}  {file}, which differs from byte {at}", digest(&other));
            differing = differing.saturating_add(1);
        }
    }
    if differing > 0 {
        bail!("the builds differ; both are in `{}`", directory.keep().display());
    }
    println!("both builds are the same");
    Ok(())
}

/// Clones the last commit of a checkout into `root`, with cargo's downloads at `home`.
fn clone(checkout: &Checkout, root: &Path, home: &Path) -> Result<Checkout> {
    let mut command = Command::new("git");
    command.args(["clone", "--quiet", "--no-hardlinks"]).arg(checkout.root()).arg(root);
    process::run(command)?;
    Ok(Checkout::at(root.to_owned(), named_home(checkout, home)?))
}

/// Gives cargo's download directory another name, so that nothing is downloaded again.
#[cfg(unix)]
fn named_home(checkout: &Checkout, home: &Path) -> Result<PathBuf> {
    std::os::unix::fs::symlink(checkout.cargo_home(), home)
        .with_context(|| format!("cannot create the link `{}`", home.display()))?;
    Ok(home.to_owned())
}

/// Creating a link can require additional rights.
#[cfg(not(unix))]
fn named_home(checkout: &Checkout, _: &Path) -> Result<PathBuf> {
    Ok(checkout.cargo_home().to_owned())
}

fn build(tools: &Checkout, clone: &Checkout, output: &Path) -> Result<()> {
    let policy = Policy::choose_or_demo(clone, None)?;
    EDGES.iter().try_for_each(|edge| (edge.build)(tools, clone, &policy, output))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn digest(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let mut hex = [0; 64];
    base16ct::lower::encode_str(&digest, &mut hex).unwrap_or_default().to_owned()
}
