//! Files of the checkout.

use std::fs;
use std::path::{Path, PathBuf};

/// The place of a file, by its path from the top of the checkout.
#[must_use]
pub fn checkout_path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The text of a file, by its path from the top of the checkout.
///
/// # Panics
/// The file is not in the checkout, or it is not text.
#[must_use]
#[track_caller]
pub fn read_checkout(path: &str) -> String {
    match fs::read_to_string(checkout_path(path)) {
        Ok(text) => text,
        Err(error) => panic!("{path}: {error}"),
    }
}
