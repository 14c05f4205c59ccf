//! A member that callgate does not know, with the name to use instead.

use alloc::string::String;

/// The maximum length of a repeated name, in bytes.
const MAX_NAME_BYTES: usize = 32;

/// Names that hosts send for a member, and its name.
const OTHER_NAMES: [(&str, &str); 7] = [
    ("name", "tool"),
    ("arguments", "args"),
    ("parameters", "args"),
    ("input", "args"),
    ("uri", "resource"),
    ("resourceuri", "resource"),
    ("promptname", "prompt"),
];

/// The members of a call, as [`spells`] compares them.
const MEMBERS: [(&str, &str); 12] = [
    ("tool", "tool"),
    ("toolname", "tool"),
    ("prompt", "prompt"),
    ("resource", "resource"),
    ("operation", "operation"),
    ("role", "role"),
    ("roles", "roles"),
    ("args", "args"),
    ("agentattributes", "agentAttributes"),
    ("resourceattributes", "resourceAttributes"),
    ("traceid", "traceId"),
    ("argsdigest", "argsDigest"),
];

/// A member that callgate does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownMember {
    /// The start of the name, which is UTF-8 up to `len`.
    start: [u8; MAX_NAME_BYTES],
    len: u8,
    is_cut: bool,
    /// Whether the member is next to `calls`, not in a call.
    is_in_batch: bool,
}

impl UnknownMember {
    /// A member of a call.
    #[must_use]
    pub fn of_call(name: &[u8]) -> Self {
        let mut start = [0; MAX_NAME_BYTES];
        let shown = name.get(..MAX_NAME_BYTES).unwrap_or(name);
        let shown = match core::str::from_utf8(shown) {
            Ok(_) => shown,
            Err(error) => shown.get(..error.valid_up_to()).unwrap_or_default(),
        };
        for (to, &from) in start.iter_mut().zip(shown) {
            *to = from;
        }
        let len = u8::try_from(shown.len()).unwrap_or_default();
        Self { start, len, is_cut: shown.len() < name.len(), is_in_batch: false }
    }

    /// A member of a batch.
    #[must_use]
    pub fn of_batch(name: &[u8]) -> Self {
        Self { is_in_batch: true, ..Self::of_call(name) }
    }

    fn start(&self) -> &str {
        let bytes = self.start.get(..usize::from(self.len)).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Appends a sentence for people. Of the name, only its start is repeated, as printable ASCII in backticks.
    pub(crate) fn write_detail(&self, out: &mut String) {
        out.push('`');
        for c in self.start().chars() {
            if matches!(c, ' '..='~') && !matches!(c, '`' | '\\') {
                out.push(c);
            } else {
                out.extend(c.escape_unicode());
            }
        }
        out.push_str(if self.is_cut { "...` " } else { "` " });
        if self.is_in_batch {
            return out.push_str("is not a member of a batch; write the calls as a list in `calls`");
        }
        out.push_str("is not a member of a call; ");
        let name = self.start();
        let is_spelling_of = |&&(other, _): &&(&str, &str)| !self.is_cut && spells(name, other);
        match OTHER_NAMES.iter().chain(&MEMBERS).find(is_spelling_of) {
            Some((_, member)) => {
                for part in ["write `", member, "`"] {
                    out.push_str(part);
                }
            }
            None => out.push_str(match name {
                "jsonrpc" | "method" | "params" => {
                    "write the `name` of an MCP request as `tool`, and its `arguments` as `args`"
                }
                "calls" => "send a batch to `/evaluate/batch`",
                _ => "remove it, or correct its name",
            }),
        }
    }
}

/// Whether a name is `other`, which is in lower case, except for case and the signs `_` and `-`.
fn spells(name: &str, other: &str) -> bool {
    let letters = name.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase());
    letters.eq(other.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let mut detail = String::new();
        UnknownMember::of_call(name.as_bytes()).write_detail(&mut detail);
        assert_eq!(detail, expected, "{name}");
    }

    #[test]
    fn the_member_to_use_instead_is_named() {
        check("name", "`name` is not a member of a call; write `tool`");
        check("tool_name", "`tool_name` is not a member of a call; write `tool`");
        check("arguments", "`arguments` is not a member of a call; write `args`");
        check("Agent-Attributes", "`Agent-Attributes` is not a member of a call; write `agentAttributes`");
        let mcp = "write the `name` of an MCP request as `tool`, and its `arguments` as `args`";
        check("params", &format!("`params` is not a member of a call; {mcp}"));
        check("calls", "`calls` is not a member of a call; send a batch to `/evaluate/batch`");
        check("", "`` is not a member of a call; remove it, or correct its name");
        check("tools", "`tools` is not a member of a call; remove it, or correct its name");
    }

    #[test]
    fn only_the_start_of_a_name_is_repeated_as_printable_ascii() {
        let rest = "` is not a member of a call; remove it, or correct its name";
        check(&"a".repeat(32), &format!("`{}{rest}", "a".repeat(32)));
        check(&"a".repeat(33), &format!("`{}...{rest}", "a".repeat(32)));
        // The character at the cut is not halved.
        check(&format!("{}é", "a".repeat(31)), &format!("`{}...{rest}", "a".repeat(31)));
        check("a`\\\n\u{1b}é\u{202e}~", &format!("`a\\u{{60}}\\u{{5c}}\\u{{a}}\\u{{1b}}\\u{{e9}}\\u{{202e}}~{rest}"));
        // A longer name is not a spelling of its start.
        check(&format!("arguments{}", "_".repeat(24)), &format!("`arguments{}...{rest}", "_".repeat(23)));
    }

    #[test]
    fn a_member_next_to_the_calls_is_not_one_of_a_call() {
        let mut detail = String::new();
        UnknownMember::of_batch(b"tool").write_detail(&mut detail);
        assert_eq!(detail, "`tool` is not a member of a batch; write the calls as a list in `calls`");
    }
}
