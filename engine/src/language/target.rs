//! The targets of calls and rules: a tool, a prompt, or an operation on a resource.

use crate::canonical::path;

/// A kind of target; each kind has its own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// A tool that is called: MCP's `tools/call`.
    Tool,
    /// A prompt that is fetched: MCP's `prompts/get`.
    Prompt,
    /// A resource that is read: MCP's `resources/read`.
    ResourceRead,
    /// A resource that is shown in a list: one entry of MCP's `resources/list`.
    ResourceList,
    /// A resource whose changes are subscribed to: MCP's `resources/subscribe`.
    ResourceSubscribe,
}

impl TargetKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Tool, Self::Prompt, Self::ResourceRead, Self::ResourceList, Self::ResourceSubscribe];

    /// The kinds that are operations on a resource, by the names of the operations.
    pub const OPERATIONS: [(&'static str, Self); 3] =
        [("read", Self::ResourceRead), ("list", Self::ResourceList), ("subscribe", Self::ResourceSubscribe)];

    /// The kind's index in [`TargetKind::ALL`].
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Tool => 0,
            Self::Prompt => 1,
            Self::ResourceRead => 2,
            Self::ResourceList => 3,
            Self::ResourceSubscribe => 4,
        }
    }

    /// The operation with this name.
    pub(crate) fn from_operation(name: &str) -> Option<Self> {
        Self::OPERATIONS.into_iter().find(|(operation, _)| *operation == name).map(|(_, kind)| kind)
    }

    /// Whether the target is a resource, so that its name is a URI.
    #[must_use]
    pub fn is_resource(self) -> bool {
        matches!(self, Self::ResourceRead | Self::ResourceList | Self::ResourceSubscribe)
    }

    /// The noun for a target of this kind in messages.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::ResourceRead | Self::ResourceList | Self::ResourceSubscribe => "resource",
        }
    }
}

/// The longest name of a tool, a prompt or a role, in characters. This is MCP's limit for tool names.
pub(crate) const MAX_NAME_CHARS: usize = 128;

/// Whether a character is not allowed in names: white space, control characters, characters that programs drop, and
/// `*`.
pub(crate) fn is_bad_character(c: char) -> bool {
    c.is_control() || c.is_whitespace() || path::is_ignorable(c) || c == '*'
}

/// Whether a name contains a character that is not allowed in names.
pub(crate) fn has_bad_character(name: &str) -> bool {
    name.chars().any(is_bad_character)
}

/// Whether a call may use this name for a tool, a prompt or a server if the policy does not declare them.
pub(crate) fn can_be_name(name: &str) -> bool {
    !name.is_empty() && !has_bad_character(name) && name.chars().count() <= MAX_NAME_CHARS
}
