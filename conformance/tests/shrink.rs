//! A disagreement is reported with the smallest policy and call that show it.
#![expect(clippy::expect_used, clippy::panic, reason = "a test states what must hold by failing")]

use std::ops::Range;

use callgate_conformance::generate::Language;
use callgate_conformance::json::Json;
use callgate_conformance::judge::{compile_text, judge_by_image, policy_of, request_of};
use callgate_conformance::reference::Reference;
use callgate_conformance::request::Request;
use callgate_conformance::shrink::{Disagreement, shrink};
use fastrand::Rng;

/// Compares the image of a policy with a reference that takes one word of the policy for another.
fn compare_with(read: &str, misread: &str, policy: &Json, request: &Request) -> Option<String> {
    let text = policy.to_string();
    let image = compile_text(&text).ok()?;
    let wrong = Reference::new(&text.replace(read, misread)).ok()?.decide(request);
    let seen = judge_by_image(&image, request, &mut Rng::with_seed(0)).expect("a decision");
    ((seen.effect, seen.code) != (wrong.effect, wrong.code)).then(|| format!("{seen:?} {wrong:?}"))
}

/// The smallest pairs that show the mistake, one for each of the first five of these policies that show it.
fn smallest(read: &str, misread: &str, policies: Range<u64>) -> Vec<Disagreement> {
    let compare = |policy: &Json, request: &Request| compare_with(read, misread, policy, request);
    let found = policies.filter_map(|seed| {
        let policy = policy_of(seed, Language::WHOLE);
        if !policy.to_string().contains(read) {
            return None;
        }
        let disagreements = (0..20).map(|call| request_of(seed, call, &policy).0).find_map(|request| {
            let difference = compare(&policy, &request)?;
            Some(Disagreement { policy: policy.clone(), request, difference })
        });
        Some(shrink(disagreements?, compare))
    });
    found.take(5).collect()
}

/// The only rule of a policy, and the only key of its condition with the value of the key.
///
/// A condition on an item cannot be without the list around it.
#[track_caller]
fn only_rule(policy: &Json) -> (&Json, &str, &Json) {
    let Some(Json::Array(rules)) = policy.child("rules") else { panic!("no rules: {policy}") };
    let [rule] = rules.as_slice() else { panic!("more than one rule: {policy}") };
    let mut condition = rule.child("condition").or_else(|| rule.child("approval")?.child("when"));
    loop {
        let Some(Json::Object(members)) = condition else { panic!("no condition: {policy}") };
        let [(kind, check)] = members.as_slice() else { panic!("not a condition: {policy}") };
        if !matches!(kind.as_str(), "Every" | "Some") {
            return (rule, kind, check);
        }
        condition = check.child("condition");
    }
}

#[test]
fn a_wrong_operator_is_shown_by_one_rule_with_one_check() {
    let pairs = smallest(r#""Lte""#, r#""Lt""#, 0..5_000);
    assert_eq!(pairs.len(), 5, "too few disagreements");
    for Disagreement { policy, request, .. } in pairs {
        let (rule, kind, check) = only_rule(&policy);
        let kinds = ["NumericCheck", "LengthCheck", "FieldCompare"];
        assert!(kinds.contains(&kind) && check.child("op") == Some(&Json::String(String::from("Lte"))), "{policy}");
        let needed = [
            "effect",
            "tools",
            "except",
            "tool_name",
            "prompt_name",
            "resource_uri",
            "operations",
            "roles",
            "condition",
            "approval",
        ];
        let Json::Object(members) = rule else { panic!("not a rule: {rule}") };
        assert!(members.iter().all(|(name, _)| needed.contains(&name.as_str())), "{rule}");
        assert_eq!(request.roles.len(), 1, "{}", request.body());
        assert_eq!((&request.server, &request.ip, &request.country), (&None, &None, &None), "{}", request.body());
        // The check reads one or two fields, and nothing else is in the call.
        let fields = [&request.arguments, &request.agent, &request.resource].map(|source| source.parts().len());
        let fields: usize = fields.iter().sum();
        assert!(fields <= if kind == "FieldCompare" { 2 } else { 1 }, "{}", request.body());
    }
}

#[test]
fn a_wrong_combination_is_shown_by_one_rule_with_its_two_conditions() {
    let pairs = smallest(r#""Any""#, r#""All""#, 0..5_000);
    assert_eq!(pairs.len(), 5, "too few disagreements");
    for Disagreement { policy, .. } in pairs {
        let (_, kind, children) = only_rule(&policy);
        assert_eq!((kind, children.parts().len()), ("Any", 2), "{policy}");
    }
}

#[test]
fn a_pair_on_which_the_judges_agree_is_not_reported() {
    assert!(smallest(r#""Lte""#, r#""Lte""#, 0..50).is_empty());
}
