//! Callers whose roles and attributes a token says, and the limits of a deployment.

use callgate_engine::{Call, CallLimits, CallerFacts, Code, Fault, RequestError, RequestFacts, evaluate};
use callgate_test_support::{image_of, open};

/// `open` is for agents of the department `sales`, `close` for managers.
const POLICY: &str = r#"{"version":"callgate-1","tools":["open","close"],"roles":{"agent":{},"manager":{}},"rules":[
    {"effect":"Allow","tool_name":"open","roles":["agent"],"condition":
        {"StringCheck":{"source":"AgentAttributes","field":"/unit/department","op":"In","value":["sales"]}}},
    {"effect":"Allow","tool_name":"close","roles":["manager"]}]}"#;

/// A policy of the other dialect.
const PERSO: &str = r#"{"version":"perso-1.0.0","default_action":"Deny","tools":["open"],"roles":["agent"],
    "rules":[{"tool_name":"open","roles":["agent"],"condition":null}]}"#;

const SALES: &str = r#"{"unit":{"department":"sales"}}"#;

fn caller(roles: &[&str], attributes: &str) -> CallerFacts {
    CallerFacts { roles: roles.iter().map(|&role| role.to_owned()).collect(), attributes: attributes.to_owned() }
}

fn judge_by(
    policy: &str,
    limits: &CallLimits,
    facts: &RequestFacts,
    body: &str,
) -> Result<(Code, Vec<String>), RequestError> {
    let bytes = image_of(policy);
    let image = open(&bytes);
    Call::judge_within(limits, body.as_bytes(), facts, &image, |call| {
        (evaluate(&image, call).code, call.roles.iter().map(ToString::to_string).collect())
    })
}

fn judge(policy: &str, caller: CallerFacts, body: &str) -> Result<(Code, Vec<String>), RequestError> {
    judge_by(policy, &CallLimits::default(), &RequestFacts::default().with_caller(caller), body)
}

#[track_caller]
fn check(roles: &[&str], attributes: &str, body: &str, expected: Result<Code, RequestError>) {
    let seen = judge(POLICY, caller(roles, attributes), body);
    assert_eq!(seen.as_ref().map(|(code, _)| *code).map_err(|error| *error), expected, "{body}");
    if let Ok((_, seen)) = seen {
        assert_eq!(seen, roles, "the roles are those of the token: {body}");
    }
}

#[test]
fn the_roles_are_those_of_the_token() {
    check(&["agent"], SALES, r#"{"tool":"open"}"#, Ok(Code::Allowed));
    check(&["manager"], SALES, r#"{"tool":"open"}"#, Ok(Code::NoRule));
    check(&["manager"], "{}", r#"{"tool":"close"}"#, Ok(Code::Allowed));
    check(&["agent", "manager"], "{}", r#"{"tool":"close"}"#, Ok(Code::Allowed));
    check(&["nobody"], SALES, r#"{"tool":"open"}"#, Ok(Code::UnknownRole));
}

#[test]
fn a_body_may_repeat_the_roles_of_the_token() {
    check(&["agent"], SALES, r#"{"tool":"open","role":"agent"}"#, Ok(Code::Allowed));
    check(&["agent"], SALES, r#"{"roles":["agent"],"tool":"open"}"#, Ok(Code::Allowed));
    check(&["agent"], SALES, r#"{"tool":"open","roles":["agent","agent"]}"#, Ok(Code::Allowed));
    check(&["agent"], SALES, r#"{"tool":"open","role":"\u0061gent"}"#, Ok(Code::Allowed));
    check(&["agent", "manager"], SALES, r#"{"tool":"open","roles":["manager","agent"]}"#, Ok(Code::Allowed));
}

#[test]
fn a_body_that_says_other_roles_is_refused() {
    for roles in [
        r#""role":"manager""#,
        r#""role":"Agent""#,
        r#""role":"""#,
        r#""role":"agent ""#,
        r#""roles":["manager"]"#,
        r#""roles":["agent","manager"]"#,
    ] {
        check(&["agent"], SALES, &format!(r#"{{"tool":"open",{roles}}}"#), Err(RequestError::RolesDiffer));
    }
    check(&["agent", "manager"], SALES, r#"{"tool":"open","role":"agent"}"#, Err(RequestError::RolesDiffer));
    check(&["agent"], SALES, r#"{"tool":"open","roles":[]}"#, Err(RequestError::RoleCount));
}

#[test]
fn roles_are_read_as_strictly_as_without_a_token() {
    use callgate_engine::call::Member;
    check(&["agent"], SALES, r#"{"tool":"open","role":null}"#, Err(RequestError::WrongType(Member::Role)));
    check(&["agent"], SALES, r#"{"tool":"open","roles":"agent"}"#, Err(RequestError::WrongType(Member::Roles)));
    let both = r#"{"tool":"open","role":"agent","roles":["agent"]}"#;
    check(&["agent"], SALES, both, Err(RequestError::Ambiguous(Member::Role)));
}

#[test]
fn the_attributes_are_those_of_the_token() {
    check(&["agent"], r#"{"unit":{"department":"support"}}"#, r#"{"tool":"open"}"#, Ok(Code::ConditionFailed));
    check(&["agent"], "{}", r#"{"tool":"open"}"#, Ok(Code::ConditionUnknown));
    check(&["agent"], r#"{"unit":"sales"}"#, r#"{"tool":"open"}"#, Ok(Code::ConditionUnknown));
    for attributes in [SALES, "{}", "null", "7"] {
        let body = format!(r#"{{"tool":"open","agentAttributes":{attributes}}}"#);
        check(&["agent"], SALES, &body, Err(RequestError::AttributesInToken));
    }
    let broken = r#"{"tool":"open","agentAttributes":{"a":1,"a":2}}"#;
    check(&["agent"], SALES, broken, Err(RequestError::Json(Fault::DuplicateMember)));
}

#[test]
fn arguments_are_no_attributes_of_the_caller() {
    let body = format!(r#"{{"tool":"open","args":{SALES},"resourceAttributes":{SALES}}}"#);
    check(&["agent"], "{}", &body, Ok(Code::ConditionUnknown));
}

#[test]
fn what_no_token_can_say_denies() {
    check(&[], SALES, r#"{"tool":"open"}"#, Err(RequestError::RoleCount));
    for attributes in ["", "[]", "{", "{}{}"] {
        assert!(judge(POLICY, caller(&["agent"], attributes), r#"{"tool":"open"}"#).is_err(), "{attributes}");
    }
}

#[test]
fn a_policy_of_perso_takes_one_role() {
    let body = r#"{"tool":"open"}"#;
    assert_eq!(judge(PERSO, caller(&["agent"], "{}"), body).map(|(code, _)| code), Ok(Code::Allowed));
    assert_eq!(judge(PERSO, caller(&["agent", "other"], "{}"), body), Err(RequestError::RolesNotSupported));
}

#[test]
fn every_call_of_a_batch_has_the_roles_of_the_token() {
    let bytes = image_of(POLICY);
    let image = open(&bytes);
    let facts = RequestFacts::new(Some(0), None, None).with_caller(caller(&["agent"], SALES));
    let batch = br#"{"calls":[{"tool":"open"},{"tool":"close","role":"agent"}]}"#;
    let calls = Call::read_batch(batch, &facts, &image).expect("a batch");
    let codes: Vec<Code> = calls.iter().map(|call| evaluate(&image, call).code).collect();
    assert_eq!(codes, [Code::Allowed, Code::NoRule]);
    let other = br#"{"calls":[{"tool":"open"},{"tool":"close","role":"manager"}]}"#;
    assert_eq!(Call::read_batch(other, &facts, &image).map(drop), Err(RequestError::RolesDiffer));
}

#[test]
fn without_a_token_a_call_says_its_role() {
    use callgate_engine::call::Member;
    let facts = RequestFacts::default();
    let seen = judge_by(POLICY, &CallLimits::default(), &facts, r#"{"tool":"open"}"#);
    assert_eq!(seen, Err(RequestError::Missing(Member::Role)));
}

/// A call with this nesting depth and number of roles.
fn call_of(depth: usize, roles: usize) -> String {
    let lists = depth.saturating_sub(2);
    let roles = vec!["\"agent\""; roles].join(",");
    format!(r#"{{"tool":"open","roles":[{roles}],"args":{{"a":{}0{}}}}}"#, "[".repeat(lists), "]".repeat(lists))
}

#[test]
fn a_deployment_may_set_lower_limits_and_none_higher() {
    let read = |limits: &CallLimits, body: &str| {
        judge_by(POLICY, limits, &RequestFacts::default(), body).map(drop).map_err(RequestError::code)
    };
    let low = CallLimits::new(4, 2, 3);
    for (limits, depth, roles) in
        [(low, 4, 3), (CallLimits::default(), 32, 32), (CallLimits::new(usize::MAX, usize::MAX, usize::MAX), 32, 32)]
    {
        assert_eq!(read(&limits, &call_of(depth, roles)), Ok(()));
        assert_eq!(read(&limits, &call_of(depth.saturating_add(1), roles)), Err("too_deep"));
        assert_eq!(read(&limits, &call_of(depth, roles.saturating_add(1))), Err("role_count"));
    }
    assert_eq!(CallLimits::new(0, 0, 0), CallLimits::new(2, 1, 1));
}

#[test]
fn a_token_may_have_as_many_roles_as_a_body() {
    let low = CallLimits::new(4, 2, 3);
    let judge = |roles: &[&str]| {
        let facts = RequestFacts::default().with_caller(caller(roles, SALES));
        judge_by(POLICY, &low, &facts, r#"{"tool":"open"}"#).map(|(code, _)| code)
    };
    assert_eq!(judge(&["a", "b", "agent"]), Ok(Code::Allowed));
    assert_eq!(judge(&["a", "b", "c", "agent"]), Err(RequestError::RoleCount));
}

#[test]
fn a_batch_has_as_many_calls_as_the_deployment_lets_it() {
    let bytes = image_of(POLICY);
    let image = open(&bytes);
    let facts = RequestFacts::default();
    let count = |limits: &CallLimits, calls: usize| {
        let body = format!(r#"{{"calls":[{}]}}"#, vec![call_of(2, 1); calls].join(","));
        Call::read_batch_within(limits, body.as_bytes(), &facts, &image).map(|calls| calls.len())
    };
    let low = CallLimits::new(2, 2, 1);
    assert_eq!((count(&low, 2), count(&low, 3)), (Ok(2), Err(RequestError::CallCount)));
    assert_eq!(count(&CallLimits::default(), 100), Ok(100));
    assert_eq!(count(&CallLimits::default(), 101), Err(RequestError::CallCount));
}
