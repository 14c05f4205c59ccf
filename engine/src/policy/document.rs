//! What a policy text says, before anything is checked against anything else.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::condition::{Condition, ConditionKind, Field, StringCheck};
use crate::language::dialect::Dialect;
use crate::language::effect::Effect;
use crate::language::operators::NumericOp;
use crate::language::operators::{SERVER_FIELD, StringOp};
use crate::language::target::TargetKind;
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::spanned::Spanned;

/// A policy as its text says it, and what was found wrong while it was read.
///
/// A part that can't be read is left out and its problem kept, so that the later checks find the other mistakes too.
#[derive(Clone, Debug)]
pub struct PolicyDocument<'t> {
    /// The text itself.
    pub text: &'t str,
    /// The language that `version` names.
    pub dialect: Dialect,
    /// The text of `version`.
    pub version: String,
    /// The text of `description`.
    pub description: String,
    /// What a call gets that no rule speaks of.
    pub default_effect: Effect,
    /// Where the value of `version` stands.
    pub version_span: Range<usize>,
    /// Where the value of `tools` stands, if it does.
    pub tools_span: Option<Range<usize>>,
    /// The declared tools; `None` where any may be called, or if they could not be read.
    pub tools: Option<Vec<Tool>>,
    /// The declared prompts; `None` where any may be fetched, or if they could not be read.
    pub prompts: Option<Vec<Spanned<String>>>,
    /// The declared roles; `None` if they could not be read.
    pub roles: Option<Vec<Role>>,
    /// The declared MCP servers; `None` if there are none or they could not be read.
    pub servers: Option<Vec<Spanned<String>>>,
    /// The rules that could be read, in the order of the text.
    pub rules: Vec<Rule>,
    /// What is wrong with the text so far.
    pub problems: Vec<Diagnostic>,
}

impl<'t> PolicyDocument<'t> {
    /// A document that says nothing yet, and so denies every call.
    pub(crate) fn new(text: &'t str, dialect: Dialect, version: String) -> Self {
        Self {
            text,
            dialect,
            version,
            description: String::new(),
            default_effect: Effect::Deny,
            version_span: 0..0,
            tools_span: None,
            tools: None,
            prompts: None,
            roles: None,
            servers: None,
            rules: Vec::new(),
            problems: Vec::new(),
        }
    }
}

/// A tool that calls may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its name.
    pub name: Spanned<String>,
    /// What its MCP `inputSchema` says of its arguments, where the policy holds one.
    pub schema: Option<InputSchema>,
}

/// The part of a tool's JSON Schema that callgate holds calls and rules against: the top level of its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSchema {
    /// The declared arguments.
    pub properties: Vec<Property>,
    /// Whether `additionalProperties` is `false`, so that a call with any other argument is denied.
    pub is_closed: bool,
}

impl InputSchema {
    /// The argument of a name.
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// Whether some argument is limited to less than its types hold.
    pub(crate) fn limits_something(&self) -> bool {
        let is_limited = |of: &Property| of.choices.is_some() || !of.limits.is_empty() || !of.lengths.is_empty();
        self.properties.iter().any(is_limited)
    }
}

/// A declared argument of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// The JSON types that it may have; none where the schema leaves them open.
    pub types: Vec<String>,
    /// What it must compare like where it is a number, each with the text of the other number.
    pub limits: Vec<(NumericOp, String)>,
    /// What its length must compare like where it is a string or a list, each with the text of a number.
    pub lengths: Vec<(NumericOp, String)>,
    /// The values that it may have, where the schema lists them.
    pub choices: Option<Choices>,
}

/// The values that a schema lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// The texts of the numbers.
    pub numbers: Vec<String>,
    /// The strings.
    pub strings: Vec<String>,
    /// The booleans.
    pub booleans: Vec<bool>,
    /// Whether there are lists or objects among them, or null.
    pub has_others: bool,
}

/// A role that callers may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: Spanned<String>,
    /// The roles whose rules it has too.
    pub inherits: Vec<Spanned<String>>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Where it stands.
    pub span: Range<usize>,
    /// Its index in `rules`.
    pub index: usize,
    /// Its own name.
    pub id: Option<Spanned<String>>,
    /// What it says of the calls that it applies to.
    pub effect: Effect,
    /// What it speaks of: a kind of target, or some of the operations on resources.
    pub kinds: Vec<TargetKind>,
    /// The name of the target or its URI, or a pattern with `*`.
    pub target: Spanned<String>,
    /// The roles that it speaks of.
    pub roles: Vec<Spanned<String>>,
    /// The MCP server whose tool is meant; without one, that of any.
    pub server: Option<Spanned<String>>,
    /// When it applies; without one, always.
    pub condition: Option<Condition>,
    /// What is said where it decides, in place of the sentence that callgate makes.
    pub reason: Option<Spanned<String>>,
    /// Whether answers hide what its condition asks for.
    pub hides_condition: bool,
}

impl Rule {
    /// The rule's name in answers: its `id`, or the JSON pointer of its place.
    #[must_use]
    pub fn name(&self) -> String {
        self.id.as_ref().map_or_else(|| alloc::format!("/rules/{}", self.index), |id| id.value.clone())
    }

    /// The rule's condition, with the server that it names as a check: for a call that names no server it is unknown.
    pub(crate) fn whole_condition(&self) -> Option<Cow<'_, Condition>> {
        let Some(server) = &self.server else { return self.condition.as_ref().map(Cow::Borrowed) };
        let field = Field::of_request(SERVER_FIELD, server.span.clone());
        let check = StringCheck { field, op: StringOp::In, values: alloc::vec![server.clone()] };
        let is_server = Condition { span: server.span.clone(), kind: ConditionKind::StringCheck(check) };
        let Some(condition) = &self.condition else { return Some(Cow::Owned(is_server)) };
        let kind = ConditionKind::All(alloc::vec![is_server, condition.clone()]);
        Some(Cow::Owned(Condition { span: condition.span.clone(), kind }))
    }
}
