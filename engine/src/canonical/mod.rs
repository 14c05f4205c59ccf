//! Paths, URLs, URIs and addresses of which every reader takes the same thing.

pub(crate) mod address;
pub(crate) mod path;
pub(crate) mod url;
pub(crate) mod uri;
