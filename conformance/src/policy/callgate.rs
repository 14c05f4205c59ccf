//! A policy of `callgate-1`.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::condition::{Condition, StringOp, Texts};
use super::strict::{Listed, objects, stated, words};
use super::tools::{Servers, Tool};
use crate::json::Json;
use crate::when::{has_expressions, without_expressions};

/// A policy.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Policy {
    /// `callgate-1`.
    pub version: String,
    /// A schema for editors, which callgate ignores.
    #[serde(rename = "$schema", default, deserialize_with = "stated")]
    pub schema: Option<String>,
    /// A text for people.
    #[serde(default, deserialize_with = "stated")]
    pub description: Option<String>,
    /// The declared tools; `None` is an open policy.
    #[serde(default, deserialize_with = "stated")]
    pub tools: Option<Vec<Tool>>,
    /// The declared prompts; `None` allows rules on any prompt.
    #[serde(default, deserialize_with = "stated")]
    pub prompts: Option<Vec<String>>,
    /// The declared roles.
    pub roles: BTreeMap<String, Role>,
    /// The servers that rules may name.
    #[serde(default)]
    pub servers: Servers,
    /// The findings that the policy accepts, on which no decision depends.
    #[serde(default, deserialize_with = "stated")]
    pub accept: Option<Vec<Accept>>,
    /// The rules, in the order of the text.
    #[serde(deserialize_with = "rules")]
    pub rules: Vec<Rule>,
}

/// A role.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Role {
    /// The roles whose rules also apply to this role.
    #[serde(default)]
    pub inherits: Vec<String>,
}

/// A finding that a policy accepts.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the keys of the language reference")]
pub struct Accept {
    pub finding: String,
    #[serde(default, deserialize_with = "stated")]
    pub at: Option<String>,
    pub reason: String,
}

/// The effect of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum Effect {
    Allow,
    RequireApproval,
    Deny,
}

/// An operation on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", rename_all = "lowercase")]
#[expect(missing_docs, reason = "the variants are the words of the language reference")]
pub enum Operation {
    Read,
    List,
    Subscribe,
}

/// Which checks a response states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", rename_all = "lowercase")]
enum Disclose {
    Code,
    All,
}

words!(Effect, Operation, Disclose);

/// The target of a rule.
#[derive(Debug)]
pub enum Target {
    /// Tools and patterns of tools, and the tools and patterns that are left out.
    Tools(Vec<String>, Vec<String>),
    /// A prompt, or a pattern of prompts.
    Prompt(String),
    /// A URI or a pattern of URIs, and the operations on these resources.
    Resource(String, Vec<Operation>),
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// The place in `rules`.
    pub index: usize,
    /// The name in responses.
    pub id: Option<String>,
    /// The effect.
    pub effect: Effect,
    /// The target.
    pub target: Target,
    /// The roles that the rule matches.
    pub roles: Listed<String>,
    /// The server that the rule matches; `None` is every server.
    pub server: Option<String>,
    /// When the rule applies; `None` is always.
    pub condition: Option<Condition>,
    /// The approval that some of the allowed calls require.
    pub approval: Option<Approval>,
}

/// The approval of an Allow rule.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Approval {
    /// When it is required, in addition to the condition of the rule; `None` is always.
    #[serde(default, deserialize_with = "stated")]
    pub when: Option<Condition>,
    /// The roles that may approve.
    #[serde(default, deserialize_with = "stated")]
    pub by: Option<Vec<String>>,
    /// Whether the caller must not approve.
    #[serde(rename = "notSelf", default, deserialize_with = "stated")]
    pub not_self: Option<bool>,
    /// How long it may be given, such as `15m`.
    #[serde(default, deserialize_with = "stated")]
    pub expires: Option<String>,
}

impl Rule {
    /// The conditions of the rule and of its approval.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.condition.iter().chain(self.approval.iter().filter_map(|approval| approval.when.as_ref()))
    }

    /// The name in responses: the `id`, or the JSON pointer of the rule.
    #[must_use]
    pub fn name(&self) -> String {
        self.id.clone().unwrap_or_else(|| format!("/rules/{}", self.index))
    }
}

/// The keys of a rule.
#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
struct RuleKeys {
    effect: Effect,
    #[serde(default, deserialize_with = "stated")]
    tools: Option<Texts>,
    #[serde(default, deserialize_with = "stated")]
    except: Option<Texts>,
    #[serde(default, deserialize_with = "stated")]
    tool_name: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    prompt_name: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    resource_uri: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    operations: Option<Vec<Operation>>,
    roles: Listed<String>,
    /// The language reference lets `null` stand for no condition.
    condition: Option<Condition>,
    #[serde(default, deserialize_with = "stated")]
    server: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    id: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    reason: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    disclose: Option<Disclose>,
    #[serde(default, deserialize_with = "stated")]
    approval: Option<Approval>,
    /// No decision depends on the texts for people.
    #[serde(default, deserialize_with = "stated")]
    note: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    owner: Option<String>,
}

objects!(Policy, Accept, Approval, Role, RuleKeys);

impl Policy {
    /// The lists of tools of servers, each with its server.
    fn lists_of_servers(&self) -> impl Iterator<Item = (&str, &[Tool])> {
        let owners = match &self.servers {
            Servers::Named(_) => None,
            Servers::Owners(owners) => Some(owners),
        };
        owners.into_iter().flatten().filter_map(|(name, server)| Some((name.as_str(), server.tools.as_deref()?)))
    }

    /// Every declared tool, with the server that owns it.
    pub fn all_tools(&self) -> impl Iterator<Item = (Option<&str>, &Tool)> {
        let owned =
            self.lists_of_servers().flat_map(|(server, tools)| tools.iter().map(move |tool| (Some(server), tool)));
        self.tools.iter().flatten().map(|tool| (None, tool)).chain(owned)
    }

    /// Whether calls may name only declared tools.
    #[must_use]
    pub fn declares_tools(&self) -> bool {
        self.tools.is_some() || self.lists_of_servers().next().is_some()
    }

    /// The tool that a call names: that of its server, or otherwise that of every server.
    #[must_use]
    pub fn tool(&self, server: Option<&str>, name: &str) -> Option<(Option<&str>, &Tool)> {
        let find = |owner: Option<&str>| self.all_tools().find(|(of, tool)| *of == owner && tool.name() == name);
        server.and_then(|server| find(Some(server))).or_else(|| find(None))
    }

    /// Reads a policy text.
    ///
    /// # Errors
    /// The text is not a policy of `callgate-1`.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        let whole = Json::read(text)?;
        if !has_expressions(&whole) {
            return serde_json::from_str(text);
        }
        let whole = without_expressions(whole).map_err(serde_json::Error::custom)?;
        serde_json::from_str(&whole.to_string())
    }
}

/// Reads the rules, and keeps the text of each one.
fn rules<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Rule>, D::Error> {
    let texts = Vec::<Box<RawValue>>::deserialize(deserializer)?;
    texts.iter().enumerate().map(|(index, text)| rule(index, text.get()).map_err(D::Error::custom)).collect()
}

fn rule(index: usize, text: &str) -> Result<Rule, serde_json::Error> {
    let keys: RuleKeys = serde_json::from_str(text)?;
    let texts = |texts: Texts| texts.as_slice().to_vec();
    let target = match (keys.tools, keys.except, keys.tool_name, keys.prompt_name, keys.resource_uri, keys.operations) {
        (Some(tools), except, None, None, None, None) => {
            Target::Tools(texts(tools), except.map(texts).unwrap_or_default())
        }
        (None, None, Some(name), None, None, None) => Target::Tools(vec![name], Vec::new()),
        (None, None, None, Some(name), None, None) => Target::Prompt(name),
        (None, None, None, None, Some(uri), Some(operations)) => Target::Resource(uri, operations),
        _ => return Err(serde_json::Error::custom("a rule has one target, and a resource has operations")),
    };
    if keys.approval.is_some() && keys.effect != Effect::Allow {
        return Err(serde_json::Error::custom("only an Allow rule has an approval"));
    }
    let when = keys.approval.iter().filter_map(|approval| approval.when.as_ref());
    keys.condition.iter().chain(when).try_for_each(check_form)?;
    Ok(Rule {
        index,
        id: keys.id,
        effect: keys.effect,
        target,
        roles: keys.roles,
        server: keys.server,
        condition: keys.condition,
        approval: keys.approval,
    })
}

/// Finds one text where the language reference requires a list, and a check of paths without roots or patterns.
fn check_form(condition: &Condition) -> Result<(), serde_json::Error> {
    if let Condition::StringCheck(check) = condition
        && matches!((check.op, &check.value), (StringOp::In | StringOp::NotIn, Texts::One(_)))
    {
        return Err(serde_json::Error::custom("`In` and `NotIn` require a list"));
    }
    if let Condition::PathCheck(check) = condition
        && check.roots.is_some() == check.globs.is_some()
    {
        return Err(serde_json::Error::custom("`PathCheck` has either `roots` or `globs`"));
    }
    condition.children().iter().try_for_each(check_form)
}
