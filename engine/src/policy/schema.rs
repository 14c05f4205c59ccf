//! A JSON Schema of a tool, as the keywords that calls are checked against.

use alloc::string::String;
use alloc::vec::Vec;

use crate::language::index::define_index;
use crate::language::operators::NumericOp;

define_index! {
    /// A schema among those of a tool.
    SchemaIndex;
}

/// The schemas of one tool; the first is the schema of its arguments. They refer to each other by their indices, because
/// a schema may be recursive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Schemas(pub(crate) Vec<Vec<Keyword>>);

/// What a value is checked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    /// No value conforms: the schema `false`.
    Never,
    /// The bits of the types that a value may have.
    Types(u8),
    /// The JSON texts of the allowed values.
    Enum(Vec<String>),
    /// The allowed strings, if all allowed values are strings.
    Strings(Vec<String>),
    /// The JSON text of the only allowed value.
    Const(String),
    /// A comparison with the text of a number.
    Number(NumericOp, String),
    /// The text of a number above zero.
    MultipleOf(String),
    /// A comparison of what is counted with a number.
    Count(Counted, NumericOp, u32),
    /// A pattern that matches anywhere in a string.
    Pattern(Pattern),
    /// The position of a format among [`FORMATS`](crate::image::schema::FORMATS).
    Format(usize),
    /// No two items are equal.
    Unique,
    /// The items of a list.
    Items(Items),
    /// The members of an object.
    Members(Members),
    /// The names of the members of an object, as strings.
    Names(SchemaIndex),
    /// A value conforms to all.
    AllOf(Vec<SchemaIndex>),
    /// A value conforms to at least one.
    AnyOf(Vec<SchemaIndex>),
    /// A value conforms to exactly one.
    OneOf(Vec<SchemaIndex>),
    /// A value does not conform.
    Not(SchemaIndex),
    /// The condition, and what a value must conform to if it meets the condition, or if it does not.
    If(SchemaIndex, Option<SchemaIndex>, Option<SchemaIndex>),
}

/// What a keyword counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Characters,
    Items,
    Members,
}

/// A pattern of ECMA-262.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// The text in the schema.
    pub(crate) text: String,
    /// The regular expression that matches the same whole strings.
    pub(crate) expression: String,
}

/// The keywords about items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Items {
    /// The schemas of the first items, one each.
    pub(crate) first: Vec<SchemaIndex>,
    /// The schema of the other items.
    pub(crate) rest: Option<SchemaIndex>,
}

/// The keywords about members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    /// The declared members and their schemas.
    pub(crate) properties: Vec<(String, SchemaIndex)>,
    /// The names that must be present.
    pub(crate) required: Vec<String>,
    /// The schemas of the members whose names match a pattern.
    pub(crate) patterns: Vec<(Pattern, SchemaIndex)>,
    /// The schema of the other members.
    pub(crate) additional: Option<SchemaIndex>,
}
