//! Measures the Worker's wasm as it is stored and as it is sent.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Result, anyhow};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::checkout::Checkout;

/// Prints the size of the wasm in `out_dir`, or in its usual place, in bytes.
pub(crate) fn print(checkout: &Checkout, out_dir: Option<&Path>) -> Result<()> {
    let directory = out_dir.map_or_else(|| checkout.worker_build(), Path::to_owned);
    let path = directory.join("index_bg.wasm");
    let wasm = fs::read(&path)
        .map_err(|error| anyhow!("can't read `{}` ({error}): run `cargo xtask worker` first", path.display()))?;
    println!("{:>9} bytes  raw", wasm.len());
    println!("{:>9} bytes  gzip -9", gzipped(&wasm)?);
    Ok(())
}

fn gzipped(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
