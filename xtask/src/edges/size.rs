//! Measures the stored and the compressed size of the Worker's wasm, compared with that of an empty Worker.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::policy::Policy;
use super::worker;
use crate::checkout::Checkout;

/// The size of a wasm file in bytes, raw and gzipped.
#[derive(Clone, Copy)]
struct Size {
    raw: usize,
    gzipped: usize,
}

/// Builds both Workers, with the default policy, and prints their sizes.
pub(crate) fn print(checkout: &Checkout) -> Result<()> {
    worker::install_needs(checkout)?;
    let directory = tempfile::tempdir()?;
    let (ours, empty) = (directory.path().join("callgate"), directory.path().join("empty"));
    worker::build(checkout, &Policy::Shipped, Some(&ours))?;
    worker::build_empty(checkout, &empty, None)?;
    let (ours, empty) = (measure(&ours)?, measure(&empty)?);
    println!("{:<16}{:>10}{:>12}{:>8}", "Worker", "wasm", "gzip -9", "ratio");
    for (name, size) in [("empty", empty), ("callgate", ours)] {
        println!("{name:<16}{:>10}{:>12}{:>8}", size.raw, size.gzipped, hundredths(size.gzipped, empty.gzipped));
    }
    Ok(())
}

/// A ratio with two decimal places.
fn hundredths(value: usize, of: usize) -> String {
    let ratio = value.saturating_mul(100).checked_div(of).unwrap_or_default();
    format!("{}.{:02}", ratio / 100, ratio % 100)
}

fn measure(bundle: &Path) -> Result<Size> {
    let path = bundle.join("index_bg.wasm");
    let wasm = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&wasm)?;
    Ok(Size { raw: wasm.len(), gzipped: encoder.finish()?.len() })
}
