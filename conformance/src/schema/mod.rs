//! JSON Schema, as far as callgate enforces it, evaluated on the text of the schema with no thought of speed.
//!
//! Written from the specifications of draft 7 and 2020-12. Three rules are callgate's own. A value conforms, does not,
//! or it is unknown whether it does, because a comparison of numbers depends on rounding. A keyword whose value is not
//! valid is ignored, as are all keywords that are not in `evaluate.rs`. Six formats are assertions in both drafts.

mod format;
mod pattern;
mod keyword;
mod evaluate;
pub mod random;
pub mod suite;
#[cfg(feature = "jsonschema")]
pub mod compare;

use std::collections::HashMap;

use regex::Regex;

use crate::json::Json;
use crate::truth::Truth;

/// The specification that a schema follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draft {
    /// Draft 7, and drafts 4 and 6 in its rules.
    Seven,
    /// 2020-12, and all other drafts in its rules.
    Latest,
}

impl Draft {
    /// The draft that the root of a schema declares.
    #[must_use]
    pub fn of(root: &Json) -> Self {
        match root.child("$schema") {
            Some(Json::String(name)) if ["draft-04", "draft-06", "draft-07"].iter().any(|old| name.contains(old)) => {
                Self::Seven
            }
            _ => Self::Latest,
        }
    }
}

/// A schema.
#[derive(Clone, Debug)]
pub struct Schema {
    root: Json,
    draft: Draft,
    /// The patterns in the schema that callgate supports.
    patterns: HashMap<String, Regex>,
}

impl Schema {
    /// A schema from its JSON.
    #[must_use]
    pub fn new(root: Json) -> Self {
        let mut patterns = HashMap::new();
        collect_patterns(&root, &mut patterns);
        Self { draft: Draft::of(&root), root, patterns }
    }

    /// The JSON of the schema.
    #[must_use]
    pub fn root(&self) -> &Json {
        &self.root
    }

    /// Whether a value conforms; `None` if that is unknown.
    #[must_use]
    pub fn truth(&self, value: &Json) -> Truth {
        evaluate::truth(self, value)
    }

    /// Whether the root allows only the members that it declares, and does not declare this one.
    #[must_use]
    pub fn forbids_member(&self, name: &str) -> bool {
        let root = &self.root;
        // In draft 7, `$ref` hides all keywords next to it.
        let is_hidden = self.draft == Draft::Seven && evaluate::reference(self, root).is_some();
        let is_closed = root.child("additionalProperties") == Some(&Json::Bool(false));
        is_closed && !is_hidden && !evaluate::declares(self, root, name)
    }
}

/// Finds the patterns of all keywords; a pattern that is part of an example only costs time.
fn collect_patterns(value: &Json, patterns: &mut HashMap<String, Regex>) {
    let mut add = |text: &str| {
        if let Some(regex) = pattern::read(text) {
            patterns.insert(text.to_owned(), regex);
        }
    };
    if let Some(Json::String(text)) = value.child("pattern") {
        add(text);
    }
    if let Some(Json::Object(members)) = value.child("patternProperties") {
        members.iter().for_each(|(text, _)| add(text));
    }
    value.parts().into_iter().for_each(|part| collect_patterns(part, patterns));
}
