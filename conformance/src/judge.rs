//! Compares both evaluators on pairs of policy and call.

use std::collections::BTreeMap;

use callgate_engine::{Call, Code, Effect, PolicyImage, compile, evaluate, parse, validate};
use fastrand::Rng;

use crate::generate::{self, Language};
use crate::json::Json;
use crate::reference::Reference;
use crate::request::Request;

/// The decision of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Allow, RequireApproval or Deny.
    pub effect: Effect,
    /// The code.
    pub code: Code,
    /// The name of the rule that decided, or of the nearest rule.
    pub rule: Option<String>,
    /// The reason, for people.
    pub reason: String,
}

/// Compiles a policy text.
///
/// # Errors
/// The errors of the policy, for developers of callgate.
pub fn compile_text(text: &str) -> Result<Vec<u8>, String> {
    let policy = parse(text).and_then(validate).map_err(|problems| format!("{problems:#?}"))?;
    Ok(compile(&policy))
}

/// Evaluates a call with an image; `random` selects the spelling of its body.
///
/// # Errors
/// The image cannot be opened or the body cannot be read, neither of which may happen for generated inputs.
pub fn judge_by_image(image: &[u8], request: &Request, random: &mut Rng) -> Result<Verdict, String> {
    let image = PolicyImage::open(image).map_err(|error| format!("the image is refused: {error:?}"))?;
    let body = request.body().spell(random);
    let facts = request.facts();
    let call =
        Call::read(body.as_bytes(), &facts, &image).map_err(|error| format!("the body is refused: {error}\n{body}"))?;
    let decision = evaluate(&image, &call);
    let mut reason = String::new();
    decision.write_reason(&image, &call, &mut reason);
    Ok(Verdict { effect: decision.effect, code: decision.code, rule: decision.rule(&image).map(str::to_owned), reason })
}

/// The number of decisions with each code, and the disagreements.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The number of compared pairs.
    pub pairs: u64,
    /// The number of decisions with each code, by its name.
    pub codes: BTreeMap<&'static str, u64>,
    /// The pairs with two different decisions, with all data to reproduce them.
    pub disagreements: Vec<String>,
}

impl Tally {
    /// Adds another tally to this one.
    pub fn add(&mut self, other: Self) {
        self.pairs = self.pairs.saturating_add(other.pairs);
        for (code, count) in other.codes {
            let sum = self.codes.entry(code).or_default();
            *sum = sum.saturating_add(count);
        }
        self.disagreements.extend(other.disagreements);
    }

    /// Counts a pair by the code of its answer.
    pub(crate) fn count(&mut self, code: Code) {
        self.pairs = self.pairs.saturating_add(1);
        let count = self.codes.entry(code.name()).or_default();
        *count = count.saturating_add(1);
    }
}

/// The random generator of one policy or of one call for it.
fn random_for(policy: u64, call: Option<u64>) -> Rng {
    // Consecutive seeds must not give related sequences.
    let mut random = Rng::with_seed(policy.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let of_policy = random.u64(..);
    match call {
        None => Rng::with_seed(of_policy),
        Some(call) => Rng::with_seed(of_policy ^ call.wrapping_add(1).wrapping_mul(0xd1b5_4a32_d192_ed03)),
    }
}

/// The generated policy for a seed.
#[must_use]
pub fn policy_of(seed: u64, language: Language) -> Json {
    generate::policy(&mut random_for(seed, None), language)
}

/// The generated call for two seeds and a policy, and the random generator after it.
#[must_use]
pub fn request_of(seed: u64, call: u64, policy: &Json) -> (Request, Rng) {
    let mut random = random_for(seed, Some(call));
    (generate::request(&mut random, policy), random)
}

/// A policy that is ready for both evaluators.
#[derive(Debug)]
pub struct Bench {
    image: Vec<u8>,
    reference: Reference,
}

impl Bench {
    /// Gives a policy text to both judges.
    ///
    /// # Errors
    /// The policy has an error, or only one of the judges reads it.
    pub fn new(text: &str) -> Result<Self, String> {
        let image = compile_text(text)?;
        let reference = Reference::new(text).map_err(|refusal| refusal.to_string())?;
        Ok(Self { image, reference })
    }

    /// Runs both evaluators, and returns the image's decision if they agree.
    ///
    /// # Errors
    /// Both decisions, or why there is none.
    pub fn compare(&self, request: &Request, random: &mut Rng) -> Result<Verdict, String> {
        let expected = self.reference.decide(request);
        let seen = judge_by_image(&self.image, request, random)?;
        if (seen.effect, seen.code, &seen.rule) == (expected.effect, expected.code, &expected.rule) {
            return Ok(seen);
        }
        Err(format!("reference {expected:?}\nimage     {seen:?}"))
    }
}

/// Runs both evaluators on some calls for the policy of a seed.
#[must_use]
pub fn compare_policy(seed: u64, calls: std::ops::Range<u64>) -> Tally {
    let mut tally = Tally::default();
    let policy = policy_of(seed, Language::WHOLE);
    let text = policy.to_string();
    let bench = match Bench::new(&text) {
        Ok(bench) => bench,
        Err(problem) => {
            tally.disagreements.push(format!("policy {seed} is refused\npolicy  {text}\n{problem}"));
            return tally;
        }
    };
    for call in calls {
        let (request, mut random) = request_of(seed, call, &policy);
        match bench.compare(&request, &mut random) {
            Ok(verdict) => tally.count(verdict.code),
            Err(difference) => {
                tally.pairs = tally.pairs.saturating_add(1);
                let (policy, request, difference) = shrink(&policy, &request, difference);
                let (body, edge) = (request.body(), request.facts_object());
                let pair =
                    format!("pair {seed}:{call}\npolicy  {policy}\nrequest {body}\nedge    {edge}\n{difference}");
                tally.disagreements.push(pair);
            }
        }
    }
    tally
}

/// Reduces a policy and a call while the two evaluators still disagree.
fn shrink(policy: &Json, request: &Request, difference: String) -> (Json, Request, String) {
    let mut smallest = (policy.clone(), request.clone(), difference);
    loop {
        let policies = smaller(&smallest.0).into_iter().map(|policy| (policy, smallest.1.clone()));
        let requests = smaller_requests(&smallest.1).into_iter().map(|request| (smallest.0.clone(), request));
        let still_differs = policies.chain(requests).find_map(|(policy, request)| {
            let difference = Bench::new(&policy.to_string()).ok()?.compare(&request, &mut Rng::with_seed(0)).err()?;
            Some((policy, request, difference))
        });
        match still_differs {
            Some(found) => smallest = found,
            None => return smallest,
        }
    }
}

fn smaller_requests(request: &Request) -> Vec<Request> {
    let mut found = Vec::new();
    let parts: [fn(&mut Request) -> &mut Json; 3] =
        [|request| &mut request.arguments, |request| &mut request.agent, |request| &mut request.resource];
    for part in parts {
        let mut whole = request.clone();
        for source in smaller(part(&mut whole)).into_iter().filter(|source| matches!(source, Json::Object(_))) {
            let mut changed = request.clone();
            *part(&mut changed) = source;
            found.push(changed);
        }
    }
    for role in request.roles.iter().filter(|_| request.roles.len() > 1) {
        let roles = request.roles.iter().filter(|other| *other != role).cloned().collect();
        found.push(Request { roles, ..request.clone() });
    }
    found
}

/// The values with one member or item less, at any depth, or with a part in place of the whole.
fn smaller(value: &Json) -> Vec<Json> {
    let mut found = Vec::new();
    match value {
        Json::Array(items) => {
            found.extend(items.iter().cloned());
            for (at, item) in items.iter().enumerate() {
                let with = |put: Option<Json>| {
                    let (before, after) = items.split_at_checked(at).unwrap_or_default();
                    let after = after.iter().skip(1).cloned();
                    Json::Array(before.iter().cloned().chain(put).chain(after).collect())
                };
                found.push(with(None));
                found.extend(smaller(item).into_iter().map(|item| with(Some(item))));
            }
        }
        Json::Object(members) => {
            found.extend(members.iter().map(|(_, value)| value.clone()));
            for (at, (name, value)) in members.iter().enumerate() {
                let with = |put: Option<Json>| {
                    let (before, after) = members.split_at_checked(at).unwrap_or_default();
                    let put = put.map(|value| (name.clone(), value));
                    Json::Object(before.iter().cloned().chain(put).chain(after.iter().skip(1).cloned()).collect())
                };
                found.push(with(None));
                found.extend(smaller(value).into_iter().map(|value| with(Some(value))));
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
    found
}
