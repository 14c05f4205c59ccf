//! The content of a policy text, before its parts are checked against each other.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::condition::{Condition, ConditionKind, Field, StringCheck};
use crate::language::case::Case;
use crate::language::dialect::Dialect;
use crate::language::effect::Effect;
use crate::language::operators::NumericOp;
use crate::language::operators::{SERVER_FIELD, StringOp};
use crate::language::target::TargetKind;
use crate::policy::schema::Schemas;
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::format::Format;
use crate::policy::text::spanned::Spanned;

/// The content of a policy text and the findings of the parser.
///
/// A part that cannot be read is omitted and its finding kept, so that later checks find the other errors too.
#[derive(Clone, Debug)]
pub struct PolicyDocument<'t> {
    /// The text itself.
    pub text: &'t str,
    /// The format of the text.
    pub format: Format,
    /// The language that `version` names.
    pub dialect: Dialect,
    /// The text of `version`.
    pub version: String,
    /// The text of `description`.
    pub description: String,
    /// The effect on a call that no rule matches.
    pub default_effect: Effect,
    /// The position of the value of `version`.
    pub version_span: Range<usize>,
    /// The position of the value of `tools`, if it is present.
    pub tools_span: Option<Range<usize>>,
    /// The declared tools, those of servers last; `None` if any tool may be called, or if the tools could not be read.
    pub tools: Option<Vec<Tool>>,
    /// The servers that own tools, each with the position of the list of its tools.
    pub server_tools: Vec<(Spanned<String>, Range<usize>)>,
    /// The declared prompts; `None` if any prompt may be fetched, or if the prompts could not be read.
    pub prompts: Option<Vec<Spanned<String>>>,
    /// The declared roles; `None` if they could not be read.
    pub roles: Option<Vec<Role>>,
    /// The declared MCP servers; `None` if there are none or they could not be read.
    pub servers: Option<Vec<Spanned<String>>>,
    /// The conditions with names, which rules use.
    pub definitions: Vec<(Spanned<String>, Condition)>,
    /// The names of the definitions that no rule uses.
    pub(crate) unused_definitions: Vec<Spanned<String>>,
    /// The findings that the policy accepts.
    pub accepted: Vec<Accepted>,
    /// The rules that could be read, in the order of the text.
    pub rules: Vec<Rule>,
    /// The findings so far.
    pub problems: Vec<Diagnostic>,
}

impl<'t> PolicyDocument<'t> {
    /// An empty document, which denies every call.
    pub(crate) fn new(text: &'t str, format: Format, dialect: Dialect, version: String) -> Self {
        Self {
            text,
            format,
            dialect,
            version,
            description: String::new(),
            default_effect: Effect::Deny,
            version_span: 0..0,
            tools_span: None,
            tools: None,
            server_tools: Vec::new(),
            prompts: None,
            roles: None,
            servers: None,
            definitions: Vec::new(),
            unused_definitions: Vec::new(),
            accepted: Vec::new(),
            rules: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// How many rules the text states. A rule with an approval is one of them.
    pub(crate) fn rule_count(&self) -> usize {
        self.rules.iter().filter(|rule| rule.approval.is_none()).count()
    }
}

/// Findings that a policy accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its position.
    pub span: Range<usize>,
    /// The code of the findings.
    pub finding: Spanned<String>,
    /// Where they are: a JSON pointer, the `id` of a rule or the name of a tool; without one, anywhere.
    pub at: Option<Spanned<String>>,
    /// Why they are accepted.
    pub reason: Spanned<String>,
}

/// A tool that calls may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its name; after the name of its server and a slash, if a server owns it.
    pub name: Spanned<String>,
    /// The server that owns it; without one, it is the tool of every server.
    pub server: Option<String>,
    /// Its index in the list of its server, or in the list of the policy.
    pub index: usize,
    /// The content of its MCP `inputSchema`, if the policy contains one.
    pub schema: Option<InputSchema>,
    /// Whether its MCP `annotations` say that it changes or destroys something.
    pub has_effects: bool,
}

impl Tool {
    /// Its name in calls.
    #[must_use]
    pub fn own_name(&self) -> &str {
        let prefix = self.server.as_ref().map_or(0, |server| server.len().saturating_add(1));
        self.name.value.get(prefix..).unwrap_or_default()
    }

    /// The JSON pointer of its declaration.
    pub(crate) fn pointer(&self) -> String {
        let server = self.server.as_ref().map(|server| server.replace('~', "~0").replace('/', "~1"));
        let owner = server.map(|server| alloc::format!("/servers/{server}")).unwrap_or_default();
        alloc::format!("{owner}/tools/{}", self.index)
    }
}

/// The JSON Schema of a tool's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSchema {
    /// The declared arguments, as rules are checked against them.
    pub properties: Vec<Property>,
    /// Whether the schema allows no other argument.
    pub is_closed: bool,
    /// Whether calls must conform to the schema; otherwise the tool validates its arguments.
    pub is_enforced: bool,
    /// The whole schema, as calls are checked against it.
    pub(crate) schemas: Schemas,
}

impl InputSchema {
    /// The argument with a name.
    pub(crate) fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// Whether an argument is limited to some values of its types.
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
    /// The JSON types that it may have; none if the schema does not restrict them.
    pub types: Vec<String>,
    /// The comparisons that a number must satisfy, each with the text of the other number.
    pub limits: Vec<(NumericOp, String)>,
    /// The comparisons that the length of a string or a list must satisfy, each with the text of a number.
    pub lengths: Vec<(NumericOp, String)>,
    /// The values that it may have, if the schema lists them.
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
    /// Whether the list contains lists, objects or null.
    pub has_others: bool,
}

/// A role that callers may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: Spanned<String>,
    /// The roles whose rules it inherits.
    pub inherits: Vec<Spanned<String>>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its position.
    pub span: Range<usize>,
    /// Its index in `rules`.
    pub index: usize,
    /// Its own name.
    pub id: Option<Spanned<String>>,
    /// Its effect on the calls that it applies to.
    pub effect: Effect,
    /// The kinds of targets that it matches: one kind, or several operations on resources.
    pub kinds: Vec<TargetKind>,
    /// The names of the targets or their URIs, or patterns with `*`.
    pub target: Names,
    /// The roles that it matches.
    pub roles: RuleRoles,
    /// The MCP server of the target; without one, any server.
    pub server: Option<Spanned<String>>,
    /// When it applies; without one, always.
    pub condition: Option<Condition>,
    /// The reason if it decides, instead of the reason that callgate writes.
    pub reason: Option<Spanned<String>>,
    /// Whether responses hide the requirements of its condition.
    pub hides_condition: bool,
    /// A text about it for people.
    pub note: Option<String>,
    /// Who is responsible for it, for people.
    pub owner: Option<String>,
    /// The terms of an approval, if it is the part of a rule with `approval` that requires one.
    ///
    /// Such a rule is two rules of the same `id` and index: one that allows, and then one that requires approval.
    pub approval: Option<Approval>,
}

/// Who may approve a call, and how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    /// Which of the calls that the rule allows require approval; without one, all.
    pub when: Option<Condition>,
    /// The roles that may approve; every person if there are none.
    pub by: Vec<Spanned<String>>,
    /// Whether the caller must not approve.
    pub not_self: bool,
    /// The time in which the approval must be given, in seconds.
    pub expires_seconds: Option<u32>,
}

/// The targets that a rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The position of the only name, or of the list.
    pub span: Range<usize>,
    /// Names and patterns, at least one.
    pub included: Vec<Spanned<String>>,
    /// Names and patterns of targets that the rule does not match.
    pub excluded: Vec<Spanned<String>>,
}

impl Names {
    /// One name or pattern.
    pub(crate) fn one(name: Spanned<String>) -> Self {
        Self { span: name.span.clone(), included: alloc::vec![name], excluded: Vec::new() }
    }

    /// All names and patterns: first those of targets that the rule matches.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.included.iter().chain(&self.excluded)
    }

    /// The pattern that matches every name, if the rule has it.
    pub(crate) fn everything(&self) -> Option<&Spanned<String>> {
        let is_everything = |name: &&Spanned<String>| !name.value.is_empty() && name.value.bytes().all(|it| it == b'*');
        self.included.iter().find(is_everything)
    }

    /// Whether two rules have the same names and patterns.
    pub(crate) fn has_same_names(&self, other: &Self) -> bool {
        let are_same = |a: &[Spanned<String>], b: &[Spanned<String>]| {
            a.iter().map(|name| &name.value).eq(b.iter().map(|name| &name.value))
        };
        are_same(&self.included, &other.included) && are_same(&self.excluded, &other.excluded)
    }
}

/// The roles of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleRoles {
    /// Every declared role; the position of `*`.
    Every(Range<usize>),
    /// The roles of a list.
    Listed(Vec<Spanned<String>>),
}

impl RuleRoles {
    /// The roles that the rule names; none if it is for every role.
    #[must_use]
    pub fn listed(&self) -> &[Spanned<String>] {
        match self {
            Self::Every(_) => &[],
            Self::Listed(roles) => roles,
        }
    }
}

impl Rule {
    /// Whether two rules are the parts of one rule with an approval.
    pub(crate) fn is_part_of(&self, other: &Self) -> bool {
        self.index == other.index
    }

    /// The rule's name in responses: its `id`, or its JSON pointer.
    #[must_use]
    pub fn name(&self) -> String {
        self.id.as_ref().map_or_else(|| alloc::format!("/rules/{}", self.index), |id| id.value.clone())
    }

    /// The rule's condition, with its server as a check. The check is unknown for a call without a server.
    pub(crate) fn whole_condition(&self) -> Option<Cow<'_, Condition>> {
        let Some(is_server) = self.server_condition() else { return self.condition.as_ref().map(Cow::Borrowed) };
        let Some(condition) = &self.condition else { return Some(Cow::Owned(is_server)) };
        let kind = ConditionKind::All(alloc::vec![is_server, condition.clone()]);
        Some(Cow::Owned(Condition { span: condition.span.clone(), kind }))
    }

    /// The rule's server as a check.
    pub(crate) fn server_condition(&self) -> Option<Condition> {
        let server = self.server.as_ref()?;
        let field = Field::of_request(SERVER_FIELD, server.span.clone());
        let check = StringCheck { field, op: StringOp::In, values: alloc::vec![server.clone()], case: Case::Exact };
        Some(Condition { span: server.span.clone(), kind: ConditionKind::StringCheck(check) })
    }
}
