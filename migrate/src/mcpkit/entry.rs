//! The entries in mcpkit's lists.

use super::yaml::{Entry, Node};
use crate::finding::Position;

/// The operations on resources that a rule can name.
pub(super) const OPERATIONS: [&str; 3] = ["read", "list", "subscribe"];

/// The kinds of targets of a list.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Subject {
    Tool,
    Prompt,
    Resource,
}

impl Subject {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
        }
    }

    pub(super) fn key(self) -> &'static str {
        if self == Self::Resource { "uri" } else { "name" }
    }
}

/// The form of a list's entries.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// In the short form of `tools`, a name or a mapping.
    Short,
    /// Under `mcp`, a mapping with typed keys: mcpkit ignores all of `mcp` if a type is wrong.
    Long,
}

/// An entry of a list: its name and its other keys.
pub(super) struct Listed<'n> {
    pub(super) name: &'n str,
    pub(super) position: Position,
    pub(super) operations: Option<&'n Node>,
    pub(super) others: Vec<&'n Entry>,
}

/// The operation of a word; mcpkit's own engine only supports the longer words.
pub(super) fn operation(word: &str) -> Option<&'static str> {
    let word = word.strip_prefix("resource_").unwrap_or(word);
    OPERATIONS.into_iter().find(|known| *known == word)
}

/// The remaining entries and pattern bytes. This limit prevents a hostile text from taking minutes.
pub(super) struct Budget {
    entries: usize,
    /// Bytes of patterns. The engine compiles them into one automaton, which takes about a second for 10 KiB.
    pattern_bytes: usize,
    /// Whether a limit was exceeded, which is reported once.
    pub(super) is_full: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self { entries: 5000, pattern_bytes: 32 * 1024, is_full: false }
    }
}

impl Budget {
    /// Charges one entry.
    ///
    /// # Errors
    /// The limit that is exceeded.
    pub(super) fn spend(&mut self, name: &str) -> Result<(), &'static str> {
        let pattern_bytes = if name.contains('*') { name.len() } else { 0 };
        let left = (self.entries.checked_sub(1), self.pattern_bytes.checked_sub(pattern_bytes));
        self.is_full = !matches!(left, (Some(_), Some(_)));
        match left {
            (None, _) => Err("the lists have more than 5000 entries"),
            (_, None) => Err("the patterns of the lists are longer than 32 KiB in total"),
            (Some(entries), Some(bytes)) => {
                (self.entries, self.pattern_bytes) = (entries, bytes);
                Ok(())
            }
        }
    }
}
