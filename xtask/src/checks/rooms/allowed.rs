//! The exceptions of `cargo xtask rooms`. Every path is relative to the checkout root.

/// The maximum number of Rust files in a folder.
pub(super) const MAX_FILES: usize = 16;
/// The maximum number of lines in a Rust file.
pub(super) const MAX_LINES: usize = 400;

/// The allowed exceptions from the rules.
pub(super) struct Allowed<'a> {
    pub(super) cycles: &'a [Cycle<'a>],
    pub(super) folders: &'a [Exception<'a>],
    pub(super) files: &'a [Exception<'a>],
}

/// Files that may import each other.
pub(super) struct Cycle<'a> {
    /// Their folder.
    pub(super) folder: &'a str,
    /// Their names in the folder; an empty list stands for all files in it.
    pub(super) files: &'a [&'a str],
    pub(super) reason: &'a str,
}

/// A folder or a file that may exceed the limit.
pub(super) struct Exception<'a> {
    pub(super) path: &'a str,
    pub(super) reason: &'a str,
}

pub(super) const ALLOWED: Allowed<'static> = Allowed {
    cycles: &[
        Cycle {
            folder: "engine/src/json",
            files: &[],
            reason: "the reader returns values, and values are read with the reader",
        },
        Cycle {
            folder: "engine/src/policy/when",
            files: &[],
            reason: "an expression contains expressions: a function lowers its arguments",
        },
        Cycle {
            folder: "edge-cloudflare/src",
            files: &[],
            reason: "JavaScript calls the objects that wait for it, and they call JavaScript",
        },
    ],
    folders: &[],
    files: &[
        Exception {
            path: "conformance/src/generate.rs",
            reason: "every part of a random policy, from the document down to one check",
        },
        Exception {
            path: "conformance/src/reference.rs",
            reason: "the whole meaning of the language, to be read from top to bottom",
        },
        Exception {
            path: "conformance/src/values.rs",
            reason: "the lists of values and texts that random policies and calls use",
        },
        Exception {
            path: "engine/src/canonical/path.rs",
            reason: "one grammar with its tables of look-alikes and its tests",
        },
        Exception {
            path: "engine/src/condition/kinds/string.rs",
            reason: "one kind of condition, from its text to its description",
        },
        Exception {
            path: "engine/src/judge/schema/mod.rs",
            reason: "every keyword of JSON Schema, one after the other",
        },
        Exception {
            path: "conformance/src/readers.rs",
            reason: "a second reader of paths, URLs, URIs and addresses, which is compared with the reference from top to bottom",
        },
        Exception { path: "engine/src/call/mod.rs", reason: "the body of a call, member by member, in one pass" },
        Exception {
            path: "engine/src/canonical/uri.rs",
            reason: "one grammar with its table of schemes and its tests",
        },
        Exception { path: "engine/src/image/mod.rs", reason: "every section of the image, and how each is opened" },
        Exception {
            path: "engine/src/json/lexer.rs",
            reason: "the tokens of JSON, with the measured fast paths of strings",
        },
        Exception { path: "migrate/src/mcpkit/mod.rs", reason: "one foreign language, section by section" },
    ],
};
