//! Rules that name several targets, and rules for every role.

use callgate_engine::Format;
use callgate_engine::policy::text::Positions;
use callgate_engine::{Code, Effect, compile};
use callgate_test_support::{decide, error_codes_of, errors_of, findings_of, image_of, valid_policy};
use serde_json::{Value, json};

/// A policy with these rules and four tools.
fn closed(rules: &Value) -> Value {
    json!({
        "version": "callgate-1",
        "tools": ["view_customer", "view_order", "refund", "delete"],
        "roles": { "agent": {}, "lead": { "inherits": ["agent"] }, "guest": {} },
        "rules": rules,
    })
}

/// An open policy with these rules.
fn open(rules: &Value) -> Value {
    json!({ "version": "callgate-1", "roles": { "agent": {}, "guest": {} }, "rules": rules })
}

/// Checks which tools a policy allows to the role `agent`; each other tool is denied with `code`.
#[track_caller]
fn check_allowed(policy: &Value, allowed: &[&str], others: &[&str], code: Code) {
    let image = image_of(policy);
    let answer = |tool: &&str| {
        let answer = decide(&image, json!({ "tool": tool, "role": "agent" }));
        (answer.effect, answer.code)
    };
    for tool in allowed {
        assert_eq!(answer(tool), (Effect::Allow, Code::Allowed), "{tool}: {policy}");
    }
    for tool in others {
        assert_eq!(answer(tool), (Effect::Deny, code), "{tool}: {policy}");
    }
}

/// Checks the errors of a policy with one rule: code, JSON pointer and message of each.
#[track_caller]
fn check_errors(policy: &Value, expected: &[(&str, &str, &str)]) {
    let text = policy.to_string();
    let positions = Positions::new(&text, Format::Json);
    let errors = errors_of(policy);
    let seen: Vec<(&str, String, &str)> = errors
        .iter()
        .map(|error| (error.code, positions.pointer(&error.span).unwrap_or_default(), error.message.as_str()))
        .collect();
    let seen: Vec<(&str, &str, &str)> = seen.iter().map(|(code, at, message)| (*code, at.as_str(), *message)).collect();
    assert_eq!(seen, expected, "{text}");
}

#[test]
fn a_rule_matches_each_tool_of_its_list_and_no_other() {
    let rules = json!([{ "effect": "Allow", "tools": ["view_*", "refund"], "roles": ["agent"] }]);
    let declared = closed(&rules);
    check_allowed(&declared, &["view_customer", "view_order", "refund"], &["delete"], Code::NoRule);
    check_allowed(&declared, &[], &["view_all", "view_*", ""], Code::UnknownTool);
    check_allowed(&open(&rules), &["view_customer", "view_", "refund"], &["delete", "refunds"], Code::NoRule);
}

#[test]
fn one_name_needs_no_list() {
    let rules = json!([{ "effect": "Allow", "tools": "refund", "roles": ["agent"] }]);
    check_allowed(&closed(&rules), &["refund"], &["delete"], Code::NoRule);
    check_allowed(&open(&rules), &["refund"], &["delete"], Code::NoRule);
}

#[test]
fn a_rule_does_not_match_its_exceptions() {
    let rules = json!([
        { "effect": "Allow", "tools": ["*"], "except": ["view_order", "del*"], "roles": ["agent"] },
    ]);
    check_allowed(&closed(&rules), &["view_customer", "refund"], &["view_order", "delete"], Code::NoRule);
    let others = ["view_order", "del", "delete", "delete_all"];
    check_allowed(&open(&rules), &["view_customer", "view_orders", "de"], &others, Code::NoRule);
}

#[test]
fn a_deny_rule_does_not_deny_its_exceptions() {
    let rules = json!([
        { "id": "all", "effect": "Allow", "tools": "*", "roles": "*" },
        { "id": "no-writes", "effect": "Deny", "tools": ["*"], "except": "view_*", "roles": ["agent"] },
    ]);
    let viewed = ["view_customer", "view_order"];
    check_allowed(&closed(&rules), &viewed, &["refund", "delete"], Code::DeniedByRule);
    check_allowed(&open(&rules), &viewed, &["refund", "vie", "review_x"], Code::DeniedByRule);
}

#[test]
fn an_exception_of_one_rule_is_none_of_another() {
    let rules = json!([
        { "effect": "Allow", "tools": ["*"], "except": ["delete", "refund"], "roles": ["agent"] },
        { "effect": "Allow", "tools": ["refund"], "roles": ["agent"] },
    ]);
    check_allowed(&closed(&rules), &["refund", "view_order"], &["delete"], Code::NoRule);
    check_allowed(&open(&rules), &["refund", "anything"], &["delete"], Code::NoRule);
}

#[test]
fn every_name_and_pattern_of_a_rule_matches_something() {
    let rule = |tools: Value, except: Value| json!([{ "effect": "Allow", "tools": tools, "except": except, "roles": ["agent"] }]);
    check_errors(
        &closed(&rule(json!(["view_*", "vieworder", "x*"]), json!(["refnd", "y*"]))),
        &[
            ("unknown_tool", "/rules/0/except/0", "`refnd` is not declared in `tools`"),
            ("no_match", "/rules/0/except/1", "the pattern `y*` matches no declared tool"),
            ("unknown_tool", "/rules/0/tools/1", "`vieworder` is not declared in `tools`"),
            ("no_match", "/rules/0/tools/2", "the pattern `x*` matches no declared tool"),
        ],
    );
    let message = |name: &str| format!("`{name}` in `except` excludes nothing, because `tools` does not match it");
    for policy in [closed, open] {
        check_errors(
            &policy(&rule(json!(["view_*"]), json!(["view_order", "refund", "del*"]))),
            &[
                ("no_match", "/rules/0/except/1", &message("refund")),
                ("no_match", "/rules/0/except/2", &message("del*")),
            ],
        );
    }
    check_errors(
        &open(&rule(json!(["view *", "a b"]), json!(["c d", "e *"]))),
        &[
            ("bad_name", "/rules/0/except/0", "`c d` is not a valid tool name"),
            ("bad_name", "/rules/0/except/1", "the pattern `e *` cannot match a valid tool name"),
            ("bad_name", "/rules/0/tools/0", "the pattern `view *` cannot match a valid tool name"),
            ("bad_name", "/rules/0/tools/1", "`a b` is not a valid tool name"),
        ],
    );
}

#[test]
fn a_rule_without_a_tool_is_an_error() {
    let message = "`except` excludes every tool of this rule, so it never applies";
    for policy in [closed, open] {
        for (tools, except) in
            [(json!(["view_*"]), json!("*")), (json!(["refund", "delete"]), json!(["delete", "re*"]))]
        {
            let is_list = tools.as_array().is_some_and(|tools| tools.len() > 1);
            let rules = json!([{ "effect": "Allow", "tools": tools, "except": except, "roles": ["agent"] }]);
            let at = if is_list { "/rules/0/tools" } else { "/rules/0/tools/0" };
            check_errors(&policy(&rules), &[("no_match", at, message)]);
        }
    }
    let rules = json!([{ "effect": "Deny", "tools": [], "roles": ["agent"] }]);
    check_errors(&closed(&rules), &[("empty_list", "/rules/0/tools", "`tools` is empty, so this rule never applies")]);
}

#[test]
fn an_empty_list_of_exceptions_excludes_nothing() {
    let rules = json!([{ "effect": "Allow", "tools": ["refund"], "except": [], "roles": ["agent"] }]);
    check_allowed(&closed(&rules), &["refund"], &["delete"], Code::NoRule);
}

#[test]
fn a_rule_has_one_form_of_target() {
    let codes = |members: Value| {
        let mut rule = json!({ "effect": "Allow", "roles": ["agent"] });
        rule.as_object_mut().expect("an object").extend(members.as_object().expect("members").clone());
        error_codes_of(closed(&json!([rule])))
    };
    assert_eq!(codes(json!({ "tools": ["refund"], "tool_name": "refund" })), ["several_targets"]);
    assert_eq!(codes(json!({ "tools": ["refund"], "prompt_name": "greet" })), ["several_targets"]);
    assert_eq!(codes(json!({ "tool_name": "view_*", "except": ["view_order"] })), ["unknown_key"]);
    assert_eq!(codes(json!({ "except": ["view_order"] })), ["missing_key"]);
    assert_eq!(codes(json!({ "tools": ["refund"], "operations": ["read"] })), ["unknown_key"]);
    assert_eq!(codes(json!({ "tools": ["refund", "refund"] })), ["duplicate_name"]);
    assert_eq!(codes(json!({ "tools": "*", "except": ["refund", "refund"] })), ["duplicate_name"]);
    for wrong in [json!(null), json!(1), json!({}), json!([1]), json!([["refund"]])] {
        assert_eq!(codes(json!({ "tools": wrong })), ["wrong_type"], "{wrong}");
        assert_eq!(codes(json!({ "tools": "*", "except": wrong })), ["wrong_type"], "{wrong}");
    }
}

#[test]
fn every_role_is_every_declared_role() {
    let rules = json!([{ "effect": "Allow", "tools": ["refund"], "roles": "*" }]);
    let image = image_of(closed(&rules));
    for role in ["agent", "lead", "guest"] {
        assert_eq!(decide(&image, json!({ "tool": "refund", "role": role })).code, Code::Allowed, "{role}");
    }
    for role in ["ghost", "*", ""] {
        assert_eq!(decide(&image, json!({ "tool": "refund", "role": role })).code, Code::UnknownRole, "{role}");
    }
    assert_eq!(decide(&image, json!({ "tool": "refund", "roles": ["ghost", "*"] })).code, Code::UnknownRole);
}

#[test]
fn every_role_is_not_an_item_of_a_list() {
    let rule = |roles: Value| json!([{ "effect": "Allow", "tools": ["refund"], "roles": roles }]);
    check_errors(
        &closed(&rule(json!(["*"]))),
        &[("unknown_role", "/rules/0/roles/0", "`*` is not declared in `roles`")],
    );
    for wrong in [json!("agent"), json!("**"), json!(""), json!(null), json!({})] {
        assert_eq!(error_codes_of(closed(&rule(wrong.clone()))), ["wrong_type"], "{wrong}");
    }
    let mut without_roles = open(&rule(json!("*")));
    without_roles["roles"] = json!({});
    check_errors(
        &without_roles,
        &[("no_role", "/rules/0/roles", "`roles` declares no role, so this rule never applies")],
    );
}

#[test]
fn a_rule_for_every_role_misses_no_role() {
    let rules = json!([
        { "id": "views", "effect": "Allow", "tools": ["view_*"], "roles": ["agent", "guest"] },
        { "id": "suspended", "effect": "Deny", "tools": ["view_*"], "roles": "*",
          "condition": { "BoolCheck": { "source": "AgentAttributes", "field": "suspended", "value": true } } },
    ]);
    let codes: Vec<&str> = findings_of(closed(&rules)).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["unused_name"]);
    let mut listed = rules;
    listed[1]["roles"] = json!(["agent"]);
    let codes: Vec<&str> = findings_of(closed(&listed)).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["uncovered_role", "unused_name"]);
}

#[test]
fn the_short_form_of_a_rule_has_the_image_of_its_long_form() {
    let image = |rules: &Value, policy: fn(&Value) -> Value| {
        // The image contains the digest and the length of the text, so the texts are of equal length.
        let text = format!("{:<900}", policy(rules).to_string());
        let bytes = compile(&valid_policy(&text));
        bytes.get(HEADER..).expect("an image").to_vec()
    };
    let short = json!([{ "id": "a", "effect": "Allow", "tools": ["refund"], "roles": ["agent"] }]);
    let long =
        json!([{ "id": "a", "effect": "Allow", "tool_name": "refund", "roles": ["agent"], "note": "x", "owner": "y" }]);
    for policy in [closed, open] {
        assert_eq!(image(&short, policy), image(&long, policy));
    }
    let short = json!([{ "id": "a", "effect": "Allow", "tools": "*", "except": "del*", "roles": "*" }]);
    let long = json!([{ "id": "a", "effect": "Allow", "tools": ["refund", "view_order", "view_customer"],
                        "roles": ["agent", "lead", "guest"] }]);
    assert_eq!(image(&short, closed), image(&long, closed));
}

/// The bytes of an image before the digest of the text are equal too, but its own position is not part of its meaning.
const HEADER: usize = 8 + 4 + 8 + 4 + 64;

#[test]
fn a_pattern_among_names_is_reported_at_its_place() {
    let mut policy = closed(&json!([
        { "id": "a", "effect": "Allow", "tools": ["delete", "view_*", "re*"], "roles": "*" },
    ]));
    policy["tools"] = json!([
        { "name": "delete", "annotations": { "destructiveHint": true } },
        { "name": "refund", "annotations": { "readOnlyHint": false } },
        { "name": "view_order", "annotations": { "readOnlyHint": true } },
    ]);
    let findings = findings_of(&policy);
    let text = policy.to_string();
    let places: Vec<(&str, String)> = findings
        .iter()
        .map(|finding| (finding.code, Positions::new(&text, Format::Json).pointer(&finding.span).unwrap_or_default()))
        .collect();
    assert_eq!(places, [("hint_ignored", "/rules/0/tools/2".to_owned())]);
    let open =
        open(&json!([{ "id": "a", "effect": "Allow", "tools": ["x", "*"], "except": ["y"], "roles": ["agent"] }]));
    let findings = findings_of(&open);
    let text = open.to_string();
    let places: Vec<(&str, String)> = findings
        .iter()
        .map(|finding| (finding.code, Positions::new(&text, Format::Json).pointer(&finding.span).unwrap_or_default()))
        .collect();
    assert_eq!(places, [("unused_name", "/roles/guest".to_owned()), ("open_allow", "/rules/0/tools/1".to_owned())]);
}
