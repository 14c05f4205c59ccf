//! Text files.

use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// Reads a text file.
pub(crate) fn read_text(file: &Path) -> Result<String, Failure> {
    let bytes =
        fs::read(file).map_err(|error| Failure::Unusable(format!("cannot read `{}`: {error}", file.display())))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::Unusable(format!("`{}` is not valid UTF-8 at byte {at}", file.display()))
    })
}
