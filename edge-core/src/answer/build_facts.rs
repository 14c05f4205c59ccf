//! What the build knew of the policy and of its own source.

/// What the build knew.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    /// The revision of the policy as its digits, where its signature was verified.
    pub(crate) revision: Option<&'static str>,
    /// The commit, where it is known.
    pub(crate) commit: Option<CommitFacts>,
}

/// The commit that a build is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommitFacts {
    pub(crate) id: &'static str,
    pub(crate) author: Option<&'static str>,
    /// When it was committed, as RFC 3339 writes it.
    pub(crate) time: &'static str,
    /// Whether what was built was not what was committed.
    pub(crate) is_dirty: bool,
}
