//! The words of the names of arguments.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The last words of the names of arguments that contain the path of a file or a directory.
pub(crate) const PATH_WORDS: [&str; 12] = [
    "path",
    "file",
    "filename",
    "filepath",
    "dir",
    "directory",
    "folder",
    "source",
    "src",
    "destination",
    "dest",
    "dst",
];
/// The last words of the names of arguments that contain a URL.
pub(crate) const URL_WORDS: [&str; 6] = ["url", "uri", "link", "href", "endpoint", "webhook"];

/// The words of a name in lower case: `file_path`, `file-path` and `filePath` are `file` and `path`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        let starts = c.is_uppercase() && was_lower;
        if (starts || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(core::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase() || c.is_numeric();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The words of a name, without a number at the end and in the singular.
pub(crate) fn stems(name: &str) -> Vec<String> {
    let mut stems = words(name);
    if let Some(last) = stems.pop() {
        let stem = last.trim_end_matches(|c: char| c.is_ascii_digit());
        let stem = match (stem.strip_suffix("ies"), stem.strip_suffix('s')) {
            (Some(stem), _) => format!("{stem}y"),
            (None, Some(singular)) if !singular.ends_with('s') && singular.len() > 2 => String::from(singular),
            _ => String::from(stem),
        };
        if !stem.is_empty() {
            stems.push(stem);
        }
    }
    stems
}
