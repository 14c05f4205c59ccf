//! The exceptions of `cargo xtask rooms`. Every path starts at the top of the checkout.

/// How many Rust files a folder may have.
pub(super) const MAX_FILES: usize = 16;
/// How many lines a Rust file may have.
pub(super) const MAX_LINES: usize = 400;

/// What the layout may have in spite of the rules.
pub(super) struct Allowed<'a> {
    pub(super) cycles: &'a [Cycle<'a>],
    pub(super) folders: &'a [Exception<'a>],
    pub(super) files: &'a [Exception<'a>],
}

/// Files that may import each other.
pub(super) struct Cycle<'a> {
    /// The folder that has all of them.
    pub(super) folder: &'a str,
    /// Their names in the folder; none stands for every file in it.
    pub(super) files: &'a [&'a str],
    pub(super) reason: &'a str,
}

/// A folder or a file that may be larger than others.
pub(super) struct Exception<'a> {
    pub(super) path: &'a str,
    pub(super) reason: &'a str,
}

pub(super) const ALLOWED: Allowed<'static> = Allowed {
    cycles: &[
        Cycle {
            folder: "engine/src",
            files: &["automaton.rs", "image.rs", "predicate.rs"],
            reason: "the words of the language are in the file that reads them from the image",
        },
        Cycle {
            folder: "engine/src",
            files: &["compile.rs", "compile_condition.rs", "compile_rows.rs"],
            reason: "the writer of an image is in the file that calls its stages",
        },
        Cycle {
            folder: "engine/src",
            files: &["condition.rs", "document.rs"],
            reason: "`Spanned`, which conditions have too, is in the file of the document",
        },
        Cycle {
            folder: "engine/src",
            files: &["error.rs", "tree.rs"],
            reason: "the position of an error is found in the tree, and reading the tree fails with an error",
        },
        Cycle {
            folder: "engine/src",
            files: &["guard.rs", "perso.rs", "schema.rs", "validate.rs"],
            reason: "`Target` is in the file that calls the checks",
        },
        Cycle {
            folder: "engine/src",
            files: &["json.rs", "lexer.rs", "member_names.rs", "raw_value.rs"],
            reason: "the reader returns values, and a value is read by the reader",
        },
        Cycle {
            folder: "edge-core/src",
            files: &[
                "answer.rs",
                "deployment.rs",
                "log/cloudevents.rs",
                "log/data_point.rs",
                "log/opa.rs",
                "log/outbox.rs",
                "log/record.rs",
            ],
            reason: "a record repeats members of the answer, and the answer carries its record",
        },
        Cycle {
            folder: "edge-core/src/auth",
            files: &["authentication.rs", "settings.rs"],
            reason: "`Secrets` is in the file that uses them",
        },
        Cycle {
            folder: "edge-core/src/auth",
            files: &["claims.rs", "key_cache.rs"],
            reason: "`Caller` and `SingleUse` are in the files that make them",
        },
        Cycle {
            folder: "edge-core/src/auth",
            files: &["keys.rs", "signature.rs"],
            reason: "a key asks for the check of its own point",
        },
        Cycle {
            folder: "edge-core/src",
            files: &["config.rs", "limits.rs", "log/config.rs", "rate_limit.rs"],
            reason: "`Section` and `ConfigError` are in the file that reads all sections",
        },
        Cycle {
            folder: "edge-core/src",
            files: &["embedded.rs", "policy.rs"],
            reason: "`Facts` is in the file that answers with them",
        },
        Cycle {
            folder: "edge-cloudflare/src",
            files: &["log.rs", "platform.rs", "request.rs", "site.rs", "waiting.rs"],
            reason: "JavaScript calls the objects that wait for it, and they call JavaScript",
        },
        Cycle {
            folder: "edge-spin/src",
            files: &["log.rs", "site.rs"],
            reason: "a mistake in the settings is written to the log, whose settings the site has",
        },
        Cycle {
            folder: "cli/src",
            files: &[
                "check.rs",
                "config.rs",
                "eval.rs",
                "keygen.rs",
                "log/mod.rs",
                "log/verify.rs",
                "main.rs",
                "migrate/mod.rs",
                "password.rs",
                "sign.rs",
                "test.rs",
                "tools.rs",
                "verify.rs",
            ],
            reason: "`Failure` is in the file that calls the commands",
        },
    ],
    folders: &[
        Exception { path: "edge-core/src", reason: "the routes, the answers and the configuration have no folders" },
        Exception { path: "engine/src", reason: "the stages have no folders" },
    ],
    files: &[
        Exception { path: "cli/src/migrate/mcpkit/mod.rs", reason: "one foreign language, section by section" },
        Exception { path: "engine/src/compile.rs", reason: "the order of its statements is the layout of the image" },
        Exception {
            path: "engine/src/evaluate.rs",
            reason: "the loop over rules and the meaning of each predicate, in both dialects",
        },
        Exception { path: "engine/src/image.rs", reason: "every section of the image, and how each is opened" },
        Exception {
            path: "engine/src/lexer.rs",
            reason: "the tokens of JSON, with the measured fast paths of strings",
        },
        Exception { path: "engine/src/reason.rs", reason: "the words for every kind of failed check" },
        Exception { path: "engine/src/request.rs", reason: "the body of a call, member by member" },
    ],
};
