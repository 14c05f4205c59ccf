//! A simple second implementation of the policy language: it scans the rules of the document.

use std::cmp::Ordering;
use std::collections::HashMap;

use bigdecimal::BigDecimal;
use callgate_engine::language::operators::{NumericOp, Source, StringOp};
use callgate_engine::policy::condition::{
    BoolCheck, CidrCheck, Condition, ConditionKind, Field, FieldCompare, FieldEquals, FieldPresent, ItemsCheck,
    LengthCheck, NumericCheck, PathCheck, StringCheck, TimeCheck, UrlCheck,
};
use callgate_engine::policy::document::{PolicyDocument, Rule};
use callgate_engine::policy::text::Spanned;
use callgate_engine::{Code, Effect, TargetKind};
use regex::Regex;

use crate::json::Json;
use crate::readers::{
    AllowedUrls, address_is_in, can_be_name, matches_pattern, matches_uri, path_is_in, time_is_in, uri_is_normal,
};
use crate::request::Request;

/// True, false or, as `None`, unknown.
type Truth = Option<bool>;

/// The decision of the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Allow, RequireApproval or Deny.
    pub effect: Effect,
    /// The code.
    pub code: Code,
    /// The name of the rule that decided, or of the nearest rule.
    pub rule: Option<String>,
}

/// A `callgate-1` policy without errors.
#[derive(Debug)]
pub struct Reference<'d> {
    document: &'d PolicyDocument<'d>,
    /// The regular expressions of the policy, each for a whole text.
    expressions: HashMap<&'d str, Regex>,
}

/// The sources of a condition's fields.
#[derive(Clone, Copy)]
struct Facts<'r> {
    request: &'r Request,
    /// The source `Request`.
    edge: &'r Json,
    /// The current item inside `Every` and `Some`.
    item: Option<&'r Json>,
}

impl<'d> Reference<'d> {
    /// Accepts a document without errors.
    ///
    /// # Errors
    /// A regular expression of the policy is invalid.
    pub fn new(document: &'d PolicyDocument<'d>) -> Result<Self, regex::Error> {
        let mut expressions = HashMap::new();
        for condition in document.rules.iter().filter_map(|rule| rule.condition.as_ref()) {
            collect_expressions(condition, &mut expressions)?;
        }
        Ok(Self { document, expressions })
    }

    /// Decides a request.
    #[must_use]
    pub fn decide(&self, request: &Request) -> Judgement {
        let deny = |code: Code| Judgement { effect: Effect::Deny, code, rule: None };
        if request.kind.is_resource() && !uri_is_normal(&request.name) {
            return deny(Code::AmbiguousResource);
        }
        let tools = self.document.tools.as_deref();
        let tool = tools.and_then(|tools| tools.iter().find(|tool| tool.name.value == request.name));
        let prompts = self.document.prompts.as_deref();
        match request.kind {
            TargetKind::Tool if tools.map_or(!can_be_name(&request.name), |_| tool.is_none()) => {
                return deny(Code::UnknownTool);
            }
            TargetKind::Prompt
                if prompts.map_or(!can_be_name(&request.name), |prompts| {
                    prompts.iter().all(|prompt| prompt.value != request.name)
                }) =>
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
            && let Some(schema) = tool.and_then(|tool| tool.schema.as_ref()).filter(|schema| schema.is_closed)
            && let Json::Object(arguments) = &request.arguments
            && !arguments.iter().all(|(name, _)| schema.properties.iter().any(|property| property.name == *name))
        {
            return deny(Code::UndeclaredArgument);
        }
        let edge = request.facts_object();
        let facts = Facts { request, edge: &edge, item: None };
        let mut speaking: Vec<&Rule> = self
            .document
            .rules
            .iter()
            .filter(|rule| rule.kinds.contains(&request.kind))
            .filter(|rule| match request.kind.is_resource() {
                true => matches_uri(&rule.target.value, &request.name),
                false => matches_pattern(&rule.target.value, &request.name),
            })
            .filter(|rule| rule.roles.iter().any(|role| roles.contains(&role.value.as_str())))
            .collect();
        // Among equivalent rules, the first one by name is reported; among rules without a name, the first one by
        // position.
        speaking.sort_by_key(|rule| (rule.id.as_ref().map(|id| &id.value), self.document.text.get(rule.span.clone())));

        // An unknown condition can be true or false, so the stricter decision applies.
        let first = |effect: Effect, wanted: Truth| {
            speaking.iter().find(|rule| rule.effect == effect && self.rule_truth(rule, facts) == wanted)
        };
        let allows = first(Effect::Allow, Some(true));
        let answers = [
            (first(Effect::Deny, Some(true)), Code::DeniedByRule),
            (first(Effect::Deny, None), Code::ConditionUnknown),
            (first(Effect::RequireApproval, Some(true)), Code::ApprovalRequired),
            (first(Effect::RequireApproval, None).filter(|_| allows.is_some()), Code::ConditionUnknown),
            (allows, Code::Allowed),
        ];
        let decided = answers.into_iter().find_map(|(rule, code)| Some((rule?, code)));
        match decided {
            Some((rule, code)) => Judgement { effect: rule.effect, code, rule: Some(rule.name()) },
            None => self.deny_by_default(&speaking, facts),
        }
    }

    /// Whether the condition of a rule is true, false or, as `None`, unknown for a request; `Some(true)` without a
    /// condition.
    #[must_use]
    pub fn condition_truth(&self, rule: &Rule, request: &Request) -> Option<bool> {
        let edge = request.facts_object();
        let facts = Facts { request, edge: &edge, item: None };
        rule.condition.as_ref().map_or(Some(true), |condition| self.truth(condition, facts))
    }

    /// No rule applies, so the nearest one is reported: the rule with the fewest failed checks.
    fn deny_by_default(&self, speaking: &[&Rule], facts: Facts<'_>) -> Judgement {
        let by_obstacles = |rule: &&&Rule| (self.rule_obstacles(rule, facts), rule.effect != Effect::RequireApproval);
        let could_allow = speaking.iter().filter(|rule| rule.effect != Effect::Deny);
        // Among equally near rules, the first one by name.
        match could_allow.min_by_key(by_obstacles) {
            None => Judgement { effect: Effect::Deny, code: Code::NoRule, rule: None },
            Some(rule) => {
                let is_unknown = self.rule_truth(rule, facts).is_none();
                let code = if is_unknown { Code::ConditionUnknown } else { Code::ConditionFailed };
                Judgement { effect: Effect::Deny, code, rule: Some(rule.name()) }
            }
        }
    }

    /// The declared roles of the caller, and the roles that they directly or indirectly inherit.
    fn roles_of(&self, request: &Request) -> Vec<&'d str> {
        let declared = || self.document.roles.iter().flatten();
        let mut held: Vec<&str> = Vec::new();
        let mut open: Vec<&str> = request.roles.iter().map(String::as_str).collect();
        while let Some(name) = open.pop() {
            if let Some(role) = declared().find(|role| role.name.value == name)
                && !held.contains(&name)
            {
                held.push(&role.name.value);
                open.extend(role.inherits.iter().map(|parent| parent.value.as_str()));
            }
        }
        held
    }

    fn rule_truth(&self, rule: &Rule, facts: Facts<'_>) -> Truth {
        let server = server_truth(rule, facts.request);
        let condition = rule.condition.as_ref().map_or(Some(true), |condition| self.truth(condition, facts));
        all([server, condition])
    }

    fn rule_obstacles(&self, rule: &Rule, facts: Facts<'_>) -> usize {
        let server = usize::from(server_truth(rule, facts.request) != Some(true));
        let condition = rule.condition.as_ref().map_or(0, |condition| self.obstacles(condition, true, facts));
        server.saturating_add(condition)
    }

    fn truth(&self, condition: &Condition, facts: Facts<'_>) -> Truth {
        match &condition.kind {
            ConditionKind::All(children) => all(children.iter().map(|child| self.truth(child, facts))),
            ConditionKind::Any(children) => any(children.iter().map(|child| self.truth(child, facts))),
            ConditionKind::Not(inner) => self.truth(inner, facts).map(|truth| !truth),
            ConditionKind::Items(ItemsCheck { every, field, condition }) => {
                let items = items(field, facts)?.iter();
                let truths = items.map(|item| self.truth(condition, Facts { item: Some(item), ..facts }));
                if *every { all(truths) } else { any(truths) }
            }
            ConditionKind::FieldPresent(FieldPresent { field }) => Some(value(field, facts).is_some()),
            ConditionKind::NumericCheck(NumericCheck { field, op, value }) => {
                Some(compares(*op, number(field, facts)?.cmp(&value.parse().ok()?)))
            }
            ConditionKind::FieldCompare(FieldCompare { a, op, b }) => {
                Some(compares(*op, number(a, facts)?.cmp(&number(b, facts)?)))
            }
            ConditionKind::FieldEquals(FieldEquals { a, b }) => match (value(a, facts)?, value(b, facts)?) {
                (Json::String(a), Json::String(b)) => Some(a == b),
                (Json::Bool(a), Json::Bool(b)) => Some(a == b),
                (Json::Number(_), Json::Number(_)) => Some(number(a, facts)? == number(b, facts)?),
                _ => None,
            },
            ConditionKind::BoolCheck(BoolCheck { field, value: wanted }) => match value(field, facts)? {
                Json::Bool(value) => Some(value == wanted),
                _ => None,
            },
            ConditionKind::LengthCheck(LengthCheck { field, op, value: bound }) => {
                let length = match value(field, facts)? {
                    Json::String(text) => text.chars().count(),
                    Json::Array(items) => items.len(),
                    Json::Object(members) => members.len(),
                    Json::Null | Json::Bool(_) | Json::Number(_) => return None,
                };
                Some(compares(*op, length.cmp(&bound.value.parse().ok()?)))
            }
            ConditionKind::StringCheck(StringCheck { field, op, values }) => {
                let text = text(field, facts)?;
                let is_one = |holds: &dyn Fn(&str) -> bool| values.iter().any(|value| holds(&value.value));
                Some(match op {
                    StringOp::In => is_one(&|value| text == value),
                    StringOp::NotIn => !is_one(&|value| text == value),
                    StringOp::StartsWith => is_one(&|value| text.starts_with(value)),
                    StringOp::EndsWith => is_one(&|value| text.ends_with(value)),
                    StringOp::Contains => is_one(&|value| text.contains(value)),
                    StringOp::Glob => is_one(&|value| matches_pattern(value, text)),
                    StringOp::Matches => {
                        is_one(&|value| self.expressions.get(value).is_some_and(|regex| regex.is_match(text)))
                    }
                })
            }
            ConditionKind::TimeCheck(TimeCheck { field, window }) => match value(field, facts)? {
                Json::Number(seconds) => time_is_in(seconds.parse().ok()?, *window),
                _ => None,
            },
            ConditionKind::PathCheck(PathCheck { field, roots }) => path_is_in(text(field, facts)?, &texts(roots)),
            ConditionKind::UrlCheck(UrlCheck { field, schemes, hosts, ports }) => {
                let allowed = AllowedUrls { schemes: texts(schemes), hosts: texts(hosts), ports: texts(ports) };
                allowed.hold(text(field, facts)?)
            }
            ConditionKind::CidrCheck(CidrCheck { field, op, networks }) => {
                let is_inside = address_is_in(text(field, facts)?, &texts(networks))?;
                Some(is_inside == (*op == StringOp::In))
            }
        }
    }

    /// The number of checks that keep a condition from the required result. For a list whose items must all have it,
    /// only the first failing item counts; if one item suffices, the list counts as one.
    fn obstacles(&self, condition: &Condition, wanted: bool, facts: Facts<'_>) -> usize {
        if self.truth(condition, facts) == Some(wanted) {
            return 0;
        }
        let of_items = |field: &Field, condition: &Condition| {
            let counts = items(field, facts)
                .into_iter()
                .flatten()
                .map(|item| self.obstacles(condition, wanted, Facts { item: Some(item), ..facts }));
            counts.into_iter().find(|&count| count > 0).unwrap_or(1)
        };
        match &condition.kind {
            ConditionKind::All(children) | ConditionKind::Any(children) => {
                children.iter().map(|child| self.obstacles(child, wanted, facts)).sum()
            }
            ConditionKind::Not(inner) => self.obstacles(inner, !wanted, facts),
            ConditionKind::Items(ItemsCheck { every, field, condition }) if *every == wanted => {
                of_items(field, condition)
            }
            _ => 1,
        }
    }
}

/// False if one is false; otherwise unknown if one is unknown; otherwise true.
fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
    let truths: Vec<Truth> = truths.into_iter().collect();
    if truths.contains(&Some(false)) {
        Some(false)
    } else if truths.contains(&None) {
        None
    } else {
        Some(true)
    }
}

/// True if one is true; otherwise unknown if one is unknown; otherwise false.
fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
    all(truths.into_iter().map(|truth| truth.map(|truth| !truth))).map(|truth| !truth)
}

/// A rule with a server matches only that server; a call without a server, or with an invalid one, may match it.
fn server_truth(rule: &Rule, request: &Request) -> Truth {
    match (&rule.server, &request.server) {
        (None, _) => Some(true),
        (Some(_), None) => None,
        (Some(_), Some(server)) if !can_be_name(server) => None,
        (Some(wanted), Some(server)) => Some(wanted.value == *server),
    }
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

/// The value of a field that is present and not null.
fn value<'r>(field: &Field, facts: Facts<'r>) -> Option<&'r Json> {
    let source = match field.source {
        Source::Arguments => &facts.request.arguments,
        Source::AgentAttributes => &facts.request.agent,
        Source::ResourceAttributes => &facts.request.resource,
        Source::Request => facts.edge,
        Source::Item => facts.item?,
    };
    let found = match field.name.value.strip_prefix('/') {
        // The item itself has no name.
        None if field.name.value.is_empty() => Some(source),
        None => source.child(&field.name.value),
        Some(pointer) => pointer
            .split('/')
            .map(|token| token.replace("~1", "/").replace("~0", "~"))
            .try_fold(source, |value, token| value.child(&token)),
    };
    found.filter(|value| **value != Json::Null)
}

fn number(field: &Field, facts: Facts<'_>) -> Option<BigDecimal> {
    match value(field, facts)? {
        Json::Number(text) => text.parse().ok(),
        _ => None,
    }
}

fn text<'r>(field: &Field, facts: Facts<'r>) -> Option<&'r str> {
    match value(field, facts)? {
        Json::String(text) => Some(text),
        _ => None,
    }
}

fn items<'r>(field: &Field, facts: Facts<'r>) -> Option<&'r [Json]> {
    match value(field, facts)? {
        Json::Array(items) => Some(items),
        _ => None,
    }
}

fn texts(list: &[Spanned<String>]) -> Vec<&str> {
    list.iter().map(|text| text.value.as_str()).collect()
}

fn collect_expressions<'d>(
    condition: &'d Condition,
    expressions: &mut HashMap<&'d str, Regex>,
) -> Result<(), regex::Error> {
    if let ConditionKind::StringCheck(StringCheck { op: StringOp::Matches, values, .. }) = &condition.kind {
        for value in values {
            // An expression must be valid by itself before it is anchored.
            Regex::new(&value.value)?;
            expressions.insert(&value.value, Regex::new(&format!(r"\A(?:{})\z", value.value))?);
        }
    }
    condition.children().iter().try_for_each(|child| collect_expressions(child, expressions))
}
