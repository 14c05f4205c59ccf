//! What rules speak of: tools that are declared or not, prompts, and operations on resources.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test states what must hold by failing")]

use callgate_engine::{Code, Effect, RequestError, RequestFacts};
use callgate_test_support::{decide, error_codes_of, errors_of, image_of, try_decide};
use serde_json::{Value, json};

/// An open policy with these rules, each for the role `agent`.
fn policy(rules: &Value) -> Value {
    let rules: Vec<Value> = rules.as_array().expect("rules").clone();
    let with_roles = rules.into_iter().map(|mut rule| {
        rule["roles"] = json!(["agent"]);
        rule
    });
    json!({ "version": "callgate-1", "roles": { "agent": {}, "manager": {} }, "rules": with_roles.collect::<Vec<_>>() })
}

fn tool(name: &str) -> Value {
    json!({ "tool": name, "role": "agent" })
}

fn resource(operation: &str, uri: &str) -> Value {
    json!({ "resource": uri, "operation": operation, "role": "agent" })
}

#[track_caller]
fn check(policy: &Value, call: &Value, effect: Effect, code: Code) {
    let answer = decide(&image_of(policy), call);
    assert_eq!((answer.effect, answer.code), (effect, code), "{policy} {call}");
}

#[track_caller]
fn check_allowed(policy: &Value, allowed: &[Value], others: &[Value]) {
    allowed.iter().for_each(|call| check(policy, call, Effect::Allow, Code::Allowed));
    others.iter().for_each(|call| check(policy, call, Effect::Deny, Code::NoRule));
}

/// The codes of the findings about a policy with one rule.
#[track_caller]
fn check_codes(rule: &Value, expected: &[&str]) {
    assert_eq!(error_codes_of(policy(&json!([rule]))), expected, "{rule}");
}

#[test]
fn an_open_policy_takes_names_and_patterns_of_any_tool() {
    let policy = policy(&json!([
        { "effect": "Allow", "tool_name": "view_*" },
        { "effect": "Allow", "tool_name": "refund" },
        { "effect": "Allow", "tool_name": "*_report" },
        { "effect": "Allow", "tool_name": "a*b*c" },
    ]));
    check_allowed(
        &policy,
        &["view_", "view_customer", "refund", "q3_report", "view_report", "abc", "a-b-b-c", "view_überweisung"]
            .map(tool),
        &["View_customer", "review_customer", "refunds", "refun", "_reports", "ab", "acb", "a"].map(tool),
    );
}

#[test]
fn a_name_of_an_open_policy_has_the_rules_of_its_patterns_too() {
    let policy = policy(&json!([
        { "effect": "Allow", "tool_name": "*" },
        { "effect": "Allow", "tool_name": "system_reboot" },
        { "effect": "Deny", "tool_name": "system_*" },
        { "effect": "RequireApproval", "tool_name": "*_delete" },
    ]));
    check(&policy, &tool("view"), Effect::Allow, Code::Allowed);
    check(&policy, &tool("system_reboot"), Effect::Deny, Code::DeniedByRule);
    check(&policy, &tool("system_delete"), Effect::Deny, Code::DeniedByRule);
    check(&policy, &tool("user_delete"), Effect::RequireApproval, Code::ApprovalRequired);
    check(&policy, &tool("System_reboot"), Effect::Allow, Code::Allowed);
    check(&policy, &json!({ "tool": "view", "role": "manager" }), Effect::Deny, Code::NoRule);
    check(&policy, &json!({ "tool": "view", "role": "nobody" }), Effect::Deny, Code::UnknownRole);
}

#[test]
fn what_can_be_no_name_is_not_judged_by_an_open_policy() {
    let policy = policy(&json!([
        { "effect": "Allow", "tool_name": "*" },
        { "effect": "Allow", "prompt_name": "*" },
        { "effect": "Deny", "tool_name": "delete_*" },
    ]));
    let long = "x".repeat(129);
    for name in ["", " delete_x", "\ndelete_x", "\u{200b}delete_x", "delete_*", "a b", &long] {
        check(&policy, &tool(name), Effect::Deny, Code::UnknownTool);
        check(&policy, &json!({ "prompt": name, "role": "agent" }), Effect::Deny, Code::UnknownPrompt);
    }
    check(&policy, &tool(long.get(1..).expect("a shorter name")), Effect::Allow, Code::Allowed);
}

#[test]
fn a_pattern_without_an_authority_has_no_host() {
    let policy = policy(&json!([
        { "effect": "Allow", "resource_uri": "*", "operations": ["read"] },
        { "effect": "Deny", "resource_uri": "proxy:fetch?url=*://*", "operations": ["read"] },
    ]));
    check(&policy, &resource("read", "proxy:fetch?url=http://evil.test/x"), Effect::Deny, Code::DeniedByRule);
    check(&policy, &resource("read", "proxy:fetch?url=x"), Effect::Allow, Code::Allowed);
}

#[test]
fn a_policy_declares_no_tool_where_its_list_is_empty() {
    let mut closed = policy(&json!([{ "effect": "Allow", "prompt_name": "greet" }]));
    closed["tools"] = json!([]);
    check(&closed, &tool("view"), Effect::Deny, Code::UnknownTool);
}

#[test]
fn kinds_of_targets_have_names_of_their_own() {
    let policy = policy(&json!([
        { "effect": "Allow", "prompt_name": "greet" },
        { "effect": "Allow", "prompt_name": "mail_*" },
        { "effect": "Allow", "tool_name": "view" },
        { "effect": "Deny", "tool_name": "wipe_*" },
    ]));
    let prompt = |name: &str| json!({ "prompt": name, "role": "agent" });
    check(&policy, &tool("wipe_all"), Effect::Deny, Code::DeniedByRule);
    check_allowed(
        &policy,
        &[prompt("greet"), prompt("mail_x"), tool("view")],
        &[
            prompt("view"),
            prompt("mail"),
            prompt("wipe_all"),
            tool("greet"),
            tool("mail_x"),
            resource("read", "note://greet"),
        ],
    );
}

#[test]
fn declared_prompts_are_all_there_are() {
    let mut declared = policy(&json!([{ "effect": "Allow", "prompt_name": "mail_*" }]));
    declared["prompts"] = json!(["mail_draft", "mail_reply"]);
    let prompt = |name: &str| json!({ "prompt": name, "role": "agent" });
    check(&declared, &prompt("mail_draft"), Effect::Allow, Code::Allowed);
    check(&declared, &prompt("mail_other"), Effect::Deny, Code::UnknownPrompt);
    declared["rules"][0]["prompt_name"] = json!("greet");
    assert_eq!(error_codes_of(declared).first(), Some(&"unknown_prompt"));
}

#[test]
fn conditions_judge_what_a_prompt_is_given() {
    let condition = json!({ "NumericCheck": { "source": "Arguments", "field": "n", "op": "Lte", "value": 5 } });
    let policy = policy(&json!([{ "effect": "Allow", "prompt_name": "greet", "condition": condition }]));
    let prompt = |n: u32| json!({ "prompt": "greet", "role": "agent", "args": { "n": n } });
    check(&policy, &prompt(5), Effect::Allow, Code::Allowed);
    check(&policy, &prompt(6), Effect::Deny, Code::ConditionFailed);
}

#[test]
fn a_rule_speaks_of_the_operations_that_it_names() {
    let policy = policy(&json!([
        { "effect": "Allow", "resource_uri": "file:///data/*", "operations": ["read", "list"] },
        { "effect": "Deny", "resource_uri": "file:///data/private/*", "operations": ["read"] },
        { "effect": "Allow", "resource_uri": "note://today", "operations": ["subscribe"] },
    ]));
    check_allowed(
        &policy,
        &[
            resource("read", "file:///data/q3.csv"),
            resource("read", "file:///data/a/b"),
            resource("list", "file:///data/private/x"),
            resource("subscribe", "note://today"),
        ],
        &[
            resource("subscribe", "file:///data/q3.csv"),
            resource("read", "file:///data"),
            resource("read", "file:///database/x"),
            resource("read", "note://today"),
            resource("subscribe", "note://today/x"),
        ],
    );
    check(&policy, &resource("read", "file:///data/private/x"), Effect::Deny, Code::DeniedByRule);
}

#[test]
fn another_spelling_of_a_uri_slips_past_no_rule() {
    let policy = policy(&json!([
        { "effect": "Allow", "resource_uri": "*", "operations": ["read"] },
        { "effect": "Deny", "resource_uri": "file:///etc/*", "operations": ["read"] },
    ]));
    check(&policy, &resource("read", "https://a.test/x"), Effect::Allow, Code::Allowed);
    check(&policy, &resource("read", "file:///etc/passwd"), Effect::Deny, Code::DeniedByRule);
    for uri in [
        "",
        "/etc/passwd",
        "FILE:///etc/passwd",
        "file:/etc/passwd",
        "file://localhost/etc/passwd",
        "file:////etc/passwd",
        "file:///data/../etc/passwd",
        "file:///data/%2e%2e/etc/passwd",
        "file:///%65tc/passwd",
        "file:///data/..%2Fetc/passwd",
        "file:///data\\..\\etc",
        "file:///etc/passwd\u{0}",
        "file:///etc/passwd#",
        "file:///etc/passwd?x",
        "file:///etc/passwd/",
        "file:///etc/passwd::$DATA",
        "file:///c:/x",
    ] {
        check(&policy, &resource("read", uri), Effect::Deny, Code::AmbiguousResource);
    }
}

#[test]
fn another_spelling_of_a_port_a_host_or_a_namespace_slips_past_no_rule() {
    let policy = policy(&json!([
        { "effect": "Allow", "resource_uri": "*", "operations": ["read"] },
        { "effect": "Deny", "resource_uri": "imap://mail.test/INBOX/*", "operations": ["read"] },
        { "effect": "Deny", "resource_uri": "note://diary/*", "operations": ["read"] },
        { "effect": "Deny", "resource_uri": "urn:isbn:*", "operations": ["read"] },
    ]));
    for uri in ["imap://mail.test/INBOX/1", "note://diary/x", "urn:isbn:1"] {
        check(&policy, &resource("read", uri), Effect::Deny, Code::DeniedByRule);
    }
    for uri in ["imap://mail.test/Archive/1", "imap://mail.test:10143/INBOX/1", "note://today/x", "urn:ietf:rfc:8141"] {
        check(&policy, &resource("read", uri), Effect::Allow, Code::Allowed);
    }
    for uri in [
        "imap://mail.test:143/INBOX/1",
        "neo4j://db.test:7687/x",
        "nats://mq.test:4222/x",
        "sqlserver://db.test:1433/x",
        "smtp://mail.test:587/x",
        "note://diary:8080/x",
        "note://xn--bcher-kva.test/x",
        "urn:ISBN:1",
        "urn:isbn:1?=x",
    ] {
        check(&policy, &resource("read", uri), Effect::Deny, Code::AmbiguousResource);
    }
}

#[test]
fn a_uri_with_a_second_spelling_is_found_with_the_reason() {
    let own = "contains the default port of its scheme, which the normal form omits";
    let unknown = "has a port, but callgate does not know the default port of its scheme";
    let punycode = "has a punycode host name, which programs interpret differently";
    let namespace = "has a URN namespace that is not in normal form";
    let query = "has a query, which is not part of a URN name";
    for (uri, problem, fix) in [
        ("imap://mail.test:143/INBOX", own, "remove the port"),
        ("imap://*:143/INBOX", own, "remove the port"),
        ("https://a.test:443/*", own, "remove the port"),
        ("note://host:99/x", unknown, "remove the port"),
        ("note://*:99/*", unknown, "remove the port"),
        ("note://xn--bcher-kva.test/x", punycode, "use a host name without `xn--`"),
        ("https://*.xn--p1ai/*", punycode, "use a host name without `xn--`"),
        ("urn:ISBN:1", namespace, "write the namespace in lowercase letters, digits and `-`"),
        ("urn:ISBN:*", namespace, "write the namespace in lowercase letters, digits and `-`"),
        ("urn:isbn:1?=x", query, "remove the query"),
    ] {
        for effect in ["Allow", "RequireApproval", "Deny"] {
            let rule = json!({ "effect": effect, "resource_uri": uri, "operations": ["read"] });
            let text = policy(&json!([rule])).to_string();
            let findings = errors_of(&text);
            let message = if uri.contains('*') {
                format!("the pattern `{uri}` {problem}, so it matches no call")
            } else {
                format!("`{uri}` {problem}, so no call can name it")
            };
            let seen: Vec<_> =
                findings.iter().map(|found| (found.code, found.message.as_str(), found.fix.as_deref())).collect();
            assert_eq!(seen, [("bad_uri", message.as_str(), Some(fix))], "{text}");
        }
    }
}

#[test]
fn a_star_in_a_host_does_not_reach_into_the_path() {
    let policy = policy(&json!([
        { "effect": "Allow", "resource_uri": "https://*.example.com/pub/*", "operations": ["read"] },
        { "effect": "Allow", "resource_uri": "note://*/open", "operations": ["read"] },
    ]));
    check_allowed(
        &policy,
        &[
            resource("read", "https://a.example.com/pub/x?q=1"),
            resource("read", "https://a.b.example.com/pub/"),
            resource("read", "note://x/open"),
        ],
        &[
            resource("read", "https://evil.test/x.example.com/pub/y"),
            resource("read", "https://evil.test/?.example.com/pub/y"),
            resource("read", "https://example.com/pub/x"),
            resource("read", "https://a.example.com:8443/pub/x"),
            resource("read", "http://a.example.com/pub/x"),
            resource("read", "note://x/y/open"),
        ],
    );
    check(&policy, &resource("read", "note://x:99/open"), Effect::Deny, Code::AmbiguousResource);
}

#[test]
fn a_rule_speaks_of_one_kind_of_target() {
    let rule = |rest: Value| {
        let mut rule = json!({ "effect": "Allow" });
        rule.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        rule
    };
    for (rest, expected) in [
        (json!({}), &["missing_key"][..]),
        (json!({ "tool_name": "a", "prompt_name": "b" }), &["several_targets"]),
        (json!({ "tool_name": "a", "operations": ["read"] }), &["unknown_key"]),
        (json!({ "resource_uri": "note://a" }), &["missing_key"]),
        (json!({ "resource_uri": "note://a", "operations": [] }), &["empty_list"]),
        (json!({ "resource_uri": "note://a", "operations": ["write"] }), &["unknown_operation"]),
        (json!({ "resource_uri": "note://a", "operations": ["read", "read"] }), &["duplicate_operation"]),
        (json!({ "tool_name": "" }), &["bad_name"]),
        (json!({ "tool_name": "a b" }), &["bad_name"]),
    ] {
        check_codes(&rule(rest), expected);
    }
}

#[test]
fn a_uri_that_no_call_can_name_is_found() {
    for uri in [
        "/data/x",
        "FILE:///data",
        "file:///data/../x",
        "file:///data/%2e",
        "https://api.example.com",
        "https://API.example.com/*",
        "https://api.example.com*",
        "https://api.*.com/",
        "https://a*.example.com/",
        "https://*example.com/",
        "*://a/",
        "file:///data/../*",
        "x*",
    ] {
        check_codes(&json!({ "effect": "Allow", "resource_uri": uri, "operations": ["read", "list"] }), &["bad_uri"]);
    }
}

#[test]
fn patterns_that_take_too_many_states_are_refused() {
    let letters = "abcdefghijklmnopqrstuvwxyz";
    let rules: Vec<Value> =
        letters.chars().map(|c| json!({ "effect": "Allow", "tool_name": format!("*{c}*") })).collect();
    assert_eq!(error_codes_of(policy(&json!(rules))), ["too_many_states"]);
}

#[test]
fn a_call_names_one_target() {
    let image = image_of(policy(&json!([{ "effect": "Allow", "tool_name": "*" }])));
    for (call, detail) in [
        (json!({ "role": "agent" }), "`tool`, `prompt` or `resource` is missing"),
        (
            json!({ "role": "agent", "tool": "a", "prompt": "b" }),
            "`tool`, `toolName`, `prompt` and `resource` are mutually exclusive",
        ),
        (json!({ "role": "agent", "tool": "a", "operation": "read" }), "`operation` requires `resource`"),
        (
            json!({ "role": "agent", "resource": "note://a" }),
            "`operation` is missing; write `read`, `list` or `subscribe`",
        ),
        (
            json!({ "role": "agent", "resource": "note://a", "operation": "write" }),
            "`operation` must be `read`, `list` or `subscribe`",
        ),
        (json!({ "role": "agent", "resource": 1, "operation": "read" }), "`resource` must be a string"),
        (json!({ "role": "agent", "prompt": null }), "`prompt` must be a string"),
    ] {
        let seen = try_decide(&image, &RequestFacts::default(), &call).map(drop).map_err(RequestError::detail);
        assert_eq!(seen, Err(detail.into()), "{call}");
    }
}

#[test]
fn perso_knows_tools_only() {
    let image = image_of(include_str!("../../policies/crm-perso.json"));
    let call = r#"{"prompt":"view_customer","role":"agent"}"#;
    assert_eq!(try_decide(&image, &RequestFacts::default(), call), Err(RequestError::TargetNotSupported));
}

#[test]
fn too_many_states_are_avoided_in_the_way_of_each_kind() {
    for (key, start, way) in [
        ("tool_name", "", "`tools`"),
        ("prompt_name", "", "`prompts`"),
        ("resource_uri", "note://notes/", "fewer patterns that start with `*`"),
    ] {
        let rule = |c: char| {
            let mut rule = json!({ "effect": "Allow", key: format!("{start}*{c}*") });
            if key == "resource_uri" {
                rule["operations"] = json!(["read"]);
            }
            rule
        };
        let rules: Vec<Value> = ('a'..='z').map(rule).collect();
        let findings = errors_of(policy(&json!(rules)));
        let fixes: Vec<&str> = findings.iter().filter_map(|finding| finding.fix.as_deref()).collect();
        assert!(matches!(fixes.as_slice(), [fix] if fix.contains(way)), "{fixes:?}");
        // One such pattern takes few.
        assert!(!image_of(policy(&json!([rule('a')]))).is_empty());
    }
}
