//! The errors of expressions, each with its place.

use std::fmt::Write as _;

use callgate_engine::Format;
use callgate_engine::policy::text::Positions;
use callgate_test_support::{checkout_path, errors_of, findings_of, read_checkout};
use serde_json::json;

use crate::{policy, with_when};

/// Each invalid expression, followed by its errors: the code, the bytes that it is about, the message and the fix.
const ERRORS: &str = "engine/tests/when/errors.txt";

#[test]
fn every_invalid_expression_has_the_errors_of_the_table() {
    let table = read_checkout(ERRORS);
    let mut seen = String::new();
    for when in table.lines().filter(|line| !line.starts_with("    ")) {
        let text = with_when(when);
        writeln!(seen, "{when}").expect("a string accepts all text");
        let findings = findings_of(&text);
        assert!(!findings.is_empty(), "{when} is invalid");
        for error in findings {
            let place = text.get(error.span.clone()).unwrap_or_else(|| panic!("{when}: {:?}", error.span));
            let place = place.replace("\\\"", "\"").replace("\\\\", "\\");
            let fix = error.fix.map(|fix| format!(" [{fix}]")).unwrap_or_default();
            writeln!(seen, "    {} at {place}: {}{fix}", error.code, error.message).expect("a string accepts all text");
        }
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(checkout_path(ERRORS), &seen).unwrap_or_else(|error| panic!("{error}"));
    }
    let table = read_checkout(ERRORS);
    let changed: Vec<&str> = seen.lines().filter(|line| !table.lines().any(|known| known == *line)).collect();
    assert!(changed.is_empty(), "errors changed; if that is meant, run this test with BLESS=1: {changed:#?}");
    assert_eq!(seen.lines().count(), table.lines().count(), "{ERRORS} has errors that are gone");
}

#[test]
fn an_error_leads_to_a_line_a_column_and_the_pointer_of_the_expression() {
    let text = "{ \"version\": \"callgate-1\", \"tools\": [\"tool\"], \"roles\": { \"agent\": {} },\n  \"rules\": [\n\
        {\"effect\": \"Allow\", \"tool_name\": \"tool\", \"roles\": [\"agent\"],\n\
        \"when\": \"args.a == \\\"x\\\" && arg.b\"} ] }";
    let errors = errors_of(text);
    let positions = Positions::new(text, Format::Json);
    let place: Vec<_> = errors.iter().map(|error| positions.position(&error.span)).collect();
    let [place] = place.as_slice() else { panic!("{errors:#?}") };
    assert_eq!((place.line, place.column, place.pointer.as_deref()), (4, 29, Some("/rules/0/when")));
}

#[test]
fn several_errors_of_an_expression_are_reported_together() {
    let codes: Vec<_> =
        errors_of(with_when("arg.a == 1 && args.b.foo() || args.c == null")).iter().map(|e| e.code).collect();
    assert_eq!(codes, ["unknown_name", "unknown_function", "unsupported_expression"]);
}

#[test]
fn a_rule_has_one_condition() {
    let condition = json!({ "BoolCheck": { "source": "Arguments", "field": "a", "value": true } });
    let both = policy(&json!({ "when": "args.a", "condition": condition }));
    let codes: Vec<_> = errors_of(both).iter().map(|error| error.code).collect();
    assert_eq!(codes, ["several_conditions"]);
    for wrong in [json!(true), json!(null), json!({}), json!(["args.a"])] {
        let codes: Vec<_> = errors_of(policy(&json!({ "when": wrong }))).iter().map(|error| error.code).collect();
        assert_eq!(codes, ["wrong_type"], "{wrong}");
    }
}

#[test]
fn a_long_or_deep_expression_is_an_error() {
    let code = |when: &str| errors_of(with_when(when)).first().map(|error| error.code);
    assert_eq!(code(&format!("args.a{}", " ".repeat(16 * 1024))), Some("invalid_expression"));
    for (open, close) in
        [("(", ")"), ("!", ""), ("[", "]"), ("args.a[", "]"), ("has(", ")"), ("{1:", "}"), ("args.a ? args.b : ", "")]
    {
        let deep = format!("{}args.a{}", open.repeat(800), close.repeat(800));
        assert_eq!(code(&deep), Some("invalid_expression"), "{open}");
    }
    let doubled = (0..20).fold(String::from("args.a"), |inner, _| format!("({inner} ? args.b : args.c)"));
    assert_eq!(code(&doubled), Some("too_many_conditions"));
}

#[test]
fn a_long_path_is_not_deep() {
    let long = format!("args{} == 1", ".a".repeat(5000));
    assert!(findings_of(with_when(&long)).is_empty());
}

#[test]
fn the_checks_of_conditions_apply_to_expressions() {
    for (when, code, place) in [
        ("path(args.a).isInside(\"/a/../b\")", "bad_root", "\"/a/../b\""),
        ("path(args.a).isInside([\"/a\", \"b\"])", "mixed_roots", "path(args.a).isInside([\"/a\", \"b\"])"),
        ("cidr(\"10.0.0.1/8\").containsIP(request.ip)", "bad_network", "\"10.0.0.1/8\""),
        ("url(args.a).isOneOf([\"ft_p://x.org\"])", "bad_scheme", "\"ft_p://x.org\""),
        ("url(args.a).isOneOf([\"https://127.1\"])", "bad_host", "\"https://127.1\""),
        ("url(args.a).isOneOf([\"https://x.org/a/\"])", "bad_path", "\"https://x.org/a/\""),
        ("args.a in []", "empty_list", "args.a in []"),
        ("args.a.startsWith(\"\")", "always_true", "\"\""),
        ("args.a == args.a", "same_field", "args.a == args.a"),
        ("request.country == \"de\"", "bad_country", "\"de\""),
        ("size(args.a) < -1", "bad_length", "-1"),
        ("args.a.matches(r\"\\bx\\b\")", "bad_regex", "r\"\\bx\\b\""),
    ] {
        let text = with_when(when);
        let place = json!(place).to_string();
        let place = place.strip_prefix('"').and_then(|place| place.strip_suffix('"')).unwrap_or_default();
        let errors = errors_of(&text);
        let seen: Vec<_> =
            errors.iter().map(|error| (error.code, text.get(error.span.clone()).unwrap_or("?"))).collect();
        assert_eq!(seen, [(code, place)], "{when}");
    }
}
