//! The text of a schema, its draft and its patterns.

use std::collections::HashMap;

use regex::Regex;

use crate::json::Json;
use crate::schema::pattern;

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
    pub(super) root: Json,
    pub(super) draft: Draft,
    /// The patterns in the schema that callgate supports.
    pub(super) patterns: HashMap<String, Regex>,
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
