//! Random tools, prompts and resources for policies, rules and calls.

use callgate_engine::TargetKind;
use fastrand::Rng;

use crate::json::{Json, object, string, strings};
use crate::readers::{can_be_name, matches_pattern};
use crate::schema::Schema;
use crate::schema::random::schemas::{self, Shape};
use crate::schema::random::values::mostly_conforming;
use crate::values::{Kind, NAMES, once_in, pick, pick_some};

const TOOLS: [&str; 7] = ["x/view", "view", "view_all", "review", "refund", "crm.delete", "überweisung"];
/// The servers that rules and calls name.
pub(crate) const SERVERS: [&str; 2] = ["crm", "erp"];
const PROMPTS: [&str; 3] = ["view", "mail_draft", "mail_reply"];
const PATTERNS: [&str; 13] =
    ["crm/*", "*/view*", "*/*", "*", "view*", "*view*", "re*", "*e*d", "*.*", "**", "v*w", "mail_*", "*_draft"];
/// Names that no policy declares; some match patterns.
const OTHERS: [&str; 10] =
    ["view_some", "view*", "", "View", "review2", "unknown", "mail_", "refunded", "überweisungen", "a.b"];

const URIS: [&str; 10] = [
    "file:///data/q3.csv",
    "file:///data/x.csv",
    "file:///data/private/x",
    "file:///etc/passwd",
    "https://api.example.com/v1",
    "https://a.example.com/pub/x",
    "note://today",
    "note://today/x",
    "urn:isbn:123",
    "postgres:///customers",
];
const URI_PATTERNS: [&str; 16] = [
    "*",
    "file:///*",
    "file:///data/*",
    "file:///data/*/x",
    "file:///*.csv",
    "https://*.example.com/*",
    "https://*/pub/*",
    "https://api.example.com/*",
    "note://*",
    "note://*/x",
    "urn:*",
    "postgres:///*",
    "proxy:fetch?url=*://*",
    "file:///C:/*",
    "https://*:8443/*",
    "redis://*/0",
];
/// URIs that a careless reader confuses with one of the others, and some that only look similar.
const OTHER_URIS: [&str; 83] = [
    "file:///data/a%20b",
    "file:///data/caf%C3%A9",
    "file:///data",
    "file:///",
    "file:///data/",
    "file:///etc/passwd#",
    "file:///etc/passwd?x",
    "file:///etc/passwd?",
    "file:///C:/x",
    "file:///C:",
    "file:///C%3A/x",
    "file:///data/x:y",
    "file:///data/[x]",
    "file:///data/%5Bx%5D",
    "file:///data/%40x",
    "https://api.example.com/v1#x",
    "https://api.example.com/v1?x=%26y",
    "https://api.example.com/v1?x=%2Fy",
    "https://api.example.com/v1?x=%25",
    "https://api.example.com/v1?x=a?b",
    "proxy:fetch?url=http://evil.test/x",
    "urn:a:b",
    "file:///c:/x",
    "note://today/",
    "redis://h.test:6379/0",
    "redis://h.test:6380/0",
    "redis://127.1/0",
    "redis://10.0.0.1/0",
    "redis://h.test./0",
    "https://api.example.com/pub;a/x",
    "https://[2001:db8::1]:8443/pub/x",
    "file:///data/..",
    "file:///data/../etc/passwd",
    "file:///data/%2e%2e/etc/passwd",
    "file:///data/%2E%2E/etc/passwd",
    "file:///data/..%2Fetc",
    "file:///data/%5C",
    "file:///data/%252e",
    "file:///data/%41",
    "file:///data/caf%c3%a9",
    "file:///data/%FF",
    "file:///data/%EF%BC%8E%EF%BC%8E/x",
    "file:///data//x",
    "file:////etc/passwd",
    "file:/etc/passwd",
    "file://localhost/etc/passwd",
    "FILE:///etc/passwd",
    "file:///data\\x",
    "file:///data/a b",
    "file:///data/é",
    "file:///data/x.",
    "file:///data/..;/x",
    "https://evil.test/x.example.com/pub/y",
    "https://evil.test/?.example.com/",
    "https://evil.test#.example.com/",
    "https://api.example.com",
    "https://api.example.com/",
    "https://api.example.com:443/v1",
    "https://api.example.com:8443/v1?q=/x",
    "https://API.example.com/v1",
    "https://user@api.example.com/v1",
    "https://xn--bcher-kva.example.com/pub/x",
    "https://[2001:db8::1]/pub/x",
    "https://127.1/pub/x",
    "note://Today",
    "note://a%41/x",
    "note://x:0/x",
    "note://x:99/x",
    "note://today:1",
    "note://xn--bcher-kva.test/x",
    "redis://xn--a/0",
    "imap://h.test:143/x",
    "imap://h.test:1143/x",
    "smtp://h.test:587/x",
    "urn:ISBN:123",
    "urn:isbn:123?=x",
    "urn:is%62n:123",
    "file:///data/..%CC%81/x",
    "file:///data/%E3%83%8E/x",
    "urn:a//b",
    "urn:a/../b",
    "urn:",
    "",
];

/// The targets of one policy.
#[derive(Clone, Debug)]
pub struct Targets {
    /// The tools, and whether the policy declares them.
    tools: (Vec<String>, bool),
    /// The tools that servers own, each after its server and a slash.
    pub(crate) owned: Vec<String>,
    /// The prompts, and whether the policy declares them.
    prompts: (Vec<String>, bool),
}

impl Targets {
    /// Chooses the targets of a new policy.
    pub(crate) fn choose(random: &mut Rng) -> Self {
        let texts = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        let tools: (Vec<String>, bool) = (texts(pick_some(random, &TOOLS, 4)), !once_in(random, 4));
        let mut owned = Vec::new();
        if tools.1 && once_in(random, 3) {
            for server in SERVERS {
                let mut names = pick_some(random, &TOOLS, 2);
                // A call that omits its server must not name another tool.
                names.retain(|name| !tools.0.iter().any(|tool| tool == name));
                owned.extend(names.into_iter().map(|tool| format!("{server}/{tool}")));
            }
        }
        Self { tools, owned, prompts: (texts(pick_some(random, &PROMPTS, 2)), random.bool()) }
    }

    /// The names of tools in rules, and whether the policy declares them.
    fn all_tools(&self) -> (Vec<String>, bool) {
        let (tools, is_declared) = &self.tools;
        (tools.iter().chain(&self.owned).cloned().collect(), *is_declared)
    }

    /// The targets of a policy.
    #[must_use]
    pub fn of(policy: &Json) -> Self {
        let name = |value: &Json| match value {
            Json::String(name) => Some(name.clone()),
            Json::Object(_) => match value.child("name") {
                Some(Json::String(name)) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        };
        let declared = |key: &str, all: &[&str]| match policy.child(key) {
            Some(Json::Array(names)) => (names.iter().filter_map(name).collect(), true),
            _ => (all.iter().map(|&name| name.to_owned()).collect(), false),
        };
        let mut owned = Vec::new();
        for server in SERVERS {
            let tools = policy.child("servers").and_then(|servers| servers.child(server)?.child("tools"));
            let tools = tools.map(Json::parts).unwrap_or_default();
            owned.extend(tools.into_iter().filter_map(name).map(|tool| format!("{server}/{tool}")));
        }
        Self { tools: declared("tools", &TOOLS), owned, prompts: declared("prompts", &PROMPTS) }
    }

    /// Adds the declarations to a policy.
    pub(crate) fn declare(&self, random: &mut Rng, policy: &mut Json) {
        if let (tools, true) = &self.tools {
            policy.insert("tools", Json::Array(tools.iter().map(|tool| declare_tool(random, tool)).collect()));
        }
        if !self.owned.is_empty() {
            let servers = SERVERS.map(|server| {
                let prefix = format!("{server}/");
                let tools = self.owned.iter().filter_map(|name| name.strip_prefix(&prefix));
                let tools: Vec<Json> = tools.map(|tool| declare_tool(random, tool)).collect();
                let is_owner = !tools.is_empty() || random.bool();
                (server, if is_owner { object([("tools", Json::Array(tools))]) } else { Json::EMPTY })
            });
            policy.remove("servers");
            policy.insert("servers", object(servers));
        }
        if let (prompts, true) = &self.prompts {
            policy.insert("prompts", strings(prompts));
        }
    }

    /// The policy with a closed schema for each declared tool, most of which declare all arguments.
    pub(crate) fn with_narrow_tools(&self, random: &mut Rng, policy: &Json) -> Json {
        let mut policy = policy.clone();
        if let (tools, true) = &self.tools {
            policy.remove("tools");
            let rules = policy.child("rules").cloned();
            let is_named = |tool: &str| match &rules {
                Some(Json::Array(rules)) => rules.iter().any(|rule| tools_in(rule).contains(&tool.to_owned())),
                _ => false,
            };
            let tools = tools.iter().map(|tool| {
                let mut names = NAMES.to_vec();
                // A rule for this tool alone must not read arguments that the tool does not declare.
                if !is_named(tool) {
                    random.shuffle(&mut names);
                    names.truncate(random.usize(6..NAMES.len()));
                }
                tool_with(tool, &names, false)
            });
            policy.insert("tools", Json::Array(tools.collect()));
        }
        policy
    }

    /// Adds the target of a rule.
    pub(crate) fn name_in(&self, random: &mut Rng, rule: &mut Json) {
        let (key, (names, is_declared)) = match random.u8(0..12) {
            0 => ("prompt_name", self.prompts.clone()),
            1..=2 => {
                let operations = pick_some(random, &TargetKind::OPERATIONS.map(|(name, _)| name), 3);
                rule.insert("operations", strings(operations));
                let uri = if once_in(random, 3) { pick(random, &URIS) } else { pick(random, &URI_PATTERNS) };
                return rule.insert("resource_uri", string(uri));
            }
            _ => ("tool_name", self.all_tools()),
        };
        if key == "tool_name" && once_in(random, 3) {
            return list_tools_in(random, &names, is_declared, rule);
        }
        rule.insert(key, string(name_or_pattern(random, &names, is_declared)));
    }

    /// The target of a call, usually that of one of the rules, and the server that owns it.
    pub(crate) fn call(&self, random: &mut Rng, policy: &Json) -> (TargetKind, String, Option<String>) {
        let (kind, name) = self.name_of_call(random, policy);
        match name.split_once('/').filter(|_| self.owned.contains(&name) && kind == TargetKind::Tool) {
            Some((server, tool)) => (kind, tool.to_owned(), Some(server.to_owned())),
            None => (kind, name, None),
        }
    }

    fn name_of_call(&self, random: &mut Rng, policy: &Json) -> (TargetKind, String) {
        let rule = match policy.child("rules") {
            Some(Json::Array(rules)) if !once_in(random, 10) => random.choice(rules),
            _ => None,
        };
        let text = |key: &str| match rule.and_then(|rule| rule.child(key)) {
            Some(Json::String(text)) => Some(text.clone()),
            _ => None,
        };
        let operation =
            |random: &mut Rng| random.choice(TargetKind::OPERATIONS).map_or(TargetKind::ResourceRead, |(_, kind)| kind);
        let (kind, named) = if let Some(name) = text("prompt_name") {
            (TargetKind::Prompt, Some(name))
        } else if let Some(uri) = text("resource_uri") {
            (operation(random), Some(uri))
        } else if rule.is_some() || random.bool() {
            let names = rule.map(tools_in).unwrap_or_default();
            (TargetKind::Tool, random.choice(&names).cloned())
        } else {
            (if random.bool() { TargetKind::Prompt } else { operation(random) }, None)
        };
        // A pattern is not a name, so it is replaced by a name from the list.
        if let Some(name) = named.filter(|name| !name.contains('*') && !once_in(random, 4)) {
            return (kind, name);
        }
        let (names, is_declared) = if kind == TargetKind::Prompt { self.prompts.clone() } else { self.all_tools() };
        let name = match (kind.is_resource(), is_declared) {
            (true, _) if once_in(random, 3) => pick(random, &OTHER_URIS).to_owned(),
            (true, _) => pick(random, &URIS).to_owned(),
            (false, true) if !once_in(random, 8) => pick_name(random, &names),
            (false, false) if !once_in(random, 3) => pick_name(random, &names),
            (false, _) => pick(random, &OTHERS).to_owned(),
        };
        (kind, name)
    }
}

/// The tools, patterns and exceptions that a rule names.
fn tools_in(rule: &Json) -> Vec<String> {
    let named = ["tool_name", "tools", "except"].into_iter().filter_map(|key| rule.child(key));
    let texts = named.flat_map(|value| match value {
        Json::Array(names) => names.iter().collect(),
        name => vec![name],
    });
    texts.filter_map(|text| if let Json::String(text) = text { Some(text.clone()) } else { None }).collect()
}

/// Adds a list of tools to a rule, often with exceptions that leave at least one tool.
fn list_tools_in(random: &mut Rng, names: &[String], is_declared: bool, rule: &mut Json) {
    let distinct = |random: &mut Rng, most: usize| {
        let mut list: Vec<String> = Vec::new();
        for _ in 0..random.usize(1..=most) {
            let name = name_or_pattern(random, names, is_declared);
            if !list.contains(&name) {
                list.push(name);
            }
        }
        list
    };
    let tools = distinct(random, 3);
    let valid = OTHERS.iter().copied().filter(|name| can_be_name(name)).chain(TOOLS).map(str::to_owned);
    // Names that calls may have. If no such name shows that a list is sensible, it is not generated.
    let known: Vec<String> = if is_declared { names.to_vec() } else { valid.collect() };
    let is_one = |list: &[String], name: &str| list.iter().any(|pattern| matches_pattern(pattern, name));
    let included: Vec<&String> = known.iter().filter(|name| is_one(&tools, name)).collect();
    if random.bool() {
        let mut except = distinct(random, 3);
        except.retain(|pattern| included.iter().any(|name| matches_pattern(pattern, name)));
        if included.iter().any(|name| !is_one(&except, name)) {
            rule.insert("except", one_or_more(random, except));
        }
    }
    rule.insert("tools", one_or_more(random, tools));
}

/// A list of texts, or its only text.
fn one_or_more(random: &mut Rng, texts: Vec<String>) -> Json {
    match texts.as_slice() {
        [only] if random.bool() => string(only.as_str()),
        _ => strings(texts),
    }
}

fn name_or_pattern(random: &mut Rng, names: &[String], is_declared: bool) -> String {
    let pattern = pick(random, &PATTERNS);
    let fits = !is_declared || names.iter().any(|name| matches_pattern(pattern, name));
    if fits && random.bool() { pattern.to_owned() } else { pick_name(random, names) }
}

fn pick_name(random: &mut Rng, names: &[String]) -> String {
    random.choice(names).cloned().unwrap_or_default()
}

fn declare_tool(random: &mut Rng, name: &str) -> Json {
    if !once_in(random, 3) {
        return string(name);
    }
    let schema = if once_in(random, 3) {
        let is_open = once_in(random, 4);
        return tool_with(name, &NAMES, is_open);
    } else {
        let shape = Shape { names: &NAMES.map(|(name, _)| name), has_invalid_keywords: true };
        schemas::schema(random, shape, |generator| generator.of_arguments(3))
    };
    let mut tool = object([("name", string(name)), ("inputSchema", schema)]);
    if once_in(random, 6) {
        tool.insert("enforceSchema", Json::Bool(once_in(random, 3)));
    }
    tool
}

/// Arguments that mostly conform to the schema of a tool, if it has one.
pub(crate) fn arguments_for(random: &mut Rng, policy: &Json, server: Option<&str>, tool: &str) -> Option<Json> {
    let owned = server.and_then(|server| policy.child("servers")?.child(server)?.child("tools"));
    let tools = owned.or_else(|| policy.child("tools")).map(Json::parts).unwrap_or_default();
    let tool = tools.into_iter().find(|declared| declared.child("name") == Some(&string(tool)))?;
    let schema = Schema::new(tool.child("inputSchema")?.clone());
    let arguments = mostly_conforming(random, &schema, &NAMES.map(|(name, _)| name));
    matches!(arguments, Json::Object(_)).then_some(arguments)
}

fn tool_with(name: &str, arguments: &[(&str, Kind)], is_open: bool) -> Json {
    let properties = arguments.iter().map(|(name, _)| ((*name).to_owned(), Json::EMPTY)).collect();
    let schema = object([
        ("type", string("object")),
        ("additionalProperties", Json::Bool(is_open)),
        ("properties", Json::Object(properties)),
    ]);
    object([("name", string(name)), ("inputSchema", schema)])
}
