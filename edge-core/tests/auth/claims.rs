//! Token claims, and their validity.

use callgate_edge_core::Problem;
use callgate_edge_core::auth::Algorithm;
use callgate_engine::CallerFacts;
use serde_json::{Value, json};

use crate::issuer::{NOW, assert_enters, assert_refused, claims, deployment, enter_at, of, seal, section, token};

const ALGORITHM: Algorithm = Algorithm::Hs256;

/// Whether a token with some changed claims is accepted.
#[track_caller]
fn check(changes: Value, enters: bool) {
    let token = token(ALGORITHM, changes);
    if enters {
        assert_enters(&of(ALGORITHM), &token);
    } else {
        assert_refused(&of(ALGORITHM), &token);
    }
}

/// Whether a token with a number in its text is accepted.
#[track_caller]
fn check_number(name: &str, number: &str, enters: bool) {
    let mut claims = claims();
    claims[name] = "#".into();
    let text = claims.to_string().replace("\"#\"", number);
    let token = seal(ALGORITHM, r#"{"alg":"HS256"}"#, &text);
    if enters {
        assert_enters(&of(ALGORITHM), &token);
    } else {
        assert_refused(&of(ALGORITHM), &token);
    }
}

#[test]
fn a_token_ends_with_the_leeway() {
    check(json!({"exp": NOW + 1}), true);
    check(json!({"exp": NOW}), true);
    check(json!({"exp": NOW - 29}), true);
    check(json!({"exp": NOW - 30}), false);
    check(json!({"exp": NOW - 31}), false);
    check(json!({"exp": 0}), false);
    check(json!({"exp": null}), false);
}

#[test]
fn without_a_leeway_a_token_ends_on_the_second() {
    let mut strict = section(ALGORITHM);
    strict["leewaySeconds"] = 0.into();
    let strict = deployment(&strict);
    assert_enters(&strict, &token(ALGORITHM, json!({"exp": NOW + 1, "nbf": NOW})));
    assert_refused(&strict, &token(ALGORITHM, json!({"exp": NOW, "nbf": NOW})));
    assert_refused(&strict, &token(ALGORITHM, json!({"exp": NOW + 1, "nbf": NOW + 1})));
}

#[test]
fn a_token_begins_with_the_leeway() {
    check(json!({"nbf": NOW}), true);
    check(json!({"nbf": NOW + 30}), true);
    check(json!({"nbf": NOW + 31}), false);
    check(json!({"nbf": NOW + 86_400}), false);
    check(json!({"nbf": "0"}), false);
    check(json!({"nbf": [0]}), false);
    check_number("nbf", "null", false);
}

#[test]
fn times_are_plain_numbers() {
    for (number, enters) in [
        (&*(NOW + 60).to_string(), true),
        (&*format!("{NOW}.5"), true),
        (&*format!("{}.999", NOW - 30), false),
        (&*format!("{}.0", NOW - 29), true),
        ("9223372036854775807", true),
        ("9223372036854775808", false),
        ("1e10", false),
        ("1E+10", false),
        ("-1", false),
        ("-0", false),
        ("true", false),
        ("\"9999999999\"", false),
        ("[9999999999]", false),
        ("{}", false),
    ] {
        check_number("exp", number, enters);
    }
    check_number("nbf", &format!("{}.0", NOW + 30), true);
    check_number("nbf", &format!("{}.001", NOW + 30), false);
    check_number("nbf", "9223372036854775807.9", false);
}

#[test]
fn time_passes() {
    let authentication = of(ALGORITHM);
    let credential = ["Bearer ", &token(ALGORITHM, json!({"nbf": NOW}))].concat();
    for (now, enters) in
        [(NOW - 31, false), (NOW - 30, true), (NOW + 89, true), (NOW + 90, false), (i64::MAX, false), (i64::MIN, false)]
    {
        let outcome = enter_at(&authentication, Some(&credential), now);
        assert_eq!(outcome.is_ok(), enters, "{now}");
        assert!(enters || outcome == Err(Problem::Unauthenticated));
    }
}

#[test]
fn the_issuer_is_ours() {
    for issuer in [
        json!("https://issuer.example/"),
        json!("https://Issuer.example"),
        json!("https://issuer.exampl"),
        json!(""),
        json!(["https://issuer.example"]),
        json!({"https://issuer.example": true}),
        json!(1),
        json!(null),
    ] {
        check(json!({"iss": issuer}), false);
    }
}

#[test]
fn the_audience_is_us() {
    check(json!({"aud": ["callgate"]}), true);
    check(json!({"aud": ["other", "callgate"]}), true);
    for audience in [
        json!("other"),
        json!("Callgate"),
        json!("callgate "),
        json!("callgate other"),
        json!(""),
        json!([]),
        json!(["other"]),
        json!(["callgate", 1]),
        json!([1, "callgate"]),
        json!([["callgate"]]),
        json!({"callgate": true}),
        json!(true),
        json!(null),
    ] {
        check(json!({"aud": audience}), false);
    }
    let mut several = section(ALGORITHM);
    several["audience"] = json!(["first", "second"]);
    let several = deployment(&several);
    for (audience, enters) in [(json!("second"), true), (json!(["x", "first"]), true), (json!("callgate"), false)] {
        assert_eq!(crate::issuer::enter(&several, &token(ALGORITHM, json!({"aud": audience}))).is_ok(), enters);
    }
}

#[test]
fn the_subject_is_a_name() {
    for subject in [json!(""), json!(7), json!(["agent-7"]), json!({"name": "agent-7"}), json!(null)] {
        check(json!({"sub": subject}), false);
    }
    let mut service = section(ALGORITHM);
    service["claims"] = json!({"subject": "/common_name", "roles": "/roles"});
    let service = deployment(&service);
    let caller = assert_enters(&service, &token(ALGORITHM, json!({"sub": "", "common_name": "client.access"})));
    assert_eq!(caller.principal.as_deref(), Some("client.access"));
    assert_refused(&service, &token(ALGORITHM, json!({})));
}

#[test]
fn roles_are_one_to_thirty_two_texts() {
    let roles_of = |roles: Value| {
        let caller = assert_enters(&of(ALGORITHM), &token(ALGORITHM, json!({"roles": roles})));
        caller.token.expect("facts").roles
    };
    assert_eq!(roles_of(json!("support")), ["support"]);
    assert_eq!(roles_of(json!(["support", "admin", "support"])), ["support", "admin"]);
    // The text is one role, not two roles separated by a space.
    assert_eq!(roles_of(json!("support admin")), ["support admin"]);
    let many = |count: usize| (0..count).map(|at| format!("role-{at}")).collect::<Vec<_>>();
    assert_eq!(roles_of(json!(many(32))), many(32));
    for roles in [
        json!([]),
        json!(""),
        json!(["support", ""]),
        json!(["support", 1]),
        json!(["support", null]),
        json!([["support"]]),
        json!({"support": true}),
        json!(1),
        json!(true),
        json!(many(33)),
        json!(vec!["support"; 33]),
        json!(null),
    ] {
        check(json!({"roles": roles}), false);
    }
    check_number("roles", "null", false);
}

#[test]
fn claims_stand_where_the_configuration_says() {
    let mut nested = section(ALGORITHM);
    nested["claims"] = json!({
        "roles": "/https:~1~1issuer.example~1access/realm/roles",
        "attributes": {"department": "/custom/department", "limits": "/custom/limits", "first": "/custom/list/0", "a\"b": "/custom/m~0n", "none": "/custom/none"},
    });
    let nested = deployment(&nested);
    let access = json!({"realm": {"roles": ["support"]}});
    let custom = json!({"department": "sales \"é\"", "limits": {"refund": [1, 2.50]}, "list": [null, 1], "m~n": false});
    let token =
        token(ALGORITHM, json!({"roles": ["admin"], "https://issuer.example/access": access, "custom": custom}));
    let CallerFacts { roles, attributes } = assert_enters(&nested, &token).token.expect("facts");
    assert_eq!(roles, ["support"]);
    let read = callgate_engine::json::read(attributes.as_bytes(), 16).expect("strict JSON");
    assert_eq!(read.length(), Some(4), "a claim that the token lacks is not an attribute: {attributes}");
    let expected = json!({"department": "sales \"é\"", "limits": {"refund": [1, 2.5]}, "first": null, "a\"b": false});
    assert_eq!(serde_json::from_str::<Value>(&attributes).expect("JSON"), expected);
    assert_refused(&nested, &crate::issuer::token(ALGORITHM, json!({})));
}

#[test]
fn claims_are_an_object() {
    for claims in ["[]", "\"callgate\"", "null", "1", "", "not JSON"] {
        assert_refused(&of(ALGORITHM), &seal(ALGORITHM, r#"{"alg":"HS256"}"#, claims));
    }
}
