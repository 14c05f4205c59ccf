//! Rules with an approval: an Allow rule and a RequireApproval rule in one.
#![expect(clippy::panic, reason = "a test states what must hold by failing")]

use callgate_engine::Format;
use callgate_engine::policy::text::{Positions, Severity};
use callgate_engine::{Call, Code, Effect, PolicyImage, RequestFacts, compile, evaluate};
use callgate_test_support::{decide, error_codes_of, findings_of, image_of, open, valid_policy};
use serde_json::{Value, json};

fn policy(rules: &Value) -> Value {
    json!({
        "version": "callgate-1",
        "tools": ["refund", "view"],
        "roles": { "agent": {}, "lead": { "inherits": ["agent"] }, "guest": {} },
        "rules": rules,
    })
}

fn amount(op: &str, value: u32) -> Value {
    json!({ "NumericCheck": { "source": "Arguments", "field": "amount", "op": op, "value": value } })
}

/// A policy with one rule for `refund` that allows at most 500 and has this approval.
fn refunds(approval: &Value) -> Value {
    policy(&json!([{ "id": "refund", "effect": "Allow", "tools": ["refund"], "roles": ["agent"],
                     "condition": amount("Lte", 500), "approval": approval }]))
}

fn refund(args: &Value) -> Value {
    json!({ "tool": "refund", "role": "agent", "args": args })
}

/// Checks a decision, and that the rule is named.
#[track_caller]
fn check(policy: &Value, call: &Value, effect: Effect, code: Code) {
    let answer = decide(&image_of(policy), call);
    assert_eq!((answer.effect, answer.code), (effect, code), "{policy} {call}");
}

/// The approvers, whether the caller is excluded, and the seconds of the approval that a call requires.
#[track_caller]
fn terms(policy: &Value, call: &Value) -> Option<(Vec<String>, bool, Option<u32>)> {
    let bytes = image_of(policy);
    let image: PolicyImage<'_> = open(&bytes);
    let (call, facts) = (call.to_string(), RequestFacts::default());
    let call = Call::read(call.as_bytes(), &facts, &image).unwrap_or_else(|error| panic!("{error}"));
    let approval = evaluate(&image, &call).approval(&image)?;
    Some((approval.approvers().map(str::to_owned).collect(), approval.not_self, approval.expires_seconds))
}

#[test]
fn a_call_that_meets_both_conditions_requires_approval() {
    let policy = refunds(&json!({ "when": amount("Gt", 100) }));
    check(&policy, &refund(&json!({ "amount": 100 })), Effect::Allow, Code::Allowed);
    check(&policy, &refund(&json!({ "amount": 101 })), Effect::RequireApproval, Code::ApprovalRequired);
    check(&policy, &refund(&json!({ "amount": 500 })), Effect::RequireApproval, Code::ApprovalRequired);
    check(&policy, &refund(&json!({ "amount": 501 })), Effect::Deny, Code::ConditionFailed);
    for args in [json!({}), json!({ "amount": null }), json!({ "amount": "50" })] {
        check(&policy, &refund(&args), Effect::Deny, Code::ConditionUnknown);
    }
}

#[test]
fn an_unknown_condition_of_an_approval_requires_approval() {
    let when = json!({ "BoolCheck": { "source": "Arguments", "field": "urgent", "value": true } });
    let policy = refunds(&json!({ "when": when }));
    let call = |urgent: Value| refund(&json!({ "amount": 1, "urgent": urgent }));
    check(&policy, &call(json!(false)), Effect::Allow, Code::Allowed);
    check(&policy, &call(json!(true)), Effect::RequireApproval, Code::ApprovalRequired);
    check(&policy, &call(json!("false")), Effect::RequireApproval, Code::ConditionUnknown);
    check(&policy, &refund(&json!({ "amount": 1 })), Effect::RequireApproval, Code::ConditionUnknown);
    check(&policy, &refund(&json!({ "amount": 501 })), Effect::Deny, Code::ConditionFailed);
}

#[test]
fn an_approval_without_a_condition_is_required_for_every_call_of_its_rule() {
    let policy = refunds(&json!({}));
    check(&policy, &refund(&json!({ "amount": 1 })), Effect::RequireApproval, Code::ApprovalRequired);
    check(&policy, &refund(&json!({ "amount": 501 })), Effect::Deny, Code::ConditionFailed);
    check(&policy, &refund(&json!({})), Effect::Deny, Code::ConditionUnknown);
    // Without a condition of the rule, it is required for every call.
    let mut always = policy;
    always["rules"][0]["condition"] = Value::Null;
    check(&always, &refund(&json!({})), Effect::RequireApproval, Code::ApprovalRequired);
    check(&always, &json!({ "tool": "view", "role": "agent" }), Effect::Deny, Code::NoRule);
    check(&always, &json!({ "tool": "refund", "role": "guest" }), Effect::Deny, Code::NoRule);
    // It belongs to the rule alone.
    always["rules"][0]["condition"] = amount("Lte", 500);
    let other = json!({ "id": "small", "effect": "Allow", "tools": ["refund"], "roles": ["guest"] });
    always["rules"].as_array_mut().expect("rules").push(other);
    let guest = json!({ "tool": "refund", "role": "guest", "args": { "amount": 1 } });
    check(&always, &guest, Effect::Allow, Code::Allowed);
}

#[test]
fn a_condition_of_an_approval_alone_does_not_restrict_what_is_allowed() {
    let mut policy = refunds(&json!({ "when": amount("Gt", 100) }));
    policy["rules"][0]["condition"] = Value::Null;
    check(&policy, &refund(&json!({ "amount": 100 })), Effect::Allow, Code::Allowed);
    check(&policy, &refund(&json!({ "amount": 101 })), Effect::RequireApproval, Code::ApprovalRequired);
    check(&policy, &refund(&json!({})), Effect::RequireApproval, Code::ConditionUnknown);
}

#[test]
fn a_rule_with_an_approval_decides_as_two_rules() {
    let one = refunds(&json!({ "when": amount("Gt", 100) }));
    let rule = |id: &str, effect: &str, condition: Value| json!({ "id": id, "effect": effect, "tool_name": "refund", "roles": ["agent"], "condition": condition });
    let both = json!({ "All": [amount("Lte", 500), amount("Gt", 100)] });
    let two = policy(&json!([rule("refund", "Allow", amount("Lte", 500)), rule("refund-2", "RequireApproval", both),]));
    for args in [
        json!({ "amount": 1 }),
        json!({ "amount": 200 }),
        json!({ "amount": 900 }),
        json!({}),
        json!({ "amount": true }),
    ] {
        let (one, two) = (decide(&image_of(&one), refund(&args)), decide(&image_of(&two), refund(&args)));
        assert_eq!((one.effect, one.code), (two.effect, two.code), "{args}");
        assert_eq!(one.rule.as_deref(), Some("refund"));
        assert_eq!(one.reason, two.reason.replace("refund-2", "refund"));
    }
}

#[test]
fn the_terms_are_part_of_the_decision_that_requires_the_approval() {
    let all = refunds(&json!({ "when": amount("Gt", 100), "by": ["lead"], "notSelf": true, "expires": "15m" }));
    let large = refund(&json!({ "amount": 200 }));
    assert_eq!(terms(&all, &large), Some((vec!["lead".into()], true, Some(900))));
    assert_eq!(terms(&all, &refund(&json!({ "amount": 50 }))), None);
    assert_eq!(terms(&all, &refund(&json!({ "amount": 900 }))), None);
    for (approval, expected) in [
        (json!({ "expires": "1h" }), Some((vec![], false, Some(3_600)))),
        (json!({ "notSelf": true }), Some((vec![], true, None))),
        (json!({ "by": ["guest", "lead"] }), Some((vec!["guest".to_owned(), "lead".to_owned()], false, None))),
        // A lead has all rights of an agent.
        (json!({ "by": ["agent"] }), Some((vec!["agent".to_owned(), "lead".to_owned()], false, None))),
        (json!({ "notSelf": false }), None),
        (json!({}), None),
    ] {
        assert_eq!(terms(&refunds(&approval), &large), expected, "{approval}");
    }
}

#[test]
fn the_terms_are_those_of_the_rule_that_is_named() {
    let rule = |id: &str, minutes: u32| {
        json!({ "id": id, "effect": "Allow", "tools": ["refund"], "roles": ["agent"],
                "approval": { "expires": format!("{minutes}m") } })
    };
    let plain = json!({ "id": "a", "effect": "RequireApproval", "tools": ["refund"], "roles": ["agent"],
                        "condition": amount("Gt", 100) });
    let policy = policy(&json!([rule("c", 3), rule("b", 2), plain]));
    for (amount, rule, expected) in [(50, "b", Some((vec![], false, Some(120)))), (200, "a", None)] {
        let call = refund(&json!({ "amount": amount }));
        assert_eq!(decide(&image_of(&policy), &call).rule.as_deref(), Some(rule));
        assert_eq!(terms(&policy, &call), expected);
    }
}

#[test]
fn one_rule_counts_once() {
    let text = refunds(&json!({ "by": ["lead"] })).to_string();
    let valid = valid_policy(&text);
    assert_eq!(valid.rule_names().collect::<Vec<_>>(), ["refund"]);
    assert_eq!(open(&compile(&valid)).rule_count(), 1);
}

#[test]
fn a_rule_without_an_id_keeps_its_name_after_a_rule_with_an_approval() {
    let mut policy = refunds(&json!({}));
    let second = json!({ "effect": "Allow", "tools": ["view"], "roles": ["agent"] });
    policy["rules"].as_array_mut().expect("rules").push(second);
    assert_eq!(
        decide(&image_of(&policy), json!({ "tool": "view", "role": "agent" })).rule.as_deref(),
        Some("/rules/1")
    );
}

#[test]
fn an_approval_that_can_not_be_read_is_an_error() {
    let codes = |approval: Value| error_codes_of(refunds(&approval));
    assert_eq!(codes(json!({ "by": [] })), ["empty_list"]);
    assert_eq!(codes(json!({ "by": ["leed"] })), ["unknown_role"]);
    assert_eq!(codes(json!({ "by": ["lead", "lead"] })), ["duplicate_role"]);
    assert_eq!(codes(json!({ "by": "lead" })), ["wrong_type"]);
    assert_eq!(codes(json!({ "by": ["*"] })), ["unknown_role"]);
    assert_eq!(codes(json!({ "notSelf": "true" })), ["wrong_type"]);
    assert_eq!(codes(json!({ "expires": 900 })), ["wrong_type"]);
    assert_eq!(codes(json!({ "expires": "25h" })), ["bad_duration"]);
    assert_eq!(codes(json!({ "expires": "" })), ["bad_duration"]);
    assert_eq!(codes(json!({ "when": null })), ["wrong_type"]);
    assert_eq!(codes(json!({ "when": {} })), ["condition_keys"]);
    assert_eq!(codes(json!({ "notself": true })), ["unknown_key"]);
    for wrong in [json!(null), json!(true), json!([])] {
        assert_eq!(codes(wrong.clone()), ["wrong_type"], "{wrong}");
    }
    for effect in ["Deny", "RequireApproval"] {
        let mut policy = refunds(&json!({ "when": amount("Gt", 100) }));
        policy["rules"][0]["effect"] = json!(effect);
        assert_eq!(error_codes_of(&policy), ["unknown_key"], "{effect}");
    }
}

#[test]
fn the_parts_of_a_rule_are_not_reported_against_each_other() {
    for approval in [json!({}), json!({ "when": amount("Gt", 100), "by": ["lead"] })] {
        let findings = findings_of(refunds(&approval));
        let warnings: Vec<_> = findings.iter().filter(|finding| finding.severity != Severity::Note).collect();
        let codes: Vec<_> = warnings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["unused_name"], "{warnings:?}");
    }
}

#[test]
fn an_approval_that_is_never_required_is_reported_once() {
    let policy = refunds(&json!({ "when": amount("Gt", 500) }));
    let findings = findings_of(&policy);
    let text = policy.to_string();
    let positions = Positions::new(&text, Format::Json);
    let seen: Vec<_> = findings
        .iter()
        .filter(|finding| finding.code != "unused_name")
        .map(|finding| (finding.code, positions.pointer(&finding.span).unwrap_or_default()))
        .collect();
    assert_eq!(seen, [("never_true", "/rules/0".to_owned())]);
    let contradiction = json!({ "All": [amount("Gt", 2), amount("Lt", 1)] });
    let mut policy = refunds(&json!({ "when": amount("Gt", 100) }));
    policy["rules"][0]["condition"] = contradiction;
    let findings = findings_of(&policy);
    let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes.iter().filter(|code| **code == "never_true").count(), 1, "{findings:?}");
}

#[test]
fn an_approval_is_checked_against_the_schemas_of_the_tools() {
    let mut policy = refunds(&json!({ "when": amount("Gt", 100) }));
    let schema = |name: &str| json!({ "type": "object", "additionalProperties": false, "properties": { name: { "type": "number" } } });
    policy["rules"][0]["condition"] = Value::Null;
    policy["tools"] = json!([{ "name": "refund", "inputSchema": schema("total") }, "view"]);
    assert_eq!(error_codes_of(&policy).first(), Some(&"unknown_argument"));
    // With several tools, the approval concerns those that declare the argument.
    policy["tools"] = json!([
        { "name": "refund", "inputSchema": schema("amount") }, { "name": "view", "inputSchema": schema("page") },
    ]);
    policy["rules"][0]["tools"] = json!(["*"]);
    let notes: Vec<String> = findings_of(&policy)
        .iter()
        .filter(|finding| finding.code == "not_concerned")
        .map(|finding| finding.message.clone())
        .collect();
    let note = "the approval of this rule does not concern `view`, because its closed schema does not declare the arguments that the condition requires";
    assert_eq!(notes, [note]);
    check(&policy, &json!({ "tool": "view", "role": "agent" }), Effect::Allow, Code::Allowed);
    check(&policy, &refund(&json!({ "amount": 101 })), Effect::RequireApproval, Code::ApprovalRequired);
}
