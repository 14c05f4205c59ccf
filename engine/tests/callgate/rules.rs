//! The rule that decides, and its reason.

use callgate_engine::{Code, Effect, RequestFacts};
use callgate_test_support::{decide, image_of};
use serde_json::{Value, json};

use crate::judge::{allow_if, check, check_reason, judge, judge_as, no_number, numeric, refund};

#[test]
fn a_deny_rule_applies_where_it_can_not_tell() {
    let rules = json!([
        { "id": "all", "effect": "Allow", "tool_name": "refund", "roles": ["agent"] },
        { "id": "not-large", "effect": "Deny", "tool_name": "refund", "roles": ["agent"],
          "condition": numeric("Gt", &json!(500)) },
    ]);
    check(&rules, &refund(&json!({"x": 500})), Effect::Allow, Code::Allowed);
    check(&rules, &refund(&json!({"x": 501})), Effect::Deny, Code::DeniedByRule);
    for args in no_number() {
        check(&rules, &refund(&args), Effect::Deny, Code::ConditionUnknown);
    }
}

#[test]
fn an_approval_that_may_be_needed_is_asked_for_before_allow_and_not_in_place_of_deny() {
    let rule = |id: &str, effect: &str, condition: &Value| json!({ "id": id, "effect": effect, "tool_name": "refund", "roles": ["agent"], "condition": condition });
    let approve = rule("approve", "RequireApproval", &numeric("Gt", &json!(500)));
    let known = json!({ "FieldPresent": { "source": "Arguments", "field": "y" } });
    let rules = json!([rule("allow", "Allow", &known), approve]);
    check(&rules, &refund(&json!({"x": 200, "y": 1})), Effect::Allow, Code::Allowed);
    check(&rules, &refund(&json!({"x": 800, "y": 1})), Effect::RequireApproval, Code::ApprovalRequired);
    for x in [json!({"y": 1}), json!({"x": null, "y": 1}), json!({"x": "200", "y": 1})] {
        check(&rules, &refund(&x), Effect::RequireApproval, Code::ConditionUnknown);
    }
    let reason = "`x` is missing from the arguments, so rule `approve` requires human approval";
    check_reason(&rules, &refund(&json!({"y": 1})), Some("approve"), reason);
    // If nothing allows the call, an unknown condition never asks for approval.
    check(&rules, &refund(&json!({})), Effect::Deny, Code::ConditionFailed);
    check(&json!([approve]), &refund(&json!({"x": "800"})), Effect::Deny, Code::ConditionUnknown);
}

#[test]
fn a_deny_rule_that_holds_is_named_before_one_that_can_not_tell() {
    let deny = |field: &str, id: &str| {
        let condition = json!({ "BoolCheck": { "source": "Arguments", "field": field, "value": true } });
        json!({ "id": id, "effect": "Deny", "tool_name": "refund", "roles": ["agent"], "condition": condition })
    };
    let rules = json!([deny("unknown", "a"), deny("x", "b")]);
    check(&rules, &refund(&json!({"x": true})), Effect::Deny, Code::DeniedByRule);
    check_reason(&rules, &refund(&json!({"x": true})), Some("b"), "rule `b` denies this call");
    check(&rules, &refund(&json!({"x": false})), Effect::Deny, Code::ConditionUnknown);
}

#[test]
fn the_strictest_effect_wins_in_any_order_of_rules_and_roles() {
    let rule = |id: &str, effect: &str, role: &str| json!({ "id": id, "effect": effect, "tool_name": "view", "roles": [role] });
    let (allow, ask, deny) =
        (rule("a", "Allow", "agent"), rule("b", "RequireApproval", "agent"), rule("c", "Deny", "manager"));
    let agent = json!({ "tool": "view", "role": "agent" });
    for rules in [json!([allow, ask, deny]), json!([deny, ask, allow]), json!([ask, deny, allow])] {
        check(&rules, &agent, Effect::RequireApproval, Code::ApprovalRequired);
        for roles in [json!(["agent", "manager"]), json!(["manager", "agent"]), json!(["manager", "ghost", "agent"])] {
            let both = json!({ "tool": "view", "roles": roles });
            check(&rules, &both, Effect::Deny, Code::DeniedByRule);
        }
    }
    check(&json!([allow]), &agent, Effect::Allow, Code::Allowed);
}

#[test]
fn patterns_cover_what_they_match_and_nothing_else() {
    let rules = json!([{ "effect": "Allow", "tool_name": "view*", "roles": ["agent"] }]);
    for (tool, effect, code) in [
        ("view", Effect::Allow, Code::Allowed),
        ("view_all", Effect::Allow, Code::Allowed),
        ("review", Effect::Deny, Code::NoRule),
        ("view_some", Effect::Deny, Code::UnknownTool),
        ("view*", Effect::Deny, Code::UnknownTool),
        ("", Effect::Deny, Code::UnknownTool),
    ] {
        check(&rules, &json!({ "tool": tool, "role": "agent" }), effect, code);
    }
}

#[test]
fn who_is_not_known_gets_nothing() {
    let rules = json!([{ "effect": "Allow", "tool_name": "*", "roles": ["agent", "manager"] }]);
    for role in ["", "*", "Agent", "agent ", "root"] {
        check(&rules, &json!({ "tool": "view", "role": role }), Effect::Deny, Code::UnknownRole);
    }
}

#[test]
fn reasons_say_what_the_call_must_be() {
    let limits = allow_if(&json!({ "All": [numeric("Gt", &json!(0)), numeric("Lte", &json!(500))] }));
    check_reason(&limits, &refund(&json!({"x": 800})), Some("r"), "`x` must be at most 500");
    check_reason(&limits, &refund(&json!({})), Some("r"), "`x` is missing from the arguments");
    check_reason(&limits, &refund(&json!({"x": null})), Some("r"), "`x` is null in the arguments");
    check_reason(&limits, &refund(&json!({"x": "1"})), Some("r"), "`x` must be a number");
    check_reason(&limits, &refund(&json!({"x": 1})), Some("r"), "rule `r` allows this call");
    let flag = allow_if(&json!({ "BoolCheck": { "source": "Arguments", "field": "x", "value": false } }));
    check_reason(&flag, &refund(&json!({"x": true})), Some("r"), "`x` must be false");
    check_reason(&flag, &refund(&json!({"x": "no"})), Some("r"), "`x` must be a boolean");
    let outside = allow_if(&json!({ "Not": { "All": [numeric("Gt", &json!(0)), numeric("Lte", &json!(500))] } }));
    check_reason(&outside, &refund(&json!({"x": 5})), Some("r"), "`x` must be at most 0, or `x` must be more than 500");
    let list = |op: &str, value: Value| {
        allow_if(&json!({ "StringCheck": { "source": "Arguments", "field": "x", "op": op, "value": value } }))
    };
    check_reason(&list("In", json!(["b", "a"])), &refund(&json!({"x": ""})), Some("r"), "`x` must be one of `a`, `b`");
    check_reason(&list("NotIn", json!([""])), &refund(&json!({"x": ""})), Some("r"), "`x` must not be empty");
    check_reason(&list("EndsWith", json!("@a")), &refund(&json!({"x": ""})), Some("r"), "`x` must end with `@a`");
    check_reason(
        &list("Glob", json!(["a*", "b"])),
        &refund(&json!({"x": ""})),
        Some("r"),
        "`x` must match one of `a*`, `b`",
    );
    let path = json!({ "PathCheck": { "source": "Arguments", "field": "x", "roots": ["/a", "/b"] } });
    check_reason(&allow_if(&path), &refund(&json!({"x": "/c"})), Some("r"), "`x` must be inside `/a` or `/b`");
    check_reason(
        &allow_if(&path),
        &refund(&json!({"x": "/a/.."})),
        Some("r"),
        "`x` must be an unambiguous absolute path",
    );
    let url = json!({ "UrlCheck": { "source": "Arguments", "field": "x", "hosts": ["a.test"], "ports": [8443] } });
    let reason = "`x` must be a URL with scheme `https` and host `a.test` and port `8443`";
    check_reason(&allow_if(&url), &refund(&json!({"x": "https://b.test"})), Some("r"), reason);
    check_reason(
        &allow_if(&url),
        &refund(&json!({"x": "a.test"})),
        Some("r"),
        "`x` must be an unambiguous absolute URL",
    );
    let not = |condition: Value| allow_if(&json!({ "Not": condition }));
    let contains =
        json!({ "StringCheck": { "source": "Arguments", "field": "x", "op": "Contains", "value": ["a", "b"] } });
    check_reason(&not(contains), &refund(&json!({"x": "a"})), Some("r"), "`x` must contain none of `a`, `b`");
    let length = json!({ "LengthCheck": { "source": "Arguments", "field": "x", "op": "Gt", "value": 3 } });
    check_reason(&not(length), &refund(&json!({"x": "long"})), Some("r"), "`x` must have a length of at most 3");
    let below = json!({ "FieldCompare": {
        "source_a": "Arguments", "field_a": "x", "op": "Lt", "source_b": "ResourceAttributes", "field_b": "max" } });
    let over = json!({ "tool": "refund", "role": "agent", "args": { "x": 2 }, "resourceAttributes": { "max": 1 } });
    check_reason(&allow_if(&below), &over, Some("r"), "`x` must be less than `max` of the resource");
    check_reason(
        &limits,
        &json!({ "tool": "view", "role": "agent" }),
        None,
        "no rule allows any of the caller's roles to use this tool",
    );
    let equals = allow_if(&json!({ "FieldEquals": {
        "source_a": "Arguments", "field_a": "x", "source_b": "ResourceAttributes", "field_b": "owner" } }));
    check_reason(&equals, &refund(&json!({"x": 1})), Some("r"), "`owner` is missing from the resource attributes");
}

#[test]
fn the_rule_that_came_nearest_is_named_whatever_its_place() {
    let near = json!({ "id": "near", "effect": "Allow", "tool_name": "refund", "roles": ["agent"],
                       "condition": numeric("Lte", &json!(500)) });
    let far = json!({ "id": "far", "effect": "Allow", "tool_name": "refund", "roles": ["agent"],
                      "condition": { "All": [numeric("Lte", &json!(5)), numeric("Lte", &json!(4))] } });
    for rules in [json!([near, far]), json!([far, near])] {
        check_reason(&rules, &refund(&json!({"x": 600})), Some("near"), "`x` must be at most 500");
    }
}

#[test]
fn a_denied_call_is_told_what_allows_it_and_not_what_requires_approval() {
    let allow = json!({ "id": "allow", "effect": "Allow", "tool_name": "refund", "roles": ["agent"],
                        "condition": { "All": [numeric("Gt", &json!(0)), numeric("Lte", &json!(500))] } });
    let approve = json!({ "id": "approve", "effect": "RequireApproval", "tool_name": "refund", "roles": ["agent"],
                          "condition": numeric("Gt", &json!(500)) });
    let far = json!({ "id": "far", "effect": "Allow", "tool_name": "refund", "roles": ["agent"],
                      "condition": { "All": [numeric("Gt", &json!(900)), numeric("Lt", &json!(-9)),
                                             numeric("Ne", &json!(-5))] } });
    for rules in [json!([allow, approve]), json!([approve, allow]), json!([approve, far, allow])] {
        check_reason(&rules, &refund(&json!({"x": -5})), Some("allow"), "`x` must be more than 0");
    }
    // An Allow rule is named although more of its checks fail.
    let reason = "`x` must be more than 900, and `x` must be less than -9, and `x` must not be -5";
    check_reason(&json!([approve, far]), &refund(&json!({"x": -5})), Some("far"), reason);
    check_reason(&json!([approve]), &refund(&json!({"x": -5})), Some("approve"), "`x` must be more than 500");
}

#[test]
fn a_rule_without_an_id_is_named_by_its_place() {
    let rules = json!([{ "effect": "Allow", "tool_name": "view", "roles": ["agent"] }]);
    let call = json!({ "tool": "view", "role": "agent" });
    check_reason(&rules, &call, Some("/rules/0"), "rule `/rules/0` allows this call");
}

#[test]
fn a_role_has_the_rules_of_the_roles_that_it_inherits() {
    let roles = json!({ "agent": {}, "manager": { "inherits": ["agent"] }, "admin": { "inherits": ["manager"] } });
    let rules = json!([
        { "effect": "Allow", "tool_name": "view", "roles": ["agent"] },
        { "effect": "Allow", "tool_name": "refund", "roles": ["manager"] },
        { "effect": "Deny", "tool_name": "review", "roles": ["agent"] },
        { "effect": "Allow", "tool_name": "review", "roles": ["admin"] },
    ]);
    for (role, tool, expected) in [
        ("agent", "view", Code::Allowed),
        ("manager", "view", Code::Allowed),
        ("admin", "view", Code::Allowed),
        ("agent", "refund", Code::NoRule),
        ("manager", "refund", Code::Allowed),
        ("admin", "refund", Code::Allowed),
        ("admin", "review", Code::DeniedByRule),
    ] {
        let call = json!({ "tool": tool, "role": role });
        let seen = judge_as(&roles, &RequestFacts::default(), &rules, &call, |_, _, decision| decision.code);
        assert_eq!(seen, expected, "{role} {tool}");
    }
}

#[test]
fn reasons_name_the_window_of_time() {
    let work =
        json!({ "TimeCheck": { "from": "09:00", "to": "17:30", "weekdays": ["Mon", "Fri"], "offset": "-05:00" } });
    let facts = RequestFacts::new(Some(0), None, None);
    let roles = json!({ "agent": {}, "manager": {} });
    let reason = judge_as(&roles, &facts, &allow_if(&work), &refund(&json!({})), |image, call, decision| {
        let mut reason = String::new();
        decision.write_reason(image, call, &mut reason);
        reason
    });
    assert_eq!(reason, "`time` must be from 09:00 to 17:30 on Mon, Fri at UTC-05:00");
}

/// Decides a call of a tool with this schema.
#[track_caller]
fn check_schema(schema: &Value, args: &Value, expected: Code) {
    let policy = json!({
        "version": "callgate-1",
        "tools": ["other", { "name": "refund", "description": "Pays back", "inputSchema": schema }],
        "roles": { "agent": {} },
        "rules": [{ "effect": "Allow", "tool_name": "*", "roles": ["agent"] }],
    });
    let image = image_of(policy);
    assert_eq!(decide(&image, refund(args)).code, expected, "{schema} {args}");
    let other = json!({ "tool": "other", "role": "agent", "args": args });
    assert_eq!(decide(&image, other).code, Code::Allowed, "a tool without a schema takes any argument");
}

#[test]
fn a_closed_tool_takes_only_the_arguments_that_it_declares() {
    let closed = json!({ "type": "object", "additionalProperties": false,
                         "properties": { "amount": { "type": "number" }, "a/b": {}, "": {} } });
    for args in [json!({}), json!({"amount": 5}), json!({"amount": 5, "a/b": [1], "": {}})] {
        check_schema(&closed, &args, Code::Allowed);
    }
    for args in
        [json!({"Amount": 5}), json!({"amount": 5, "Amount": 9000}), json!({"amount ": 5}), json!({"other": null})]
    {
        check_schema(&closed, &args, Code::UndeclaredArgument);
    }
    check_schema(&json!({ "additionalProperties": false }), &json!({}), Code::Allowed);
    check_schema(&json!({ "additionalProperties": false }), &json!({"x": 1}), Code::UndeclaredArgument);
    for open in
        [json!({}), json!({ "additionalProperties": true, "properties": {} }), json!({ "additionalProperties": {} })]
    {
        check_schema(&open, &json!({"anything": 5}), Code::Allowed);
    }
}

#[test]
fn a_rule_may_speak_of_the_tools_of_one_server() {
    let at_5 = numeric("Lte", &json!(5));
    let rules = json!([
        { "id": "crm", "effect": "Allow", "server": "crm", "tool_name": "refund", "roles": ["agent"], "condition": at_5 },
        { "id": "any", "effect": "Allow", "tool_name": "view", "roles": ["agent"] },
        { "id": "not-erp", "effect": "Deny", "server": "erp", "tool_name": "view", "roles": ["agent"] },
    ]);
    let call = |tool: &str, server: Value| {
        let mut call = json!({ "tool": tool, "role": "agent", "args": { "x": 1 } });
        if !server.is_null() {
            call["server"] = server;
        }
        call
    };
    check(&rules, &call("refund", json!("crm")), Effect::Allow, Code::Allowed);
    check(&rules, &call("refund", json!("erp")), Effect::Deny, Code::ConditionFailed);
    check(&rules, &call("refund", json!("CRM")), Effect::Deny, Code::ConditionFailed);
    check(&rules, &call("refund", Value::Null), Effect::Deny, Code::ConditionUnknown);
    check(&rules, &call("view", json!("crm")), Effect::Allow, Code::Allowed);
    check(&rules, &call("view", json!("erp")), Effect::Deny, Code::DeniedByRule);
    check(&rules, &call("view", Value::Null), Effect::Deny, Code::ConditionUnknown);
    check_reason(&rules, &call("refund", json!("erp")), Some("crm"), "`server` must be `crm`");
    // An invalid server name could mean any server: it satisfies no Allow rule, and Deny rules still apply.
    for server in ["", "erp ", "e rp", "erp\u{200b}", "crm\u{200b}", "crm\n", "*", &"x".repeat(129)] {
        check(&rules, &call("refund", json!(server)), Effect::Deny, Code::ConditionUnknown);
        check(&rules, &call("view", json!(server)), Effect::Deny, Code::ConditionUnknown);
    }
}

#[test]
fn a_rule_may_say_its_own_reason_and_hide_its_condition() {
    let rules = |extra: Value| {
        let mut rule = allow_if(&numeric("Lte", &json!(500)));
        for (key, value) in extra.as_object().expect("an object") {
            rule[0][key] = value.clone();
        }
        rule
    };
    let over = refund(&json!({ "x": 501 }));
    let own = rules(json!({ "reason": "ask a lead for more than 500" }));
    check_reason(&own, &over, Some("r"), "ask a lead for more than 500");
    let hidden = rules(json!({ "disclose": "code" }));
    check_reason(&hidden, &over, Some("r"), "the condition of rule `r` is not met");
    let failed = |rules: &Value| judge(rules, &over, |image, _, decision| decision.failed(image).count());
    assert_eq!((failed(&own), failed(&hidden)), (1, 0));
}

#[test]
fn a_missing_fact_is_reported_instead_of_the_own_reason_of_a_rule() {
    let rules = |effect: &str, extra: Value| {
        let mut rule = json!({ "id": "suspended", "effect": effect, "tool_name": "refund", "roles": ["agent"],
            "reason": "your account is suspended",
            "condition": { "BoolCheck": { "source": "AgentAttributes", "field": "suspended", "value": true } } });
        for (key, value) in extra.as_object().expect("an object") {
            rule[key] = value.clone();
        }
        json!([{ "id": "all", "effect": "Allow", "tool_name": "refund", "roles": ["agent"] }, rule])
    };
    let call = |attributes: Value| json!({ "tool": "refund", "role": "agent", "agentAttributes": attributes });
    let id = Some("suspended");
    let denies = rules("Deny", json!({}));
    check_reason(&denies, &call(json!({ "suspended": true })), id, "your account is suspended");
    let reason = "`suspended` is missing from the agent attributes, so rule `suspended` denies this call";
    check_reason(&denies, &call(json!({})), id, reason);
    let reason = "`suspended` is null in the agent attributes, so rule `suspended` denies this call";
    check_reason(&denies, &call(json!({ "suspended": null })), id, reason);
    let reason = "`suspended` must be a boolean, so rule `suspended` denies this call";
    check_reason(&denies, &call(json!({ "suspended": "no" })), id, reason);
    let asks = rules("RequireApproval", json!({}));
    check_reason(&asks, &call(json!({ "suspended": true })), id, "your account is suspended");
    let reason = "`suspended` is missing from the agent attributes, so rule `suspended` requires human approval";
    check_reason(&asks, &call(json!({})), id, reason);
    // A rule that hides its condition does not name the fact.
    let hidden = json!({ "disclose": "code" });
    let reason = "a fact is missing or invalid, so rule `suspended` denies this call";
    check_reason(&rules("Deny", hidden.clone()), &call(json!({})), id, reason);
    let reason = "a fact is missing or invalid, so rule `suspended` requires human approval";
    check_reason(&rules("RequireApproval", hidden.clone()), &call(json!({})), id, reason);
    let allows = |extra: Value| json!([rules("Allow", extra)[1]]);
    let reason = "`suspended` is missing from the agent attributes";
    check_reason(&allows(json!({})), &call(json!({})), id, reason);
    check_reason(&allows(json!({})), &call(json!({ "suspended": false })), id, "your account is suspended");
    let reason = "a fact is missing or invalid, so rule `suspended` does not apply";
    check_reason(&allows(hidden), &call(json!({})), id, reason);
}

#[test]
fn a_check_of_two_fields_reports_the_field_that_has_the_problem() {
    let two = |kind: &str, op: Value| {
        let mut check =
            json!({ "source_a": "Arguments", "field_a": "x", "source_b": "ResourceAttributes", "field_b": "x" });
        for (key, value) in op.as_object().expect("an object") {
            check[key] = value.clone();
        }
        allow_if(&json!({ kind: check }))
    };
    #[track_caller]
    fn check_side(rules: &Value, args: &Value, resource: &Value, side: Option<&str>, reason: &str) {
        let call = json!({ "tool": "refund", "role": "agent", "args": args, "resourceAttributes": resource });
        check_reason(rules, &call, Some("r"), reason);
        let seen = judge(rules, &call, |image, _, decision| {
            decision.failed(image).next().expect("a failed predicate").problem_in()
        });
        assert_eq!(seen, side);
    }
    let equals = two("FieldEquals", json!({}));
    let (one, none) = (json!({ "x": 1 }), json!({}));
    let kinds = "must be a string, a number or a boolean of the same type as `x` of the";
    check_side(&equals, &none, &one, Some("field"), "`x` is missing from the arguments");
    check_side(&equals, &one, &none, Some("other"), "`x` is missing from the resource attributes");
    check_side(&equals, &one, &json!({ "x": [] }), Some("other"), &format!("`x` of the resource {kinds} arguments"));
    check_side(&equals, &json!({ "x": {} }), &one, Some("field"), &format!("`x` of the arguments {kinds} resource"));
    check_side(&equals, &json!({ "x": "1" }), &one, Some("field"), &format!("`x` of the arguments {kinds} resource"));
    check_side(&equals, &json!({ "x": 2 }), &one, None, "`x` must be equal to `x` of the resource");
    let compare = two("FieldCompare", json!({ "op": "Lte" }));
    check_side(&compare, &one, &none, Some("other"), "`x` is missing from the resource attributes");
    check_side(&compare, &one, &json!({ "x": "1" }), Some("other"), "`x` of the resource must be a number");
    check_side(&compare, &json!({ "x": "1" }), &one, Some("field"), "`x` of the arguments must be a number");
    check_side(&compare, &json!({ "x": 2 }), &one, None, "`x` must be at most `x` of the resource");
    // A check of one field has no sides.
    check_side(&allow_if(&numeric("Gt", &json!(0))), &none, &none, None, "`x` is missing from the arguments");
}

#[test]
fn a_call_that_takes_too_much_work_is_denied() {
    let same = json!({ "FieldEquals": { "source_a": "Item", "field_a": "", "source_b": "Arguments", "field_b": "y" } });
    let rules = allow_if(&json!({ "Not": { "Some": { "source": "Arguments", "field": "x", "condition": same } } }));
    let call = |items: usize, length: usize| {
        let items: Vec<Value> = (0..items).map(|_| json!("a")).collect();
        refund(&json!({ "x": items, "y": "b".repeat(length) }))
    };
    check(&rules, &call(1_000, 1_000), Effect::Allow, Code::Allowed);
    check(&rules, &call(20_000, 100_000), Effect::Deny, Code::TooComplex);
    let reason = "this call exceeds the evaluation budget";
    check_reason(&rules, &call(20_000, 100_000), None, reason);
}

#[test]
fn a_rule_that_can_not_tell_names_only_what_it_could_not_tell() {
    let known = json!({ "BoolCheck": { "source": "Arguments", "field": "y", "value": true } });
    let rules = json!([{ "id": "d", "effect": "Deny", "tool_name": "refund", "roles": ["agent"],
        "condition": { "All": [known, numeric("Gt", &json!(500))] } }]);
    check_reason(
        &rules,
        &refund(&json!({ "y": true })),
        Some("d"),
        "`x` is missing from the arguments, so rule `d` denies this call",
    );
    let reason = "`x` must be a number, so rule `d` denies this call";
    check_reason(&rules, &refund(&json!({ "y": true, "x": "" })), Some("d"), reason);
}

#[test]
fn each_text_that_a_field_is_compared_with_is_work() {
    // The texts of each check, of which `y` meets the last, and the value of `y`.
    let long = "y".repeat(100_000);
    let texts = |prefix: &str, last: &str| {
        let others = (0..79).map(|n| json!(format!("{prefix}{n}")));
        others.chain([json!(last)]).collect::<Vec<Value>>()
    };
    let string = |op: &str| json!({ "StringCheck": { "source": "Arguments", "field": "y", "op": op, "value": texts("a", "y*") } });
    let contains =
        json!({ "StringCheck": { "source": "Arguments", "field": "y", "op": "Contains", "value": texts("a", "yy") } });
    let starts = json!({ "StringCheck": { "source": "Arguments", "field": "y", "op": "StartsWith", "value": texts("a", "yy") } });
    let path = json!({ "PathCheck": { "source": "Arguments", "field": "y", "roots": texts("/a", "/y") } });
    let url = json!({ "UrlCheck": { "source": "Arguments", "field": "y", "hosts": texts("a", "y") } });
    let many = |condition: &Value, y: &str, items: usize| {
        let every = json!({ "Every": { "source": "Arguments", "field": "x", "condition": condition } });
        (allow_if(&every), refund(&json!({ "x": vec![0; items], "y": y })))
    };
    for (condition, y) in [
        (string("Glob"), long.clone()),
        (contains, long.clone()),
        (path, format!("/y/{long}")),
        (url, format!("https://y/{long}")),
    ] {
        let (rules, call) = many(&condition, &y, 1);
        check(&rules, &call, Effect::Allow, Code::Allowed);
        let (rules, call) = many(&condition, &y, 50);
        check(&rules, &call, Effect::Deny, Code::TooComplex);
    }
    // Comparing the start of a text does not cost more for many texts.
    let (rules, call) = many(&starts, &long, 50);
    check(&rules, &call, Effect::Allow, Code::Allowed);
}

#[test]
fn a_deny_rule_that_an_item_keeps_from_being_told_says_so() {
    let item = json!({ "StringCheck": { "source": "Item", "field": "", "op": "In", "value": ["a"] } });
    let rules = json!([{ "id": "d", "effect": "Deny", "tool_name": "refund", "roles": ["agent"],
        "condition": { "Every": { "source": "Arguments", "field": "x", "condition": item } } }]);
    let expected = "`x` must contain an item that does not meet the condition, so rule `d` denies this call";
    check_reason(&rules, &refund(&json!({ "x": [5] })), Some("d"), expected);
}
