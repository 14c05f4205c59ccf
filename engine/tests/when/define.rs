//! The key `define`: conditions with names.

use callgate_test_support::{assert_same_image, error_codes_of, errors_of, findings_of};
use serde_json::{Value, json};

fn policy(define: &Value, rule: &Value) -> Value {
    let mut policy = crate::policy(rule);
    if let Some(policy) = policy.as_object_mut() {
        policy.insert("define".into(), define.clone());
    }
    policy
}

fn own() -> Value {
    json!({ "FieldEquals": { "source_a": "Arguments", "field_a": "id", "source_b": "ResourceAttributes", "field_b": "id" } })
}

fn small() -> Value {
    json!({ "NumericCheck": { "source": "Arguments", "field": "amount", "op": "Lte", "value": 500 } })
}

#[test]
fn a_definition_is_the_condition_itself() {
    let define = json!({ "own": "args.id == resource.id", "small": small() });
    let both = json!({ "condition": { "All": [own(), small()] } });
    assert_same_image(policy(&define, &json!({ "when": "own && small" })), crate::policy(&both));
    let used = json!({ "condition": { "All": [{ "Defined": "own" }, { "Defined": "small" }] } });
    assert_same_image(policy(&define, &used), crate::policy(&both));
    let negated = json!({ "condition": { "All": [{ "Not": own() }, small()] } });
    assert_same_image(policy(&define, &json!({ "when": "!own && small" })), crate::policy(&negated));
    let alone = policy(&json!({ "own": "args.id == resource.id" }), &json!({ "condition": { "Defined": "own" } }));
    assert_same_image(alone, crate::policy(&json!({ "condition": own() })));
}

#[test]
fn a_definition_can_be_used_for_an_item() {
    let define = json!({ "own": "args.id == resource.id" });
    let every = json!({ "Every": { "source": "Arguments", "field": "list", "condition": own() } });
    let used = json!({ "when": "args.list.all(i, own)" });
    assert_same_image(policy(&define, &used), crate::policy(&json!({ "condition": every })));
}

#[test]
fn a_name_must_be_defined() {
    let define = json!({ "own_customer": "args.id == resource.id" });
    for rule in [json!({ "when": "own_costumer" }), json!({ "condition": { "Defined": "own_costumer" } })] {
        let errors = errors_of(policy(&define, &rule));
        let seen: Vec<_> = errors.iter().map(|error| (error.code, error.fix.as_deref())).collect();
        assert_eq!(seen, [("unknown_name", Some("did you mean `own_customer`?"))]);
    }
}

#[test]
fn a_definition_cannot_use_a_definition() {
    for second in [json!("own && args.x"), json!({ "Not": { "Defined": "own" } }), json!("second")] {
        let define = json!({ "own": "args.id == resource.id", "second": second });
        let codes = error_codes_of(policy(&define, &json!({ "when": "own && second" })));
        assert_eq!(codes, ["nested_definition"], "{second}");
    }
    // A definition that is used before it is written is a use of a definition, too.
    let define = json!({ "first": "own", "own": "args.id == resource.id" });
    assert_eq!(error_codes_of(policy(&define, &json!({ "when": "own && first" }))), ["nested_definition"]);
}

#[test]
fn a_definition_that_no_rule_uses_is_found() {
    let define = json!({ "own": "args.id == resource.id", "other": "args.x" });
    let findings = findings_of(policy(&define, &json!({ "when": "own" })));
    let seen: Vec<_> = findings.iter().map(|finding| (finding.code, finding.message.as_str())).collect();
    assert_eq!(seen, [("unused_name", "no rule uses the definition `other`")]);
}

#[test]
fn the_name_of_a_definition_is_a_name_of_cel() {
    for name in ["args", "request", "a-b", "", "in", "true", "for", "1a", "é"] {
        let codes = error_codes_of(policy(&json!({ name: "args.x" }), &json!({ "when": "args.x" })));
        assert_eq!(codes, ["bad_name"], "{name}");
    }
    let codes = error_codes_of(policy(&json!(["args.x"]), &json!({ "when": "args.x" })));
    assert_eq!(codes, ["wrong_type"]);
}

#[test]
fn a_definition_is_not_a_value_and_not_an_item() {
    let define = json!({ "own": "args.id == resource.id" });
    for when in ["own == true", "own.x", "args.list.all(own, own)"] {
        let codes = error_codes_of(policy(&define, &json!({ "when": when })));
        assert_eq!(codes, ["unsupported_expression"], "{when}");
    }
}

#[test]
fn definitions_cannot_multiply_without_a_limit() {
    let many: Vec<String> = (0..700).map(|number| format!("args.a{number}==1")).collect();
    let uses: Vec<&str> = (0..1500).map(|_| "many").collect();
    let define = json!({ "many": many.join("||") });
    let errors = errors_of(policy(&define, &json!({ "when": uses.join("||") })));
    let seen: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(seen, ["the definitions are used too often for their size"]);
    let uses: Vec<_> = uses.iter().map(|name| json!({ "Defined": name })).collect();
    let errors = errors_of(policy(&define, &json!({ "condition": { "Any": uses } })));
    let seen: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(seen, ["the definitions are used too often for their size"]);
}

#[test]
fn a_condition_cannot_become_deeper_by_definitions() {
    let mut deep = json!({ "BoolCheck": { "source": "Arguments", "field": "x", "value": true } });
    for _ in 0..100 {
        deep = json!({ "Not": deep });
    }
    let mut used = json!({ "Defined": "deep" });
    assert_same_image(
        policy(&json!({ "deep": deep }), &json!({ "condition": used })),
        crate::policy(&json!({ "condition": deep })),
    );
    for _ in 0..100 {
        used = json!({ "Not": used });
    }
    assert_eq!(error_codes_of(policy(&json!({ "deep": deep }), &json!({ "condition": used }))), ["too_deep"]);
}
