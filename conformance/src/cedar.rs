//! Cedar as a third evaluator, which shares only the policy with the other two.
//!
//! The common part of both languages is translated: Allow and Deny rules, tool patterns, inherited roles, integers,
//! strings in a list, booleans, equal strings, `All`, `Any` and `Not`. In Cedar, a missing field is an error that skips
//! the policy, so calls here have every field with the required type.

use std::ops::Range;

use callgate_engine::{Effect, TargetKind};
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet};
use fastrand::Rng;

use crate::json::{Json, object, string, strings};
use crate::judge::{Tally, compile_text, judge_by_image};
use crate::policy::callgate::{self, Policy, Rule, Target};
use crate::policy::condition::{Condition, Listed, NumericOp, Source, StringOp};
use crate::policy::tools::Tool;
use crate::readers::matches_pattern;
use crate::request::Request;

const TOOLS: [&str; 4] = ["view", "view_all", "review", "überweisung"];
const TOOL_PATTERNS: [&str; 4] = ["*", "view*", "*view*", "*e*"];
const ROLES: [&str; 4] = ["agent", "manager", "admin", "auditor"];
const SOURCES: [(&str, Source); 3] = [
    ("Arguments", Source::Arguments),
    ("AgentAttributes", Source::AgentAttributes),
    ("ResourceAttributes", Source::ResourceAttributes),
];
const INTEGERS: [i64; 10] = [0, 1, -1, 4, 5, 500, 9_007_199_254_740_992, 9_007_199_254_740_993, i64::MAX, i64::MIN];
const TEXTS: [&str; 10] = ["", "a", "A", "prod", "é", "e\u{301}", "a\nb", "\"", "\\", "😀"];

/// Compares the decisions of the image and Cedar for some calls with a generated policy.
#[must_use]
pub fn compare_policy(seed: u64, calls: Range<u64>) -> Tally {
    let mut tally = Tally::default();
    let mut random = Rng::with_seed(seed);
    let text = policy(&mut random).to_string();
    if let Err(problem) = compare_calls(&text, calls, &mut random, &mut tally) {
        tally.disagreements.push(format!("policy {seed} of Cedar\npolicy  {text}\n{problem}"));
    }
    tally
}

fn compare_calls(text: &str, calls: Range<u64>, random: &mut Rng, tally: &mut Tally) -> Result<(), String> {
    let policy = Policy::read(text).map_err(|error| error.to_string())?;
    let image = compile_text(text)?;
    let translated = translate(&policy).ok_or("the policy has what Cedar lacks")?;
    let policies: PolicySet = translated.parse().map_err(|error| format!("{error}\ncedar   {translated}"))?;
    for _ in calls {
        let request = request(random);
        let seen = judge_by_image(&image, &request, random)?;
        let is_allowed = ask(&policies, &policy, &request)?;
        tally.count(seen.code);
        if (seen.effect == Effect::Allow) != is_allowed {
            let body = request.body();
            return Err(format!("request {body}\ncedar   {is_allowed}\nimage   {seen:?}\n{translated}"));
        }
    }
    Ok(())
}

fn pick<T: Copy + Default>(random: &mut Rng, list: &[T]) -> T {
    random.choice(list).copied().unwrap_or_default()
}

fn pick_some<'t>(random: &mut Rng, list: &[&'t str]) -> Vec<&'t str> {
    let count = random.usize(1..=list.len());
    random.choose_multiple(list, count).into_iter().copied().collect()
}

fn policy(random: &mut Rng) -> Json {
    let mut roles = Json::EMPTY;
    for (at, role) in ROLES.into_iter().enumerate() {
        // A role only inherits from earlier roles, so there is no cycle.
        let before = ROLES.get(..at).unwrap_or_default();
        let inherits = if before.is_empty() || random.bool() { Vec::new() } else { pick_some(random, before) };
        roles.insert(role, object([("inherits", strings(inherits))]));
    }
    let rules = (0..random.usize(1..=6)).map(|at| {
        let tool = if random.bool() { pick(random, &TOOLS) } else { pick(random, &TOOL_PATTERNS) };
        let effect = if random.u8(0..3) == 0 { "Deny" } else { "Allow" };
        object([
            ("id", string(format!("rule-{at}"))),
            ("effect", string(effect)),
            ("tool_name", string(tool)),
            ("roles", strings(pick_some(random, &ROLES))),
            ("condition", if random.u8(0..6) == 0 { Json::Null } else { condition(random, 3) }),
        ])
    });
    let rules = Json::Array(rules.collect());
    object([("version", string("callgate-1")), ("tools", strings(TOOLS)), ("roles", roles), ("rules", rules)])
}

fn condition(random: &mut Rng, depth: u32) -> Json {
    let below = depth.saturating_sub(1);
    let field = |random: &mut Rng, names: &[&str]| {
        let (source, _) = random.choice(SOURCES).unwrap_or(("Arguments", Source::Arguments));
        object([("source", string(source)), ("field", string(pick(random, names)))])
    };
    let list = |random: &mut Rng| {
        let count = random.usize(1..4);
        Json::Array((0..count).map(|_| condition(random, below)).collect())
    };
    match random.u8(if depth == 0 { 3 } else { 0 }..10) {
        0 => object([("All", list(random))]),
        1 => object([("Any", list(random))]),
        2 => object([("Not", condition(random, below))]),
        3..=5 => {
            let mut check = field(random, &["n", "m"]);
            check.insert("op", string(pick(random, &["Eq", "Ne", "Lt", "Lte", "Gt", "Gte"])));
            check.insert("value", Json::Number(pick(random, &INTEGERS).to_string()));
            object([("NumericCheck", check)])
        }
        6..=7 => {
            let mut check = field(random, &["s", "t"]);
            check.insert("op", string(pick(random, &["In", "NotIn"])));
            check.insert("value", strings(pick_some(random, &TEXTS)));
            object([("StringCheck", check)])
        }
        8 => {
            let mut check = field(random, &["b"]);
            check.insert("value", Json::Bool(random.bool()));
            object([("BoolCheck", check)])
        }
        _ => {
            let [(a, _), (b, _)] = [0, 1].map(|_| random.choice(SOURCES).unwrap_or(("Arguments", Source::Arguments)));
            // The two names differ, so that no field is compared with itself.
            let fields = [("source_a", a), ("field_a", "s"), ("source_b", b), ("field_b", "t")];
            object([("FieldEquals", object(fields.map(|(key, text)| (key, string(text)))))])
        }
    }
}

fn request(random: &mut Rng) -> Request {
    let mut source = || {
        let mut integer = || Json::Number(pick(random, &INTEGERS).to_string());
        let (n, m) = (integer(), integer());
        let (s, t) = (string(pick(random, &TEXTS)), string(pick(random, &TEXTS)));
        object([("n", n), ("m", m), ("s", s), ("t", t), ("b", Json::Bool(random.bool()))])
    };
    let (arguments, agent, resource) = (source(), source(), source());
    let tool = if random.u8(0..20) == 0 { "unknown" } else { pick(random, &TOOLS) };
    let roles = if random.u8(0..20) == 0 { vec!["nobody"] } else { pick_some(random, &ROLES) };
    Request {
        kind: TargetKind::Tool,
        name: tool.to_owned(),
        roles: roles.into_iter().map(str::to_owned).collect(),
        server: None,
        arguments,
        agent,
        resource,
        time: None,
        ip: None,
        country: None,
    }
}

/// The policy in Cedar; `None` if it says what Cedar can't.
fn translate(policy: &Policy) -> Option<String> {
    let tools: Vec<&str> = policy.tools.iter().flatten().map(Tool::name).collect();
    policy.rules.iter().map(|rule| translate_rule(rule, &tools)).collect()
}

fn translate_rule(rule: &Rule, tools: &[&str]) -> Option<String> {
    if rule.approval.is_some() {
        return None;
    }
    let effect = match rule.effect {
        callgate::Effect::Allow => "permit",
        callgate::Effect::Deny => "forbid",
        callgate::Effect::RequireApproval => return None,
    };
    let (Target::Tools(names, except), Listed::These(roles)) = (&rule.target, &rule.roles) else { return None };
    let is_one = |names: &[String], tool: &str| names.iter().any(|name| matches_pattern(name, tool));
    let actions = list(tools.iter().filter(|tool| is_one(names, tool) && !is_one(except, tool)), "Action::");
    let roles = list(roles.iter(), "Role::");
    let condition = rule.condition.as_ref().map_or(Some(String::from("true")), translate_condition)?;
    Some(format!(
        "{effect} (principal, action in {actions}, resource) when {{ principal in {roles} && {condition} }};\n"
    ))
}

fn translate_condition(condition: &Condition) -> Option<String> {
    let joined = |children: &[Condition], operator: &str| {
        let children: Option<Vec<String>> = children.iter().map(translate_condition).collect();
        children.map(|children| format!("({})", children.join(operator)))
    };
    Some(match condition {
        Condition::All(children) => joined(children, " && ")?,
        Condition::Any(children) => joined(children, " || ")?,
        Condition::Not(inner) => format!("(!{})", translate_condition(inner)?),
        Condition::NumericCheck(check) => {
            let op = match check.op {
                NumericOp::Eq => "==",
                NumericOp::Ne => "!=",
                NumericOp::Lt => "<",
                NumericOp::Lte => "<=",
                NumericOp::Gt => ">",
                NumericOp::Gte => ">=",
            };
            format!("({} {op} {})", translate_field(check.source, &check.field)?, check.value.0)
        }
        Condition::StringCheck(check) if check.ignore_case.is_none() => {
            let not = match check.op {
                StringOp::In => "",
                StringOp::NotIn => "!",
                _ => return None,
            };
            let values = list(check.value.as_slice().iter(), "");
            format!("({not}{values}.contains({}))", translate_field(check.source, &check.field)?)
        }
        Condition::BoolCheck(check) => {
            format!("({} == {})", translate_field(check.source, &check.field)?, check.value)
        }
        Condition::FieldEquals(check) if check.ignore_case.is_none() => {
            let a = translate_field(check.source_a, &check.field_a)?;
            format!("({a} == {})", translate_field(check.source_b, &check.field_b)?)
        }
        _ => return None,
    })
}

fn translate_field(source: Source, field: &str) -> Option<String> {
    let (source, _) = SOURCES.into_iter().find(|(_, known)| *known == source)?;
    Some(format!("context.{source}.{field}"))
}

/// A list of strings or of entities of a type. Rust and Cedar escape strings in the same way.
fn list<T: AsRef<str>>(texts: impl Iterator<Item = T>, entity: &str) -> String {
    let texts: Vec<String> = texts.map(|text| format!("{entity}{:?}", text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

/// Whether Cedar allows a call.
fn ask(policies: &PolicySet, policy: &Policy, request: &Request) -> Result<bool, String> {
    let uid = |kind: &str, id: &str| object([("type", string(kind)), ("id", string(id))]);
    let entity =
        |of: Json, parents: Vec<Json>| object([("uid", of), ("attrs", Json::EMPTY), ("parents", Json::Array(parents))]);
    let mut entities =
        vec![entity(uid("Caller", "caller"), request.roles.iter().map(|role| uid("Role", role)).collect())];
    for (name, role) in &policy.roles {
        let parents = role.inherits.iter().map(|parent| uid("Role", parent)).collect();
        entities.push(entity(uid("Role", name), parents));
    }
    let entities =
        Entities::from_json_str(&Json::Array(entities).to_string(), None).map_err(|error| error.to_string())?;
    let sources = [&request.arguments, &request.agent, &request.resource];
    let mut context = Json::EMPTY;
    for ((name, _), source) in SOURCES.into_iter().zip(sources) {
        context.insert(name, source.clone());
    }
    let context = Context::from_json_str(&context.to_string(), None).map_err(|error| error.to_string())?;
    let read = |text: String| text.parse::<EntityUid>().map_err(|error| error.to_string());
    let principal = read(String::from("Caller::\"caller\""))?;
    let action = read(format!("Action::{:?}", request.name))?;
    let resource = read(String::from("Server::\"any\""))?;
    let question = cedar_policy::Request::new(principal, action, resource, context, None).map_err(|e| e.to_string())?;
    let answer = Authorizer::new().is_authorized(&question, policies, &entities);
    match answer.diagnostics().errors().next() {
        // An error would skip a policy, so the decision would be meaningless.
        Some(error) => Err(format!("Cedar could not decide: {error}")),
        None => Ok(answer.decision() == Decision::Allow),
    }
}
