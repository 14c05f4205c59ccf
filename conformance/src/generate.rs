//! Generates random policies over the whole language, and random calls that often match them.
//!
//! There are few names and short lists of values, so that calls often match rules, and values are often equal or close
//! to the compared ones. A seed gives the same result on every machine.

use callgate_engine::{TargetKind, parse, validate};
use fastrand::Rng;

use crate::json::{Json, object, string, strings};
use crate::request::Request;
use crate::targets::{SERVERS, Targets, arguments_for};
use crate::values::{
    ALLOWED_HOSTS, CLOCKS, COUNTRIES, DATES, EXPRESSIONS, GLOBS, Kind, MEMBERS, NETWORKS, NUMBERS, OFFSETS, PATHS,
    PATTERNS, RELATIVE_GLOBS, RELATIVE_ROOTS, ROOTS, SCHEMES, TEXTS, TIMES, WEEKDAYS, WINDOWS_GLOBS, WINDOWS_ROOTS,
    ZONES, any_kind, once_in, pick, pick_kind, pick_some, source,
};
use crate::when::write;

/// The language features for a policy, if a property applies to a part of the language only.
#[derive(Clone, Copy, Debug)]
pub struct Language {
    /// Whether conditions can check for absence: `FieldPresent` and `LengthCheck`.
    pub asks_for_absence: bool,
    /// Whether every rule has an `id`. Without one, a rule is named by its position, which depends on the order.
    pub has_ids: bool,
}

impl Language {
    /// All features.
    pub const WHOLE: Self = Self { asks_for_absence: true, has_ids: false };
}

const ROLES: [&str; 5] = ["agent", "manager", "admin", "auditor", "エージェント"];
const SOURCES: [&str; 3] = ["Arguments", "AgentAttributes", "ResourceAttributes"];

/// A `callgate-1` policy without errors.
#[must_use]
pub fn policy(random: &mut Rng, language: Language) -> Json {
    let targets = Targets::choose(random);
    let roles = pick_some(random, &ROLES, 4);
    let mut declared_roles = Vec::new();
    for (at, role) in roles.iter().enumerate() {
        // A role only inherits from earlier roles, so there is no cycle.
        let before = roles.get(..at).unwrap_or_default();
        let declared = if !before.is_empty() && random.bool() {
            object([("inherits", strings(pick_some(random, before, 2)))])
        } else {
            Json::EMPTY
        };
        declared_roles.push(((*role).to_owned(), declared));
    }
    random.shuffle(&mut declared_roles);
    let count = random.usize(1..=6);
    let mut ids: Vec<usize> = (0..count).collect();
    random.shuffle(&mut ids);
    let has_ids = language.has_ids || !once_in(random, 4);
    let rules = ids.into_iter().map(|id| rule(random, language, has_ids.then_some(id), &targets, &roles)).collect();
    let mut policy = object([
        ("version", string("callgate-1")),
        ("servers", strings(SERVERS)),
        ("roles", Json::Object(declared_roles)),
        ("rules", Json::Array(rules)),
    ]);
    targets.declare(random, &mut policy);
    if once_in(random, 4) {
        define(random, &mut policy);
    }
    if once_in(random, 8) {
        let accepted = object([("finding", string("never_decides")), ("reason", string("it is kept for its name"))]);
        policy.insert("accept", Json::Array(vec![accepted]));
    }
    let is_valid = |policy: &Json| parse(&policy.to_string()).and_then(validate).is_ok();
    // The name of a rule may not be that of a tool of the rule's server.
    if !targets.owned.is_empty() && !is_valid(&policy) {
        let rules = policy.child_mut("rules").map(Json::parts_mut).unwrap_or_default();
        rules.into_iter().for_each(|rule| drop(rule.remove("server")));
    }
    let attempts = if random.bool() { 4 } else { 0 };
    for _ in 0..attempts {
        // A rule must not read arguments that none of its tools accepts, which only a check of the policy finds.
        let narrowed = targets.with_narrow_tools(random, &policy);
        if is_valid(&narrowed) {
            return narrowed;
        }
    }
    policy
}

/// Moves the condition of a rule to `define`.
fn define(random: &mut Rng, policy: &mut Json) {
    let Some(Json::Array(rules)) = policy.child_mut("rules") else { return };
    let has_condition = |rule: &&mut Json| rule.child("when").or(rule.child("condition")).is_some();
    let Some(rule) = rules.iter_mut().find(has_condition) else { return };
    let Some(definition) = rule.remove("when").or_else(|| rule.remove("condition")) else { return };
    let defined = || object([("Defined", string("shared"))]);
    match random.u8(0..4) {
        0 => rule.insert("when", string("shared")),
        1 => rule.insert("when", string("!!shared")),
        2 => rule.insert("condition", defined()),
        _ => rule.insert("condition", object([("All", Json::Array(vec![defined(), defined()]))])),
    }
    policy.insert("define", object([("shared", definition)]));
}

/// A rule on some of these targets and roles.
fn rule(random: &mut Rng, language: Language, id: Option<usize>, targets: &Targets, roles: &[&str]) -> Json {
    let effect = pick(random, &["Allow", "Allow", "Allow", "Allow", "Deny", "Deny", "RequireApproval"]);
    rule_of(random, language, effect, id, targets, roles)
}

fn rule_of(
    random: &mut Rng,
    language: Language,
    effect: &str,
    id: Option<usize>,
    targets: &Targets,
    roles: &[&str],
) -> Json {
    let all_roles = roles;
    let roles = if once_in(random, 8) { string("*") } else { strings(pick_some(random, roles, 3)) };
    let mut rule = object([("effect", string(effect)), ("roles", roles)]);
    targets.name_in(random, &mut rule);
    if let Some(id) = id {
        rule.insert("id", string(format!("rule-{id}")));
    }
    if once_in(random, 6) {
        rule.insert("server", string(pick(random, &SERVERS)));
    }
    if once_in(random, 10) {
        rule.insert("reason", string("ask the desk"));
    }
    if once_in(random, 10) {
        rule.insert(pick(random, &["note", "owner"]), string("the desk"));
    }
    if once_in(random, 10) {
        rule.insert("disclose", string(pick(random, &["code", "all"])));
    }
    if !once_in(random, 6) {
        let depth = random.u32(0..4);
        let scope = Scope { language, has_item: false, denies: Some(effect != "Allow") };
        let scope = if effect == "RequireApproval" { Scope { denies: None, ..scope } } else { scope };
        let condition = condition(random, scope, depth);
        if random.bool() {
            rule.insert("when", string(write(random, &condition)));
        } else {
            rule.insert("condition", condition);
        }
    }
    if effect == "Allow" && once_in(random, 5) {
        rule.insert("approval", approval(random, language, all_roles));
    }
    rule
}

/// The approval of an Allow rule.
fn approval(random: &mut Rng, language: Language, roles: &[&str]) -> Json {
    let mut approval = Json::EMPTY;
    if !once_in(random, 5) {
        let depth = random.u32(0..3);
        let when = condition(random, Scope { language, has_item: false, denies: None }, depth);
        approval.insert("when", if random.bool() { string(write(random, &when)) } else { when });
    }
    if random.bool() {
        approval.insert("by", strings(pick_some(random, roles, 2)));
    }
    if random.bool() {
        approval.insert("notSelf", Json::Bool(!once_in(random, 4)));
    }
    if random.bool() {
        approval.insert("expires", string(pick(random, &["1s", "90s", "15m", "1440m", "1h", "24h"])));
    }
    approval
}

/// A Deny rule to add to a policy from [`policy`].
#[must_use]
pub fn deny_rule(random: &mut Rng, policy: &Json) -> Json {
    let roles: Vec<&str> = match policy.child("roles") {
        Some(Json::Object(roles)) => roles.iter().map(|(name, _)| name.as_str()).collect(),
        _ => Vec::new(),
    };
    let mut rule = rule_of(random, Language::WHOLE, "Deny", None, &Targets::of(policy), &roles);
    rule.insert("id", string("added"));
    rule
}

/// The context of a condition.
#[derive(Clone, Copy)]
struct Scope {
    language: Language,
    has_item: bool,
    /// Whether its truth denies a call; `None` if neither does.
    denies: Option<bool>,
}

fn condition(random: &mut Rng, scope: Scope, depth: u32) -> Json {
    let below = depth.saturating_sub(1);
    let combinator = if depth == 0 { u8::MAX } else { random.u8(0..9) };
    let (name, operand) = match combinator {
        0..=1 => ("All", conditions(random, scope, below)),
        2..=3 => ("Any", conditions(random, scope, below)),
        4 => {
            let inside = Scope { denies: scope.denies.map(|denies| !denies), ..scope };
            ("Not", condition(random, inside, below))
        }
        5..=6 => {
            let (source, field) = list_field(random, scope);
            let of_item = condition(random, Scope { has_item: true, ..scope }, below);
            let check = object([("source", string(source)), ("field", string(field)), ("condition", of_item)]);
            (pick(random, &["Every", "Some"]), check)
        }
        _ => return predicate(random, scope),
    };
    object([(name, operand)])
}

fn conditions(random: &mut Rng, scope: Scope, depth: u32) -> Json {
    let count = random.usize(1..4);
    Json::Array((0..count).map(|_| condition(random, scope, depth)).collect())
}

fn predicate(random: &mut Rng, scope: Scope) -> Json {
    let numeric_op = |random: &mut Rng| string(pick(random, &["Eq", "Ne", "Lt", "Lte", "Gt", "Gte"]));
    let membership = |random: &mut Rng| string(pick(random, &["In", "NotIn"]));
    let on = |random: &mut Rng, kind: Kind| {
        let (source, field) = field(random, scope, kind);
        object([("source", string(source)), ("field", string(field))])
    };
    let absence = if scope.language.asks_for_absence { 0 } else { 2 };
    match random.u8(absence..23) {
        0 => {
            let kind = any_kind(random);
            object([("FieldPresent", on(random, kind))])
        }
        1 => {
            let kind = pick_kind(random, &[Kind::Text, Kind::List, Kind::Object]);
            let mut check = on(random, kind);
            check.insert("op", numeric_op(random));
            check.insert("value", Json::Number(random.u32(0..5).to_string()));
            object([("LengthCheck", check)])
        }
        2..=4 => {
            let mut check = on(random, Kind::Number);
            check.insert("op", numeric_op(random));
            check.insert("value", Json::Number(pick(random, &NUMBERS).to_owned()));
            object([("NumericCheck", check)])
        }
        5..=8 => string_check(random, on),
        9 => {
            let mut check = on(random, Kind::Bool);
            check.insert("value", Json::Bool(random.bool()));
            object([("BoolCheck", check)])
        }
        10..=11 => {
            let kind = pick_kind(random, &[Kind::Text, Kind::Text, Kind::Number, Kind::Bool, Kind::Object]);
            let mut check = two_fields(random, scope, kind);
            ignore_case(random, &mut check);
            object([("FieldEquals", check)])
        }
        12 => {
            let mut check = two_fields(random, scope, Kind::Number);
            check.insert("op", numeric_op(random));
            object([("FieldCompare", check)])
        }
        13 => object([("TimeCheck", time_check(random))]),
        14..=15 => {
            let mut check = on(random, Kind::Path);
            let (roots, globs, bases): (&[&str], &[&str], &[&str]) = match random.u8(0..6) {
                0..=1 => (&RELATIVE_ROOTS, &RELATIVE_GLOBS, &[]),
                2 => (&WINDOWS_ROOTS, &WINDOWS_GLOBS, &["C:\\data", "D:/"]),
                _ => (&ROOTS, &GLOBS, &["/data", "/", "/data/reports/"]),
            };
            if once_in(random, 3) {
                check.insert("globs", strings(pick_some(random, globs, 2)));
            } else {
                check.insert("roots", strings(pick_some(random, roots, 2)));
            }
            if !bases.is_empty() && once_in(random, 3) {
                check.insert("base", string(pick(random, bases)));
            }
            ignore_case(random, &mut check);
            object([("PathCheck", check)])
        }
        16..=18 => {
            let mut check = on(random, Kind::Url);
            // A check that denies must say which schemes and ports it covers.
            let must_say = scope.denies == Some(true);
            if once_in(random, 4) {
                check.insert("schemes", any(random));
            } else if must_say || !once_in(random, 3) {
                check.insert("schemes", strings(pick_some(random, &SCHEMES, 3)));
            }
            check.insert("hosts", strings(pick_some(random, &ALLOWED_HOSTS, 3)));
            if once_in(random, 4) {
                check.insert("ports", any(random));
            } else if must_say || once_in(random, 3) {
                let ports = pick_some(random, &["443", "80", "8443", "21", "65535"], 3);
                check.insert(
                    "ports",
                    Json::Array(ports.into_iter().map(|port| Json::Number(port.to_owned())).collect()),
                );
            }
            if once_in(random, 3) {
                check.insert("paths", strings(pick_some(random, &PATHS, 3)));
            }
            object([("UrlCheck", check)])
        }
        19 => {
            let mut check = on(random, Kind::Address);
            check.insert("op", membership(random));
            check.insert("value", strings(pick_some(random, &NETWORKS, 3)));
            object([("CidrCheck", check)])
        }
        20..=21 => {
            let mut check = on(random, Kind::Object);
            check.insert("op", membership(random));
            check.insert("value", strings(pick_some(random, &MEMBERS, MEMBERS.len())));
            ignore_case(random, &mut check);
            object([("MembersCheck", check)])
        }
        _ => {
            let check = object([
                ("source", string("Request")),
                ("field", string("country")),
                ("op", membership(random)),
                ("value", strings(pick_some(random, &COUNTRIES, 2))),
            ]);
            object([("StringCheck", check)])
        }
    }
}

/// Everything, in one of its two forms.
fn any(random: &mut Rng) -> Json {
    if random.bool() { string("*") } else { strings(["*"]) }
}

fn ignore_case(random: &mut Rng, check: &mut Json) {
    if once_in(random, 3) {
        check.insert("ignoreCase", string(pick(random, &["Ascii", "Full"])));
    }
}

fn string_check(random: &mut Rng, on: impl Fn(&mut Rng, Kind) -> Json) -> Json {
    let op = pick(random, &["In", "NotIn", "StartsWith", "EndsWith", "Contains", "Glob", "Matches"]);
    let list: Vec<&str> = match op {
        "Glob" => pick_some(random, &PATTERNS, 2),
        "Matches" => pick_some(random, &EXPRESSIONS, 2),
        "In" | "NotIn" => pick_some(random, &TEXTS, 6),
        // Every string contains the empty string, so a check for it would be an error.
        _ => pick_some(random, &TEXTS, 2).into_iter().map(|text| if text.is_empty() { "a" } else { text }).collect(),
    };
    let mut check = on(random, Kind::Text);
    check.insert("op", string(op));
    let value = match (op, list.as_slice()) {
        ("In" | "NotIn", list) => strings(list.iter().copied()),
        (_, [one]) if random.bool() => string(*one),
        (_, list) => strings(list.iter().copied()),
    };
    check.insert("value", value);
    if op != "Matches" {
        ignore_case(random, &mut check);
    }
    object([("StringCheck", check)])
}

fn two_fields(random: &mut Rng, scope: Scope, kind: Kind) -> Json {
    let a = field(random, scope, kind);
    // A field must not be compared with itself.
    let b = loop {
        let b = field(random, scope, kind);
        // `/n` is an alias of `n`.
        if (b.0, b.1.trim_start_matches('/')) != (a.0, a.1.trim_start_matches('/')) {
            break b;
        }
    };
    object([("source_a", string(a.0)), ("field_a", string(a.1)), ("source_b", string(b.0)), ("field_b", string(b.1))])
}

fn time_check(random: &mut Rng) -> Json {
    let mut check = Json::EMPTY;
    let from = pick(random, &CLOCKS);
    let to = pick(random, &CLOCKS);
    if from != to && !once_in(random, 3) {
        // A window without one of the two starts or ends with the day.
        let both = !once_in(random, 4);
        let has_from = both || (to == "00:00" || random.bool()) && from != "24:00";
        if has_from {
            check.insert("from", string(from));
        }
        if both || !has_from {
            check.insert("to", string(if to == "00:00" && !has_from { "24:00" } else { to }));
        }
    }
    if check == Json::EMPTY || random.bool() {
        check.insert("weekdays", strings(pick_some(random, &WEEKDAYS, 6)));
    }
    if once_in(random, 4) {
        check.insert("dates", strings(pick_some(random, &DATES, 3)));
    }
    match random.u8(0..3) {
        0 => check.insert("offset", string(pick(random, &OFFSETS))),
        1 => check.insert("zone", string(pick(random, &ZONES))),
        _ => {}
    }
    check
}

/// The source and the name of a field whose value usually has a given type.
fn field(random: &mut Rng, scope: Scope, kind: Kind) -> (&'static str, &'static str) {
    if kind == Kind::Address && once_in(random, 3) {
        return ("Request", "ip");
    }
    if kind == Kind::Number && once_in(random, 20) {
        return ("Request", "time");
    }
    let kind = if once_in(random, 12) { any_kind(random) } else { kind };
    let of_item = scope.has_item && !once_in(random, 4);
    let fields: &[&'static str] = match (kind, of_item) {
        (Kind::Number, true) => &["", "n", "/n", "/o/n"],
        (Kind::Number, false) => &["n", "m", "/o/n", "/l/0", "/l/1/n"],
        (Kind::Text, true) => &["", "s", "/a~1b", "/o/s"],
        (Kind::Text, false) => &["s", "é", "/a~1b", "x.y", "/o/s", "/o/é", "/l/1", "/l/01"],
        (Kind::Bool, true) => &["", "b", "/0"],
        (Kind::Bool, false) => &["b", "0", "/o/b", "/l/0/b", "/o/0"],
        (Kind::List, true) => &["", "l"],
        (Kind::List, false) => &["l", "/o/l", "/l/0", "/o/l/0"],
        (Kind::Object, true) => &["", "o"],
        (Kind::Object, false) => &["o", "/l/0", "/o/o"],
        (Kind::Path, true) => &["", "p"],
        (Kind::Path, false) => &["p", "/o/p"],
        (Kind::Url, true) => &["", "u"],
        (Kind::Url, false) => &["u", "/o/u"],
        (Kind::Address, true) => &["", "i"],
        (Kind::Address, false) => &["i", "/o/i"],
    };
    let source = if of_item { "Item" } else { pick(random, &SOURCES) };
    (source, pick(random, fields))
}

fn list_field(random: &mut Rng, scope: Scope) -> (&'static str, &'static str) {
    if scope.has_item {
        // A list inside a list is a list of the item.
        return ("Item", pick(random, &["", "l", "/o/l", "n"]));
    }
    (pick(random, &SOURCES), pick(random, &["l", "l", "/o/l", "/l/0", "s"]))
}

/// A call that may match a policy from [`policy`].
#[must_use]
pub fn request(random: &mut Rng, policy: &Json) -> Request {
    let (kind, name, owner) = Targets::of(policy).call(random, policy);
    let declared: Vec<&str> = match policy.child("roles") {
        Some(Json::Object(roles)) if !once_in(random, 8) => roles.iter().map(|(name, _)| name.as_str()).collect(),
        _ => ROLES.into_iter().chain(["", "*", "Agent"]).collect(),
    };
    let roles = pick_some(random, &declared, 4).into_iter().map(str::to_owned).collect();
    let of_schema =
        if kind == TargetKind::Tool { arguments_for(random, policy, owner.as_deref(), &name) } else { None };
    let rarity = if of_schema.is_some() { 8 } else { 30 };
    let mut arguments = of_schema.filter(|_| !once_in(random, 5)).unwrap_or_else(|| source(random));
    if once_in(random, rarity) {
        arguments.insert("undeclared", Json::Bool(true));
    }
    let other =
        (!once_in(random, 4)).then(|| pick(random, &["crm", "erp", "CRM", "", "crm ", "erp\u{200b}"]).to_owned());
    let server = if once_in(random, 6) { other } else { owner.or(other) };
    let ip = (!once_in(random, 6)).then(|| {
        let known = ["10.0.0.1", "10.0.0.2", "11.0.0.0", "2001:db8::1", "::1", "::ffff:10.0.0.1"];
        pick(random, &known).to_owned()
    });
    Request {
        kind,
        name,
        roles,
        server,
        arguments,
        agent: source(random),
        resource: source(random),
        time: (!once_in(random, 6)).then(|| pick(random, &TIMES)),
        ip,
        country: (!once_in(random, 6)).then(|| pick(random, &COUNTRIES).to_owned()),
    }
}
