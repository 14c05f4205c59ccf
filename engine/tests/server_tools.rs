//! Servers that own their tools.
#![expect(clippy::expect_used, reason = "a test states what must hold by failing")]

use callgate_engine::Format;
use callgate_engine::policy::text::Positions;
use callgate_engine::{Code, Effect};
use callgate_test_support::{decide, error_codes_of, errors_of, findings_of, image_of};
use serde_json::{Value, json};

/// A policy with two servers, each with a tool `query`, and the tool `view` of every server.
fn policy(rules: &Value) -> Value {
    json!({
        "version": "callgate-1",
        "servers": {
            "postgres": { "tools": ["query", "drop"] },
            "warehouse": { "tools": ["query"] },
            "crm": {},
        },
        "tools": ["view"],
        "roles": { "agent": {} },
        "rules": rules,
    })
}

fn allow(tools: Value) -> Value {
    json!([{ "id": "a", "effect": "Allow", "tools": tools, "roles": ["agent"] }])
}

fn call(server: &str, tool: &str) -> Value {
    if server.is_empty() {
        json!({ "tool": tool, "role": "agent" })
    } else {
        json!({ "tool": tool, "server": server, "role": "agent" })
    }
}

/// Checks which calls a policy allows, each as `server/tool`; every other tool is denied with `no_rule`.
#[track_caller]
fn check_allowed(policy: &Value, allowed: &[&str]) {
    let image = image_of(policy);
    for name in ["postgres/query", "postgres/drop", "warehouse/query", "/view", "crm/view", "postgres/view"] {
        let (server, tool) = name.split_once('/').expect("a server and a tool");
        let answer = decide(&image, call(server, tool));
        let expected =
            if allowed.contains(&name) { (Effect::Allow, Code::Allowed) } else { (Effect::Deny, Code::NoRule) };
        assert_eq!((answer.effect, answer.code), expected, "{name}: {policy}");
    }
}

/// Checks the errors of a policy: code, JSON pointer, message and fix of each.
#[track_caller]
fn check_errors(policy: &Value, expected: &[(&str, &str, &str)]) {
    let text = policy.to_string();
    let positions = Positions::new(&text, Format::Json);
    let errors = errors_of(policy);
    let seen: Vec<(&str, String, String)> = errors
        .iter()
        .map(|error| {
            let fix = error.fix.as_deref().map(|fix| format!(" [{fix}]")).unwrap_or_default();
            (error.code, positions.pointer(&error.span).unwrap_or_default(), format!("{}{fix}", error.message))
        })
        .collect();
    let seen: Vec<(&str, &str, &str)> =
        seen.iter().map(|(code, at, message)| (*code, at.as_str(), message.as_str())).collect();
    assert_eq!(seen, expected, "{text}");
}

#[test]
fn a_rule_names_the_tool_of_a_server() {
    check_allowed(&policy(&allow(json!(["postgres/query"]))), &["postgres/query"]);
    check_allowed(&policy(&allow(json!(["postgres/*"]))), &["postgres/query", "postgres/drop"]);
    check_allowed(&policy(&allow(json!(["*/query"]))), &["postgres/query", "warehouse/query"]);
    let views = ["/view", "crm/view", "postgres/view"];
    check_allowed(&policy(&allow(json!(["view"]))), &views);
    check_allowed(
        &policy(&allow(json!(["*"]))),
        &[&views[..], &["postgres/query", "postgres/drop", "warehouse/query"]].concat(),
    );
    check_allowed(
        &policy(&json!([{ "effect": "Allow", "tools": ["*"], "except": ["postgres/*"], "roles": ["agent"] }])),
        &[&views[..], &["warehouse/query"]].concat(),
    );
}

#[test]
fn a_server_of_a_rule_combines_with_the_name_of_its_tool() {
    let rule = |tools: Value| json!([{ "effect": "Allow", "tools": tools, "server": "postgres", "roles": ["agent"] }]);
    check_allowed(&policy(&rule(json!(["query"]))), &["postgres/query"]);
    let named = json!([{ "effect": "Allow", "tool_name": "query", "server": "warehouse", "roles": ["agent"] }]);
    check_allowed(&policy(&named), &["warehouse/query"]);
    // A tool that every server may have is the server's tool in a call to it.
    let image = image_of(policy(&rule(json!(["*"]))));
    for (server, tool, code) in [
        ("postgres", "query", Code::Allowed),
        ("postgres", "view", Code::Allowed),
        ("warehouse", "query", Code::NoRule),
        ("crm", "view", Code::ConditionFailed),
        ("", "view", Code::ConditionUnknown),
    ] {
        assert_eq!(decide(&image, call(server, tool)).code, code, "{server}/{tool}");
    }
    assert_eq!(error_codes_of(policy(&rule(json!(["warehouse/query"])))), ["unknown_tool"]);
    let crm = json!([{ "effect": "Allow", "tools": ["query"], "server": "crm", "roles": ["agent"] }]);
    assert_eq!(error_codes_of(policy(&crm)), ["unknown_tool"]);
}

#[test]
fn a_deny_rule_for_a_server_denies_every_tool_in_calls_to_it() {
    let policy = policy(&json!([
        { "id": "all", "effect": "Allow", "tools": ["*"], "roles": ["agent"] },
        { "id": "not-postgres", "effect": "Deny", "tools": ["*"], "server": "postgres", "roles": ["agent"] },
    ]));
    let image = image_of(&policy);
    for (server, tool, effect) in [
        ("postgres", "query", Effect::Deny),
        ("postgres", "view", Effect::Deny),
        ("", "view", Effect::Deny),
        ("crm", "view", Effect::Allow),
        ("warehouse", "query", Effect::Allow),
    ] {
        assert_eq!(decide(&image, call(server, tool)).effect, effect, "{server}/{tool}");
    }
}

#[test]
fn a_call_to_a_tool_of_a_server_names_the_server() {
    let image = image_of(policy(&allow(json!(["*"]))));
    let reason = "a call to this tool must name its server, which is `postgres` or `warehouse`";
    for server in ["", "crm", "other", "postgres ", "POSTGRES", "postgres\u{200b}", "postgres\0"] {
        let answer = decide(&image, call(server, "query"));
        let seen = (answer.effect, answer.code, answer.reason.as_str());
        assert_eq!(seen, (Effect::Deny, Code::UnknownTool, reason), "{server:?}");
    }
    let answer = decide(&image, call("warehouse", "drop"));
    let reason = "a call to this tool must name its server, which is `postgres`";
    assert_eq!((answer.code, answer.reason.as_str()), (Code::UnknownTool, reason));
    let answer = decide(&image, call("postgres", "other"));
    assert_eq!((answer.code, answer.reason.as_str()), (Code::UnknownTool, "the policy does not declare this tool"));
}

#[test]
fn no_spelling_of_a_tool_reaches_the_tool_of_a_server() {
    let image = image_of(policy(&allow(json!(["*"]))));
    for (server, tool) in [
        ("", "postgres/query"),
        ("", "postgres\0query"),
        ("postgres", "postgres/query"),
        ("postgres", "/query"),
        ("postgres/", "query"),
        ("postgres/query", ""),
        ("postgres", "query\0"),
        ("postgres\0query", ""),
        ("p", "ostgres/query"),
        ("postgres", ""),
    ] {
        assert_eq!(decide(&image, call(server, tool)).code, Code::UnknownTool, "{server:?} {tool:?}");
    }
}

#[test]
fn a_tool_of_every_server_has_no_name_of_a_tool_of_one_server() {
    // Otherwise, a call that omits its server could be allowed as a call to another tool.
    let mut policy = policy(&allow(json!(["view"])));
    policy["tools"] = json!(["view", "query"]);
    let message = "`query` is ambiguous in a call without a server, because `warehouse/query` is declared too [declare the tool for each server that has it, and not for every server]";
    check_errors(&policy, &[("ambiguous_name", "/tools/1", message)]);
}

#[test]
fn a_schema_of_a_server_is_enforced_in_calls_to_it_alone() {
    let mut policy = policy(&allow(json!(["*"])));
    let schema = |name: &str| json!({ "type": "object", "additionalProperties": false, "properties": { name: { "type": "string" } }, "required": [name] });
    let query = |name: &str| json!([{ "name": "query", "inputSchema": schema(name) }]);
    policy["servers"] = json!({ "postgres": { "tools": query("sql") }, "warehouse": { "tools": query("text") } });
    policy["tools"] = json!([{ "name": "view", "inputSchema": schema("id") }]);
    let image = image_of(&policy);
    let code = |server: &str, args: Value| {
        let mut call = call(server, if args.get("id").is_some() { "view" } else { "query" });
        call["args"] = args;
        decide(&image, call).code
    };
    assert_eq!(code("postgres", json!({ "sql": "x" })), Code::Allowed);
    assert_eq!(code("postgres", json!({ "text": "x" })), Code::UndeclaredArgument);
    assert_eq!(code("postgres", json!({})), Code::InvalidArguments);
    assert_eq!(code("warehouse", json!({ "text": "x" })), Code::Allowed);
    assert_eq!(code("warehouse", json!({ "sql": "x" })), Code::UndeclaredArgument);
    assert_eq!(code("", json!({ "id": "x" })), Code::Allowed);
    assert_eq!(code("postgres", json!({ "id": 1 })), Code::InvalidArguments);
}

#[test]
fn a_rule_that_names_no_tool_of_a_server_is_an_error() {
    check_errors(
        &policy(&allow(json!(["query", "view"]))),
        &[(
            "unknown_tool",
            "/rules/0/tools/0",
            "`query` is a tool of a server [write `postgres/query` or `warehouse/query`]",
        )],
    );
    check_errors(
        &policy(&allow(json!(["postgres/queri"]))),
        &[(
            "unknown_tool",
            "/rules/0/tools/0",
            "`postgres/queri` is not declared in `tools` [did you mean `postgres/query`?]",
        )],
    );
    check_errors(
        &policy(&allow(json!(["crm/*"]))),
        &[("no_match", "/rules/0/tools/0", "the pattern `crm/*` matches no declared tool")],
    );
}

#[test]
fn the_name_of_a_tool_has_one_reading() {
    let with = |servers: Value, tools: Value| {
        let mut policy = policy(&allow(json!("*")));
        policy["servers"] = servers;
        policy["tools"] = tools;
        policy
    };
    let message = "`postgres/query` is ambiguous, because `postgres` is a server with tools [rename the server]";
    check_errors(
        &with(json!({ "postgres": { "tools": ["drop"] } }), json!(["postgres/query"])),
        &[("ambiguous_name", "/tools/0", message)],
    );
    check_errors(
        &with(json!({ "a/b": { "tools": ["drop"] } }), json!(["view"])),
        &[("bad_name", "/servers/a~1b", "the name of a server with tools must not contain `/`")],
    );
    check_errors(
        &with(json!({ "a": { "tools": ["drop", "drop"] } }), json!(["view"])),
        &[("duplicate_name", "/servers/a/tools/1", "the tool `a/drop` is declared twice")],
    );
    // A tool of a server may have a slash in its name, and so may a tool of every server.
    let policy = with(json!({ "a": { "tools": ["b/c"] }, "b": {} }), json!(["b/d"]));
    let image = image_of(policy);
    assert_eq!(decide(&image, call("a", "b/c")).code, Code::Allowed);
    for server in ["b", ""] {
        assert_eq!(decide(&image, call(server, "b/c")).code, Code::UnknownTool, "{server}");
        assert_eq!(decide(&image, call(server, "b/d")).code, Code::Allowed, "{server}");
    }
    assert_eq!(decide(&image, call("a/b", "c")).code, Code::UnknownTool);
}

#[test]
fn servers_alone_declare_all_tools() {
    let mut policy = policy(&allow(json!(["postgres/query"])));
    policy.as_object_mut().expect("a policy").remove("tools");
    let image = image_of(&policy);
    assert_eq!(decide(&image, call("postgres", "query")).code, Code::Allowed);
    assert_eq!(decide(&image, call("postgres", "other")).code, Code::UnknownTool);
    assert_eq!(decide(&image, call("", "view")).code, Code::UnknownTool);
    // Servers without tools do not declare that there are none.
    policy["servers"] = json!({ "crm": {} });
    policy["rules"] = allow(json!(["anything"]));
    assert_eq!(decide(&image_of(&policy), call("crm", "anything")).code, Code::Allowed);
}

#[test]
fn servers_are_a_list_of_names_or_an_object_with_tools() {
    let with = |servers: Value| {
        let mut policy = policy(&allow(json!(["view"])));
        policy["servers"] = servers;
        policy
    };
    assert!(findings_of(with(json!(["crm"]))).iter().all(|finding| finding.code != "wrong_type"));
    assert_eq!(error_codes_of(with(json!("crm"))), ["wrong_type"]);
    assert_eq!(error_codes_of(with(json!({ "crm": [] }))), ["wrong_type"]);
    assert_eq!(error_codes_of(with(json!({ "crm": null }))), ["wrong_type"]);
    assert_eq!(error_codes_of(with(json!({ "crm": { "tool": [] } }))), ["unknown_key"]);
    assert_eq!(error_codes_of(with(json!({ "crm": { "tools": "x" } }))), ["wrong_type"]);
    assert_eq!(error_codes_of(with(json!({ "crm": { "tools": ["a b"] } }))), ["bad_name"]);
    assert_eq!(error_codes_of(with(json!({ "c m": { "tools": [] } }))), ["bad_name"]);
}

#[test]
fn a_finding_about_the_tool_of_a_server_states_its_whole_name() {
    let findings = |rule: Value| {
        let mut policy = policy(&json!([rule]));
        policy["servers"] = json!({ "postgres": { "tools": [
            { "name": "drop", "annotations": { "destructiveHint": true } },
            { "name": "query", "inputSchema": { "properties": { "sql": { "type": "string" } } } },
        ] } });
        let text = policy.to_string();
        let positions = Positions::new(&text, Format::Json);
        let shown = findings_of(&policy)
            .into_iter()
            .map(|finding| (finding.code, positions.pointer(&finding.span).unwrap_or_default(), finding.message));
        shown.collect::<Vec<_>>()
    };
    let unused = |message: &str, at: &str| ("unused_name", at.to_owned(), message.to_owned());
    assert_eq!(
        findings(json!({ "effect": "Allow", "tools": ["view", "postgres/query"], "roles": ["agent"] })),
        [unused(
            "no rule matches the tool `postgres/drop`, so every call to it is denied",
            "/servers/postgres/tools/0/name"
        )]
    );
    let hint = "callgate does not evaluate `annotations`, so this pattern also allows tools that are not read-only: `postgres/drop`";
    for rule in [
        json!({ "effect": "Allow", "tools": ["*", "view"], "roles": ["agent"] }),
        json!({ "effect": "Allow", "tools": ["d*", "query", "view"], "server": "postgres", "roles": ["agent"] }),
    ] {
        assert_eq!(
            findings(rule.clone()),
            [("hint_ignored", "/rules/0/tools/0".to_owned(), hint.to_owned())],
            "{rule}"
        );
    }
}

#[test]
fn a_policy_accepts_a_finding_at_the_tool_of_a_server() {
    let mut policy = policy(&json!([{ "effect": "Allow", "tools": ["*"], "roles": ["agent"] }]));
    let schema = json!({ "type": "object", "properties": { "sql": { "contentMediaType": "text/plain", "dependentRequired": { "a": ["b"] } } } });
    policy["servers"] = json!({ "a~b": { "tools": ["x", { "name": "query", "inputSchema": schema }] } });
    let accepted =
        |policy: &Value| findings_of(policy).iter().map(|it| (it.code, it.accepted.is_some())).collect::<Vec<_>>();
    assert_eq!(accepted(&policy), [("not_enforced", false)]);
    policy["accept"] = json!([{ "finding": "not_enforced", "at": "a~b/query", "reason": "the tool checks it" }]);
    assert_eq!(accepted(&policy), [("not_enforced", true)]);
}
