//! Names in the order in which they are declared.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use crate::language::dialect::Dialect;
use crate::language::target::{MAX_NAME_CHARS, has_bad_character};
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::spanned::Spanned;

/// NameTable and their places in a list.
#[derive(Debug, Default)]
pub(crate) struct NameTable {
    pub(crate) words: Vec<String>,
    index: HashMap<String, u32>,
}

impl NameTable {
    pub(crate) fn get(&self, word: &str) -> Option<u32> {
        self.index.get(word).copied()
    }

    /// Adds a word unless it is there, and returns its place and whether it is new.
    pub(crate) fn add(&mut self, word: &str) -> (u32, bool) {
        if let Some(at) = self.get(word) {
            return (at, false);
        }
        let at = self.len();
        self.words.push(word.into());
        self.index.insert(word.into(), at);
        (at, true)
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> u32 {
        // INVARIANT: a policy text has fewer than 2^32 bytes, so it has fewer words.
        u32::try_from(self.words.len()).unwrap_or(u32::MAX)
    }
}

/// The number of a word as an index of a list.
pub(crate) fn to_index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Adds a declared name and checks it; `false` if it was there before.
pub(crate) fn declare(
    words: &mut NameTable,
    name: &Spanned<String>,
    noun: &str,
    dialect: Dialect,
    findings: &mut Vec<Diagnostic>,
) -> bool {
    let (_, is_new) = words.add(&name.value);
    if dialect == Dialect::Perso1 || !is_new {
        // perso takes a name twice.
        return is_new || dialect == Dialect::Perso1;
    }
    let problem = if name.value.is_empty() {
        format!("the name of a {noun} must not be empty")
    } else if has_bad_character(&name.value) {
        format!("the name of a {noun} must not hold white space, control characters or `*`")
    } else if name.value.chars().count() > MAX_NAME_CHARS {
        format!("the name of a {noun} must not be longer than {MAX_NAME_CHARS} characters")
    } else {
        return true;
    };
    findings.push(Diagnostic::error("bad_name", &name.span, problem));
    true
}
