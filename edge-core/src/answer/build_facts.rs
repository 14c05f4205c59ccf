//! Facts about the policy and the source code at build time.

/// Facts from the build.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    /// The revision of the policy as digits, if its signature was verified.
    pub(crate) revision: Option<&'static str>,
    /// The commit, if it is known.
    pub(crate) commit: Option<CommitFacts>,
}

/// The commit of a build.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommitFacts {
    pub(crate) id: &'static str,
    pub(crate) author: Option<&'static str>,
    /// The commit time in RFC 3339.
    pub(crate) time: &'static str,
    /// Whether the built files differ from the commit.
    pub(crate) is_dirty: bool,
}
