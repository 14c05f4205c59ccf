//! A simple second implementation of the policy language: it scans the rules of the document.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use bigdecimal::BigDecimal;
use callgate_engine::{Code, Effect, TargetKind};
use regex::Regex;

use crate::facts::Facts;
use crate::json::Json;
use crate::numbers;
use crate::policy::callgate::{self, Approval, Operation, Policy, Rule, Target};
use crate::policy::condition::{Condition, Items, Listed, Membership, NumericOp, Source, StringOp};
use crate::policy::{self, Document};
use crate::readers::{
    AllowedPaths, AllowedUrls, Entries, address_is_in, can_be_name, fold, matches_pattern, matches_uri, time_is_in,
    uri_is_normal,
};
use crate::request::Request;
use crate::schema::Schema;
use crate::truth::{Truth, all, any, not, outcomes};

/// The decision of the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Allow, RequireApproval or Deny.
    pub effect: Effect,
    /// The code.
    pub code: Code,
    /// The name of the rule that decided, or of the nearest rule.
    pub rule: Option<String>,
    /// The terms of the approval that the call requires.
    pub approval: Option<Terms>,
}

/// Who may approve a call, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The roles that may approve, sorted; every person if there are none.
    pub by: Vec<String>,
    /// Whether the caller must not approve.
    pub not_self: bool,
    /// The seconds in which the approval must be given.
    pub seconds: Option<u32>,
}

/// What one rule states about calls: its own effect, or the approval of some of the calls that it allows.
#[derive(Clone, Copy)]
struct Statement<'p> {
    rule: &'p Rule,
    effect: callgate::Effect,
    approval: Option<&'p Approval>,
}

impl<'p> Statement<'p> {
    fn of(rule: &'p Rule) -> impl Iterator<Item = Self> {
        let own = Self { rule, effect: rule.effect, approval: None };
        let approval = rule.approval.as_ref();
        let approved = approval.map(|approval| Self {
            effect: callgate::Effect::RequireApproval,
            approval: Some(approval),
            ..own
        });
        std::iter::once(own).chain(approved)
    }

    /// The conditions that are true if the statement applies.
    fn conditions(self) -> impl Iterator<Item = &'p Condition> {
        self.rule.condition.iter().chain(self.approval.and_then(|approval| approval.when.as_ref()))
    }
}

/// A `callgate-1` policy without errors.
#[derive(Debug)]
pub struct Reference {
    policy: Policy,
    /// The regular expressions of the policy, each of which matches a whole text.
    expressions: HashMap<String, Regex>,
    /// The enforced schemas, by the servers and the names of their tools.
    schemas: HashMap<(Option<String>, String), Schema>,
    /// The fields that a `PathCheck` reads, so that programs may drop a slash at their ends.
    paths: Vec<(Source, Vec<String>)>,
}

/// Why the reference does not take a policy.
#[derive(Debug)]
pub enum Refusal {
    /// The text is not a policy.
    Text(serde_json::Error),
    /// The policy is of the dialect `perso-1`.
    Dialect,
    /// A regular expression of the policy is not valid.
    Expression(regex::Error),
}

impl Display for Refusal {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(error) => write!(formatter, "the reference does not read the policy: {error}"),
            Self::Dialect => formatter.write_str("the reference evaluates `callgate-1` only"),
            Self::Expression(error) => write!(formatter, "a regular expression is not valid: {error}"),
        }
    }
}

impl Reference {
    /// Reads a policy text in which `validate` finds no error.
    ///
    /// # Errors
    /// The text is not a policy of `callgate-1`, or a regular expression of the policy is not valid.
    pub fn new(text: &str) -> Result<Self, Refusal> {
        let Document::Callgate(policy) = policy::read(text).map_err(Refusal::Text)? else {
            return Err(Refusal::Dialect);
        };
        let mut expressions = HashMap::new();
        for condition in policy.rules.iter().flat_map(Rule::conditions) {
            collect_expressions(condition, &mut expressions).map_err(Refusal::Expression)?;
        }
        let enforced = policy.all_tools().filter_map(|(server, tool)| {
            let schema = Schema::new(tool.enforced_schema()?.clone());
            Some(((server.map(str::to_owned), tool.name().to_owned()), schema))
        });
        let mut paths = Vec::new();
        for condition in policy.rules.iter().flat_map(Rule::conditions) {
            collect_paths(condition, &mut paths);
        }
        let schemas = enforced.collect();
        Ok(Self { schemas, policy, expressions, paths })
    }

    fn is_path(&self, source: Source, field: &str) -> bool {
        self.paths.contains(&(source, names_on(field)))
    }

    /// Decides a request.
    #[must_use]
    pub fn decide(&self, request: &Request) -> Judgement {
        let deny = |code: Code| Judgement { effect: Effect::Deny, code, rule: None, approval: None };
        if request.kind.is_resource() && !uri_is_normal(&request.name) {
            return deny(Code::AmbiguousResource);
        }
        let is_closed = self.policy.declares_tools();
        let named = self.policy.tool(request.server.as_deref(), &request.name);
        let (owner, tool) = named.map_or((None, None), |(owner, tool)| (owner, Some(tool)));
        let prompts = self.policy.prompts.as_deref();
        match request.kind {
            TargetKind::Tool if if is_closed { tool.is_none() } else { !can_be_name(&request.name) } => {
                return deny(Code::UnknownTool);
            }
            TargetKind::Prompt
                if prompts.map_or(!can_be_name(&request.name), |prompts| !prompts.contains(&request.name)) =>
            {
                return deny(Code::UnknownPrompt);
            }
            _ => {}
        }
        let roles = self.roles_of(request);
        if roles.is_empty() {
            return deny(Code::UnknownRole);
        }
        if request.kind == TargetKind::Tool
            && let Some(schema) = self.schemas.get(&(owner.map(str::to_owned), request.name.clone()))
            && let Json::Object(arguments) = &request.arguments
            && schema.truth(&request.arguments) != Some(true)
        {
            let has_undeclared = arguments.iter().any(|(name, _)| schema.forbids_member(name));
            return deny(if has_undeclared { Code::UndeclaredArgument } else { Code::InvalidArguments });
        }
        let edge = request.facts_object();
        let facts = Facts { request, edge: &edge, item: None };
        let mut speaking: Vec<Statement<'_>> = self
            .policy
            .rules
            .iter()
            .filter(|rule| self.target_fits(rule, owner, request))
            .filter(|rule| match &rule.roles {
                Listed::Any => true,
                Listed::These(listed) => listed.iter().any(|role| roles.contains(&role.as_str())),
            })
            .flat_map(Statement::of)
            .filter(|statement| match tool.filter(|_| request.kind == TargetKind::Tool) {
                Some(tool) => statement.conditions().all(|it| outcomes(it, tool).contains(&Some(true))),
                None => true,
            })
            .collect();
        // Among rules that say the same, the one whose name comes first is named in the answer; of rules without one,
        // that which comes first in the policy.
        speaking.sort_by_key(|statement| (statement.rule.id.as_ref(), statement.rule.index));

        // What is unknown may be true or false: of the two answers the stricter one is given.
        let first = |effect: callgate::Effect, wanted: Truth| {
            speaking.iter().find(|it| it.effect == effect && self.statement_truth(**it, facts) == wanted)
        };
        let allows = first(callgate::Effect::Allow, Some(true));
        let answers = [
            (first(callgate::Effect::Deny, Some(true)), Code::DeniedByRule),
            (first(callgate::Effect::Deny, None), Code::ConditionUnknown),
            (first(callgate::Effect::RequireApproval, Some(true)), Code::ApprovalRequired),
            (first(callgate::Effect::RequireApproval, None).filter(|_| allows.is_some()), Code::ConditionUnknown),
            (allows, Code::Allowed),
        ];
        let decided = answers.into_iter().find_map(|(rule, code)| Some((rule?, code)));
        match decided {
            Some((statement, code)) => Judgement {
                effect: effect_of(statement.effect),
                code,
                rule: Some(statement.rule.name()),
                approval: statement.approval.and_then(|approval| self.terms_of(approval)),
            },
            None => self.deny_by_default(&speaking, facts),
        }
    }

    /// Whether the condition of a rule, by its place in the policy, is true, false or, as `None`, unknown for a request.
    ///
    /// It is `Some(true)` for a rule without a condition.
    #[must_use]
    pub fn condition_truth(&self, rule: usize, request: &Request) -> Option<bool> {
        let edge = request.facts_object();
        let facts = Facts { request, edge: &edge, item: None };
        let condition = self.policy.rules.get(rule).and_then(|rule| rule.condition.as_ref());
        condition.map_or(Some(true), |condition| self.truth(condition, facts))
    }

    /// No rule applies, so the nearest one is reported: the Allow rule with the fewest failed checks, or if there is no
    /// Allow rule, such a RequireApproval rule.
    fn deny_by_default(&self, speaking: &[Statement<'_>], facts: Facts<'_>) -> Judgement {
        let by_obstacles =
            |it: &&Statement<'_>| (it.effect == callgate::Effect::RequireApproval, self.obstacles_of(**it, facts));
        let could_allow = speaking.iter().filter(|it| it.effect != callgate::Effect::Deny);
        // The first of those that are equally near is the one whose name comes first.
        match could_allow.min_by_key(by_obstacles) {
            None => Judgement { effect: Effect::Deny, code: Code::NoRule, rule: None, approval: None },
            Some(it) => {
                let is_unknown = self.statement_truth(*it, facts).is_none();
                let code = if is_unknown { Code::ConditionUnknown } else { Code::ConditionFailed };
                Judgement { effect: Effect::Deny, code, rule: Some(it.rule.name()), approval: None }
            }
        }
    }

    /// The declared roles of the caller, and those that they inherit at any remove.
    fn roles_of<'p>(&'p self, request: &Request) -> Vec<&'p str> {
        self.with_inherited(&request.roles.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// A role and those that it inherits at any remove.
    fn inherited_by<'p>(&'p self, role: &str) -> Vec<&'p str> {
        self.with_inherited(&[role])
    }

    fn with_inherited<'p>(&'p self, names: &[&str]) -> Vec<&'p str> {
        let mut held: Vec<&str> = Vec::new();
        let mut open = names.to_vec();
        while let Some(name) = open.pop() {
            if let Some((name, role)) = self.policy.roles.get_key_value(name)
                && !held.contains(&name.as_str())
            {
                held.push(name);
                open.extend(role.inherits.iter().map(String::as_str));
            }
        }
        held
    }

    /// Whether a rule is about the target of a call; `owner` is the server that owns the tool.
    fn target_fits(&self, rule: &Rule, owner: Option<&str>, request: &Request) -> bool {
        let operation = match request.kind {
            TargetKind::Tool => {
                let Target::Tools(names, except) = &rule.target else { return false };
                let is_named = |names: &[String]| names.iter().any(|name| self.tool_fits(name, rule, owner, request));
                return is_named(names) && !is_named(except);
            }
            TargetKind::Prompt => {
                return matches!(&rule.target, Target::Prompt(name) if matches_pattern(name, &request.name));
            }
            TargetKind::ResourceRead => Operation::Read,
            TargetKind::ResourceList => Operation::List,
            TargetKind::ResourceSubscribe => Operation::Subscribe,
        };
        matches!(&rule.target, Target::Resource(uri, operations)
            if operations.contains(&operation) && matches_uri(uri, &request.name))
    }

    /// Whether a name or a pattern of a rule is about the tool of a call.
    fn tool_fits(&self, name: &str, rule: &Rule, owner: Option<&str>, request: &Request) -> bool {
        match (rule.server.as_deref(), owner) {
            (None, Some(owner)) => matches_pattern(name, &format!("{owner}/{}", request.name)),
            (None, None) => matches_pattern(name, &request.name),
            (Some(server), Some(owner)) => server == owner && matches_pattern(name, &request.name),
            // With a server, a name means the tool of the server if there is one.
            (Some(server), None) => {
                let is_owned = || self.policy.tool(Some(server), name).is_some_and(|(owner, _)| owner.is_some());
                matches_pattern(name, &request.name) && (name.contains('*') || !is_owned())
            }
        }
    }

    fn statement_truth(&self, statement: Statement<'_>, facts: Facts<'_>) -> Truth {
        let server = server_truth(statement.rule, facts.request);
        all(statement.conditions().map(|condition| self.truth(condition, facts)).chain([server]))
    }

    fn obstacles_of(&self, statement: Statement<'_>, facts: Facts<'_>) -> usize {
        let server = usize::from(server_truth(statement.rule, facts.request) != Some(true));
        statement
            .conditions()
            .map(|condition| self.obstacles(condition, true, facts))
            .sum::<usize>()
            .saturating_add(server)
    }

    /// The terms of an approval, if it has any.
    fn terms_of(&self, approval: &Approval) -> Option<Terms> {
        let by = approval.by.iter().flatten();
        let may_approve =
            |role: &&String| by.clone().any(|approver| self.inherited_by(role).contains(&approver.as_str()));
        let terms = Terms {
            // The keys of the map are sorted.
            by: self.policy.roles.keys().filter(may_approve).cloned().collect(),
            not_self: approval.not_self.unwrap_or(false),
            seconds: approval.expires.as_deref().and_then(seconds_in),
        };
        (terms != Terms { by: Vec::new(), not_self: false, seconds: None }).then_some(terms)
    }

    fn truth(&self, condition: &Condition, facts: Facts<'_>) -> Truth {
        match condition {
            Condition::All(children) => all(children.iter().map(|child| self.truth(child, facts))),
            Condition::Any(children) => any(children.iter().map(|child| self.truth(child, facts))),
            Condition::Not(inner) => not(self.truth(inner, facts)),
            Condition::Every(check) => all(self.item_truths(check, facts)?),
            Condition::Some(check) => any(self.item_truths(check, facts)?),
            Condition::FieldPresent(check) => facts.is_present(check.source, &check.field),
            Condition::NumericCheck(check) => {
                numbers_compare(facts.number(check.source, &check.field)?, check.op, &check.value.0)
            }
            Condition::FieldCompare(check) => {
                let a = facts.number(check.source_a, &check.field_a)?;
                numbers_compare(a, check.op, facts.number(check.source_b, &check.field_b)?)
            }
            Condition::FieldEquals(check) => {
                let (a, b) =
                    (facts.value(check.source_a, &check.field_a)?, facts.value(check.source_b, &check.field_b)?);
                match (a, b) {
                    (Json::String(a), Json::String(b)) => {
                        let is_path = self.is_path(check.source_a, &check.field_a)
                            || self.is_path(check.source_b, &check.field_b);
                        let (a, b) = (fold(a, check.ignore_case), fold(b, check.ignore_case));
                        match a == b {
                            // A program that drops the slashes would compare equal paths.
                            false if is_path && without_slash(&a) == without_slash(&b) => None,
                            is_equal => Some(is_equal),
                        }
                    }
                    (Json::Bool(a), Json::Bool(b)) => Some(a == b),
                    (Json::Number(a), Json::Number(b)) => numbers_compare(a, NumericOp::Eq, b),
                    _ => None,
                }
            }
            Condition::BoolCheck(check) => match facts.value(check.source, &check.field)? {
                Json::Bool(value) => Some(*value == check.value),
                _ => None,
            },
            Condition::LengthCheck(check) => {
                let length = match facts.value(check.source, &check.field)? {
                    Json::String(text) => text.chars().count(),
                    Json::Array(items) => items.len(),
                    Json::Object(members) => members.len(),
                    Json::Null | Json::Bool(_) | Json::Number(_) => return None,
                };
                let length = BigDecimal::from(u64::try_from(length).ok()?);
                Some(compares(check.op, length.cmp(&check.value.0.parse().ok()?)))
            }
            Condition::StringCheck(check) => {
                let text = fold(facts.text(check.source, &check.field)?, check.ignore_case);
                let is_one = |holds: &dyn Fn(&str) -> bool| {
                    check.value.as_slice().iter().any(|value| holds(&fold(value, check.ignore_case)))
                };
                let truth = |text: &str| match check.op {
                    StringOp::In => is_one(&|value| text == value),
                    StringOp::NotIn => !is_one(&|value| text == value),
                    StringOp::StartsWith => is_one(&|value| text.starts_with(value)),
                    StringOp::EndsWith => is_one(&|value| text.ends_with(value)),
                    StringOp::Contains => is_one(&|value| text.contains(value)),
                    StringOp::Glob => is_one(&|value| matches_pattern(value, text)),
                    StringOp::Matches => {
                        is_one(&|value| self.expressions.get(value).is_some_and(|regex| regex.is_match(text)))
                    }
                };
                let readings = [&*text, without_slash(&text)];
                let is_agreed = !self.is_path(check.source, &check.field) || truth(readings[0]) == truth(readings[1]);
                is_agreed.then(|| truth(&text))
            }
            Condition::TimeCheck(window) => match facts.edge.child("time")? {
                Json::Number(seconds) => time_is_in(seconds.parse().ok()?, window),
                _ => None,
            },
            Condition::MembersCheck(check) => {
                let Json::Object(members) = facts.value(check.source, &check.field)? else { return None };
                let is_named = |name: &str| {
                    let name = fold(name, check.ignore_case);
                    check.value.iter().any(|listed| fold(listed, check.ignore_case) == name)
                };
                Some(match check.op {
                    Membership::In => members.iter().all(|(name, _)| is_named(name)),
                    Membership::NotIn => !members.iter().any(|(name, _)| is_named(name)),
                })
            }
            Condition::PathCheck(check) => {
                let allowed = AllowedPaths {
                    roots: check.roots.as_deref().map(borrowed).unwrap_or_default(),
                    globs: check.globs.as_deref().map(borrowed).unwrap_or_default(),
                    base: check.base.as_deref(),
                    ignored: check.ignore_case,
                };
                allowed.hold(facts.text(check.source, &check.field)?)
            }
            Condition::UrlCheck(check) => {
                let schemes = match &check.schemes {
                    None => Entries::Default,
                    Some(Listed::Any) => Entries::Any,
                    Some(Listed::These(schemes)) => Entries::These(borrowed(schemes)),
                };
                let ports = match &check.ports {
                    None => Entries::Default,
                    Some(Listed::Any) => Entries::Any,
                    Some(Listed::These(ports)) => Entries::These(ports.iter().map(|port| port.0.as_str()).collect()),
                };
                let paths = check.paths.as_deref().map(borrowed);
                let allowed = AllowedUrls { schemes, hosts: borrowed(&check.hosts), ports, paths };
                allowed.hold(facts.text(check.source, &check.field)?)
            }
            Condition::CidrCheck(check) => {
                let is_inside = address_is_in(facts.text(check.source, &check.field)?, &borrowed(&check.value))?;
                Some(is_inside == (check.op == Membership::In))
            }
        }
    }

    /// What the condition on the items of a list is for each item; `None` if the field is not a list.
    fn item_truths(&self, check: &Items, facts: Facts<'_>) -> Option<Vec<Truth>> {
        let items = facts.items(check.source, &check.field)?.iter();
        Some(items.map(|item| self.truth(&check.condition, Facts { item: Some(item), ..facts })).collect())
    }

    /// How many predicates keep a condition from being as wanted. Of the items of a list that must all be so, the first
    /// that is not counts; where one of them would do, the list counts as one.
    fn obstacles(&self, condition: &Condition, wanted: bool, facts: Facts<'_>) -> usize {
        if self.truth(condition, facts) == Some(wanted) {
            return 0;
        }
        let of_items = |check: &Items| {
            let mut counts = facts
                .items(check.source, &check.field)
                .into_iter()
                .flatten()
                .map(|item| self.obstacles(&check.condition, wanted, Facts { item: Some(item), ..facts }));
            counts.find(|&count| count > 0).unwrap_or(1)
        };
        match condition {
            Condition::All(children) | Condition::Any(children) => {
                children.iter().map(|child| self.obstacles(child, wanted, facts)).sum()
            }
            Condition::Not(inner) => self.obstacles(inner, !wanted, facts),
            Condition::Every(check) if wanted => of_items(check),
            Condition::Some(check) if !wanted => of_items(check),
            _ => 1,
        }
    }
}

/// The effect in the engine's terms, in which the two judges are compared.
fn effect_of(effect: callgate::Effect) -> Effect {
    match effect {
        callgate::Effect::Allow => Effect::Allow,
        callgate::Effect::RequireApproval => Effect::RequireApproval,
        callgate::Effect::Deny => Effect::Deny,
    }
}

/// The seconds of a time such as `90s`, `15m` or `1h`.
fn seconds_in(time: &str) -> Option<u32> {
    let unit = match time.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        _ => return None,
    };
    let count: u32 = time.get(..time.len().checked_sub(1)?)?.parse().ok()?;
    count.checked_mul(unit)
}

/// A rule with a server matches only that server; a call without a server, or with an invalid one, may match it.
fn server_truth(rule: &Rule, request: &Request) -> Truth {
    match (&rule.server, &request.server) {
        (None, _) => Some(true),
        (Some(_), None) => None,
        (Some(_), Some(server)) if !can_be_name(server) => None,
        (Some(wanted), Some(server)) => Some(wanted == server),
    }
}

/// Whether two numbers compare so, if they do or do not both as decimals and as binary64.
fn numbers_compare(a: &str, op: NumericOp, b: &str) -> Truth {
    numbers::compare(a, b, |ordering| compares(op, ordering))
}

fn compares(op: NumericOp, ordering: Ordering) -> bool {
    match op {
        NumericOp::Eq => ordering == Ordering::Equal,
        NumericOp::Ne => ordering != Ordering::Equal,
        NumericOp::Lt => ordering == Ordering::Less,
        NumericOp::Lte => ordering != Ordering::Greater,
        NumericOp::Gt => ordering == Ordering::Greater,
        NumericOp::Gte => ordering != Ordering::Less,
    }
}

fn borrowed(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn collect_paths(condition: &Condition, paths: &mut Vec<(Source, Vec<String>)>) {
    if let Condition::PathCheck(check) = condition {
        paths.push((check.source, names_on(&check.field)));
    }
    condition.children().iter().for_each(|child| collect_paths(child, paths));
}

/// The names on the way to a field, which is a name or a JSON pointer.
fn names_on(field: &str) -> Vec<String> {
    match field.strip_prefix('/') {
        Some(pointer) => pointer.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect(),
        // The item itself.
        None if field.is_empty() => Vec::new(),
        None => vec![field.to_owned()],
    }
}

/// A path as a program that drops a slash at its end reads it.
fn without_slash(path: &str) -> &str {
    if path.len() == 1 { path } else { path.strip_suffix(['/', '\\']).unwrap_or(path) }
}

fn collect_expressions(condition: &Condition, expressions: &mut HashMap<String, Regex>) -> Result<(), regex::Error> {
    if let Condition::StringCheck(check) = condition
        && check.op == StringOp::Matches
    {
        for value in check.value.as_slice() {
            // An expression stands by itself before it is put between the ends of the text.
            Regex::new(value)?;
            expressions.insert(value.clone(), Regex::new(&format!(r"\A(?:{value})\z"))?);
        }
    }
    condition.children().iter().try_for_each(|child| collect_expressions(child, expressions))
}
