//! Rules that are valid but probably do not mean what their author wants are reported, and rules that do are not.

use callgate_engine::Effect;
use callgate_engine::policy::text::{Diagnostic, Format, Positions, Severity, report};
use callgate_test_support::{decide, error_codes_of, findings_of, image_of};
use serde_json::{Value, json};

fn policy(tools: &Value, rules: &Value) -> Value {
    json!({ "version": "callgate-1", "tools": tools, "roles": { "agent": {}, "lead": {}, "guest": {} }, "rules": rules })
}

/// The findings with a code: the pointers of their positions, and their messages.
#[track_caller]
fn found(policy: &Value, code: &str) -> Vec<(String, String)> {
    let text = policy.to_string();
    let positions = Positions::new(&text, Format::Json);
    let findings = findings_of(&text);
    let place = |finding: Diagnostic| (positions.pointer(&finding.span).unwrap_or_default(), finding.message);
    findings.into_iter().filter(|finding| finding.code == code).map(place).collect()
}

/// Checks that a finding is reported at exactly these places.
#[track_caller]
fn check(policy: &Value, code: &str, places: &[&str]) {
    let seen: Vec<String> = found(policy, code).into_iter().map(|(place, _)| place).collect();
    assert_eq!(seen, places, "{code}: {policy}\n{:?}", findings_of(policy));
}

fn rule(effect: &str, tool: &str, roles: &[&str], condition: &Value) -> Value {
    json!({ "effect": effect, "tool_name": tool, "roles": roles, "condition": condition })
}

fn amount(op: &str, value: i32) -> Value {
    json!({ "NumericCheck": { "source": "Arguments", "field": "amount", "op": op, "value": value } })
}

fn text(field: &str, op: &str, values: &[&str]) -> Value {
    json!({ "StringCheck": { "source": "Arguments", "field": field, "op": op, "value": values } })
}

fn not(condition: &Value) -> Value {
    json!({ "Not": condition })
}

fn all(conditions: &[Value]) -> Value {
    json!({ "All": conditions })
}

const NONE: Value = Value::Null;
const AGENT: [&str; 1] = ["agent"];

/// Checks that the first of two rules on the tool `pay` never decides, or that none does.
#[track_caller]
fn check_pair(first: (&str, &Value), second: (&str, &Value), never_decides: bool) {
    let rules = json!([rule(first.0, "pay", &AGENT, first.1), rule(second.0, "pay", &AGENT, second.1)]);
    let places: &[&str] = if never_decides { &["/rules/0/tool_name"] } else { &[] };
    check(&policy(&json!(["pay"]), &rules), "never_decides", places);
}

#[test]
fn an_allow_rule_under_a_stricter_rule_without_a_condition_never_decides() {
    for stricter in ["Deny", "RequireApproval"] {
        check_pair(("Allow", &NONE), (stricter, &NONE), true);
        check_pair(("Allow", &amount("Lt", 5)), (stricter, &NONE), true);
        check_pair(("Allow", &NONE), (stricter, &amount("Lt", 5)), false);
    }
    check_pair(("RequireApproval", &amount("Lt", 5)), ("Deny", &NONE), true);
    check_pair(("RequireApproval", &NONE), ("Deny", &amount("Lt", 5)), false);
}

#[test]
fn an_allow_rule_whose_condition_implies_that_of_a_stricter_rule_never_decides() {
    for stricter in ["Deny", "RequireApproval"] {
        check_pair(("Allow", &amount("Lte", 100)), (stricter, &amount("Lte", 500)), true);
        check_pair(("Allow", &amount("Lte", 500)), (stricter, &amount("Lte", 100)), false);
        check_pair(("Allow", &amount("Lte", 100)), (stricter, &amount("Gt", 100)), false);
        let open = text("to", "StartsWith", &["sales-"]);
        check_pair(("Allow", &text("to", "In", &["sales-1"])), (stricter, &open), true);
        check_pair(("Allow", &text("to", "In", &["sales-1", "hr-1"])), (stricter, &open), false);
        let both = all(&[amount("Lte", 100), open.clone()]);
        check_pair(("Allow", &both), (stricter, &open), true);
        check_pair(("Allow", &open), (stricter, &both), false);
        check_pair(("Allow", &not(&amount("Gt", 100))), (stricter, &json!({ "Any": [open, amount("Lt", 200)] })), true);
    }
}

#[test]
fn an_allow_rule_inside_a_wider_allow_rule_never_decides_alone() {
    check_pair(("Allow", &amount("Lte", 100)), ("Allow", &amount("Lte", 500)), true);
    check_pair(("Allow", &amount("Lte", 100)), ("Allow", &NONE), true);
    check_pair(("Allow", &amount("Lte", 100)), ("Allow", &amount("Gt", 100)), false);
    // The wider rule is unknown without `to`, so it does not allow the call.
    let wider = json!({ "Any": [not(&text("to", "In", &["x"])), text("to", "In", &["x"])] });
    check_pair(("Allow", &amount("Lte", 100)), ("Allow", &wider), false);
    let exact = amount("Lte", 500);
    let rounded = json!({ "NumericCheck": { "source": "Arguments", "field": "amount", "op": "Lt", "value": 500.5 } });
    check_pair(("Allow", &exact), ("Allow", &rounded), true);
}

#[test]
fn a_rule_with_other_roles_targets_or_servers_decides() {
    let tools = json!(["pay", "view"]);
    let pair = |first: Value, second: Value| policy(&tools, &json!([first, second]));
    let allow = |tool: &str, roles: &[&str]| rule("Allow", tool, roles, &NONE);
    let deny = |tool: &str, roles: &[&str]| rule("Deny", tool, roles, &NONE);
    check(&pair(allow("pay", &["agent", "lead"]), deny("*", &AGENT)), "never_decides", &[]);
    check(&pair(allow("*", &AGENT), deny("pay", &AGENT)), "never_decides", &[]);
    check(&pair(allow("pay", &AGENT), deny("*", &["agent", "lead"])), "never_decides", &["/rules/0/tool_name"]);
    let mut policy = pair(allow("pay", &AGENT), deny("*", &AGENT));
    policy["servers"] = json!(["erp"]);
    policy["rules"][1]["server"] = json!("erp");
    check(&policy, "never_decides", &[]);
    policy["rules"][0]["server"] = json!("erp");
    check(&policy, "never_decides", &["/rules/0/tool_name"]);
}

#[test]
fn of_two_equal_rules_the_later_one_is_reported() {
    let twice = |effect: &str| {
        json!([rule(effect, "pay", &AGENT, &amount("Lt", 5)), rule(effect, "pay", &AGENT, &amount("Lt", 5))])
    };
    for effect in ["Allow", "RequireApproval", "Deny"] {
        check(&policy(&json!(["pay"]), &twice(effect)), "never_decides", &["/rules/1/tool_name"]);
    }
    // Two Deny rules may give two reasons.
    let mut rules = twice("Deny");
    rules[0]["reason"] = json!("small amounts are denied");
    rules[1]["reason"] = json!("ask the desk");
    check(&policy(&json!(["pay"]), &rules), "never_decides", &[]);
}

#[test]
fn an_exception_to_a_pattern_that_is_denied_never_decides() {
    let mut policy = policy(
        &NONE,
        &json!([
            rule("Allow", "view_*", &AGENT, &NONE),
            rule("Deny", "delete_*", &AGENT, &NONE),
            rule("Allow", "delete_draft", &AGENT, &NONE),
        ]),
    );
    policy.as_object_mut().expect("an object").remove("tools");
    let found = found(&policy, "never_decides");
    let message = "this rule never decides, because the rule `/rules/1` denies every call that this rule applies to";
    assert_eq!(found, [("/rules/2/tool_name".to_owned(), message.to_owned())]);
    policy["rules"][1]["tool_name"] = json!("delete_customer*");
    check(&policy, "never_decides", &[]);
}

#[test]
fn an_allow_rule_for_every_tool_is_open_without_a_list_of_tools() {
    let of = |tool: &str| json!({ "version": "callgate-1", "roles": { "agent": {} }, "rules": [rule("Allow", tool, &AGENT, &NONE)] });
    check(&of("*"), "open_allow", &["/rules/0/tool_name"]);
    check(&of("**"), "open_allow", &["/rules/0/tool_name"]);
    check(&of("view_*"), "open_allow", &[]);
    let mut declared = of("*");
    declared["tools"] = json!(["view"]);
    check(&declared, "open_allow", &[]);
    let mut denied = of("*");
    denied["rules"][0]["effect"] = json!("Deny");
    check(&denied, "open_allow", &[]);
}

/// Checks a condition in a rule on the tool `run`.
#[track_caller]
fn check_condition(effect: &str, condition: &Value, code: &str, is_reported: bool) {
    let policy = policy(&json!(["run"]), &json!([rule(effect, "run", &AGENT, condition)]));
    let seen = found(&policy, code).len();
    assert_eq!(seen, usize::from(is_reported), "{code}: {effect} {condition}\n{:?}", findings_of(&policy));
}

#[test]
fn an_expression_that_restricts_and_fixes_both_ends_is_reported() {
    let code = "whole_text_match";
    for expression in ["drop table", "(?i)drop table", "(drop|delete) table", "rm -rf /|.*x.*", "[a-c]{2}"] {
        check_condition("Deny", &text("x", "Matches", &[expression]), code, true);
        check_condition("Allow", &not(&text("x", "Matches", &[expression])), code, true);
        check_condition("Allow", &text("x", "Matches", &[expression]), code, false);
        check_condition("Deny", &not(&text("x", "Matches", &[expression])), code, false);
    }
    for expression in
        ["(?s).*drop table.*", "drop table.*", ".*\\.pem", "^secrets$", "[a-z]+@evil\\.test", "SUP-[0-9]+"]
    {
        check_condition("Deny", &text("x", "Matches", &[expression]), code, false);
    }
    let country =
        json!({ "StringCheck": { "source": "Request", "field": "country", "op": "Matches", "value": "KP|IR" } });
    check_condition("Deny", &country, code, false);
    check_condition("Deny", &text("repo", "Matches", &["(?i)infra"]), code, false);
    check_condition("Deny", &text("sql", "Matches", &["(?i)drop"]), code, true);
}

#[test]
fn the_advised_expression_finds_the_text_and_is_not_reported() {
    let denying = |expression: &str| {
        policy(
            &json!(["run"]),
            &json!([
                rule("Allow", "run", &AGENT, &NONE),
                rule("Deny", "run", &AGENT, &text("x", "Matches", &[expression])),
            ]),
        )
    };
    let call = json!({ "tool": "run", "role": "agent", "args": { "x": "please DROP TABLE users" } });
    assert_eq!(decide(&image_of(denying("(?i)drop table")), &call).effect, Effect::Allow);
    let advised = denying("(?s).*(?i)drop table.*");
    assert_eq!(decide(&image_of(&advised), &call).effect, Effect::Deny);
    check(&advised, "whole_text_match", &[]);
}

#[test]
fn a_field_with_dots_is_reported_unless_a_tool_declares_it() {
    let field = |name: &str| json!({ "FieldPresent": { "source": "Arguments", "field": name } });
    for (name, is_reported) in [("order.price", true), ("/order/price", false), ("order", false), ("a..b", false)] {
        check_condition("Allow", &field(name), "dotted_field", is_reported);
    }
    let claim =
        json!({ "BoolCheck": { "source": "AgentAttributes", "field": "https://example.com/mfa", "value": true } });
    check_condition("Allow", &claim, "dotted_field", false);
    let tool = |name: &str| json!([{ "name": "run", "inputSchema": { "properties": { name: {} } } }]);
    let rules = json!([rule("Allow", "run", &AGENT, &field("order.price"))]);
    check(&policy(&tool("order.price"), &rules), "dotted_field", &[]);
    check(&policy(&tool("order"), &rules), "dotted_field", &["/rules/0/condition/FieldPresent/field"]);
    let mut closed = policy(&tool("order"), &rules);
    closed["tools"][0]["inputSchema"]["additionalProperties"] = json!(false);
    let errors = findings_of(&closed);
    assert_eq!(errors.iter().filter_map(|error| error.fix.as_deref()).collect::<Vec<_>>(), ["write `/order/price`"]);
}

#[test]
fn a_placeholder_in_a_compared_text_is_reported() {
    for (value, is_reported) in
        [("/home/${user}/", true), ("{{ user.name }}", true), ("${jndi:", false), ("a{b}c", false), ("costs $5", false)]
    {
        check_condition("Allow", &text("x", "StartsWith", &[value]), "template_text", is_reported);
    }
    let roots = json!({ "PathCheck": { "source": "Arguments", "field": "x", "roots": ["/home/${user}"] } });
    check_condition("Allow", &roots, "template_text", true);
}

#[test]
fn a_pattern_that_allows_a_second_command_is_reported() {
    let code = "command_glob";
    for (field, op, value, is_reported) in [
        ("command", "Glob", "git log *", true),
        ("command", "Glob", "git log", false),
        ("cmd", "StartsWith", "git log", true),
        ("x", "Glob", "npm run *", true),
        ("x", "Glob", "Re: *", false),
        ("path", "Glob", "/srv/*", false),
        ("command", "Matches", "git log( [a-z-]+)*", false),
    ] {
        check_condition("Allow", &text(field, op, &[value]), code, is_reported);
        check_condition("Deny", &text(field, op, &[value]), code, false);
        check_condition("Deny", &not(&text(field, op, &[value])), code, is_reported);
    }
    let item = json!({ "StringCheck": { "source": "Item", "field": "", "op": "Glob", "value": "a *" } });
    let every = |list: &str| json!({ "Every": { "source": "Arguments", "field": list, "condition": item } });
    check_condition("Allow", &every("commands"), code, true);
    check_condition("Allow", &every("args"), code, false);
}

#[test]
fn a_check_with_case_that_restricts_a_name_without_case_is_reported() {
    let code = "case_sensitive_deny";
    check_condition("Deny", &text("repo", "In", &["secrets"]), code, true);
    check_condition("Deny", &text("repo", "StartsWith", &["infra-"]), code, true);
    check_condition("Allow", &text("repo", "NotIn", &["secrets"]), code, true);
    check_condition("Allow", &text("repo", "In", &["site"]), code, false);
    check_condition("Deny", &text("repo", "In", &["2024"]), code, false);
    check_condition("Deny", &text("status", "In", &["closed"]), code, false);
    check_condition("Deny", &text("repo", "Matches", &["(?i)secrets.*"]), code, false);
}

#[test]
fn the_advised_key_makes_the_check_match_without_case() {
    for (op, value, args) in [
        ("In", "secrets", "SECRETS"),
        ("StartsWith", "infra-", "Infra-prod"),
        ("EndsWith", "-prod", "infra-PROD"),
        ("Contains", "fra", "inFRA-prod"),
        ("Glob", "in*-prod", "INFRA-prod"),
    ] {
        let policy = policy(
            &json!(["run"]),
            &json!([rule("Allow", "run", &AGENT, &NONE), rule("Deny", "run", &AGENT, &text("repo", op, &[value]))]),
        );
        let findings = findings_of(&policy);
        let fix = findings.iter().filter(|finding| finding.code == "case_sensitive_deny").find_map(|it| it.fix.clone());
        assert_eq!(fix.as_deref(), Some("add `\"ignoreCase\": \"Full\"`"), "{op}");
        let mut advised = policy.clone();
        advised["rules"][1]["condition"]["StringCheck"]["ignoreCase"] = json!("Full");
        let call = json!({ "tool": "run", "role": "agent", "args": { "repo": args } });
        assert_eq!(decide(&image_of(&policy), &call).effect, Effect::Allow, "{op}");
        assert_eq!(decide(&image_of(&advised), &call).effect, Effect::Deny, "{op}");
        check(&advised, "case_sensitive_deny", &[]);
    }
}

#[test]
fn the_end_of_an_address_that_is_allowed_is_reported() {
    let code = "open_address";
    let item = |op: &str, value: &str| {
        json!({ "Every": { "source": "Arguments", "field": "x", "condition":
            { "StringCheck": { "source": "Item", "field": "", "op": op, "value": value } } } })
    };
    check_condition("Allow", &item("EndsWith", "@example.com"), code, true);
    check_condition("Allow", &item("Glob", "*@example.com"), code, true);
    check_condition("Allow", &item("Matches", "[0-9A-Za-z._-]+@example\\.com"), code, false);
    check_condition("Allow", &item("EndsWith", ".pdf"), code, false);
    check_condition("Deny", &item("EndsWith", "@example.com"), code, false);
}

#[test]
fn an_attribute_whose_absence_lifts_a_restriction_is_reported() {
    let code = "optional_attribute";
    let present = |source: &str| json!({ "FieldPresent": { "source": source, "field": "suspended" } });
    for source in ["AgentAttributes", "ResourceAttributes"] {
        check_condition("Deny", &present(source), code, true);
        check_condition("Allow", &not(&present(source)), code, true);
        check_condition("Allow", &present(source), code, false);
        check_condition("Deny", &not(&present(source)), code, false);
    }
    check_condition("Deny", &present("Arguments"), code, false);
    let suspended = json!({ "BoolCheck": { "source": "AgentAttributes", "field": "suspended", "value": true } });
    check_condition("Deny", &suspended, code, false);
}

fn tool_with(name: &str, arguments: &Value) -> Value {
    json!({ "name": name, "inputSchema": { "additionalProperties": false, "properties": arguments } })
}

#[test]
fn an_argument_that_is_similar_to_a_limited_one_is_reported() {
    let (string, list, flag) = (json!({ "type": "string" }), json!({ "type": "array" }), json!({ "type": "boolean" }));
    for (read, unread, kind, is_reported) in [
        ("to", "cc", &list, true),
        ("path", "destination", &string, true),
        ("path", "paths", &list, true),
        ("path", "path2", &string, true),
        ("old_path", "newPath", &string, true),
        ("path", "encoding", &string, false),
        ("path", "file", &flag, false),
        ("user_id", "order_id", &string, false),
        ("name", "file_name", &string, false),
    ] {
        let tools = json!([tool_with("send", &json!({ read: string, unread: kind }))]);
        let places: &[&str] = if is_reported { &["/rules/0/tool_name"] } else { &[] };
        let limit = text(read, "In", &["a"]);
        check(&policy(&tools, &json!([rule("Allow", "send", &AGENT, &limit)])), "unread_argument", places);
        // A rule without a condition limits nothing, and a second rule may read the other argument.
        check(&policy(&tools, &json!([rule("Allow", "send", &AGENT, &NONE)])), "unread_argument", &[]);
        let other = json!({ "FieldPresent": { "source": "Arguments", "field": unread } });
        let rules = json!([rule("Allow", "send", &AGENT, &limit), rule("Deny", "send", &AGENT, &other)]);
        check(&policy(&tools, &rules), "unread_argument", &[]);
    }
}

#[test]
fn a_role_that_a_deny_rule_for_all_others_misses_is_reported() {
    let rules = |deny: Value, allow: Value| json!([allow, deny]);
    let tools = json!(["view", "delete_a"]);
    let everyone = ["agent", "lead", "guest"];
    let missing =
        rules(rule("Deny", "*", &["agent", "lead"], &amount("Gt", 5)), rule("Allow", "view", &everyone, &NONE));
    check(&policy(&tools, &missing), "uncovered_role", &["/rules/1/tool_name"]);
    let covered = rules(rule("Deny", "*", &everyone, &amount("Gt", 5)), rule("Allow", "view", &everyone, &NONE));
    check(&policy(&tools, &covered), "uncovered_role", &[]);
    let mut inherited = policy(&tools, &missing);
    inherited["roles"]["guest"] = json!({ "inherits": ["agent"] });
    check(&inherited, "uncovered_role", &[]);
    let one_of_three = rules(rule("Deny", "*", &AGENT, &NONE), rule("Allow", "view", &["lead", "guest"], &NONE));
    check(&policy(&tools, &one_of_three), "uncovered_role", &[]);
    let exception =
        json!([rule("Deny", "delete_*", &["agent", "lead"], &NONE), rule("Allow", "delete_a", &["guest"], &NONE),]);
    check(&policy(&tools, &exception), "uncovered_role", &[]);
    let nothing = rules(rule("Deny", "*", &["agent", "lead"], &NONE), rule("Allow", "view", &["agent", "lead"], &NONE));
    check(&policy(&tools, &nothing), "uncovered_role", &[]);
}

#[test]
fn a_pattern_that_allows_tools_that_say_they_change_something_is_reported_once() {
    let tool = |name: &str, hints: Value| json!({ "name": name, "annotations": hints });
    let tools = json!([
        tool("list", json!({ "readOnlyHint": true })),
        tool("delete", json!({ "destructiveHint": true })),
        tool("edit", json!({ "readOnlyHint": false })),
    ]);
    let of = |allowed: &str| policy(&tools, &json!([rule("Allow", allowed, &AGENT, &NONE)]));
    let message = "callgate does not evaluate `annotations`, so this pattern also allows tools that are not read-only: \
                   `delete` and `edit`";
    assert_eq!(found(&of("*"), "hint_ignored"), [("/rules/0/tool_name".to_owned(), message.to_owned())]);
    check(&of("l*"), "hint_ignored", &[]);
    check(&of("delete"), "hint_ignored", &[]);
    let approved = json!([
        rule("Allow", "*", &AGENT, &NONE),
        rule("RequireApproval", "delete", &AGENT, &NONE),
        rule("Deny", "e*", &AGENT, &NONE),
    ]);
    check(&policy(&tools, &approved), "hint_ignored", &[]);
}

#[test]
fn tools_without_a_rule_are_one_note_and_roles_one_warning() {
    let tools: Vec<String> = (0..98).map(|at| format!("tool_{at}")).collect();
    let text = policy(&json!(tools), &json!([rule("Allow", "tool_7", &AGENT, &NONE)])).to_string();
    let findings = findings_of(&text);
    let seen: Vec<(Severity, &str)> =
        findings.iter().map(|finding| (finding.severity, finding.message.as_str())).collect();
    let tools = "no rule matches 97 tools, so every call to them is denied: `tool_0`, `tool_1`, `tool_2` and 94 more";
    let roles = "no rule matches 2 roles, so they allow no call: `guest` and `lead`";
    assert_eq!(seen, [(Severity::Warning, roles), (Severity::Note, tools)]);
}

fn shared_rule(effect: &str, condition: &Value) -> Value {
    let tools = json!([
        tool_with("read", &json!({ "path": {} })),
        tool_with("status", &json!({})),
        { "name": "open", "inputSchema": {} },
    ]);
    policy(&tools, &json!([rule("Allow", "*", &AGENT, &NONE), rule(effect, "*", &AGENT, condition)]))
}

#[track_caller]
fn decided(policy: &Value, tool: &str, args: &Value) -> Effect {
    decide(&image_of(policy), json!({ "tool": tool, "role": "agent", "args": args })).effect
}

#[test]
fn a_rule_does_not_concern_a_tool_that_cannot_have_its_argument() {
    let secret = text("path", "Glob", &["*.pem"]);
    for (effect, stricter) in [("Deny", Effect::Deny), ("RequireApproval", Effect::RequireApproval)] {
        for condition in [secret.clone(), not(&not(&secret)), all(&[secret.clone(), amount_of_agent()])] {
            let policy = shared_rule(effect, &condition);
            check(&policy, "not_concerned", &["/rules/1/tool_name"]);
            assert_eq!(decided(&policy, "status", &json!({})), Effect::Allow, "{condition}");
            assert_eq!(decided(&policy, "read", &json!({ "path": "/a.pem" })), stricter, "{condition}");
            assert_eq!(decided(&policy, "read", &json!({})), stricter, "{condition}");
            // The schema is open, so a call may have the argument.
            assert_eq!(decided(&policy, "open", &json!({})), stricter, "{condition}");
            assert_eq!(decided(&policy, "status", &json!({ "path": "/a.pem" })), Effect::Deny, "{condition}");
        }
    }
}

fn amount_of_agent() -> Value {
    json!({ "NumericCheck": { "source": "AgentAttributes", "field": "level", "op": "Lt", "value": 5 } })
}

#[test]
fn a_rule_that_can_be_true_without_the_argument_still_concerns_the_tool() {
    let absent = not(&json!({ "FieldPresent": { "source": "Arguments", "field": "path" } }));
    let policy = shared_rule("Deny", &absent);
    check(&policy, "not_concerned", &[]);
    assert_eq!(decided(&policy, "status", &json!({})), Effect::Deny);
    assert_eq!(decided(&policy, "read", &json!({ "path": "/a" })), Effect::Allow);
    let either = json!({ "Any": [text("path", "Glob", &["*.pem"]), amount_of_agent()] });
    let policy = shared_rule("Deny", &either);
    check(&policy, "not_concerned", &[]);
    assert_eq!(found(&policy, "unknown_argument").len(), 2, "the open tool and the tool that is always denied");
    assert_eq!(decided(&policy, "status", &json!({})), Effect::Deny);
}

#[test]
fn an_argument_that_no_tool_of_a_rule_declares_is_an_error() {
    let tools = json!([tool_with("read", &json!({ "path": {} })), tool_with("status", &json!({ "id": {} }))]);
    let of = |tool: &str, condition: &Value| policy(&tools, &json!([rule("Deny", tool, &AGENT, condition)]));
    let present = |field: &str| json!({ "FieldPresent": { "source": "Arguments", "field": field } });
    assert_eq!(error_codes_of(of("*", &present("pth"))), ["unknown_argument"; 2]);
    assert_eq!(error_codes_of(of("status", &present("path"))), ["unknown_argument"]);
    // Each argument is declared, but by different tools.
    assert_eq!(error_codes_of(of("*", &all(&[present("path"), present("id")]))), ["unknown_argument"]);
    check(&of("*", &present("path")), "unknown_argument", &[]);
}

#[test]
fn a_similar_argument_of_a_tool_that_a_rule_does_not_concern_is_reported() {
    let tools = json!([tool_with("read", &json!({ "path": {} })), tool_with("read_many", &json!({ "paths": {} }))]);
    let secret = text("path", "Glob", &["*.pem"]);
    let allow = |tool: &str| rule("Allow", tool, &AGENT, &NONE);
    let deny = || rule("Deny", "*", &AGENT, &secret);
    check(&policy(&tools, &json!([allow("*"), deny()])), "unread_argument", &["/rules/1/tool_name"]);
    check(&policy(&tools, &json!([allow("read"), deny()])), "unread_argument", &[]);
    let other = json!({ "FieldPresent": { "source": "Arguments", "field": "paths" } });
    let rules = json!([allow("*"), deny(), rule("Deny", "read_many", &AGENT, &other)]);
    check(&policy(&tools, &rules), "unread_argument", &[]);
}

#[test]
fn a_finding_is_accepted_by_its_code_and_place() {
    let accepting = |accept: Value| {
        let mut policy = policy(
            &json!(["run"]),
            &json!([{ "id": "no-rm", "effect": "Deny", "tool_name": "run",
            "roles": ["agent", "lead", "guest"], "condition": text("x", "Matches", &["rm"]) }]),
        );
        policy["accept"] = json!([accept]);
        policy
    };
    for at in [NONE, json!("no-rm"), json!("/rules/0"), json!("/rules/0/condition"), json!("run")] {
        let mut item = json!({ "finding": "whole_text_match", "reason": "only the bare command" });
        if !at.is_null() {
            item["at"] = at.clone();
        }
        let text = accepting(item).to_string();
        let findings = findings_of(&text);
        let reasons: Vec<_> = findings.iter().map(|finding| finding.accepted.as_deref()).collect();
        assert_eq!(reasons, [Some("only the bare command")], "{at}");
    }
    for (finding, at) in [("whole_text_match", "/rules/1"), ("whole_text_match", "other"), ("never_true", "no-rm")] {
        let text = accepting(json!({ "finding": finding, "at": at, "reason": "none" }));
        check(&text, "unused_accept", &["/accept/0"]);
        assert!(findings_of(&text).iter().all(|finding| finding.accepted.is_none()), "{finding} {at}");
    }
}

#[test]
fn an_error_cannot_be_accepted_and_a_reason_must_not_be_blank() {
    let accepting = |finding: &str, reason: &str| {
        let mut policy = policy(&json!(["run"]), &json!([rule("Allow", "rum", &AGENT, &NONE)]));
        policy["accept"] = json!([{ "finding": finding, "reason": reason }]);
        policy
    };
    assert_eq!(error_codes_of(accepting("unknown_tool", "it comes later")), ["unknown_tool"]);
    let mut valid = accepting("unused_name", " ");
    valid["rules"][0]["tool_name"] = json!("run");
    assert_eq!(error_codes_of(&valid), ["empty_reason"]);
    valid["accept"][0]["reason"] = json!("the others come later");
    check(&valid, "empty_reason", &[]);
}

#[test]
fn an_error_is_found_in_any_order_of_the_tools() {
    let closed = |name: &str| tool_with(name, &json!({}));
    let open = |name: &str| json!({ "name": name, "inputSchema": {} });
    let of = |tools: [Value; 8]| policy(&json!(tools), &json!([rule("Deny", "*", &AGENT, &amount("Gt", 5))]));
    let open_first =
        of([open("a"), open("b"), open("c"), open("d"), closed("e"), closed("f"), closed("g"), closed("h")]);
    let closed_first =
        of([closed("a"), closed("b"), closed("c"), closed("d"), open("e"), open("f"), open("g"), open("h")]);
    for policy in [open_first, closed_first] {
        let text = policy.to_string();
        let findings = findings_of(&text);
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        assert_eq!((errors, findings.len()), (4, 8), "{findings:?}");
        let shown = report::render("p.json", &text, Format::Json, &findings, false);
        assert_eq!(shown.matches("[unknown_argument]").count(), 6, "{shown}");
        assert_eq!(shown.matches("and 1 more finding of the kind `unknown_argument`").count(), 2, "{shown}");
        let all = report::render_all("p.json", &text, Format::Json, &findings, false);
        assert_eq!(all.matches("[unknown_argument]").count(), 8, "{all}");
    }
}

fn path_in(root: &str) -> Value {
    json!({ "PathCheck": { "source": "Arguments", "field": "path", "roots": [root] } })
}

/// Checks a condition in a rule on the tool `run`, whose paths another rule allows only in a root.
#[track_caller]
fn check_beside_allowed(root: &str, effect: &str, condition: &Value, code: &str, is_reported: bool) {
    let rules = json!([rule("Allow", "run", &AGENT, &path_in(root)), rule(effect, "run", &AGENT, condition)]);
    let seen = found(&policy(&json!(["run"]), &rules), code).len();
    assert_eq!(seen, usize::from(is_reported), "{code}: {effect} {condition}");
}

#[test]
fn a_pattern_of_what_is_in_a_directory_is_reported_without_one_of_the_directory() {
    let code = "directory_itself";
    for (op, values, is_reported) in [
        ("Glob", ["*/.ssh/*", "*.pem"], true),
        ("Glob", ["*/.ssh/**", "*.pem"], true),
        ("Glob", ["/srv/work/keys/*", "*.pem"], true),
        ("Glob", ["*/.ssh/*", "*/.ssh"], false),
        ("Glob", ["*/.ssh/*", "*/.ssh*"], false),
        ("Glob", ["*/.ssh/*", "*.ssh"], false),
        ("Glob", ["*/.ssh/*", "*/.ssh2"], true),
        ("Glob", ["*/.ssh/id_*", "*.pem"], false),
        ("Glob", ["*/*", "*.pem"], false),
        ("Contains", ["/.ssh/", ".pem"], true),
        ("StartsWith", ["/srv/keys/", "/srv/secrets"], true),
        ("StartsWith", ["/srv/keys", "/srv/secrets"], false),
    ] {
        check_beside_allowed("/srv", "Deny", &text("path", op, &values), code, is_reported);
        check_beside_allowed("/srv", "Deny", &not(&text("path", op, &values)), code, false);
        check_beside_allowed("/srv", "Allow", &all(&[path_in("/srv"), text("path", op, &values)]), code, false);
        let negated = all(&[path_in("/srv"), not(&text("path", op, &values))]);
        check_beside_allowed("/srv", "Allow", &negated, code, is_reported);
    }
    let either = |other: Value| json!({ "Any": [text("path", "Glob", &["*/.ssh/*"]), other] });
    check_beside_allowed("/srv", "Deny", &either(text("path", "EndsWith", &["/.ssh"])), code, false);
    check_beside_allowed("/srv", "Deny", &either(text("path", "EndsWith", &["/.aws"])), code, true);
    check_beside_allowed("/srv", "Deny", &text("branch", "Glob", &["release/*"]), code, false);
    check_beside_allowed("/srv", "Deny", &text("command", "Glob", &["rm -rf /*"]), code, false);
}

#[test]
fn the_advised_pattern_matches_the_directory_itself() {
    let of = |values: &[&str]| {
        let deny = rule("Deny", "run", &AGENT, &text("path", "Glob", values));
        policy(&json!(["run"]), &json!([rule("Allow", "run", &AGENT, &path_in("/srv")), deny]))
    };
    let args = json!({ "path": "/srv/a/.ssh" });
    let place = "/rules/1/condition/StringCheck/value/0";
    check(&of(&["*/.ssh/*"]), "directory_itself", &[place]);
    assert_eq!(decided(&of(&["*/.ssh/*"]), "run", &args), Effect::Allow);
    check(&of(&["*/.ssh/*", "*/.ssh"]), "directory_itself", &[]);
    assert_eq!(decided(&of(&["*/.ssh/*", "*/.ssh"]), "run", &args), Effect::Deny);
}

#[test]
fn a_text_that_restricts_a_path_is_reported_unless_ambiguous_paths_are_refused() {
    let code = "path_as_text";
    let deny = |field: &str, op: &str, value: &str| {
        let rules =
            json!([rule("Allow", "run", &AGENT, &NONE), rule("Deny", "run", &AGENT, &text(field, op, &[value]))]);
        policy(&json!(["run"]), &rules)
    };
    for (field, op, value, is_reported) in [
        ("path", "StartsWith", "src/", true),
        ("files", "StartsWith", ".github/", true),
        ("x", "StartsWith", ".github/", true),
        ("path", "In", "src/main.rs", true),
        ("path", "NotIn", "src/main.rs", false),
        ("path", "Contains", "/secrets/", true),
        ("path", "Glob", "*/.ssh/*", true),
        ("x", "StartsWith", "/etc/", true),
        ("path", "Glob", "*\\.env*", true),
        ("path", "EndsWith", ".pem", false),
        ("x", "StartsWith", "/kick", false),
        ("branch", "StartsWith", "release/", false),
        ("repo", "In", "acme/secrets", false),
        ("mime", "Glob", "image/*", false),
        ("url", "Contains", "/admin/", false),
        ("path", "StartsWith", "s3://bucket/", false),
        ("command", "Contains", "cat /etc/shadow", false),
    ] {
        let places: &[&str] = if is_reported { &["/rules/1/condition/StringCheck/value/0"] } else { &[] };
        check(&deny(field, op, value), code, places);
    }
    let secret = text("path", "StartsWith", &["/srv/keys"]);
    check_condition("Deny", &secret, code, false);
    check_beside_allowed("/srv", "Deny", &secret, code, false);
    check_beside_allowed("/srv", "Allow", &not(&secret), code, true);
    check_beside_allowed("/srv", "Allow", &all(&[path_in("/srv"), not(&secret)]), code, false);
    check_beside_allowed("/srv", "Allow", &json!({ "Any": [path_in("/srv"), not(&secret)] }), code, true);
    // A rule of another tool or of another argument refuses nothing here.
    let other = json!({ "PathCheck": { "source": "Arguments", "field": "to", "roots": ["/srv"] } });
    let rules = json!([rule("Allow", "run", &AGENT, &other), rule("Deny", "run", &AGENT, &secret)]);
    check(&policy(&json!(["run"]), &rules), code, &["/rules/1/condition/StringCheck/value/0"]);
    let refused = json!([
        rule("Allow", "run", &AGENT, &NONE),
        rule("Deny", "run", &AGENT, &secret),
        rule("Deny", "run", &AGENT, &not(&path_in("/srv"))),
    ]);
    check(&policy(&json!(["run"]), &refused), code, &[]);
    let refused_for_others = json!([
        rule("Allow", "run", &AGENT, &NONE),
        rule("Deny", "run", &AGENT, &secret),
        rule("Deny", "run", &["lead"], &not(&path_in("/srv"))),
    ]);
    check(&policy(&json!(["run"]), &refused_for_others), code, &["/rules/1/condition/StringCheck/value/0"]);
}

#[test]
fn the_fix_of_a_path_as_text_is_a_root_or_a_check_beside_it() {
    let fix_of = |op: &str, value: &str| {
        let rules =
            json!([rule("Allow", "run", &AGENT, &NONE), rule("Deny", "run", &AGENT, &text("path", op, &[value]))]);
        let findings = findings_of(policy(&json!(["run"]), &rules));
        findings.into_iter().find(|finding| finding.code == "path_as_text").and_then(|finding| finding.fix)
    };
    let case = ", and `\"ignoreCase\": \"Full\"` if the system may ignore case";
    let root = |root: &str| Some(format!("use `PathCheck` with the root `{root}`{case}"));
    let beside = "also require a `PathCheck` of the argument in the Allow rules, for example with the root `.`";
    assert_eq!(fix_of("StartsWith", ".github/"), root(".github"));
    assert_eq!(fix_of("Glob", "/srv/keys/*"), root("/srv/keys"));
    assert_eq!(fix_of("Glob", "*/.ssh/*").as_deref(), Some(beside));
    assert_eq!(fix_of("EndsWith", "/id_rsa").as_deref(), Some(beside));
    assert_eq!(fix_of("Contains", "/keys/").as_deref(), Some(beside));
}

#[test]
fn a_text_that_restricts_the_paths_of_items_is_reported() {
    let each =
        |condition: Value| json!({ "Every": { "source": "Arguments", "field": "files", "condition": condition } });
    let starts = |field: &str| json!({ "StringCheck": { "source": "Item", "field": field, "op": "StartsWith", "value": ["src/"] } });
    let inside = json!({ "PathCheck": { "source": "Item", "field": "path", "roots": ["."] } });
    check_condition("Allow", &each(not(&starts("path"))), "path_as_text", true);
    check_condition("Allow", &each(not(&starts(""))), "path_as_text", true);
    check_condition("Allow", &each(not(&starts("label"))), "path_as_text", false);
    check_condition("Allow", &each(all(&[inside, not(&starts("path"))])), "path_as_text", false);
}

#[test]
fn the_beginning_of_a_path_that_permits_is_reported() {
    let code = "path_as_text";
    for (op, value, is_reported) in [
        ("StartsWith", "/srv/work/", true),
        ("StartsWith", "docs/", true),
        ("StartsWith", "C:\\Users\\ana\\", true),
        ("Glob", "/srv/work/*", true),
        ("Glob", "*.md", false),
        ("Glob", "/srv/work/a", false),
        ("In", "/srv/work/a", false),
        ("EndsWith", "/README.md", false),
    ] {
        check_condition("Allow", &text("path", op, &[value]), code, is_reported);
        check_condition("Allow", &all(&[path_in("/srv"), text("path", op, &[value])]), code, false);
    }
    check_condition("Allow", &text("branch", "StartsWith", &["agent/"]), code, false);
    check_condition("Allow", &text("x", "StartsWith", &["C:\\work\\"]), code, true);
    check_condition("Deny", &not(&text("path", "StartsWith", &["/srv/"])), code, false);
}

#[test]
fn a_check_of_a_path_with_case_is_reported_on_systems_without_it() {
    let code = "case_sensitive_path";
    for (root, is_reported) in [("/Users/ana/.ssh", true), ("/Volumes/x", true), ("/srv/x", false), ("/Users2", false)]
    {
        check_beside_allowed("/", "Deny", &path_in(root), code, is_reported);
        check_beside_allowed("/", "Allow", &not(&path_in(root)), code, is_reported);
        check_beside_allowed("/", "Allow", &path_in(root), code, false);
        let mut folded = path_in(root);
        folded["PathCheck"]["ignoreCase"] = json!("Full");
        check_beside_allowed("/", "Deny", &folded, code, false);
    }
    check_beside_allowed("/", "Deny", &text("path", "StartsWith", &["/Users/ana/.ssh"]), code, true);
    check_beside_allowed("/Users/ana", "Deny", &text("path", "Glob", &["*/.env*"]), code, true);
    check_beside_allowed("/srv", "Deny", &text("path", "Glob", &["*/.env*"]), code, false);
    let mut folded = text("path", "Glob", &["*/.env*"]);
    folded["StringCheck"]["ignoreCase"] = json!("Full");
    check_beside_allowed("/Users/ana", "Deny", &folded, code, false);
}

#[test]
fn one_spelling_of_a_header_that_restricts_is_reported() {
    let code = "case_sensitive_member";
    let present = |field: &str| json!({ "FieldPresent": { "source": "Arguments", "field": field } });
    for (field, is_reported) in [
        ("/headers/Authorization", true),
        ("/request/httpHeaders/cookie", true),
        ("/options/Authorization", false),
        ("headers", false),
        ("/headers/0", false),
    ] {
        check_condition("Deny", &present(field), code, is_reported);
        check_condition("Allow", &not(&present(field)), code, is_reported);
        check_condition("Allow", &present(field), code, false);
        check_condition("Deny", &not(&present(field)), code, false);
    }
    let both = json!({ "Any": [present("/headers/cookie"), present("/headers/Cookie")] });
    check_condition("Deny", &both, code, true);
    let members = |op: &str| json!({ "MembersCheck": { "source": "Arguments", "field": "headers", "op": op, "value": ["Cookie"] } });
    check_condition("Allow", &members("NotIn"), code, true);
    check_condition("Deny", &not(&members("NotIn")), code, true);
    check_condition("Allow", &members("In"), code, false);
    let mut folded = members("NotIn");
    folded["MembersCheck"]["ignoreCase"] = json!("Full");
    check_condition("Allow", &folded, code, false);
}

#[test]
fn a_pattern_that_permits_sql_is_reported() {
    let code = "sql_as_text";
    for (field, op, value, is_reported) in [
        ("sql", "Matches", "(?is)\\s*select\\s[^;]*", true),
        ("sql", "Matches", "select [a-z ,*]+ from orders", true),
        ("sql", "Matches", "(?i)select( [a-z]+)* from orders", true),
        ("sql", "Glob", "select * from orders*", true),
        ("sql", "StartsWith", "SELECT ", true),
        ("query", "StartsWith", "select ", true),
        ("statement", "Matches", "(?s)INSERT .*", true),
        ("sql", "Matches", "select name from orders where id = [0-9]+", false),
        ("sql", "In", "select 1", false),
        ("sql", "Glob", "select 1", false),
        ("query", "StartsWith", "label:", false),
        ("statement", "Matches", "report_[a-z]+", false),
        ("text", "StartsWith", "select ", false),
    ] {
        check_condition("Allow", &text(field, op, &[value]), code, is_reported);
        check_condition("Deny", &text(field, op, &[value]), code, false);
        check_condition("RequireApproval", &text(field, op, &[value]), code, false);
    }
}

#[test]
fn a_text_that_permits_urls_is_reported_unless_a_check_of_urls_closes_it() {
    let code = "url_as_text";
    for (field, op, value, is_reported) in [
        ("url", "StartsWith", "https://api.example.com/v1/", true),
        ("x", "StartsWith", "HTTPS://api.example.com/v1/", true),
        ("url", "Glob", "https://api.example.com/v1/*", true),
        ("url", "StartsWith", "https://api.example.com", true),
        ("url", "Glob", "https://*.example.com/*", true),
        ("url", "EndsWith", ".example.com", true),
        ("url", "Contains", "example.com", true),
        ("url", "Glob", "*.example.com/*", true),
        ("url", "StartsWith", "https://api.example.com/", false),
        ("url", "Glob", "https://api.example.com/*", false),
        ("url", "Glob", "https://api.example.com/v1", false),
        ("url", "StartsWith", "https://", false),
        ("url", "In", "https://api.example.com/v1/x", false),
        ("url", "EndsWith", ".pdf", false),
        ("x", "Contains", "example.com", false),
    ] {
        let check_of_urls = |paths: bool| {
            let mut check = json!({ "source": "Arguments", "field": field, "hosts": ["api.example.com"] });
            if paths {
                check["paths"] = json!(["/v1/**"]);
            }
            json!({ "UrlCheck": check })
        };
        let given = text(field, op, &[value]);
        check_condition("Allow", &given, code, is_reported);
        check_condition("Allow", &all(&[check_of_urls(true), given.clone()]), code, false);
        let is_path = value.ends_with("/v1/") || value.ends_with("/v1/*");
        check_condition("Allow", &all(&[check_of_urls(false), given]), code, is_reported && is_path);
    }
}

#[test]
fn a_text_that_restricts_urls_is_reported_unless_ambiguous_urls_are_refused() {
    let code = "url_as_text";
    let url = |hosts: &str| json!({ "UrlCheck": { "source": "Arguments", "field": "url", "schemes": "*", "hosts": [hosts], "ports": "*" } });
    for (field, op, value, is_reported) in [
        ("url", "StartsWith", "http://127.0.0.1", true),
        ("url", "Contains", "localhost", true),
        ("url", "Glob", "*/admin/*", true),
        ("x", "In", "http://169.254.169.254/latest", true),
        ("url", "Matches", "(?is).*localhost.*", false),
        ("url", "Contains", "token", false),
        ("x", "Contains", "/admin/", false),
    ] {
        let deny = rule("Deny", "run", &AGENT, &text(field, op, &[value]));
        let of = |others: &[Value]| {
            let rules: Vec<Value> = [std::slice::from_ref(&deny), others].concat();
            policy(&json!(["run"]), &json!(rules))
        };
        let places: &[&str] = if is_reported { &["/rules/0/condition/StringCheck/value/0"] } else { &[] };
        check(&of(&[rule("Allow", "run", &AGENT, &NONE)]), code, places);
        check(&of(&[]), code, &[]);
        let closed = if field == "url" { &[] } else { places };
        check(&of(&[rule("Allow", "run", &AGENT, &url("api.example.com"))]), code, closed);
        check(
            &of(&[rule("Allow", "run", &AGENT, &NONE), rule("Deny", "run", &AGENT, &not(&url("public")))]),
            code,
            closed,
        );
    }
}

#[test]
fn the_name_of_a_header_in_a_list_that_restricts_with_case_is_reported() {
    let some = |list: &str, field: &str, case: Option<&str>| {
        let mut check = json!({ "source": "Item", "field": field, "op": "In", "value": ["Authorization"] });
        if let Some(case) = case {
            check["ignoreCase"] = json!(case);
        }
        json!({ "Some": { "source": "Arguments", "field": list, "condition": { "StringCheck": check } } })
    };
    let code = "case_sensitive_member";
    check_condition("Deny", &some("headers", "name", None), code, true);
    check_condition("Allow", &not(&some("headers", "name", None)), code, true);
    check_condition("Deny", &some("headers", "name", Some("Full")), code, false);
    check_condition("Deny", &some("headers", "value", None), code, false);
    check_condition("Deny", &some("labels", "name", None), code, false);
    check_condition("Allow", &some("headers", "name", None), code, false);
}

#[test]
fn the_url_of_another_host_in_a_finding_is_accepted() {
    for (op, value, expected) in [
        ("StartsWith", "https://api.example.com", "https://api.example.com.evil.test/"),
        ("StartsWith", "https://api.", "https://api.evil.test/"),
        ("StartsWith", "https://api.example.com:8443", "https://api.example.com:8443@evil.test/"),
        ("Glob", "https://*.example.com/*", "https://evil.test/x.example.com/"),
        ("Glob", "https://api*.example.com", "https://api.evil.test/.example.com"),
        ("Glob", "*.example.com/*", "https://evil.test/x.example.com/"),
        ("EndsWith", ".example.com", "https://evil.test/.example.com"),
        ("Contains", "example.com", "https://evil.test/example.com"),
    ] {
        let policy = policy(&json!(["run"]), &json!([rule("Allow", "run", &AGENT, &text("url", op, &[value]))]));
        let messages: Vec<String> = found(&policy, "url_as_text").into_iter().map(|(_, message)| message).collect();
        assert_eq!(messages, [format!("`{value}` also accepts other hosts, such as `{expected}`")]);
        assert_eq!(decided(&policy, "run", &json!({ "url": expected })), Effect::Allow, "{expected}");
        assert_eq!(decided(&policy, "run", &json!({ "url": "https://evil.test/" })), Effect::Deny, "{value}");
    }
}

#[test]
fn a_fixed_offset_is_a_note() {
    let window = |offset: Option<&str>| {
        let mut check = json!({ "from": "09:00", "to": "17:30" });
        if let Some(offset) = offset {
            check["offset"] = json!(offset);
        }
        let rules = json!([rule("Allow", "run", &["agent", "lead", "guest"], &json!({ "TimeCheck": check }))]);
        policy(&json!(["run"]), &rules)
    };
    for (offset, is_noted) in
        [(Some("+01:00"), true), (Some("-05:00"), true), (Some("+00:00"), false), (Some("Z"), false), (None, false)]
    {
        let seen: Vec<_> =
            findings_of(window(offset)).into_iter().map(|finding| (finding.severity, finding.code)).collect();
        let expected: &[_] = if is_noted { &[(Severity::Note, "fixed_offset")] } else { &[] };
        assert_eq!(seen, expected, "{offset:?}");
    }
}
