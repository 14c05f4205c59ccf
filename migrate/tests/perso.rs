//! Compares perso policies with their migrations in the engine, which reads both: the migration never allows more.
#![expect(clippy::expect_used, clippy::panic, reason = "a failed test panics")]
#![expect(clippy::arithmetic_side_effects, reason = "a test counts a few calls")]

use std::collections::BTreeMap;

use callgate_engine::{Effect, RequestFacts};
use callgate_migrate::{Migrated, Refusal, Weight, from_perso};
use callgate_test_support::{image_of, read_checkout, try_decide};
use serde::Deserialize;
use serde_json::{Value, json};

/// Migrates a policy that perso accepts.
#[track_caller]
fn migrate(text: &str) -> Migrated {
    from_perso(text).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"))
}

/// What a policy decides of the body of a call; `None` where the call is refused.
fn decide(image: &[u8], call: &str) -> Option<Effect> {
    try_decide(image, &RequestFacts::default(), call).ok().map(|answer| answer.effect)
}

#[derive(Deserialize)]
struct Recorded {
    name: String,
    policy: String,
    call: Option<String>,
    expect: Value,
}

/// The recorded cases that perso allows and the migrated policy denies, by reason. `docs/migrate.md` describes each of
/// them.
const STRICTER: [(&str, &[&str]); 5] = [
    ("calls that no rule matches, if `default_action` is `Allow`", &["default-164"]),
    ("numbers that perso treats as equal", &["numeric-eps-071", "numeric-eps-073", "numeric-eps-075"]),
    ("`FieldEquals` of numbers, because of 1 and 1.0", &["equals-115"]),
    ("`FieldEquals` of nulls, lists and objects", &["equals-119", "equals-120", "equals-122"]),
    ("`Not` over a field that is missing or of the wrong type", &["comb-133", "comb-134"]),
];

#[test]
fn a_migrated_policy_answers_the_recorded_calls_alike_or_denies() {
    let mut images: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut stricter: Vec<String> = Vec::new();
    let mut alike = 0;
    for line in read_checkout("testdata/perso-1/cases.jsonl").lines() {
        let case: Recorded = serde_json::from_str(line).expect("a case");
        let (Some(call), Some(decision)) = (&case.call, case.expect.get("decision").and_then(Value::as_str)) else {
            continue;
        };
        let image = images.entry(case.policy.clone()).or_insert_with(|| {
            image_of(&migrate(&read_checkout(&format!("testdata/perso-1/policies/{}.json", case.policy))).policy)
        });
        let migrated = decide(image, call).map_or("Deny", Effect::name);
        match (decision, migrated) {
            ("Allow", "Deny") => stricter.push(case.name),
            (perso, migrated) => {
                assert_eq!(perso, migrated, "{}", case.name);
                alike += 1;
            }
        }
    }
    let known: Vec<&str> = STRICTER.iter().flat_map(|(_, cases)| cases.iter().copied()).collect();
    let mut expected: Vec<&str> = known.clone();
    expected.sort_unstable();
    stricter.sort();
    assert_eq!(stricter, expected);
    assert_eq!((images.len(), alike, known.len()), (31, 110, 10), "all recorded calls are judged");
}

#[test]
fn a_policy_that_perso_refuses_is_refused() {
    for line in read_checkout("testdata/perso-1/cases.jsonl").lines() {
        let case: Recorded = serde_json::from_str(line).expect("a case");
        if case.expect.get("policy").is_some() {
            let refused = from_perso(&read_checkout(&format!("testdata/perso-1/policies/{}.json", case.policy)));
            assert!(matches!(refused, Err(Refusal::PersoSource(_))), "{}: {refused:?}", case.name);
        }
    }
}

/// Compares a policy with its migration for the calls of a case file, of which `refused` are invalid in perso.
#[track_caller]
fn check_calls(policy: &str, cases: &str, decided: usize, refused: usize) {
    let source = read_checkout(policy);
    let migrated = migrate(&source);
    assert!(migrated.is_complete(), "{migrated:?}");
    let (source, migrated) = (image_of(&source), image_of(&migrated.policy));
    let mut counts = (0, 0);
    for line in read_checkout(cases).lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let call = case.get("body").or(case.get("call")).expect("a call");
        let call = call.as_str().map_or_else(|| call.to_string(), str::to_owned);
        let Some(before) = decide(&source, &call) else {
            counts.1 += 1;
            continue;
        };
        counts.0 += 1;
        assert_eq!(Some(before.name()), case.pointer("/expect/decision").and_then(Value::as_str), "{case}");
        assert_eq!(decide(&migrated, &call), Some(before), "{case}");
    }
    assert_eq!(counts, (decided, refused));
}

#[test]
fn the_crm_policies_answer_their_calls_alike() {
    check_calls("testdata/perso-1/policies/crm-demo.json", "testdata/http/perso.jsonl", 14, 5);
    check_calls("policies/crm-perso.json", "testdata/http/crm-perso.jsonl", 45, 0);
    check_calls("policies/crm-perso.json", "policies/crm-perso.test.jsonl", 45, 0);
}

/// A policy with one tool for each condition, named `t0` and so on.
fn policy_of(conditions: &[Value]) -> String {
    let tools: Vec<String> = (0..conditions.len()).map(|at| format!("t{at}")).collect();
    let rules: Vec<Value> = conditions
        .iter()
        .zip(&tools)
        .map(|(condition, tool)| json!({ "tool_name": tool, "roles": ["r"], "condition": condition }))
        .collect();
    json!({ "version": "perso-1.0.0", "default_action": "Deny", "tools": tools, "roles": ["r"], "rules": rules })
        .to_string()
}

/// Migrates conditions, and counts the calls that both allow, both deny, and only perso allows; there must be no
/// others.
#[track_caller]
fn compare(conditions: &[Value], calls: &[(String, String)]) -> [usize; 3] {
    let text = policy_of(conditions);
    let migrated = migrate(&text);
    assert!(migrated.is_complete(), "{migrated:?}");
    let (source, migrated) = (image_of(&text), image_of(&migrated.policy));
    let (mut allowed, mut denied, mut stricter) = (0, 0, 0);
    for (at, condition) in conditions.iter().enumerate() {
        for (arguments, resource) in calls {
            let call = format!(r#"{{"tool":"t{at}","role":"r","args":{arguments},"resourceAttributes":{resource}}}"#);
            let both = (decide(&source, &call), decide(&migrated, &call));
            match both {
                (Some(Effect::Allow), Some(Effect::Allow)) => allowed += 1,
                (Some(Effect::Deny), Some(Effect::Deny)) => denied += 1,
                (Some(Effect::Allow), Some(Effect::Deny)) => stricter += 1,
                _ => panic!("{condition} of {call}: {both:?}"),
            }
        }
    }
    [allowed, denied, stricter]
}

/// Numbers around some bounds, including some that no binary64 represents.
fn numbers() -> Vec<String> {
    let mut numbers: Vec<String> =
        ["-1e300", "1.7976931348623157e308", "5e-324", "1e-400", "-0", "-0.0", "0.0", "200.0", "2e2"]
            .map(str::to_owned)
            .into();
    for bound in [0.0_f64, 0.1, 0.3, 1.0, 2.0, 3.0, 200.0, 500.5, -7.25, 9_007_199_254_740_992.0, 1e22] {
        let mut beside = vec![bound, bound.next_up(), bound.next_down(), bound + f64::EPSILON, bound - f64::EPSILON];
        beside.extend([bound + 1e-16, bound - 1e-16, bound + 1.0, bound - 1.0]);
        numbers.extend(beside.iter().map(|number| format!("{number:?}")));
        // Slightly more and less than the bound, in digits that a binary64 does not represent.
        let exact = format!("{bound:.60}");
        numbers.push(format!("{exact}1"));
        let below = format!("{:.40}", bound.next_down());
        numbers.push(format!("{below}9"));
        if bound != 0.0 && bound.fract() == 0.0 && bound > 0.0 {
            numbers.push(format!("{}.{}", bound - 1.0, "9".repeat(40)));
        }
    }
    numbers.extend(
        ["9007199254740993", "9007199254740991", "18446744073709551616", "18446744073709551615"].map(str::to_owned),
    );
    numbers.sort();
    numbers.dedup();
    numbers
}

fn number(text: &str) -> Value {
    serde_json::from_str(text).expect("a number")
}

#[test]
fn a_comparison_of_numbers_never_allows_more() {
    let literals = [
        "0",
        "0.1",
        "0.3",
        "1",
        "2",
        "3.0",
        "200",
        "500.5",
        "-7.25",
        "9007199254740992",
        "9007199254740993",
        "1e22",
        "5e-324",
        "1.7976931348623157e308",
    ];
    let mut conditions = Vec::new();
    for literal in literals {
        for op in ["Eq", "Lt", "Lte", "Gt", "Gte"] {
            let check =
                json!({ "NumericCheck": { "source": "Arguments", "field": "x", "op": op, "value": number(literal) } });
            conditions.push(check.clone());
            conditions.push(json!({ "Not": check }));
            conditions.push(json!({ "Not": { "Not": check } }));
            conditions.push(
                json!({ "Not": { "Any": [check, { "FieldPresent": { "source": "Arguments", "field": "y" } }] } }),
            );
        }
    }
    let mut values = numbers();
    values.extend(["null", "\"200\"", "true", "[200]", "{}"].map(str::to_owned));
    let mut calls: Vec<(String, String)> =
        values.iter().map(|value| (format!("{{\"x\":{value}}}"), "{}".to_owned())).collect();
    calls.push(("{}".to_owned(), "{}".to_owned()));
    let [allowed, denied, stricter] = compare(&conditions, &calls);
    assert!(allowed > 3 * stricter && denied > 1000, "{allowed} {denied} {stricter}");
}

#[test]
fn a_comparison_of_fields_never_allows_more() {
    let equals = json!({ "FieldEquals": { "source_a": "Arguments", "field_a": "x", "source_b": "ResourceAttributes", "field_b": "y" } });
    let itself =
        json!({ "FieldEquals": { "source_a": "Arguments", "field_a": "x", "source_b": "Arguments", "field_b": "x" } });
    let present = json!({ "FieldPresent": { "source": "Arguments", "field": "x" } });
    let conditions: Vec<Value> = [equals, itself]
        .into_iter()
        .flat_map(|check| {
            [
                check.clone(),
                json!({ "Not": check }),
                json!({ "Not": { "Not": check } }),
                json!({ "Any": [{ "Not": { "All": [check, present] } }, { "All": [] , }] }),
                json!({ "Not": { "All": [check, present] } }),
                json!({ "All": [{ "Any": [check, { "Any": [] }] }, { "Not": { "Any": [] } }] }),
            ]
        })
        .collect();
    let values = [
        "1",
        "1.0",
        "1e0",
        "0",
        "-0",
        "0.1",
        "0.1000000000000000055",
        "\"\"",
        "\"1\"",
        "\"a\"",
        "true",
        "false",
        "null",
        "[]",
        "[1]",
        "{}",
        "{\"a\":1}",
        "9007199254740992.0",
        "9007199254740993.0",
    ];
    let mut calls = Vec::new();
    let member =
        |name: &str, value: Option<&str>| value.map_or("{}".to_owned(), |value| format!("{{\"{name}\":{value}}}"));
    for a in values.map(Some).into_iter().chain([None]) {
        for b in values.map(Some).into_iter().chain([None]) {
            calls.push((member("x", a), member("y", b)));
        }
    }
    let [allowed, denied, _] = compare(&conditions, &calls);
    assert!(allowed > 400 && denied > 1000, "{allowed} {denied}");
}

#[test]
fn a_comparison_of_strings_is_the_same_but_under_not() {
    let check = |field: &str, op: &str, value: Value| json!({ "StringCheck": { "source": "Arguments", "field": field, "op": op, "value": value } });
    let positive = [
        check("x", "In", json!(["a", "st*", ""])),
        check("x", "NotIn", json!(["a", "st*"])),
        check("x", "In", json!([])),
        check("x", "NotIn", json!([])),
        check("/x", "In", json!(["a"])),
        check("/a~b/c", "In", json!(["a"])),
        check("a.b", "In", json!(["a"])),
        check("~1", "In", json!(["a"])),
        check("", "In", json!(["a"])),
        json!({ "FieldPresent": { "source": "Arguments", "field": "/x" } }),
    ];
    let negative: Vec<Value> = positive.iter().map(|check| json!({ "Not": check })).collect();
    let values =
        ["\"a\"", "\"st*\"", "\"staging\"", "\"\"", "\"a\\nb\"", "1", "true", "false", "0", "null", "[]", "{}"];
    let mut calls = vec![("{}".to_owned(), "{}".to_owned())];
    for field in ["x", "/x", "/a~b/c", "a.b", "~1", ""] {
        calls.extend(values.iter().map(|value| (format!("{{\"{field}\":{value}}}"), "{}".to_owned())));
    }
    assert_eq!(compare(&positive, &calls)[2], 0);
    let [allowed, denied, stricter] = compare(&negative, &calls);
    assert!(allowed > 50 && denied > 5 && stricter > 100, "{allowed} {denied} {stricter}");
}

#[test]
fn the_last_rule_for_a_tool_and_a_role_is_the_one_that_is_written() {
    // All ways to put two of these rules after a third, over tools and roles of which some fit.
    let names = ["*", "a*", "a_*", "a", "b", "new", "nothing_*"];
    let roles = [vec!["r"], vec!["s", "ghost"], vec!["r", "s", "t"], vec!["t", "t"], vec!["ghost"]];
    let condition =
        |value: usize| json!({ "NumericCheck": { "source": "Arguments", "field": "x", "op": "Eq", "value": value } });
    let mut seed = 7_usize;
    let mut next = |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    for _ in 0..60 {
        let rules: Vec<Value> = (0..next(5) + 1)
            .map(|at| json!({ "tool_name": names[next(names.len())], "roles": roles[next(roles.len())], "condition": condition(at) }))
            .collect();
        let text = json!({ "version": "perso-1", "default_action": "Deny", "tools": ["a", "a_x", "a_y", "b", "a"], "roles": ["r", "s", "t"], "rules": rules }).to_string();
        let Migrated { policy, findings } = migrate(&text);
        assert!(findings.iter().all(|finding| finding.weight == Weight::Note), "{text}: {findings:?}");
        let (source, migrated) = (image_of(&text), image_of(&policy));
        for tool in ["a", "a_x", "a_y", "b", "new", "other"] {
            for role in ["r", "s", "t", "ghost"] {
                for x in 0..5 {
                    let call = format!(r#"{{"tool":"{tool}","role":"{role}","args":{{"x":{x}}}}}"#);
                    assert_eq!(decide(&source, &call), decide(&migrated, &call), "{call} by {text}\n{policy}");
                }
            }
        }
    }
}

#[test]
fn names_that_callgate_does_not_take_are_named_and_denied() {
    let text = r#"{ "version": "perso-1", "default_action": "Deny", "tools": ["a", "b c", "*"], "roles": ["r", "two words"],
        "rules": [{ "tool_name": "*", "roles": ["r", "two words"] }] }"#;
    let migrated = migrate(text);
    let lost: Vec<&str> =
        migrated.findings.iter().filter(|finding| finding.weight == Weight::Lost).map(|finding| finding.code).collect();
    assert_eq!(lost, ["bad_name"; 3]);
    let image = image_of(&migrated.policy);
    let call = |tool: &str| decide(&image, &format!(r#"{{"tool":"{tool}","role":"r"}}"#));
    assert_eq!((call("a"), call("b c"), call("*")), (Some(Effect::Allow), Some(Effect::Deny), Some(Effect::Deny)));
}

#[test]
fn the_example_of_the_document_is_what_is_written() {
    let document = read_checkout("docs/migrate.md");
    let blocks: Vec<&str> = document.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [source, expected, ..] = blocks.as_slice() else { panic!("the examples are found") };
    let migrated = migrate(source);
    assert!(migrated.is_complete(), "{migrated:?}");
    let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    assert_eq!(value(&migrated.policy), value(expected));
}
