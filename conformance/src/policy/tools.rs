//! The tools that a policy of `callgate-1` declares, by themselves or by the servers that own them.

use std::collections::BTreeMap;

use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::strict::{objects, stated};
use crate::json::Json;
use crate::schema::Schema;

objects!(Server, ToolWithSchema);

/// The declared servers.
#[derive(Debug)]
pub enum Servers {
    /// Their names.
    Named(Vec<String>),
    /// Their names, and the tools that they own.
    Owners(BTreeMap<String, Server>),
}

impl Default for Servers {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

impl<'de> Deserialize<'de> for Servers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let servers = match raw.get().bytes().next() {
            Some(b'{') => serde_json::from_str(raw.get()).map(Self::Owners),
            _ => serde_json::from_str(raw.get()).map(Self::Named),
        };
        servers.map_err(D::Error::custom)
    }
}

/// A server in an object of servers.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Server {
    /// The tools that it owns.
    #[serde(default, deserialize_with = "stated")]
    pub tools: Option<Vec<Tool>>,
}

/// A tool, which a policy states as its name alone, or with a schema.
#[derive(Debug)]
pub enum Tool {
    /// A name.
    Name(String),
    /// A name and a schema.
    WithSchema(ToolWithSchema),
}

/// A tool as the response to MCP's `tools/list` states it. callgate ignores MCP's other keys.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of MCP")]
pub struct ToolWithSchema {
    pub name: String,
    #[serde(rename = "inputSchema", default, deserialize_with = "stated")]
    pub input_schema: Option<InputSchema>,
    #[serde(rename = "enforceSchema", default, deserialize_with = "stated")]
    pub enforce_schema: Option<bool>,
    #[serde(default)]
    pub title: IgnoredAny,
    #[serde(default)]
    pub description: IgnoredAny,
    #[serde(rename = "outputSchema", default)]
    pub output_schema: IgnoredAny,
    #[serde(default)]
    pub annotations: IgnoredAny,
    #[serde(default)]
    pub icons: IgnoredAny,
    #[serde(default)]
    pub execution: IgnoredAny,
    #[serde(rename = "_meta", default)]
    pub meta: IgnoredAny,
}

/// A JSON Schema that is an object.
#[derive(Debug)]
pub struct InputSchema(pub Json);

impl<'de> Deserialize<'de> for InputSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            schema @ Json::Object(_) => Ok(Self(schema)),
            other => Err(D::Error::custom(format_args!("expected an object, not {other}"))),
        }
    }
}

impl<'de> Deserialize<'de> for Tool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // An untagged enum would lose the text of the numbers in a schema.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let tool = match raw.get().bytes().next() {
            Some(b'"') => serde_json::from_str(raw.get()).map(Self::Name),
            _ => serde_json::from_str(raw.get()).map(Self::WithSchema),
        };
        tool.map_err(D::Error::custom)
    }
}

impl Tool {
    /// The name of the tool.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::WithSchema(tool) => &tool.name,
        }
    }

    /// The schema to which the arguments of each call must conform.
    #[must_use]
    pub fn enforced_schema(&self) -> Option<&Json> {
        match self {
            Self::WithSchema(ToolWithSchema {
                input_schema: Some(schema), enforce_schema: None | Some(true), ..
            }) => Some(&schema.0),
            Self::Name(_) | Self::WithSchema(_) => None,
        }
    }

    /// Whether a call may have an argument of this name.
    #[must_use]
    pub fn accepts_argument(&self, name: &str) -> bool {
        self.enforced_schema().is_none_or(|schema| {
            // Whether a pattern covers the name is left open.
            schema.child("patternProperties").is_some() || !Schema::new(schema.clone()).forbids_member(name)
        })
    }
}
