//! Policies as users write them: `callgate check` reports where a policy cannot mean what is wanted, and another policy
//! decides the same calls as wanted.

use std::fs::read_dir;

use callgate_engine::RequestFacts;
use callgate_engine::policy::text::{Format, Positions, Severity};
use callgate_test_support::{checkout_path, decide_with, findings_of, image_of, read_checkout};
use jiff::Timestamp;
use serde_json::Value;

const FOLDER: &str = "testdata/field";

/// The cases: each has a policy as it was written, the findings on it, the calls with the decisions that are wanted
/// and, if the policy cannot mean it, one that does.
#[expect(clippy::unwrap_used, reason = "a test states what must be true by failing")]
fn cases() -> Vec<(String, Value)> {
    let files = read_dir(checkout_path(FOLDER)).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    let read =
        |name: String| (name.clone(), serde_json::from_str(&read_checkout(&format!("{FOLDER}/{name}"))).unwrap());
    names.into_iter().map(read).collect()
}

fn members<'c>(case: &'c Value, key: &str) -> &'c [Value] {
    case[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The findings on a policy: their codes and the pointers of their positions.
fn found(policy: &Value) -> Vec<(String, String)> {
    let text = policy.to_string();
    let positions = Positions::new(&text, Format::Json);
    let place = |span| positions.pointer(span).unwrap_or_default();
    findings_of(&text).iter().map(|finding| (finding.code.to_owned(), place(&finding.span))).collect()
}

fn has_error(policy: &Value) -> bool {
    findings_of(policy).iter().any(|finding| finding.severity == Severity::Error)
}

/// The calls that a policy without errors does not decide as wanted.
fn misjudged<'c>(policy: &Value, case: &'c Value) -> Vec<&'c Value> {
    let image = image_of(policy);
    let differs = |call: &&Value| {
        let time = call["time"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        let facts = RequestFacts::new(time.map(Timestamp::as_second), None, None);
        decide_with(&image, &facts, &call["call"]).effect.name() != call["decision"]
    };
    members(case, "calls").iter().filter(differs).collect()
}

#[test]
fn a_policy_that_cannot_mean_what_is_wanted_is_reported_there() {
    for (name, case) in cases() {
        let seen = found(&case["written"]);
        for finding in members(&case, "reported") {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            assert!(seen.contains(&(text("code"), text("at"))), "{name}: {finding}\n{seen:#?}");
        }
        let is_wrong = has_error(&case["written"]) || !misjudged(&case["written"], &case).is_empty();
        assert_eq!(is_wrong, case["rewritten"].is_object(), "{name}: only a wrong policy is rewritten");
        assert!(!is_wrong || !members(&case, "reported").is_empty(), "{name}: a wrong policy is reported");
    }
}

#[test]
fn the_rewritten_policy_decides_every_call_as_wanted() {
    for (name, case) in cases() {
        let is_rewritten = case["rewritten"].is_object();
        let policy = &case[if is_rewritten { "rewritten" } else { "written" }];
        assert!(!has_error(policy), "{name}: {:#?}", findings_of(policy));
        assert_eq!(misjudged(policy, &case), Vec::<&Value>::new(), "{name}");
        let codes: Vec<&Value> = members(&case, "reported").iter().map(|finding| &finding["code"]).collect();
        let left: Vec<_> = found(policy).into_iter().filter(|(code, _)| codes.iter().any(|it| *it == code)).collect();
        assert!(!is_rewritten || left.is_empty(), "{name}: {left:?}");
    }
}

#[test]
fn every_case_has_calls_with_two_decisions() {
    let cases = cases();
    assert!(cases.len() >= 20, "{}", cases.len());
    for (name, case) in cases {
        let decisions: Vec<&Value> = members(&case, "calls").iter().map(|call| &call["decision"]).collect();
        assert!(decisions.iter().any(|decision| Some(decision) != decisions.first()), "{name}");
    }
}
