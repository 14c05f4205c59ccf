//! Names in the order of their declaration, and their indices.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::marker::PhantomData;

use hashbrown::HashMap;

use crate::language::dialect::Dialect;
use crate::language::index::{Index, define_index};
use crate::language::target::{MAX_NAME_CHARS, has_bad_character};
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::spanned::Spanned;

define_index! {
    /// A role among those that a policy declares.
    RoleIndex;
    /// A target of one kind: a name of its catalog, or after the names a class of names.
    TargetIndex;
    /// A pattern of an open kind.
    PatternIndex;
}

/// Names and their indices.
#[derive(Debug)]
pub(crate) struct NameTable<I> {
    pub(crate) names: Vec<String>,
    numbers: HashMap<String, u32>,
    index: PhantomData<I>,
}

impl<I> Default for NameTable<I> {
    fn default() -> Self {
        Self { names: Vec::new(), numbers: HashMap::new(), index: PhantomData }
    }
}

impl<I: Index> NameTable<I> {
    pub(crate) fn get(&self, name: &str) -> Option<I> {
        self.numbers.get(name).copied().map(I::from_u32)
    }

    /// Adds a name unless it is present, and returns its index and whether it is new.
    pub(crate) fn add(&mut self, name: &str) -> (I, bool) {
        if let Some(known) = self.get(name) {
            return (known, false);
        }
        let number = self.len();
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        (I::from_u32(number), true)
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> u32 {
        // INVARIANT: a policy text has fewer than 2^32 bytes, so it has fewer names.
        u32::try_from(self.names.len()).unwrap_or(u32::MAX)
    }

    /// The names with their indices, in the order in which they were added.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (I, &String)> {
        (0_u32..).map(I::from_u32).zip(&self.names)
    }
}

/// Adds a declared name and checks the part of it that is its own; `false` if it is a duplicate.
pub(crate) fn declare<I: Index>(
    names: &mut NameTable<I>,
    name: &Spanned<String>,
    own: &str,
    noun: &str,
    dialect: Dialect,
    findings: &mut Vec<Diagnostic>,
) -> bool {
    let (_, is_new) = names.add(&name.value);
    if dialect == Dialect::Perso1 || !is_new {
        // perso accepts duplicate names.
        return is_new || dialect == Dialect::Perso1;
    }
    let problem = if own.is_empty() {
        format!("the name of a {noun} must not be empty")
    } else if has_bad_character(own) {
        format!("the name of a {noun} must not contain white space, control characters or `*`")
    } else if own.chars().count() > MAX_NAME_CHARS {
        format!("the name of a {noun} must not exceed {MAX_NAME_CHARS} characters")
    } else {
        return true;
    };
    findings.push(Diagnostic::error("bad_name", &name.span, problem));
    true
}
