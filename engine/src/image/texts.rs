//! Lists of strings in the image, and how a string of a call compares with them.

use crate::canonical::url::{self, UrlTarget};
use crate::image::automaton::Automaton;
use crate::image::bytes::ImageBytes;
use crate::image::records::TextRef;
use crate::language::operators::StringOp;
use crate::language::pattern::matches_pattern;

/// A list of strings in the image, in ascending order of their bytes.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'i> {
    bytes: ImageBytes<'i>,
    refs: &'i [TextRef],
}

impl<'i> Texts<'i> {
    pub(crate) fn new(bytes: ImageBytes<'i>, refs: &'i [TextRef]) -> Self {
        Self { bytes, refs }
    }

    /// How many strings there are.
    pub(crate) fn count(self) -> usize {
        self.refs.len()
    }

    /// The strings.
    pub fn iter(self) -> impl Iterator<Item = &'i str> {
        self.refs.iter().filter_map(move |&text| self.bytes.text(text))
    }

    pub(crate) fn contains(self, wanted: &str) -> bool {
        let wanted = wanted.as_bytes();
        // Most lists are short, and texts of another length need no look.
        if self.refs.len() <= 8 {
            return self.refs.iter().any(|&text| self.bytes.bytes(text) == Some(wanted));
        }
        self.refs.binary_search_by(|&text| self.bytes.bytes(text).unwrap_or_default().cmp(wanted)).is_ok()
    }
}

/// What a `UrlCheck` allows: texts that start with a letter for what they are.
#[derive(Clone, Copy, Debug)]
pub struct UrlParts<'i>(Texts<'i>);

/// The letter before a scheme in a list of [`UrlParts`].
pub(crate) const SCHEME: char = 's';

/// The letter before a host.
pub(crate) const HOST: char = 'h';

/// The letter before a port.
pub(crate) const PORT: char = 'p';

impl<'i> UrlParts<'i> {
    pub(crate) fn new(parts: Texts<'i>) -> Self {
        Self(parts)
    }

    /// How many schemes, hosts and ports there are.
    pub(crate) fn count(self) -> usize {
        self.0.count()
    }

    /// The schemes.
    pub fn schemes(self) -> impl Iterator<Item = &'i str> {
        self.0.iter().filter_map(|text| text.strip_prefix(SCHEME))
    }

    /// The hosts; `*.` before one stands for all hosts below it.
    pub fn hosts(self) -> impl Iterator<Item = &'i str> {
        self.0.iter().filter_map(|text| text.strip_prefix(HOST))
    }

    /// The ports, in digits; none where a scheme's own port is meant.
    pub fn ports(self) -> impl Iterator<Item = &'i str> {
        self.0.iter().filter_map(|text| text.strip_prefix(PORT))
    }

    /// Whether the target is allowed; `None` if its host has more than one reading.
    pub(crate) fn allow(self, target: &UrlTarget<'_>) -> Option<bool> {
        // What the policy names was read at build time and has one reading; what `*.` stands for was not.
        let is_plain = |free: &str| !url::has_punycode(free);
        let is_host = self.hosts().any(|allowed| wildcard_labels(allowed, target.host).is_some_and(is_plain));
        if !is_host && url::has_punycode(target.host) {
            return None;
        }
        let port = target.effective_port();
        let is_port = |text: &str| port.is_some_and(|port| text.parse() == Ok(port));
        let is_port_allowed = match self.ports().next() {
            Some(_) => self.ports().any(is_port),
            None => target.port.is_none() || target.port == target.default_port(),
        };
        Some(is_host && is_port_allowed && self.schemes().any(|scheme| scheme.eq_ignore_ascii_case(target.scheme)))
    }
}

/// The labels of a host that `*.` in `allowed` stands for, none where the host is `allowed` itself; `None` if the host is
/// another.
fn wildcard_labels<'h>(allowed: &str, host: &'h str) -> Option<&'h str> {
    let Some(parent) = allowed.strip_prefix("*.") else { return allowed.eq_ignore_ascii_case(host).then_some("") };
    let (below, end) = host.split_at_checked(host.len().checked_sub(parent.len())?)?;
    let free = below.strip_suffix('.').filter(|free| !free.is_empty())?;
    end.eq_ignore_ascii_case(parent).then_some(free)
}

impl StringOp {
    /// Whether a string compares with a list of texts as the operator says; `automaton` stands for those of `Matches`.
    ///
    /// `None` if the automaton is damaged.
    pub(crate) fn holds(self, string: &str, texts: Texts<'_>, automaton: Option<Automaton<'_>>) -> Option<bool> {
        Some(match self {
            Self::In => texts.contains(string),
            Self::NotIn => !texts.contains(string),
            Self::StartsWith => texts.iter().any(|text| string.starts_with(text)),
            Self::EndsWith => texts.iter().any(|text| string.ends_with(text)),
            Self::Contains => texts.iter().any(|text| string.contains(text)),
            Self::Glob => texts.iter().any(|pattern| matches_pattern(pattern, string)),
            Self::Matches => automaton?.label(string)? != 0,
        })
    }
}
