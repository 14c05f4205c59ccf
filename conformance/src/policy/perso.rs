//! A policy of the dialect `perso-1`.
//!
//! perso ignores keys that it does not know, so no struct here refuses them.

use serde::Deserialize;

use super::condition::Number;
use super::strict::{objects, words};

/// A policy.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct Policy {
    pub tools: Vec<String>,
    pub roles: Vec<String>,
    pub rules: Vec<Rule>,
    pub default_action: Action,
}

/// The decision on a call that no rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum Action {
    Allow,
    Deny,
}

/// A rule, which allows.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct Rule {
    pub tool_name: String,
    pub roles: Vec<String>,
    pub condition: Option<Condition>,
}

/// A condition: an object with one key.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the variants are the keys of the language reference")]
pub enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    NumericCheck(NumericCheck),
    StringCheck(StringCheck),
    FieldPresent(FieldPresent),
    FieldEquals(FieldEquals),
}

/// Where a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum Source {
    Arguments,
    AgentAttributes,
    ResourceAttributes,
}

/// How two numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum NumericOp {
    Eq,
    Lt,
    Lte,
    Gt,
    Gte,
}

/// Whether a string is in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum StringOp {
    In,
    NotIn,
}

/// The body of `NumericCheck`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct NumericCheck {
    pub source: Source,
    pub field: String,
    pub op: NumericOp,
    pub value: Number,
}

/// The body of `StringCheck`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct StringCheck {
    pub source: Source,
    pub field: String,
    pub op: StringOp,
    pub value: Vec<String>,
}

/// The body of `FieldPresent`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct FieldPresent {
    pub source: Source,
    pub field: String,
}

/// The body of `FieldEquals`.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct FieldEquals {
    pub source_a: Source,
    pub field_a: String,
    pub source_b: Source,
    pub field_b: String,
}

objects!(Policy, Rule, NumericCheck, StringCheck, FieldPresent, FieldEquals);
words!(Action, Source, NumericOp, StringOp);
