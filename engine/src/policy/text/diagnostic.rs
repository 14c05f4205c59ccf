//! The findings about a policy: errors and warnings with their positions.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// Whether a policy with the diagnostic may be deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It may not; the policy does not compile.
    Error,
    /// It may, but the author may not have intended its effect.
    Warning,
    /// It may; the author probably intended its effect.
    Note,
}

impl Severity {
    /// The severity's name in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// The most words that are compared with an unknown word.
const MAX_WORDS: usize = 1000;

/// One finding about a policy text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the policy may be deployed.
    pub severity: Severity,
    /// A stable name for programs, such as `unknown_role`.
    pub code: &'static str,
    /// The byte range in the policy text.
    pub span: Range<usize>,
    /// The problem: lower case, no full stop.
    pub message: String,
    /// The fix, if it is known.
    pub fix: Option<String>,
    /// The reason for which the policy accepts it, if it does.
    pub accepted: Option<Box<str>>,
    /// Who is responsible for the rule in which it is, if the rule states that.
    pub owner: Option<Box<str>>,
}

impl Diagnostic {
    pub(crate) fn error(code: &'static str, span: &Range<usize>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, message)
    }

    pub(crate) fn warning(code: &'static str, span: &Range<usize>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, message)
    }

    pub(crate) fn note(code: &'static str, span: &Range<usize>, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, span, message)
    }

    fn new(severity: Severity, code: &'static str, span: &Range<usize>, message: impl Into<String>) -> Self {
        let (span, message) = (span.clone(), message.into());
        Self { severity, code, span, message, fix: None, accepted: None, owner: None }
    }

    pub(crate) fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// Adds a fix: the most similar word, or otherwise the list of words.
    pub(crate) fn with_likely_word<'w>(self, wrong: &str, words: impl Iterator<Item = &'w str> + Clone) -> Self {
        // A search among very many words takes too long for its benefit.
        if words.clone().nth(MAX_WORDS).is_some() {
            return self;
        }
        let likeness = |word: &str| strsim::jaro_winkler(&wrong.to_lowercase(), &word.to_lowercase());
        let likely = words.clone().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        match likely {
            Some(word) if likeness(word) > 0.75 => self.with_fix(format!("did you mean `{word}`?")),
            Some(_) if words.clone().count() <= 12 => self.with_fix(format!("use {}", quoted_or(words))),
            _ => self,
        }
    }
}

/// The most findings of one check. A rule may match thousands of tools, each with the same finding.
const MAX_FINDINGS: usize = 100_000;

/// Adds a finding of one of many tools. The limit never drops the only error.
pub(crate) fn push_limited(finding: Diagnostic, findings: &mut Vec<Diagnostic>) {
    let is_first_error =
        || finding.severity == Severity::Error && findings.last().is_none_or(|last| last.severity != Severity::Error);
    if findings.len() < MAX_FINDINGS || is_first_error() {
        findings.push(finding);
    }
}

/// The words in backticks, separated by commas and `or`.
pub(crate) fn quoted_or<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The first three names in backticks, and the number of the others.
pub(crate) fn first_names<'n>(names: impl Iterator<Item = &'n str> + Clone) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = names.clone().take(SHOWN).map(quoted).collect();
    match (names.count().saturating_sub(SHOWN), shown.as_slice()) {
        (0, [first @ .., last]) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        (0, _) => shown.join(", "),
        (more, _) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The text in backticks, truncated if it is long and without control characters.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().count() > LONGEST {
        shown.push('…');
    }
    format!("`{}`", shown.replace("\\\"", "\"").replace("\\'", "'"))
}
