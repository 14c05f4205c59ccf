//! Compares random mcpkit policies with their migrations: no call is allowed that mcpkit itself denies.
#![expect(clippy::expect_used, clippy::panic, reason = "a failed test panics")]
#![expect(clippy::arithmetic_side_effects, reason = "a test counts a few calls")]

use callgate_engine::{Effect, RequestFacts};
use callgate_migrate::from_mcpkit;
use callgate_test_support::{image_of, try_decide};
use fastrand::Rng;
use mcpkit_rs_policy::extensions::McpExtension;
use mcpkit_rs_policy::extensions::mcp::{McpAction, McpActionType};
use mcpkit_rs_policy::{CompiledPolicy, Permission, Policy, PolicyExtension as _};
use serde_json::{Value, json};

/// A policy in mcpkit.
struct Mcpkit {
    tools: CompiledPolicy,
    /// mcpkit's engine for prompts and resources; `None` if it reads no section `mcp`.
    others: Option<Box<dyn Permission>>,
}

impl Mcpkit {
    /// Reads a policy; `None` if mcpkit rejects it, and so allows nothing.
    fn read(yaml: &str) -> Option<Self> {
        let policy = Policy::from_yaml(yaml).ok()?;
        policy.validate().ok()?;
        let tools = CompiledPolicy::compile(&policy).ok()?;
        let nested = policy.extensions.get("extensions").and_then(|extensions| extensions.get("mcp"));
        let section = nested.or_else(|| policy.extensions.get("mcp"));
        Some(Self { tools, others: section.and_then(|section| McpExtension.parse(section).ok()) })
    }

    fn allows(&self, call: &Ask) -> bool {
        let ask = |action_type, name: &str| {
            let action = McpAction { action_type, resource: name.to_owned(), context: None };
            self.others.as_ref().is_some_and(|others| others.is_allowed(&action))
        };
        match call {
            Ask::Tool(name) => self.tools.is_tool_allowed(name),
            Ask::Prompt(name) => ask(McpActionType::PromptGet, name),
            Ask::Read(uri) => ask(McpActionType::ResourceRead, uri),
            Ask::List(uri) => ask(McpActionType::ResourceList, uri),
        }
    }
}

/// A call for both engines.
#[derive(Debug)]
enum Ask {
    Tool(String),
    Prompt(String),
    Read(String),
    List(String),
}

impl Ask {
    fn body(&self) -> String {
        let resource = |uri: &str, operation| json!({ "resource": uri, "operation": operation, "role": "agent" });
        match self {
            Self::Tool(name) => json!({ "tool": name, "role": "agent" }),
            Self::Prompt(name) => json!({ "prompt": name, "role": "agent" }),
            Self::Read(uri) => resource(uri, "read"),
            Self::List(uri) => resource(uri, "list"),
        }
        .to_string()
    }
}

/// The comparison counts, so that a test that compares nothing fails.
#[derive(Debug, Default)]
struct Counts {
    both_allow: usize,
    only_mcpkit_allows: usize,
    both_deny: usize,
}

/// Migrates a policy and compares the decisions of both engines.
#[track_caller]
fn compare(source: &str, calls: &[Ask], counts: &mut Counts) {
    // A rejected source becomes no policy, which allows nothing.
    let migrated = from_mcpkit(source, "agent").ok();
    let mcpkit = Mcpkit::read(source);
    let image = migrated.as_ref().map(|migrated| image_of(&migrated.policy));
    for call in calls {
        let effect = image.as_ref().map_or(Effect::Deny, |image| {
            try_decide(image, &RequestFacts::default(), call.body()).map_or(Effect::Deny, |answer| answer.effect)
        });
        let is_allowed = mcpkit.as_ref().is_some_and(|mcpkit| mcpkit.allows(call));
        // A call that requires approval can run in the end.
        match (effect != Effect::Deny, is_allowed) {
            (true, true) => counts.both_allow += 1,
            (false, true) => counts.only_mcpkit_allows += 1,
            (false, false) => counts.both_deny += 1,
            (true, false) => panic!(
                "mcpkit denies {call:?}, and the migrated policy answers {}\nsource:\n{source}\nmigrated:\n{migrated:#?}",
                effect.name(),
            ),
        }
    }
}

fn one_of<T: Copy>(random: &mut Rng, choices: &[T]) -> T {
    *random.choice(choices).expect("a choice")
}

/// A URI from few parts, so that patterns often match: with and without a port, a host, user information, a path.
fn uri(random: &mut Rng) -> String {
    let scheme = one_of(random, &["https", "https", "http", "note", "file", "urn", "HTTPS"]);
    let host = one_of(
        random,
        &["a.test", "b.a.test", "api-1.test", "evil.test", "A.test", "[2001:db8::1]", "10.0.0.1", "user@a.test", ""],
    );
    let port = one_of(random, &["", "", ":8443", ":1", ":443"]);
    let path: String = (0..random.usize(0..4))
        .map(|_| one_of(random, &["/admin", "/keys", "/a.test", "/x", "/Docs", "/8443", "/", "/api-1.test:1"]))
        .collect();
    let query = one_of(random, &["", "", "", "?page=1", "?Page=a/b", "?u=https://a.test:8443/admin/keys"]);
    match scheme {
        "urn" => format!("urn:{}{query}", one_of(random, &["isbn:1", "a:b", "//a.test/x", "x"])),
        _ => format!("{scheme}://{host}{port}{path}{query}"),
    }
}

/// The text with some substrings replaced by `*`.
fn with_stars(random: &mut Rng, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..random.usize(0..3) {
        let start = random.usize(0..=chars.len());
        let end = random.usize(start..=chars.len().min(start + 8));
        chars.splice(start..end, ['*']);
    }
    chars.into_iter().collect()
}

/// A URI pattern, often a typical one.
fn uri_pattern(random: &mut Rng) -> String {
    let usual = [
        "*",
        "https://*",
        "https://*/*",
        "http://*/*",
        "https://*/admin/*",
        "https://*.test/admin/*",
        "https://*.a.test/*",
        "https://*:8443/*",
        "https://a.test:8443/*",
        "https://a.test:*/x",
        "http://api-*.test/*",
        "https://a.test/*",
        "file:///admin/**",
        "note:*",
        "note://*",
        "*://a.test/*",
        "HTTPS://a.test/*",
        "https://A.test/*",
        "https://**/a.test/x",
    ];
    if random.bool() {
        return one_of(random, &usual).to_owned();
    }
    let text = uri(random);
    with_stars(random, &text)
}

/// The pattern with some characters for each `*`.
fn matched_by(random: &mut Rng, pattern: &str) -> String {
    let runs =
        ["", "x", "a.test", "b", "evil.test:8443", "a.test:8443/admin/keys", "h:80/x", "/", "[2001:db8::1]:1", ":1"];
    let mut text = String::new();
    for (at, part) in pattern.split('*').enumerate() {
        if at > 0 {
            text.push_str(one_of(random, &runs));
        }
        text.push_str(part);
    }
    text
}

#[test]
fn no_resource_is_allowed_that_mcpkit_denies() {
    let mut random = Rng::with_seed(0x7e50_0001);
    let mut counts = Counts::default();
    for _ in 0..400 {
        let mut patterns = Vec::new();
        let mut entries = |random: &mut Rng, most: usize| -> Vec<Value> {
            let mut entry = |random: &mut Rng| {
                let pattern = uri_pattern(random);
                patterns.push(pattern.clone());
                let operations = one_of(
                    random,
                    &[
                        &["resource_read"][..],
                        &["resource_list"],
                        &["resource_read", "resource_list"],
                        &["resource_write"],
                    ],
                );
                json!({ "uri": pattern, "operations": operations })
            };
            (0..random.usize(0..=most)).map(|_| entry(random)).collect()
        };
        let (allow, deny) = (entries(&mut random, 3), entries(&mut random, 2));
        // JSON is YAML too.
        let source = json!({ "version": "1.0", "mcp": { "resources": { "allow": allow, "deny": deny } } }).to_string();
        let calls: Vec<Ask> = (0..50)
            .map(|_| {
                let text = match random.choice(&patterns).cloned() {
                    Some(pattern) if random.u8(0..4) > 0 => matched_by(&mut random, &pattern),
                    _ => uri(&mut random),
                };
                if random.bool() { Ask::Read(text) } else { Ask::List(text) }
            })
            .collect();
        compare(&source, &calls, &mut counts);
    }
    assert!(counts.both_allow > 500 && counts.both_deny > 5000 && counts.only_mcpkit_allows > 500, "{counts:?}");
}

/// The name of a tool or a prompt, from few parts.
fn name(random: &mut Rng) -> String {
    let parts = ["a", "b", "_", "_", ".", "..", "/", "note", "[", "]", "{", "}", ",", "?", "\\", "!", "-", "é"];
    (0..random.usize(1..5)).map(|_| one_of(random, &parts)).collect()
}

/// A name or a name pattern, sometimes a glob with other special characters, or an invalid one.
fn name_pattern(random: &mut Rng) -> String {
    let usual =
        ["*", "**", "note_*", "*_a", "*.", "a*.", "a/**", "a/**/b", "**/b", "{a,b}_*", "[ab]*", "note_?*", "[a*", "a"];
    if random.bool() {
        return one_of(random, &usual).to_owned();
    }
    let text = name(random);
    with_stars(random, &text)
}

/// A list entry, sometimes with an error: mcpkit drops the section for some errors, and ignores others.
fn named_entry(random: &mut Rng, name: &str, faults_in: u8) -> Value {
    if random.u8(0..faults_in) > 0 {
        return json!({ "name": name });
    }
    match random.u8(0..9) {
        0 => json!(name),
        1 => json!([name]),
        2 => json!({ "name": name, "max_calls_per_minute": -1 }),
        3 => json!({ "name": name, "max_calls_per_minute": 5 }),
        4 => json!({ "name": name, "max_length": "long" }),
        5 => json!({ "name": name, "parameters": [] }),
        6 => json!({ "name": name, "parameters": {} }),
        7 => json!({ "name": 5 }),
        _ => json!({ "name": name, "more": true }),
    }
}

#[test]
fn no_tool_and_no_prompt_is_allowed_that_mcpkit_denies() {
    let mut random = Rng::with_seed(0x7e50_0002);
    let mut counts = Counts::default();
    for _ in 0..500 {
        let mut patterns = Vec::new();
        let mut entries = |random: &mut Rng, most: usize| -> Value {
            if random.u8(0..20) == 0 {
                return one_of(random, &[None, Some("all")]).map_or(Value::Null, Value::from);
            }
            let mut entry = |random: &mut Rng| {
                let pattern = name_pattern(random);
                patterns.push(pattern.clone());
                named_entry(random, &pattern, 12)
            };
            (0..random.usize(0..=most)).map(|_| entry(random)).collect()
        };
        let mut section = json!({
            "tools": { "allow": entries(&mut random, 3), "deny": entries(&mut random, 2) },
            "prompts": { "allow": entries(&mut random, 2), "deny": entries(&mut random, 1) },
        });
        if random.u8(0..8) == 0 {
            let transports = [r#"{"stdio":true}"#, r#"{"http":{}}"#, r#"{"stdio":"yes"}"#, "null", "5"];
            section["transport"] = serde_json::from_str(one_of(&mut random, &transports)).expect("JSON");
        }
        let mut source = match random.u8(0..3) {
            0 => json!({ "version": "1.0", "extensions": { "mcp": section } }),
            _ => json!({ "version": "1.0", "mcp": section }),
        };
        if random.u8(0..4) == 0 {
            source["tools"] = entries(&mut random, 2);
        }
        if random.u8(0..8) == 0 {
            let cores = [
                r#"{"storage":{"allow":[{"uri":"fs://a[","access":[]}]}}"#,
                r#"{"network":{"allow":[{"host":5}]}}"#,
                r#"{"resources":{"limits":{"memory":"64Mi"}}}"#,
                r#"{"resources":{"limits":{"memory":"64"}}}"#,
                "null",
                "{}",
            ];
            source["core"] = serde_json::from_str(one_of(&mut random, &cores)).expect("JSON");
        }
        let calls: Vec<Ask> = (0..40)
            .map(|_| {
                let text = match random.choice(&patterns).cloned() {
                    Some(pattern) if random.u8(0..4) > 0 => {
                        pattern.split('*').collect::<Vec<_>>().join(one_of(&mut random, &["", "x", "..", "a/b", "_"]))
                    }
                    _ => name(&mut random),
                };
                if random.u8(0..3) > 0 { Ask::Tool(text) } else { Ask::Prompt(text) }
            })
            .collect();
        compare(&source.to_string(), &calls, &mut counts);
    }
    assert!(counts.both_allow > 500 && counts.both_deny > 5000 && counts.only_mcpkit_allows > 100, "{counts:?}");
}

#[test]
fn a_source_that_mcpkit_refuses_or_drops_allows_nothing() {
    for fault in [
        r#""mcp":{"tools":{"allow":["delete_all"]}}"#,
        r#""mcp":{"prompts":{"allow":["p"]},"tools":{"allow":[{"name":"delete_all"}]}}"#,
        r#""mcp":{"tools":{"allow":[{"name":"delete_all"},{"name":"b","max_calls_per_minute":-1}]}}"#,
        r#""mcp":{"tools":{"allow":[{"name":"delete_all"}]},"transport":{"http":{}}}"#,
        r#""tools":["delete_all","a[*"]"#,
    ] {
        let mut counts = Counts::default();
        compare(&format!(r#"{{"version":"1.0",{fault}}}"#), &[Ask::Tool("delete_all".to_owned())], &mut counts);
        assert_eq!(counts.both_deny, 1, "{fault}");
    }
    let mut counts = Counts::default();
    let source = r#"{"version":"1.0","mcp":{"tools":{"allow":[{"name":"delete_all"}]},"transport":{"stdio":true}}}"#;
    compare(source, &[Ask::Tool("delete_all".to_owned())], &mut counts);
    assert_eq!(counts.both_allow, 1);
}

#[test]
fn a_deny_pattern_with_a_star_in_the_host_denies_uris_with_a_port() {
    for (deny, allow, uri) in [
        ("https://*/admin/*", "https://a.test:8443/*", "https://a.test:8443/admin/keys"),
        ("https://*/*", "*", "https://a.test:8443/x"),
        ("https://*.a.test/*", "*", "https://h.test:8443/b.a.test/x"),
        ("http://api-*.test/*", "*", "http://api-1.test:8443/a.test/x"),
        ("https://a.test:*/x", "*", "https://a.test:8443/x"),
    ] {
        let entry = |uri: &str| json!([{ "uri": uri, "operations": ["resource_read"] }]);
        let resources = json!({ "allow": entry(allow), "deny": entry(deny) });
        let source = json!({ "version": "1.0", "mcp": { "resources": resources } }).to_string();
        let mut counts = Counts::default();
        compare(&source, &[Ask::Read(uri.to_owned())], &mut counts);
        assert_eq!(counts.both_deny, 1, "{deny}");
        // Without the entry, the call is allowed, so this entry denies it.
        let source = json!({ "version": "1.0", "mcp": { "resources": { "allow": entry(allow) } } }).to_string();
        compare(&source, &[Ask::Read(uri.to_owned())], &mut counts);
        assert_eq!(counts.both_allow, 1, "{allow}");
    }
}
