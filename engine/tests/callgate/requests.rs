//! The members of a call that do not affect the decision.

use callgate_engine::call::{Member, UnknownMember};
use callgate_engine::{Call, Code, PolicyImage, RequestError, RequestFacts, evaluate};
use callgate_test_support::{image_of, open};
use serde_json::{Value, json};

/// Reads a call for a policy that reads 14 fields, so that the search for fields is binary, and passes the call to
/// `look`.
#[track_caller]
fn read<T>(call: &str, look: impl FnOnce(&PolicyImage<'_>, Result<Call<'_>, RequestError>) -> T) -> T {
    let fields: Vec<Value> = (0..14)
        .map(|n| json!({ "NumericCheck": { "source": "Arguments", "field": format!("f{n}"), "op": "Eq", "value": n } }))
        .collect();
    let policy = json!({
        "version": "callgate-1", "tools": ["refund"], "roles": { "agent": {} },
        "rules": [{ "effect": "Allow", "tool_name": "refund", "roles": ["agent"], "condition": { "All": fields } }],
    });
    let bytes = image_of(policy);
    let image = open(&bytes);
    let facts = RequestFacts::new(Some(0), Some("10.0.0.1"), Some("DE"));
    look(&image, Call::read(call.as_bytes(), &facts, &image))
}

#[test]
fn what_the_host_says_of_a_call_is_kept() {
    let said = |extra: &str| {
        read(&format!(r#"{{"tool":"refund","role":"agent"{extra}}}"#), |_, call| {
            let call = call.expect("a call");
            let server = call.server.as_deref().map(str::to_owned);
            (call.arguments.to_owned(), server, call.trace_id.as_deref().map(str::to_owned), call.wants_digest)
        })
    };
    assert_eq!(said(""), ("{}".to_owned(), None, None, true));
    assert_eq!(said(r#","server":"""#), ("{}".to_owned(), None, None, true));
    let extra = r#","args": {"a" :1 },"server":"crm","traceId":"t\u0031","argsDigest":false"#;
    assert_eq!(said(extra), (r#"{"a" :1 }"#.to_owned(), Some("crm".to_owned()), Some("t1".to_owned()), false));
    assert!(said(r#","argsDigest":true"#).3);
    for (extra, expected) in [
        (r#","argsDigest":1"#, RequestError::WrongType(Member::ArgsDigest)),
        (r#","server":1"#, RequestError::WrongType(Member::Server)),
        (r#","traceId":{}"#, RequestError::WrongType(Member::TraceId)),
        (r#","args":[]"#, RequestError::WrongType(Member::Args)),
        (r#","other":1"#, RequestError::UnknownMember(UnknownMember::of_call(b"other"))),
    ] {
        let body = format!(r#"{{"tool":"refund","role":"agent"{extra}}}"#);
        let error = read(&body, |_, call| call.expect_err("no call"));
        assert_eq!((error, error.to_string()), (expected, expected.detail().into_owned()), "{body}");
    }
}

#[test]
fn many_fields_are_found_in_any_order() {
    let judge = |names: &[usize], wrong: Option<usize>| {
        let value = |n: usize| if wrong == Some(n) { 99 } else { n };
        let args: Vec<String> = names.iter().map(|&n| format!("\"f{n}\":{}", value(n))).collect();
        let body = format!(r#"{{"tool":"refund","role":"agent","args":{{{}}}}}"#, args.join(","));
        read(&body, |image, call| evaluate(image, &call.expect("a call")).code)
    };
    let forward: Vec<usize> = (0..14).collect();
    let backward: Vec<usize> = (0..14).rev().collect();
    for names in [&forward, &backward] {
        assert_eq!(judge(names, None), Code::Allowed);
        for n in 0..14 {
            assert_eq!(judge(names, Some(n)), Code::ConditionFailed, "{n}");
        }
        // The most fields with a linear search.
        for count in [11, 12, 13] {
            assert_eq!(judge(names.get(..count).expect("fewer"), None), Code::ConditionUnknown, "{count}");
            let wrong = names.first().copied();
            assert_eq!(judge(names.get(..count).expect("fewer"), wrong), Code::ConditionFailed, "{count}");
        }
    }
}
