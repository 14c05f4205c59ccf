//! What `callgate-1` means: strictest effect wins, three-valued truth, exact decimals, patterns expanded at build time.
#![expect(clippy::expect_used, clippy::panic, reason = "a test states what must hold by failing")]

use callgate_engine::{Call, Code, Decision, Effect, PolicyImage, RequestFacts, compile, evaluate, parse, validate};
use serde_json::{Value, json};

/// Judges `call` by a policy with these rules, and gives the decision to `look`.
#[track_caller]
fn judge<T>(rules: &Value, call: &Value, look: impl FnOnce(&PolicyImage<'_>, &Call<'_>, &Decision) -> T) -> T {
    judge_as(&json!({ "agent": {}, "manager": {} }), &RequestFacts::default(), rules, call, look)
}

/// As [`judge`], by a policy with these roles, where the edge knows these facts.
#[track_caller]
fn judge_as<T>(
    roles: &Value,
    facts: &RequestFacts,
    rules: &Value,
    call: &Value,
    look: impl FnOnce(&PolicyImage<'_>, &Call<'_>, &Decision) -> T,
) -> T {
    let policy = json!({
        "version": "callgate-1",
        "servers": ["crm", "erp"],
        "tools": ["refund", "view", "view_all", "review"],
        "roles": roles,
        "rules": rules,
    });
    let text = policy.to_string();
    let bytes = compile(&parse(&text).and_then(validate).unwrap_or_else(|problems| panic!("{problems:?}")));
    let image = PolicyImage::open(&bytes).expect("an image");
    let body = call.to_string();
    let call = Call::read(body.as_bytes(), facts, &image).expect("a call");
    let decision = evaluate(&image, &call);
    look(&image, &call, &decision)
}

#[track_caller]
fn check(rules: &Value, call: &Value, effect: Effect, code: Code) {
    let seen = judge(rules, call, |_, _, decision| (decision.effect, decision.code));
    assert_eq!(seen, (effect, code), "{rules} {call}");
}

fn allow_if(condition: &Value) -> Value {
    json!([{ "id": "r", "effect": "Allow", "tool_name": "refund", "roles": ["agent"], "condition": condition }])
}

fn refund(args: &Value) -> Value {
    json!({ "tool": "refund", "role": "agent", "args": args })
}

/// Checks a condition on an Allow rule: whether it holds, fails or is unknown for each of some arguments.
#[track_caller]
fn check_condition(condition: &Value, holds: &[Value], fails: &[Value], unknown: &[Value]) {
    let rules = allow_if(condition);
    holds.iter().for_each(|args| check(&rules, &refund(args), Effect::Allow, Code::Allowed));
    fails.iter().for_each(|args| check(&rules, &refund(args), Effect::Deny, Code::ConditionFailed));
    unknown.iter().for_each(|args| check(&rules, &refund(args), Effect::Deny, Code::ConditionUnknown));
    // Under `Not`, what holds fails and what fails holds; what is unknown stays so, and opens no door.
    let rules = allow_if(&json!({ "Not": condition }));
    holds.iter().for_each(|args| check(&rules, &refund(args), Effect::Deny, Code::ConditionFailed));
    fails.iter().for_each(|args| check(&rules, &refund(args), Effect::Allow, Code::Allowed));
    unknown.iter().for_each(|args| check(&rules, &refund(args), Effect::Deny, Code::ConditionUnknown));
}

fn numeric(op: &str, value: &Value) -> Value {
    json!({ "NumericCheck": { "source": "Arguments", "field": "x", "op": op, "value": value } })
}

fn no_number() -> Vec<Value> {
    vec![json!({}), json!({"x": null}), json!({"x": "5"}), json!({"x": true}), json!({"x": [5]}), json!({"x": {}})]
}

#[test]
fn numbers_compare_by_each_operator() {
    let (less, equal, more) = (json!({"x": 4.99}), json!({"x": 5.0}), json!({"x": 6}));
    let all = [&less, &equal, &more];
    for (op, holds) in [
        ("Eq", &[&equal][..]),
        ("Ne", &[&less, &more]),
        ("Lt", &[&less]),
        ("Lte", &[&less, &equal]),
        ("Gt", &[&more]),
        ("Gte", &[&equal, &more]),
    ] {
        let fails: Vec<Value> = all.iter().filter(|args| !holds.contains(args)).map(|&args| args.clone()).collect();
        let holds: Vec<Value> = holds.iter().map(|&args| args.clone()).collect();
        check_condition(&numeric(op, &json!(5)), &holds, &fails, &no_number());
    }
}

#[test]
fn numbers_compare_beyond_the_precision_of_a_binary64() {
    let rules = allow_if(&numeric("Eq", &json!(9_007_199_254_740_992_u64)));
    check(&rules, &refund(&json!({"x": 9_007_199_254_740_992_u64})), Effect::Allow, Code::Allowed);
    check(&rules, &refund(&json!({"x": 9_007_199_254_740_993_u64})), Effect::Deny, Code::ConditionFailed);
    let rules = allow_if(&numeric("Lte", &json!(500)));
    let exact: Value = serde_json::from_str(r#"{"x": 18446744073709551615}"#).expect("JSON");
    check(&rules, &refund(&exact), Effect::Deny, Code::ConditionFailed);
}

#[test]
fn strings_are_looked_up_as_they_are() {
    let check_x =
        |op: &str| json!({ "StringCheck": { "source": "Arguments", "field": "x", "op": op, "value": ["prod", "a"] } });
    let listed = [json!({"x": "prod"}), json!({"x": "a"})];
    let others = [json!({"x": "Prod"}), json!({"x": ""}), json!({"x": "prod "}), json!({"x": "pro"})];
    let no_string = [json!({}), json!({"x": null}), json!({"x": 1}), json!({"x": ["prod"]}), json!({"x": true})];
    check_condition(&check_x("In"), &listed, &others, &no_string);
    check_condition(&check_x("NotIn"), &others, &listed, &no_string);
}

/// Checks a `StringCheck` with one text or a list.
#[track_caller]
fn check_string(op: &str, value: &Value, holds: &[&str], fails: &[&str]) {
    let condition = json!({ "StringCheck": { "source": "Arguments", "field": "x", "op": op, "value": value } });
    let strings = |list: &[&str]| list.iter().map(|text| json!({ "x": text })).collect::<Vec<Value>>();
    let no_string = [json!({}), json!({"x": null}), json!({"x": 1}), json!({"x": ["a"]}), json!({"x": true})];
    check_condition(&condition, &strings(holds), &strings(fails), &no_string);
}

#[test]
fn strings_are_compared_in_part() {
    check_string("StartsWith", &json!("ab"), &["ab", "abc"], &["", "a", "Ab", " ab", "cab"]);
    check_string("EndsWith", &json!(["@a.test", "@b.test"]), &["x@a.test", "@b.test"], &["x@a.test.", "a.test", ""]);
    check_string("Contains", &json!("é"), &["é", "café!"], &["", "e", "e\u{301}"]);
}

#[test]
fn a_star_stands_for_any_run_of_characters_and_nothing_else_is_special() {
    check_string("Glob", &json!("a*b"), &["ab", "a*b", "axxb", "aab", "a/\n/b"], &["a", "b", "abc", "xab", "AB", ""]);
    check_string("Glob", &json!("*.csv"), &[".csv", "a.b.csv"], &["csv", "a.csv.exe", "a.csvx", "acsv"]);
    check_string("Glob", &json!("a*a"), &["aa", "aXa"], &["a"]);
    check_string("Glob", &json!("*a*a*b"), &["aab", "xaxaxb"], &["ab", "aaaa", "b"]);
    check_string("Glob", &json!("a?[b]"), &["a?[b]"], &["axb", "ab"]);
    check_string("Glob", &json!(["x", "y*"]), &["x", "y", "yz"], &["xx", "z"]);
    check_string("Glob", &json!("é*"), &["é", "école"], &["e", ""]);
}

#[test]
fn a_regular_expression_matches_the_whole_string() {
    check_string(
        "Matches",
        &json!("ORD-[0-9]{4}"),
        &["ORD-8821"],
        &["", "ORD-882", "xORD-8821", "ORD-8821\n", "ORD-88211"],
    );
    check_string("Matches", &json!("a|b"), &["a", "b"], &["ab", "", "c"]);
    check_string("Matches", &json!(["a+", "x.z"]), &["aaa", "xyz", "xéz"], &["aaab", "xyyz", "x\nz"]);
    check_string("Matches", &json!("(?i)prod|é"), &["PROD", "prod", "É"], &["prodx", "e"]);
    check_string("Matches", &json!("^a$"), &["a"], &["aa", "a\n"]);
    check_string("Matches", &json!(".*"), &["", "anything"], &["two\nlines"]);
    check_string("Matches", &json!("\\p{Greek}+"), &["αβγ"], &["abc", "αb"]);
    check_string("Matches", &json!(""), &[""], &["a"]);
    check_string("Matches", &json!(["(?x) a # a comment", "b"]), &["a", "b"], &["ab", "a # a comment"]);
    check_string("Matches", &json!(["(?i)a", "b"]), &["A", "b"], &["B"]);
    let hostile = "a".repeat(50_000) + "!";
    check_string("Matches", &json!("(a+)+"), &["a"], &[&hostile]);
}

#[test]
fn a_pattern_is_matched_in_linear_time() {
    let text = "a".repeat(200_000);
    let stars = "*a".repeat(2_000) + "*b";
    let started = std::time::Instant::now();
    check_string("Glob", &json!(stars), &[], &[&text]);
    assert!(started.elapsed().as_secs() < 20, "a backtracking matcher would not end");
}

#[test]
fn lengths_are_counted_in_characters_items_and_members() {
    let at_most_2 = json!({ "LengthCheck": { "source": "Arguments", "field": "x", "op": "Lte", "value": 2 } });
    let short = [
        json!({"x": ""}),
        json!({"x": "é\u{1f600}"}),
        json!({"x": []}),
        json!({"x": [[], {}]}),
        json!({"x": {"a": 1}}),
    ];
    let long = [
        json!({"x": "abc"}),
        json!({"x": "e\u{301}x"}),
        json!({"x": [1, 2, 3]}),
        json!({"x": {"a": 1, "b": 2, "c": 3}}),
    ];
    let unknown = [json!({}), json!({"x": null}), json!({"x": 1}), json!({"x": true})];
    check_condition(&at_most_2, &short, &long, &unknown);
    let exactly_1 = json!({ "LengthCheck": { "source": "Arguments", "field": "x", "op": "Eq", "value": 1 } });
    check_condition(&exactly_1, &[json!({"x": "\n"})], &[json!({"x": ""}), json!({"x": "ab"})], &unknown);
}

#[test]
fn two_numbers_compare_exactly() {
    let condition = json!({ "FieldCompare": {
        "source_a": "Arguments", "field_a": "x", "op": "Lte", "source_b": "Arguments", "field_b": "y" } });
    let holds = [
        json!({"x": 1, "y": 1.0}),
        json!({"x": -1, "y": 0}),
        json!({"x": 9007199254740992_u64, "y": 9007199254740993_u64}),
    ];
    let fails = [json!({"x": 2, "y": 1}), json!({"x": 9007199254740993_u64, "y": 9007199254740992_u64})];
    let unknown = [
        json!({}),
        json!({"x": 1}),
        json!({"y": 1}),
        json!({"x": "1", "y": 1}),
        json!({"x": 1, "y": null}),
        json!({"x": [1], "y": [1]}),
    ];
    check_condition(&condition, &holds, &fails, &unknown);
}

fn strings(list: &[&str]) -> Vec<Value> {
    list.iter().map(|text| json!({ "x": text })).collect()
}

/// What is unknown to a predicate that reads a string, and these strings too.
fn unknown_and(list: &[&str]) -> Vec<Value> {
    let no_string = [json!({}), json!({"x": null}), json!({"x": 1}), json!({"x": ["/data/a"]}), json!({"x": {}})];
    [&no_string[..], &strings(list)].concat()
}

#[test]
fn a_path_lies_in_a_root_after_all_readers_agree_on_it() {
    let condition =
        json!({ "PathCheck": { "source": "Arguments", "field": "x", "roots": ["/data/reports", "/srv/pub/"] } });
    check_condition(
        &condition,
        &strings(&["/data/reports/q3.csv", "/data/reports", "/srv/pub/a/b"]),
        &strings(&["/data/reports_private/x", "/etc/passwd", "/", "/srv/public"]),
        &unknown_and(&[
            "",
            "reports/x",
            "/data/reports/../../etc/passwd",
            "/data/reports/%2e%2e/x",
            "\\data",
            "//data/reports/x",
        ]),
    );
}

#[test]
fn a_url_goes_where_the_policy_says() {
    let condition =
        json!({ "UrlCheck": { "source": "Arguments", "field": "x", "hosts": ["api.example.com", "*.cdn.test"] } });
    check_condition(
        &condition,
        &strings(&[
            "https://api.example.com/v1?q=1",
            "https://API.EXAMPLE.COM",
            "https://api.example.com:443/",
            "https://a.cdn.test/",
            "https://a.b.CDN.test/",
        ]),
        &strings(&[
            "http://api.example.com/",
            "https://api.example.com.evil.test/",
            "https://api.example.com:8443/",
            "https://cdn.test/",
            "https://evilcdn.test/",
            "https://evil.test/?https://api.example.com/",
            "http://169.254.169.254/",
            "ftp://api.example.com/",
        ]),
        &unknown_and(&[
            "",
            "api.example.com",
            "https://api.example.com@evil.test/",
            "http://127.1/",
            "https://\u{430}pi.example.com/",
            "https://api.example.com\\@evil.test",
            "ht\ttps://api.example.com/",
            "https://.cdn.test/",
            // Punycode that the policy does not spell itself, valid or not.
            "https://xn--a.cdn.test/",
            "https://xn--bcher-kva.example/",
            "https://XN--A.cdn.test/",
        ]),
    );
    let condition = json!({ "UrlCheck": {
        "source": "Arguments", "field": "x", "hosts": ["xn--bcher-kva.test", "*.xn--bcher-kva.test"] } });
    check_condition(
        &condition,
        &strings(&["https://xn--bcher-kva.test/", "https://XN--Bcher-kva.test/", "https://a.xn--bcher-kva.test/"]),
        &strings(&["https://bcher-kva.test/"]),
        &unknown_and(&["https://xn--a.xn--bcher-kva.test/", "https://xn--bcher-kv.test/", "https://bücher.test/"]),
    );
    let condition = json!({ "UrlCheck": {
        "source": "Arguments", "field": "x", "schemes": ["http", "https"], "hosts": ["10.0.0.1", "[2001:db8::1]"], "ports": [80, 8080] } });
    check_condition(
        &condition,
        &strings(&["http://10.0.0.1/", "http://10.0.0.1:8080/", "https://[2001:db8::1]:80/"]),
        &strings(&["https://10.0.0.1/", "http://10.0.0.2/", "http://10.0.0.1:81/", "http://[2001:db8::2]/"]),
        &unknown_and(&["http://10.1/", "http://[2001:db8:0:0::1]/", "http://[::ffff:10.0.0.1]/"]),
    );
}

#[test]
fn an_address_lies_in_a_network() {
    let check_x = |op: &str| json!({ "CidrCheck": { "source": "Arguments", "field": "x", "op": op, "value": ["10.0.0.0/8", "2001:db8::/32"] } });
    let inside = strings(&["10.0.0.0", "10.255.255.255", "2001:db8::1", "2001:DB8:ffff::"]);
    let outside = strings(&["11.0.0.0", "9.255.255.255", "2001:db9::", "::1"]);
    let unknown = unknown_and(&[
        "",
        "10",
        "10.1",
        "010.0.0.1",
        "10.0.0.1/8",
        "10.0.0.1 ",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:a00:1::1",
        "localhost",
        "0x0a000001",
    ]);
    check_condition(&check_x("In"), &inside, &outside, &unknown);
    check_condition(&check_x("NotIn"), &outside, &inside, &unknown);
}

fn items(quantifier: &str, condition: &Value) -> Value {
    json!({ quantifier: { "source": "Arguments", "field": "x", "condition": condition } })
}

#[test]
fn every_asks_all_items_and_some_asks_one() {
    let small = json!({ "NumericCheck": { "source": "Item", "field": "n", "op": "Lte", "value": 5 } });
    let list = |numbers: Value| json!({ "x": numbers });
    let no_list = [json!({}), json!({"x": null}), json!({"x": {"n": 1}}), json!({"x": "n"}), json!({"x": 1})];
    let (all, one, none) = (
        list(json!([{ "n": 1 }, { "n": 5 }])),
        list(json!([{ "n": 9 }, { "n": 5 }])),
        list(json!([{ "n": 9 }, { "n": 6 }])),
    );
    let half_known = list(json!([{ "n": 1 }, {}]));
    let half_wrong = list(json!([{ "n": 9 }, {}]));
    check_condition(
        &items("Every", &small),
        &[all.clone(), list(json!([]))],
        &[one.clone(), none.clone(), half_wrong.clone()],
        &[&no_list[..], &[half_known.clone(), list(json!([1])), list(json!([null, { "n": 1 }]))]].concat(),
    );
    check_condition(
        &items("Some", &small),
        &[all, one, half_known],
        &[none, list(json!([]))],
        &[&no_list[..], &[half_wrong, list(json!(["n"]))]].concat(),
    );
}

#[test]
fn an_item_may_be_a_value_by_itself() {
    let ends = json!({ "StringCheck": { "source": "Item", "field": "", "op": "EndsWith", "value": "@a.test" } });
    let list = |texts: &[&str]| json!({ "x": texts });
    check_condition(
        &items("Every", &ends),
        &[list(&["a@a.test", "b@a.test"])],
        &[list(&["a@a.test", "b@b.test"]), list(&["a@a.test.evil"])],
        &[json!({ "x": ["a@a.test", 1] }), json!({ "x": ["a@a.test", ["a@a.test"]] })],
    );
}

#[test]
fn lists_within_items_are_asked_too() {
    let all_true = json!({ "Every": { "source": "Item", "field": "/list", "condition": {
        "BoolCheck": { "source": "Item", "field": "/a/b", "value": true } } } });
    check_condition(
        &items("Some", &all_true),
        &[json!({ "x": [{ "list": [{ "a": { "b": false } }] }, { "list": [{ "a": { "b": true } }] }] })],
        &[json!({ "x": [{ "list": [{ "a": { "b": false } }] }] })],
        &[json!({ "x": [{ "list": [{ "a": {} }] }] }), json!({ "x": [{}] })],
    );
}

#[test]
fn items_compare_with_the_call() {
    let own = json!({ "FieldEquals": {
        "source_a": "Item", "field_a": "owner", "source_b": "AgentAttributes", "field_b": "user" } });
    let rules = allow_if(&items("Every", &own));
    let call = |owners: &[&str]| {
        let list: Vec<Value> = owners.iter().map(|owner| json!({ "owner": owner })).collect();
        json!({ "tool": "refund", "role": "agent", "args": { "x": list }, "agentAttributes": { "user": "me" } })
    };
    check(&rules, &call(&["me", "me"]), Effect::Allow, Code::Allowed);
    check(&rules, &call(&["me", "you"]), Effect::Deny, Code::ConditionFailed);
}

#[test]
fn reasons_name_what_is_wrong_with_an_item() {
    let small = json!({ "NumericCheck": { "source": "Item", "field": "n", "op": "Lte", "value": 5 } });
    let every = allow_if(&items("Every", &small));
    check_reason(
        &every,
        &refund(&json!({"x": [{ "n": 1 }, { "n": 9 }]})),
        Some("r"),
        "`n` of each item must be at most 5",
    );
    check_reason(&every, &refund(&json!({"x": [{}]})), Some("r"), "`n` of each item is missing");
    check_reason(&every, &refund(&json!({"x": 1})), Some("r"), "`x` must be a list");
    check_reason(&every, &refund(&json!({})), Some("r"), "`x` is missing");
    let some = allow_if(&items("Some", &small));
    check_reason(&some, &refund(&json!({"x": []})), Some("r"), "`x` must hold an item that meets the condition");
    let none = allow_if(&json!({ "Not": items("Some", &small) }));
    check_reason(&none, &refund(&json!({"x": [{ "n": 1 }]})), Some("r"), "`n` of each item must be more than 5");
    let not_all = allow_if(&json!({ "Not": items("Every", &small) }));
    check_reason(
        &not_all,
        &refund(&json!({"x": [{ "n": 1 }]})),
        Some("r"),
        "`x` must hold an item that does not meet the condition",
    );
    let plain = json!({ "BoolCheck": { "source": "Item", "field": "", "value": true } });
    check_reason(
        &allow_if(&items("Every", &plain)),
        &refund(&json!({"x": [false]})),
        Some("r"),
        "each item must be true",
    );
}

#[test]
fn booleans_are_not_guessed() {
    let condition = json!({ "BoolCheck": { "source": "Arguments", "field": "x", "value": true } });
    let unknown =
        [json!({}), json!({"x": null}), json!({"x": 1}), json!({"x": "true"}), json!({"x": [true]}), json!({"x": {}})];
    check_condition(&condition, &[json!({"x": true})], &[json!({"x": false})], &unknown);
}

#[test]
fn presence_is_never_unknown_and_null_is_absent() {
    let condition = json!({ "FieldPresent": { "source": "Arguments", "field": "x" } });
    let present = [json!({"x": 0}), json!({"x": false}), json!({"x": ""}), json!({"x": {}}), json!({"x": []})];
    check_condition(&condition, &present, &[json!({}), json!({"x": null}), json!({"y": 1})], &[]);
}

#[test]
fn fields_are_equal_only_where_both_are_scalars_of_one_type() {
    let condition = json!({ "FieldEquals": {
        "source_a": "Arguments", "field_a": "x", "source_b": "Arguments", "field_b": "y" } });
    let equal = [json!({"x": "a", "y": "a"}), json!({"x": 1, "y": 1.0}), json!({"x": false, "y": false})];
    let differ = [json!({"x": "a", "y": "A"}), json!({"x": 1, "y": 2}), json!({"x": "é", "y": "e\u{301}"})];
    let unknown = [
        json!({}),
        json!({"x": null, "y": null}),
        json!({"x": "1", "y": 1}),
        json!({"x": {}, "y": {}}),
        json!({"x": [], "y": []}),
        json!({"x": "a"}),
        json!({"y": "a"}),
        json!({"x": true, "y": 1}),
    ];
    check_condition(&condition, &equal, &differ, &unknown);
}

#[test]
fn combinators_follow_kleene() {
    let (yes, no, unknown) = ([json!({"x": 5})], [json!({"x": 6})], [json!({})]);
    let any = [&yes[..], &no, &unknown].concat();
    let is_5 = numeric("Eq", &json!(5));
    let always = json!({ "Not": { "FieldPresent": { "source": "Arguments", "field": "never" } } });
    let never = json!({ "FieldPresent": { "source": "Arguments", "field": "never" } });
    check_condition(&json!({ "All": [always, is_5] }), &yes, &no, &unknown);
    check_condition(&json!({ "Any": [never, is_5] }), &yes, &no, &unknown);
    check_condition(&json!({ "All": [never, is_5] }), &[], &any, &[]);
    check_condition(&json!({ "Any": [always, is_5] }), &any, &[], &[]);
}

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
    let reason = "`x` is missing, so rule `approve` asks for a person's approval";
    check_reason(&rules, &refund(&json!({"y": 1})), Some("approve"), reason);
    // Where nothing allows the call, not to know never gets it before a person.
    check(&rules, &refund(&json!({})), Effect::Deny, Code::ConditionUnknown);
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
fn sources_are_kept_apart() {
    let rules = allow_if(&json!({ "BoolCheck": { "source": "AgentAttributes", "field": "mfa", "value": true } }));
    let by = |member: &str| json!({ "tool": "refund", "role": "agent", member: { "mfa": true } });
    check(&rules, &by("agentAttributes"), Effect::Allow, Code::Allowed);
    check(&rules, &by("args"), Effect::Deny, Code::ConditionUnknown);
    check(&rules, &by("resourceAttributes"), Effect::Deny, Code::ConditionUnknown);
}

#[track_caller]
fn check_reason(rules: &Value, call: &Value, rule: Option<&str>, expected: &str) {
    let (seen_rule, seen) = judge(rules, call, |image, call, decision| {
        let mut reason = String::new();
        decision.write_reason(image, call, &mut reason);
        (decision.rule(image).map(str::to_owned), reason)
    });
    assert_eq!((seen_rule.as_deref(), &*seen), (rule, expected));
}

#[test]
fn reasons_say_what_the_call_must_be() {
    let limits = allow_if(&json!({ "All": [numeric("Gt", &json!(0)), numeric("Lte", &json!(500))] }));
    check_reason(&limits, &refund(&json!({"x": 800})), Some("r"), "`x` must be at most 500");
    check_reason(&limits, &refund(&json!({})), Some("r"), "`x` is missing");
    check_reason(&limits, &refund(&json!({"x": null})), Some("r"), "`x` is null");
    check_reason(&limits, &refund(&json!({"x": "1"})), Some("r"), "`x` must be a number");
    check_reason(&limits, &refund(&json!({"x": 1})), Some("r"), "rule `r` allows this call");
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
    check_reason(&allow_if(&path), &refund(&json!({"x": "/c"})), Some("r"), "`x` must lie in `/a` or `/b`");
    check_reason(&allow_if(&path), &refund(&json!({"x": "/a/.."})), Some("r"), "`x` must be a plain absolute path");
    let url = json!({ "UrlCheck": { "source": "Arguments", "field": "x", "hosts": ["a.test"], "ports": [8443] } });
    let reason = "`x` must be a URL with scheme `https` and host `a.test` and port `8443`";
    check_reason(&allow_if(&url), &refund(&json!({"x": "https://b.test"})), Some("r"), reason);
    check_reason(&allow_if(&url), &refund(&json!({"x": "a.test"})), Some("r"), "`x` must be a plain absolute URL");
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
        "no rule allows this tool to any of the caller's roles",
    );
    let equals = allow_if(&json!({ "FieldEquals": {
        "source_a": "Arguments", "field_a": "x", "source_b": "ResourceAttributes", "field_b": "owner" } }));
    check_reason(&equals, &refund(&json!({"x": 1})), Some("r"), "`owner` is missing");
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
fn a_pointer_leads_into_objects_and_lists() {
    let at = |field: &str| allow_if(&json!({ "BoolCheck": { "source": "Arguments", "field": field, "value": true } }));
    let args = json!({
        "a": { "b": { "c": true, "": true } },
        "list": [false, { "x": true }],
        "/": true, "~": { "1/2": true },
        "a.b": true, "10": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, true],
    });
    for field in ["/a/b/c", "/a/b/", "/list/1/x", "/~1", "/~0/1~12", "a.b", "/a.b", "/10/10"] {
        check(&at(field), &refund(&args), Effect::Allow, Code::Allowed);
    }
    for field in ["/a/b", "/a/c", "/list/0/x", "/list/01/x", "/list/-", "/list/2", "/a/b/c/d", "/nothing", "a/b/c"] {
        check(&at(field), &refund(&args), Effect::Deny, Code::ConditionUnknown);
    }
}

#[test]
fn a_field_and_a_field_within_it_are_both_read() {
    let rules = allow_if(&json!({ "All": [
        { "FieldPresent": { "source": "Arguments", "field": "order" } },
        { "NumericCheck": { "source": "Arguments", "field": "/order/total", "op": "Lte", "value": 5 } },
        { "NumericCheck": { "source": "Arguments", "field": "/order/lines/0/price", "op": "Lte", "value": 5 } },
    ] }));
    let order = |total: Value, lines: Value| refund(&json!({ "order": { "total": total, "lines": lines } }));
    check(&rules, &order(json!(5), json!([{ "price": 1 }])), Effect::Allow, Code::Allowed);
    check(&rules, &order(json!(6), json!([{ "price": 1 }])), Effect::Deny, Code::ConditionFailed);
    check(&rules, &order(json!(5), json!([])), Effect::Deny, Code::ConditionUnknown);
    check(&rules, &refund(&json!({ "order": [5] })), Effect::Deny, Code::ConditionUnknown);
    check_reason(&rules, &order(json!(6), json!([{ "price": 1 }])), Some("r"), "`/order/total` must be at most 5");
}

/// Judges a condition on what the edge knows.
#[track_caller]
fn check_facts(condition: &Value, facts: &RequestFacts, expected: Code) {
    let roles = json!({ "agent": {}, "manager": {} });
    let call = refund(&json!({ "time": 0, "ip": "10.0.0.1", "country": "DE" }));
    let seen = judge_as(&roles, facts, &allow_if(condition), &call, |_, _, decision| decision.code);
    assert_eq!(seen, expected, "{condition} {facts:?}");
}

#[test]
fn what_the_edge_knows_is_a_source_of_its_own() {
    let friday_9_30 = RequestFacts::new(Some(1_795_167_000), Some("10.1.2.3"), Some("DE"));
    let nothing = RequestFacts::default();
    let work = json!({ "TimeCheck": { "from": "09:00", "to": "17:30", "weekdays": ["Mon", "Fri"], "offset": "Z" } });
    check_facts(&work, &friday_9_30, Code::Allowed);
    check_facts(&work, &RequestFacts::new(Some(1_795_167_000 + 8 * 3600), None, None), Code::ConditionFailed);
    check_facts(&work, &RequestFacts::new(Some(1_795_167_000 + 86_400), None, None), Code::ConditionFailed);
    check_facts(&work, &nothing, Code::ConditionUnknown);
    let from =
        |op: &str| json!({ "CidrCheck": { "source": "Request", "field": "ip", "op": op, "value": ["10.0.0.0/8"] } });
    check_facts(&from("In"), &friday_9_30, Code::Allowed);
    check_facts(&from("NotIn"), &friday_9_30, Code::ConditionFailed);
    check_facts(&from("In"), &nothing, Code::ConditionUnknown);
    check_facts(&from("NotIn"), &RequestFacts::new(None, Some("no\" address"), None), Code::ConditionUnknown);
    let country = json!({ "StringCheck": { "source": "Request", "field": "country", "op": "In", "value": ["DE"] } });
    check_facts(&country, &friday_9_30, Code::Allowed);
    check_facts(&country, &RequestFacts::new(None, None, Some("FR")), Code::ConditionFailed);
    check_facts(&country, &RequestFacts::new(None, None, Some("de")), Code::ConditionUnknown);
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

/// Judges a call of a tool whose schema is given.
#[track_caller]
fn check_schema(schema: &Value, args: &Value, expected: Code) {
    let policy = json!({
        "version": "callgate-1",
        "tools": ["other", { "name": "refund", "description": "Pays back", "inputSchema": schema }],
        "roles": { "agent": {} },
        "rules": [{ "effect": "Allow", "tool_name": "*", "roles": ["agent"] }],
    });
    let text = policy.to_string();
    let bytes = compile(&parse(&text).and_then(validate).unwrap_or_else(|problems| panic!("{problems:?}")));
    let image = PolicyImage::open(&bytes).expect("an image");
    let facts = RequestFacts::default();
    let body = refund(args).to_string();
    let call = Call::read(body.as_bytes(), &facts, &image).expect("a call");
    assert_eq!(evaluate(&image, &call).code, expected, "{schema} {args}");
    let body = json!({ "tool": "other", "role": "agent", "args": args }).to_string();
    let call = Call::read(body.as_bytes(), &facts, &image).expect("a call");
    assert_eq!(evaluate(&image, &call).code, Code::Allowed, "a tool without a schema takes any argument");
}

#[test]
fn a_closed_tool_takes_only_the_arguments_that_it_declares() {
    let closed = json!({ "type": "object", "additionalProperties": false,
                         "properties": { "amount": { "type": "number" }, "a/b": {}, "": {} } });
    for args in [json!({}), json!({"amount": 5}), json!({"amount": "x", "a/b": [1], "": {}})] {
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
    check_reason(&hidden, &over, Some("r"), "the condition of rule `r` does not hold");
    let failed = |rules: &Value| judge(rules, &over, |image, _, decision| decision.failed(image).count());
    assert_eq!((failed(&own), failed(&hidden)), (1, 0));
}
