//! Expressions are true, false or unknown, as conditions are.

use callgate_engine::{Code, Effect};
use callgate_test_support::{decide, image_of};
use serde_json::{Value, json};

use crate::with_when;

/// The effect and the code of an expression in an Allow rule, for some arguments.
#[track_caller]
fn decision(when: &str, args: &Value) -> (Effect, Code) {
    let body =
        json!({ "tool": "tool", "role": "agent", "args": args, "agentAttributes": { "name": "ana", "limit": 5 } });
    let answer = decide(&image_of(with_when(when)), body);
    (answer.effect, answer.code)
}

#[test]
fn each_expression_has_a_true_a_false_and_an_unknown_call() {
    for (when, met, unmet, unknown) in [
        ("args.a <= 500", json!(500), json!(501), json!("1")),
        ("args.a == \"x\"", json!("x"), json!("y"), json!(1)),
        ("args.a != \"x\"", json!("y"), json!("x"), json!(null)),
        ("args.a in [\"x\", \"y\"]", json!("y"), json!("z"), json!(["x"])),
        ("args.a in [1, 2]", json!(2), json!(3), json!("1")),
        ("!(args.a in [\"x\"])", json!("y"), json!("x"), json!(1)),
        ("args.a", json!(true), json!(false), json!("true")),
        ("!args.a", json!(false), json!(true), json!(0)),
        ("args.a == agent.name", json!("ana"), json!("ben"), json!(1)),
        ("args.a != agent.name", json!("ben"), json!("ana"), json!({})),
        ("args.a < agent.limit", json!(4), json!(5), json!("4")),
        ("number(args.a) == number(agent.limit)", json!(5), json!(4), json!("5")),
        ("size(args.a) < 3", json!("ab"), json!([1, 2, 3]), json!(1)),
        ("args.a.startsWith(\"x\")", json!("xy"), json!("yx"), json!(["x"])),
        ("args.a.matches(\"b\")", json!("abc"), json!("ac"), json!(1)),
        ("args.a.matches(\"^b\")", json!("bc"), json!("ab"), json!(1)),
        ("args.a.lowerAscii() == \"x\"", json!("X"), json!("y"), json!(1)),
        ("args.a.all(i, i > 1)", json!([2, 3]), json!([1, 2]), json!(["2"])),
        ("args.a.exists(i, i.n == 1)", json!([{ "n": 1 }]), json!([{ "n": 2 }]), json!([{}])),
        ("keys(args.a).all(k, k in [\"x\"])", json!({ "x": 1 }), json!({ "y": 1 }), json!("x")),
        ("path(args.a).isInside(\"/srv\")", json!("/srv/x"), json!("/etc"), json!("/srv/../etc")),
        (
            "url(args.a).isOneOf([\"https://x.org\"])",
            json!("https://x.org/a"),
            json!("https://y.org"),
            json!("//x.org"),
        ),
        ("url(args.a).getHost() == \"x.org\"", json!("http://x.org:1/"), json!("http://y.org"), json!("x.org")),
        ("cidr(\"10.0.0.0/8\").containsIP(args.a)", json!("10.1.2.3"), json!("8.8.8.8"), json!("10.1")),
        ("args.a == 1 ? args.a < 2 : args.a == 3", json!(3), json!(2), json!("1")),
    ] {
        let of = |value: Value| decision(when, &json!({ "a": value }));
        assert_eq!(of(met), (Effect::Allow, Code::Allowed), "{when} is true");
        assert_eq!(of(unmet), (Effect::Deny, Code::ConditionFailed), "{when} is false");
        assert_eq!(of(unknown), (Effect::Deny, Code::ConditionUnknown), "{when} is unknown");
        assert_eq!(decision(when, &json!({})), (Effect::Deny, Code::ConditionUnknown), "{when} is unknown without `a`");
    }
}

#[test]
fn has_is_false_for_null_and_for_a_missing_field() {
    assert_eq!(decision("has(args.a)", &json!({ "a": 0 })), (Effect::Allow, Code::Allowed));
    assert_eq!(decision("has(args.a)", &json!({ "a": null })), (Effect::Deny, Code::ConditionFailed));
    assert_eq!(decision("has(args.a)", &json!({})), (Effect::Deny, Code::ConditionFailed));
    assert_eq!(decision("has(args.a.b)", &json!({ "a": "{}" })), (Effect::Deny, Code::ConditionUnknown));
}

#[test]
fn an_unknown_part_does_not_hide_a_part_that_decides() {
    assert_eq!(decision("args.a == 1 || args.b == 2", &json!({ "b": 2 })), (Effect::Allow, Code::Allowed));
    assert_eq!(decision("args.a == 1 && args.b == 2", &json!({ "b": 3 })), (Effect::Deny, Code::ConditionFailed));
    assert_eq!(decision("args.a == 1 && args.b == 2", &json!({ "b": 2 })), (Effect::Deny, Code::ConditionUnknown));
    assert_eq!(decision("!(args.a == 1)", &json!({})), (Effect::Deny, Code::ConditionUnknown));
}

#[test]
fn a_reason_shows_an_expression_as_its_author_wrote_it() {
    let reason = |when: &str| {
        let image = image_of(with_when(when));
        decide(&image, json!({ "tool": "tool", "role": "agent", "args": { "a": "x" } })).reason
    };
    assert_eq!(reason("args.a.matches(\"b+\")"), "`a` must match `b+`");
    assert_eq!(reason("args.a.matches(\"^b+$\")"), "`a` must match `b+`");
    assert_eq!(reason("args.a.matches([\"b+\", \"(?i)^c$\"])"), "`a` must match one of `(?i)c`, `b+`");
    assert_eq!(reason("!args.a.matches(\"x\")"), "`a` must not match `x`");
}
