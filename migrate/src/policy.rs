//! A `callgate-1` policy in written form, with the keys in the order of the language reference.

use std::collections::HashMap;

use callgate_engine::policy::text::{Diagnostic, Severity};
use callgate_engine::{PolicyImage, compile, parse, validate};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;

/// A policy.
#[derive(serde::Serialize)]
pub(crate) struct Policy {
    pub(crate) version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// The tools that calls can name; without them, any tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tools: Option<Vec<String>>,
    pub(crate) roles: Roles,
    pub(crate) rules: Vec<Rule>,
}

impl Policy {
    pub(crate) fn new(tools: Option<Vec<String>>, roles: Vec<String>, rules: Vec<Rule>) -> Self {
        Self { version: "callgate-1", description: None, tools, roles: Roles(roles), rules }
    }

    /// The text of the policy, with a trailing line break.
    pub(crate) fn to_text(&self) -> String {
        // A policy has only string keys, so serialization cannot fail; the engine would reject an empty text.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// Roles that inherit nothing, in order.
pub(crate) struct Roles(Vec<String>);

impl Serialize for Roles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct InheritsNothing {}
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for role in &self.0 {
            map.serialize_entry(role, &InheritsNothing {})?;
        }
        map.end()
    }
}

/// A rule, which names exactly one tool, prompt or resource.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource_uri: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) operations: Vec<&'static str>,
    pub(crate) roles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<Condition>,
}

/// A condition that a migration can create.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    NumericCheck {
        source: &'static str,
        field: String,
        op: &'static str,
        /// The number as written, because a binary64 would change it.
        value: Box<RawValue>,
    },
    StringCheck {
        source: &'static str,
        field: String,
        op: &'static str,
        value: Vec<String>,
    },
    FieldPresent {
        source: &'static str,
        field: String,
    },
    FieldEquals {
        source_a: &'static str,
        field_a: String,
        source_b: &'static str,
        field_b: String,
    },
    PathCheck {
        source: &'static str,
        field: String,
        roots: Vec<String>,
    },
    UrlCheck {
        source: &'static str,
        field: String,
        hosts: Vec<String>,
    },
    CidrCheck {
        source: &'static str,
        field: String,
        op: &'static str,
        value: Vec<String>,
    },
}

/// Unique names for rules.
#[derive(Default)]
pub(crate) struct RuleIds(HashMap<String, usize>);

impl RuleIds {
    /// `wanted`, with a number appended if it is already used.
    pub(crate) fn name(&mut self, wanted: &str) -> String {
        let wanted: String = wanted.chars().filter(|c| !c.is_control()).collect();
        let wanted = wanted.trim_start_matches('/');
        let wanted = if wanted.is_empty() { "rule" } else { wanted };
        let mut given = self.0.get(wanted).copied().unwrap_or_default();
        let mut name = wanted.to_owned();
        while given > 0 && self.0.contains_key(&name) {
            given = given.saturating_add(1);
            name = format!("{wanted}-{given}");
        }
        self.0.insert(wanted.to_owned(), given.max(1));
        self.0.entry(name.clone()).or_insert(1);
        name
    }
}

/// Whether the engine accepts and compiles a policy text.
///
/// # Errors
/// The errors of the policy.
pub(crate) fn check(text: &str) -> Result<(), Vec<Diagnostic>> {
    let image = compile(&parse(text).and_then(validate)?);
    PolicyImage::open(&image).map(|_| ()).map_err(|_| Vec::new())
}

/// Whether the engine accepts a policy, or its first error.
pub(crate) fn judge(policy: &Policy) -> Result<(), String> {
    check(&policy.to_text()).map_err(|problems| {
        let problem = problems.into_iter().find(|problem| problem.severity == Severity::Error);
        problem.map_or_else(|| "the policy cannot be compiled".to_owned(), |problem| problem.message)
    })
}
