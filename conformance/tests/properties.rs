//! Properties of every policy and every call, tested on random ones that are the same in each run.
#![expect(clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::io::{self, Write as _};

use callgate_conformance::generate::{Language, deny_rule};
use callgate_conformance::json::Json;
use callgate_conformance::judge::{
    Tally, Verdict, compare_policy, compile_text, judge_by_image, policy_of, request_of,
};
use callgate_conformance::reference::Reference;
use callgate_conformance::request::Request;
use callgate_engine::policy::{ConditionForm, convert};
use callgate_engine::{Code, Effect, Format, TargetKind, parse, validate};
use callgate_test_support::assert_same_image;
use fastrand::Rng;

/// The number of calls for each policy. Each test starts at its own seed, so that they use different policies.
const CALLS_PER_POLICY: u64 = 20;

/// A policy, its image and a call, from two seeds.
struct Case<'p> {
    policy: &'p Policy,
    seed: u64,
    call: u64,
    request: Request,
    random: Rng,
}

/// A policy with its image, and another policy that a test derives from it.
struct Policy {
    text: Json,
    image: Vec<u8>,
    other: Json,
    other_image: Vec<u8>,
}

impl Case<'_> {
    /// The output for a failed case, with all data to reproduce it.
    fn place(&self) -> String {
        format!(
            "pair {}:{}\npolicy  {}\nother   {}\nrequest {}\nedge    {}",
            self.seed,
            self.call,
            self.policy.text,
            self.policy.other,
            self.request.body(),
            self.request.facts_object()
        )
    }

    /// The policy's decision for a call.
    #[track_caller]
    fn judge(&mut self, request: &Request) -> Verdict {
        self.judge_by(&self.policy.image, request)
    }

    /// The other policy's decision for a call.
    #[track_caller]
    fn judge_by_other(&mut self, request: &Request) -> Verdict {
        self.judge_by(&self.policy.other_image, request)
    }

    #[track_caller]
    fn judge_by(&mut self, image: &[u8], request: &Request) -> Verdict {
        judge_by_image(image, request, &mut self.random).unwrap_or_else(|problem| panic!("{}\n{problem}", self.place()))
    }
}

/// Prints the number of tested cases, because macros print only in failed tests.
fn say(what: &str) {
    writeln!(io::stderr(), "{what}").expect("standard error");
}

#[track_caller]
fn compile(seed: u64, policy: &Json) -> Vec<u8> {
    compile_text(&policy.to_string()).unwrap_or_else(|problem| panic!("policy {seed} {policy}\n{problem}"))
}

/// Runs `check` on calls of `policies` policies, each with its variant from `change`, and prints the number of calls.
#[track_caller]
fn for_changed(
    name: &str,
    seeds: std::ops::Range<u64>,
    language: Language,
    change: impl Fn(&mut Json, &mut Rng),
    mut check: impl FnMut(&mut Case<'_>),
) {
    let mut pairs = 0_u32;
    for seed in seeds {
        let text = policy_of(seed, language);
        let image = compile(seed, &text);
        let mut other = text.clone();
        change(&mut other, &mut Rng::with_seed(seed));
        let other_image = if other == text { image.clone() } else { compile(seed, &other) };
        let policy = Policy { text, image, other, other_image };
        for call in 0..CALLS_PER_POLICY {
            let (request, random) = request_of(seed, call, &policy.text);
            check(&mut Case { policy: &policy, seed, call, request, random });
            pairs = pairs.saturating_add(1);
        }
    }
    say(&format!("{name}: {pairs} pairs"));
}

/// Like [`for_changed`], with an unchanged policy.
#[track_caller]
fn for_cases(name: &str, seeds: std::ops::Range<u64>, language: Language, check: impl FnMut(&mut Case<'_>)) {
    for_changed(name, seeds, language, |_, _| {}, check);
}

#[test]
fn image_and_reference_agree() {
    let mut tally = Tally::default();
    for seed in 1_000_000..1_000_300 {
        tally.add(compare_policy(seed, 0..CALLS_PER_POLICY));
    }
    say(&format!("image and reference: {} pairs, {:?}", tally.pairs, tally.codes));
    assert!(tally.disagreements.is_empty(), "{}", tally.disagreements.join("\n\n"));
    for code in [
        Code::Allowed,
        Code::ApprovalRequired,
        Code::DeniedByRule,
        Code::ConditionFailed,
        Code::ConditionUnknown,
        Code::NoRule,
        Code::UnknownTool,
        Code::UnknownPrompt,
        Code::AmbiguousResource,
        Code::UnknownRole,
        Code::UndeclaredArgument,
        Code::InvalidArguments,
    ] {
        let count = tally.codes.get(code.name()).copied().unwrap_or_default();
        assert!(count >= 10, "only {count} calls are answered with {}", code.name());
    }
}

fn shuffle_rules(policy: &mut Json, random: &mut Rng) {
    if let Some(Json::Array(rules)) = policy.child_mut("rules") {
        random.shuffle(rules);
    }
}

#[test]
fn the_order_of_rules_never_matters() {
    let language = Language { has_ids: true, ..Language::WHOLE };
    for_changed("order of rules", 2_000_000..2_000_120, language, shuffle_rules, |case| {
        let request = case.request.clone();
        assert_eq!(case.judge_by_other(&request), case.judge(&request), "{}", case.place());
    });
}

#[test]
fn the_order_of_rules_without_an_id_matters_to_their_names_alone() {
    for_changed("order of rules without an id", 2_500_000..2_500_060, Language::WHOLE, shuffle_rules, |case| {
        let request = case.request.clone();
        let (before, after) = (case.judge(&request), case.judge_by_other(&request));
        assert_eq!((after.effect, after.code), (before.effect, before.code), "{}", case.place());
    });
}

#[test]
fn the_order_of_roles_never_matters() {
    for_cases("order of roles", 3_000_000..3_000_120, Language::WHOLE, |case| {
        let mut request = case.request.clone();
        let before = case.judge(&request);
        case.random.shuffle(&mut request.roles);
        assert_eq!(case.judge(&request), before, "{}", case.place());
        // A repeated role adds nothing.
        request.roles.extend(case.request.roles.first().cloned());
        assert_eq!(case.judge(&request), before, "{}", case.place());
    });
}

#[test]
fn an_additional_deny_rule_never_allows_more() {
    let add = |policy: &mut Json, random: &mut Rng| {
        let added = deny_rule(random, policy);
        let mut changed = policy.clone();
        if let Some(Json::Array(rules)) = changed.child_mut("rules") {
            rules.insert(random.usize(0..=rules.len()), added);
        }
        // The rule may read an argument that none of its tools has.
        if parse(&changed.to_string()).and_then(validate).is_ok() {
            *policy = changed;
        }
    };
    for_changed("an additional Deny rule", 4_000_000..4_000_120, Language::WHOLE, add, |case| {
        let request = case.request.clone();
        let (before, after) = (case.judge(&request), case.judge_by_other(&request));
        assert!(
            after.effect == before.effect || after.effect == Effect::Deny,
            "{}\n{before:?} became {after:?}",
            case.place()
        );
    });
}

/// The sources and paths of the fields that a policy's checks read in a call; fields of items stand for themselves.
fn fields_read(value: &Json, fields: &mut Vec<(String, String)>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| fields_read(item, fields)),
        Json::Object(members) => {
            let text = |name: &str| match value.child(name) {
                Some(Json::String(text)) => Some(text.clone()),
                _ => None,
            };
            for (source, field) in [("source", "field"), ("source_a", "field_a"), ("source_b", "field_b")] {
                fields.extend(text(source).zip(text(field)));
            }
            members.iter().for_each(|(_, value)| fields_read(value, fields));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// Removes the member at the end of a path. Items of a list are not removed, because other items would take their
/// positions.
fn take_away(value: &mut Json, path: &[&str]) -> bool {
    match path {
        [] => false,
        [name] => value.remove(name).is_some(),
        [name, rest @ ..] => value.child_mut(name).is_some_and(|child| take_away(child, rest)),
    }
}

/// Removes a field from every item of every list in a value.
fn take_from_items(value: &mut Json, path: &[&str]) -> bool {
    match value {
        Json::Array(items) => items.iter_mut().fold(false, |taken, item| {
            let is_taken = take_away(item, path);
            take_from_items(item, path) || is_taken || taken
        }),
        Json::Object(members) => {
            members.iter_mut().fold(false, |taken, (_, member)| take_from_items(member, path) || taken)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

#[test]
fn a_missing_field_never_makes_a_decision_less_strict() {
    let language = Language { asks_for_absence: false, ..Language::WHOLE };
    let mut taken = 0_u32;
    let mut of_denied = 0_u32;
    for_cases("a missing field", 5_000_000..5_000_120, language, |case| {
        let before = case.judge(&case.request.clone());
        let mut fields = Vec::new();
        if let Some(rules) = case.policy.text.child("rules") {
            fields_read(rules, &mut fields);
        }
        fields.sort();
        fields.dedup();
        fields.push((String::from("Request"), String::from("server")));
        fields.push((String::from("Request"), String::from("time")));
        for (source, field) in fields {
            let mut request = case.request.clone();
            let path: Vec<String> = match field.strip_prefix('/') {
                Some(pointer) => pointer.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect(),
                None => vec![field.clone()],
            };
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let is_taken = match (source.as_str(), field.as_str()) {
                ("Arguments", _) => take_away(&mut request.arguments, &path),
                ("AgentAttributes", _) => take_away(&mut request.agent, &path),
                ("ResourceAttributes", _) => take_away(&mut request.resource, &path),
                ("Item", _) => {
                    let sources = [&mut request.arguments, &mut request.agent, &mut request.resource];
                    sources.map(|source| take_from_items(source, &path)).contains(&true)
                }
                (_, "time") => request.time.take().is_some(),
                (_, "ip") => request.ip.take().is_some(),
                (_, "country") => request.country.take().is_some(),
                _ => request.server.take().is_some(),
            };
            if !is_taken {
                continue;
            }
            taken += 1;
            of_denied += u32::from(before.effect == Effect::Deny);
            let after = case.judge(&request);
            assert!(
                after.effect >= before.effect,
                "{}\nwithout {source} {field}\n{before:?} became {after:?}",
                case.place()
            );
        }
    });
    say(&format!("a missing field: {taken} fields removed, {of_denied} from denied calls"));
    assert!(of_denied > 1_000, "too few fields are removed from denied calls");
}

#[test]
fn an_unknown_name_or_role_is_always_denied() {
    for_cases("unknown names", 6_000_000..6_000_060, Language::WHOLE, |case| {
        let known = case.request.clone();
        let kinds = [
            // Without declarations, a rule may match every name.
            case.policy.text.child("tools").map(|_| (TargetKind::Tool, Code::UnknownTool)),
            case.policy.text.child("prompts").map(|_| (TargetKind::Prompt, Code::UnknownPrompt)),
            Some((TargetKind::ResourceRead, Code::AmbiguousResource)),
        ];
        for (kind, code) in kinds.into_iter().flatten() {
            for name in ["", "*", "view ", "VIEW", "view\0", "no such target"] {
                let seen = case.judge(&Request { kind, name: name.to_owned(), ..known.clone() });
                assert_eq!((seen.effect, seen.code), (Effect::Deny, code), "{}\n{kind:?} {name:?}", case.place());
            }
        }
        for name in ["", "*", "Agent", "agent ", "agent\0", "root"] {
            let seen = case.judge(&Request { roles: vec![name.to_owned(), String::from("nobody")], ..known.clone() });
            assert_eq!(seen.effect, Effect::Deny, "{}\nrole {name:?}", case.place());
        }
    });
}

#[test]
fn a_policy_has_one_image() {
    for seed in 7_000_000..7_000_100 {
        let policy = policy_of(seed, Language::WHOLE);
        assert!(compile(seed, &policy) == compile(seed, &policy), "policy {seed} has two images\n{policy}");
    }
    say("one image: 100 policies");
}

#[test]
fn a_condition_that_is_reported_as_idle_is_idle() {
    let mut idle = 0_u32;
    for seed in 8_000_000..8_005_000 {
        let policy = policy_of(seed, Language::WHOLE);
        let text = policy.to_string();
        let document = parse(&text).expect("a policy");
        // The condition of an approval is not the condition of a rule.
        let rules = document.rules.iter().filter(|rule| rule.approval.is_none());
        let conditions: Vec<_> = rules.map(|rule| rule.condition.clone().map(|it| it.span)).collect();
        let valid = validate(document).expect("a valid policy");
        let reference = Reference::new(&text).expect("a policy");
        // What is so only for a call that fits a schema is no promise about these calls.
        let of_every_call = valid.warnings().iter().filter(|warning| !warning.message.contains("schema"));
        for warning in of_every_call {
            let refuted = match warning.code {
                "never_true" => true,
                "always_true" => false,
                _ => continue,
            };
            // A warning about a part of a condition is no promise about all of it.
            let is_whole = |condition: &Option<std::ops::Range<usize>>| condition.as_ref() == Some(&warning.span);
            if let Some(rule) = conditions.iter().position(is_whole) {
                idle += 1;
                for call in 0..40 {
                    let (request, _) = request_of(seed, call, &policy);
                    let truth = reference.condition_truth(rule, &request);
                    assert!(truth != Some(refuted), "{}: rule {rule} {}", warning.code, request.body());
                }
            }
        }
    }
    say(&format!("idle conditions: {idle}"));
    assert!(idle > 30, "too few conditions are found to be idle: {idle}");
}

#[test]
fn a_rule_that_is_reported_as_never_deciding_changes_no_decision() {
    let (mut idle, mut narrow) = (0_u32, 0_usize);
    for seed in 8_100_000..8_103_000 {
        let policy = policy_of(seed, Language::WHOLE);
        let text = policy.to_string();
        let document = parse(&text).expect("a policy");
        // Without a rule with an approval, the calls that require it are denied.
        let approved: Vec<_> =
            document.rules.iter().filter(|rule| rule.approval.is_some()).map(|it| it.index).collect();
        let targets: Vec<_> = document.rules.iter().map(|rule| (rule.index, rule.target.span.clone())).collect();
        let valid = validate(document).expect("a valid policy");
        let reference = Reference::new(&text).expect("a policy");
        narrow += valid.findings().iter().filter(|finding| finding.code == "not_concerned").count();
        for finding in valid.findings().iter().filter(|finding| finding.code == "never_decides") {
            let found = targets.iter().find(|(rule, span)| *span == finding.span && !approved.contains(rule));
            let Some(&(rule, _)) = found else { continue };
            idle += 1;
            let mut without = policy.clone();
            if let Some(Json::Array(rules)) = without.child_mut("rules") {
                rules.remove(rule);
            }
            let without = Reference::new(&without.to_string()).expect("a policy");
            for call in 0..40 {
                let (request, _) = request_of(seed, call, &policy);
                let (before, after) = (reference.decide(&request).effect, without.decide(&request).effect);
                // A RequireApproval rule with an unknown condition applies only if a rule allows the call.
                let is_needed = finding.message.starts_with("this rule never allows a call")
                    && (before, after) == (Effect::RequireApproval, Effect::Deny);
                assert!(
                    before == after || is_needed,
                    "rule {rule}: {}\n{text}\n{}\n{before:?} became {after:?}",
                    finding.message,
                    request.body()
                );
            }
        }
    }
    say(&format!("rules that never decide: {idle}"));
    assert!(idle > 100, "too few rules are found: {idle}");
    assert!(narrow > 20, "too few rules do not concern a tool: {narrow}");
}

/// The policies of which both forms are compared; for example, `CALLGATE_POLICIES=100000` compares more by hand.
fn converted_policies() -> u64 {
    std::env::var("CALLGATE_POLICIES").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
}

#[test]
fn a_policy_has_the_same_image_with_its_conditions_in_either_form() {
    let mut expressions: usize = 0;
    for seed in 0..converted_policies() {
        let text = policy_of(seed, Language::WHOLE).to_string();
        let convert = |text: &str, form: ConditionForm| {
            convert(text, Format::Json, form).unwrap_or_else(|errors| panic!("{seed}: {errors:#?}\n{text}"))
        };
        let when = convert(&text, ConditionForm::When);
        let condition = convert(&when, ConditionForm::Condition);
        assert_same_image(&text, &when);
        assert_same_image(&text, &condition);
        let canonical = convert(&condition, ConditionForm::When);
        assert_eq!(convert(&convert(&canonical, ConditionForm::Condition), ConditionForm::When), canonical, "{seed}");
        expressions = expressions.saturating_add(when.matches("\"when\"").count());
    }
    assert!(expressions > 1_000, "too few expressions are compared: {expressions}");
}

#[test]
fn the_generator_uses_every_form_of_a_rule() {
    let mut counts = [0_u32; 6];
    for seed in 9_000_000..9_000_300 {
        let text = policy_of(seed, Language::WHOLE).to_string();
        let forms = [
            r#""servers":{"#,
            r#""except":"#,
            r#""roles":"*""#,
            r#""approval":{"#,
            r#""tools":["crm/"#,
            r#""expires":"#,
        ];
        for (count, form) in counts.iter_mut().zip(forms) {
            *count += u32::from(text.contains(form));
        }
    }
    assert!(counts.iter().all(|count| *count >= 10), "{counts:?}");
}
