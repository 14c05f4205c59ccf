//! Paths, URLs, URIs and addresses that all programs interpret in the same way.

pub(crate) mod address;
pub(crate) mod glob;
pub(crate) mod path;
#[cfg(feature = "compile")]
pub(crate) mod special;
pub(crate) mod segments;
pub(crate) mod url;
pub(crate) mod windows;
pub(crate) mod uri;
