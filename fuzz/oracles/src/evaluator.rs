//! Compares the engine with the reference evaluator, on policies and calls from the input.
//!
//! An input that starts with `{` has three lines: a policy, a call and the request facts. This finds unexpected values,
//! although most such inputs are not policies.
//!
//! Any other input selects the parts of a policy and of a call, two bytes per part, and each part comes from the random
//! generator. A change of two bytes changes only one part, so the coverage of an input shows which part to change next.

use callgate_conformance::generate::{self, Language};
use callgate_conformance::json::{Json, object};
use callgate_conformance::judge::{Bench, compile_text, policy_of, request_of};
use callgate_conformance::reference::{Reference, Refusal};
use callgate_conformance::when::without_expressions;
use callgate_engine::{Call, PolicyImage};
use fastrand::Rng;

use crate::agreement;
use crate::strict_json;

/// The reference may be slow on calls with more bytes.
const MAX_CALL_BYTES: usize = 8192;

/// Runs both evaluators.
///
/// # Errors
/// Both decisions if they differ, with the policy and the call.
pub fn check(input: &[u8]) -> Result<(), String> {
    if input.starts_with(b"{") {
        return check_lines(input).unwrap_or(Ok(()));
    }
    check_parts(Parts(input))
}

/// `None` if the input is not a call, or not a policy for both evaluators.
fn check_lines(input: &[u8]) -> Option<Result<(), String>> {
    let text = str::from_utf8(input).ok()?;
    let (policy, rest) = text.split_once('\n')?;
    let (body, edge) = rest.split_once('\n').unwrap_or((rest, ""));
    if body.len() > MAX_CALL_BYTES {
        return None;
    }
    let policy_json = strict_json::read(policy.as_bytes())?;
    let call_json = strict_json::read(body.as_bytes())?;
    if !agreement::is_easy(&policy_json) || !agreement::is_easy(&call_json) {
        return None;
    }
    let image = compile_text(policy).ok()?;
    let reference = match Reference::new(policy) {
        Ok(reference) => reference,
        Err(Refusal::Text(error)) => {
            return Some(Err(format!("only the engine reads the policy: {error}\npolicy    {policy}")));
        }
        Err(Refusal::Dialect | Refusal::Expression(_)) => return None,
    };
    let edge = strict_json::read(edge.as_bytes()).unwrap_or(Json::EMPTY);
    let time = match edge.child("time") {
        Some(Json::Number(text)) => text.parse().ok(),
        _ => None,
    };
    let text_of = |name: &str| match edge.child(name) {
        Some(Json::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let request = callgate_conformance::request::Request::from_body(&call_json);
    let (request, facts) = agreement::with_facts(request, time, text_of("ip"), text_of("country"));
    let image = match PolicyImage::open(&image) {
        Ok(image) => image,
        Err(problem) => return Some(Err(format!("the image does not open: {problem:?}\npolicy    {policy}"))),
    };
    // Another target tests invalid calls.
    let call = Call::read(body.as_bytes(), &facts, &image).ok()?;
    let seen = agreement::check(&image, &call, &reference, &request);
    Some(seen.map_err(|problem| format!("{problem}\npolicy    {policy}\ncall      {body}\nedge      {edge}")))
}

/// The selecting bytes; zero after the end.
struct Parts<'i>(&'i [u8]);

impl Parts<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        first
    }

    /// The seed of a part.
    fn number(&mut self) -> u64 {
        u64::from(u16::from_le_bytes([self.byte(), self.byte()]))
    }

    /// The random generator of a part.
    fn random(&mut self) -> Rng {
        Rng::with_seed(self.number())
    }
}

fn check_parts(mut parts: Parts<'_>) -> Result<(), String> {
    let policy = policy_of_parts(&mut parts);
    let text = policy.to_string();
    let say = |problem: String| format!("{problem}\npolicy    {text}");
    let bench = Bench::new(&text).map_err(&say)?;
    // A policy takes longer to make than a call to judge.
    for _ in 0..=parts.byte() % 4 {
        let mut request = generate::request(&mut parts.random(), &policy);
        for source in [&mut request.arguments, &mut request.agent, &mut request.resource] {
            *source = generate::request(&mut parts.random(), &policy).arguments;
        }
        bench.compare(&request, &mut parts.random()).map_err(|problem| {
            say(format!("{problem}\ncall      {}\nedge      {}", request.body(), request.facts_object()))
        })?;
    }
    Ok(())
}

/// A policy without expressions, because their parts cannot be combined.
fn policy_in_json(number: u64) -> Json {
    // INVARIANT: the generator writes expressions that the reader reads.
    without_expressions(policy_of(number, Language::WHOLE)).unwrap_or(Json::EMPTY)
}

/// A policy whose names come from one part and whose conditions come from others.
fn policy_of_parts(parts: &mut Parts<'_>) -> Json {
    const EFFECTS: [&str; 3] = ["Allow", "RequireApproval", "Deny"];
    let mut policy = policy_in_json(parts.number());
    let mut rules = match policy.remove("rules") {
        Some(Json::Array(rules)) => rules,
        _ => Vec::new(),
    };
    for rule in &mut rules {
        let choice = parts.byte();
        if let Some(effect) = EFFECTS.get(usize::from(choice % 4)) {
            rule.remove("effect");
            rule.insert("effect", Json::String((*effect).to_owned()));
            if *effect != "Allow" {
                rule.remove("approval");
            }
        }
        if choice & 4 == 0 {
            rule.remove("condition");
            let operands: Vec<Json> = (0..=choice / 8 % 3).filter_map(|_| condition_of(parts.number())).collect();
            if !operands.is_empty() {
                let name = if choice & 0x80 == 0 { "All" } else { "Any" };
                rule.insert("condition", object([(name, Json::Array(operands))]));
            }
        }
        state_what_denies(rule);
    }
    policy.insert("rules", Json::Array(rules));
    // The tools of a rule may not declare an argument that a condition from another policy reads.
    if compile_text(&policy.to_string()).is_err() {
        open_tools(&mut policy);
    }
    policy
}

/// Lets each tool accept any argument.
fn open_tools(policy: &mut Json) {
    let Some(Json::Array(mut tools)) = policy.remove("tools") else { return };
    for tool in &mut tools {
        if let Some(mut schema) = tool.remove("inputSchema") {
            schema.remove("additionalProperties");
            tool.insert("inputSchema", schema);
        }
    }
    policy.insert("tools", Json::Array(tools));
}

/// Adds schemes and ports to each `UrlCheck` that must state them, because a part came from a rule with another effect.
fn state_what_denies(rule: &mut Json) {
    let denies = match rule.child("effect") {
        Some(Json::String(effect)) if effect == "Deny" => true,
        Some(Json::String(effect)) if effect == "Allow" => false,
        _ => return,
    };
    if let Some(mut condition) = rule.remove("condition") {
        state_in(&mut condition, denies);
        rule.insert("condition", condition);
    }
}

fn state_in(condition: &mut Json, denies: bool) {
    let Json::Object(members) = condition else { return };
    for (name, body) in members {
        match (name.as_str(), body) {
            ("All" | "Any", Json::Array(children)) => children.iter_mut().for_each(|child| state_in(child, denies)),
            ("Not", child) => state_in(child, !denies),
            ("Every" | "Some", check) => {
                if let Some(mut child) = check.remove("condition") {
                    state_in(&mut child, denies);
                    check.insert("condition", child);
                }
            }
            ("UrlCheck", check) if denies => {
                for key in ["schemes", "ports"] {
                    if check.child(key).is_none() {
                        check.insert(key, Json::String("*".to_owned()));
                    }
                }
            }
            _ => {}
        }
    }
}

/// The condition of the first rule with one, in the policy of a seed.
fn condition_of(number: u64) -> Option<Json> {
    let policy = policy_in_json(number);
    match policy.child("rules")? {
        Json::Array(rules) => rules.iter().find_map(|rule| rule.child("condition")).cloned(),
        _ => None,
    }
}

/// The input for a policy and a call of two seeds, as three lines.
pub(crate) fn lines_of(policy: u64, call: u64) -> String {
    let text = policy_of(policy, Language::WHOLE);
    let (request, _) = request_of(policy, call, &text);
    format!("{text}\n{}\n{}", request.body(), request.facts_object())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_lines_reach_both_judges() {
        let judged = |policy| check_lines(lines_of(policy, 0).as_bytes());
        let reached = (0..50).filter_map(judged).inspect(|seen| assert_eq!(*seen, Ok(()))).count();
        assert!(reached >= 40, "only {reached} of 50");
    }

    #[test]
    fn parts_make_policies_that_are_valid() {
        let mut random = Rng::with_seed(1);
        for _ in 0..50 {
            let input: Vec<u8> =
                std::iter::once(b'a').chain(std::iter::repeat_with(|| random.u8(..)).take(60)).collect();
            check(&input).expect("no problem");
        }
        check(b"").expect("no problem");
    }
}
