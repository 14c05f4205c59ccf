//! The conditions of `callgate-1`.

use serde::Deserialize;

pub use super::strict::{Listed, Number};
use super::strict::{objects, stated, words};

/// A condition: an object with one key.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the variants are the keys of the language reference")]
pub enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Every(Items),
    Some(Items),
    NumericCheck(NumericCheck),
    StringCheck(StringCheck),
    BoolCheck(BoolCheck),
    LengthCheck(NumericCheck),
    MembersCheck(MembersCheck),
    FieldPresent(FieldPresent),
    FieldEquals(FieldEquals),
    FieldCompare(FieldCompare),
    PathCheck(PathCheck),
    UrlCheck(UrlCheck),
    CidrCheck(CidrCheck),
    TimeCheck(TimeCheck),
}

impl Condition {
    /// The fields that it reads itself.
    #[must_use]
    pub fn fields(&self) -> Vec<(Source, &str)> {
        match self {
            Self::All(_) | Self::Any(_) | Self::Not(_) | Self::TimeCheck(_) => Vec::new(),
            Self::Every(check) | Self::Some(check) => vec![(check.source, &check.field)],
            Self::NumericCheck(check) | Self::LengthCheck(check) => vec![(check.source, &check.field)],
            Self::StringCheck(check) => vec![(check.source, &check.field)],
            Self::BoolCheck(check) => vec![(check.source, &check.field)],
            Self::FieldPresent(check) => vec![(check.source, &check.field)],
            Self::FieldEquals(check) => vec![(check.source_a, &check.field_a), (check.source_b, &check.field_b)],
            Self::FieldCompare(check) => vec![(check.source_a, &check.field_a), (check.source_b, &check.field_b)],
            Self::PathCheck(check) => vec![(check.source, &check.field)],
            Self::UrlCheck(check) => vec![(check.source, &check.field)],
            Self::CidrCheck(check) => vec![(check.source, &check.field)],
            Self::MembersCheck(check) => vec![(check.source, &check.field)],
        }
    }

    /// The conditions that it combines.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match self {
            Self::All(children) | Self::Any(children) => children,
            Self::Not(child) => std::slice::from_ref(child),
            Self::Every(items) | Self::Some(items) => std::slice::from_ref(&items.condition),
            _ => &[],
        }
    }
}

/// Where a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum Source {
    Arguments,
    AgentAttributes,
    ResourceAttributes,
    Request,
    Item,
}

/// How two numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum NumericOp {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
}

/// How a string compares with those of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum StringOp {
    In,
    NotIn,
    StartsWith,
    EndsWith,
    Contains,
    Glob,
    Matches,
}

/// Whether something is in a list, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum Membership {
    In,
    NotIn,
}

/// Which letters are equal if they only differ in case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum IgnoreCase {
    Ascii,
    Full,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

words!(Source, NumericOp, StringOp, Membership, IgnoreCase, Weekday);

/// The body of `FieldPresent`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct FieldPresent {
    pub source: Source,
    pub field: String,
}

/// The body of `Every` and `Some`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct Items {
    pub source: Source,
    pub field: String,
    pub condition: Box<Condition>,
}

/// The body of `NumericCheck` and of `LengthCheck`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct NumericCheck {
    pub source: Source,
    pub field: String,
    pub op: NumericOp,
    pub value: Number,
}

/// The body of `StringCheck`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct StringCheck {
    pub source: Source,
    pub field: String,
    pub op: StringOp,
    pub value: Texts,
    #[serde(default, rename = "ignoreCase", deserialize_with = "stated")]
    pub ignore_case: Option<IgnoreCase>,
}

/// The `value` of a `StringCheck`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Texts {
    /// A list of texts.
    Many(Vec<String>),
    /// One text.
    One(String),
}

impl Texts {
    /// The texts; the language reference lets one text stand for a list of one.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::Many(texts) => texts,
            Self::One(text) => std::slice::from_ref(text),
        }
    }
}

/// The body of `BoolCheck`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct BoolCheck {
    pub source: Source,
    pub field: String,
    pub value: bool,
}

/// The body of `FieldEquals`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct FieldEquals {
    pub source_a: Source,
    pub field_a: String,
    pub source_b: Source,
    pub field_b: String,
    #[serde(default, rename = "ignoreCase", deserialize_with = "stated")]
    pub ignore_case: Option<IgnoreCase>,
}

/// The body of `MembersCheck`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct MembersCheck {
    pub source: Source,
    pub field: String,
    pub op: Membership,
    pub value: Vec<String>,
    #[serde(default, rename = "ignoreCase", deserialize_with = "stated")]
    pub ignore_case: Option<IgnoreCase>,
}

/// The body of `FieldCompare`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct FieldCompare {
    pub source_a: Source,
    pub field_a: String,
    pub op: NumericOp,
    pub source_b: Source,
    pub field_b: String,
}

/// The body of `PathCheck`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct PathCheck {
    pub source: Source,
    pub field: String,
    #[serde(default, deserialize_with = "stated")]
    pub roots: Option<Vec<String>>,
    #[serde(default, deserialize_with = "stated")]
    pub globs: Option<Vec<String>>,
    #[serde(default, deserialize_with = "stated")]
    pub base: Option<String>,
    #[serde(default, rename = "ignoreCase", deserialize_with = "stated")]
    pub ignore_case: Option<IgnoreCase>,
}

/// The body of `UrlCheck`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct UrlCheck {
    pub source: Source,
    pub field: String,
    /// `None` is `https`.
    #[serde(default, deserialize_with = "stated")]
    pub schemes: Option<Listed<String>>,
    pub hosts: Vec<String>,
    /// `None` is the default port of the URL's scheme.
    #[serde(default, deserialize_with = "stated")]
    pub ports: Option<Listed<Number>>,
    /// `None` is every path.
    #[serde(default, deserialize_with = "stated")]
    pub paths: Option<Vec<String>>,
}

/// The body of `CidrCheck`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct CidrCheck {
    pub source: Source,
    pub field: String,
    pub op: Membership,
    pub value: Vec<String>,
}

/// The body of `TimeCheck`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct TimeCheck {
    #[serde(default, deserialize_with = "stated")]
    pub from: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    pub to: Option<String>,
    /// `None` is every day.
    #[serde(default, deserialize_with = "stated")]
    pub weekdays: Option<Vec<Weekday>>,
    /// Dates, or a first and a last date with a slash between them.
    #[serde(default, deserialize_with = "stated")]
    pub dates: Option<Vec<String>>,
    /// `None` is a fixed offset.
    #[serde(default, deserialize_with = "stated")]
    pub zone: Option<String>,
    #[serde(default = "utc")]
    pub offset: String,
}

fn utc() -> String {
    String::from("Z")
}

objects!(
    FieldPresent,
    Items,
    NumericCheck,
    StringCheck,
    BoolCheck,
    FieldEquals,
    FieldCompare,
    MembersCheck,
    PathCheck,
    UrlCheck,
    CidrCheck,
    TimeCheck
);
