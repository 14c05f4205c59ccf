//! Compares both evaluators on pairs of policy and call.

use std::collections::BTreeMap;

use callgate_engine::json::read;
use callgate_engine::{Call, Code, Effect, PolicyImage, compile, evaluate, parse, validate};
use fastrand::Rng;

use crate::generate::{self, Language};
use crate::json::{Json, object, string, strings};
use crate::reference::{Reference, Terms};
use crate::request::Request;
use crate::shrink::{Disagreement, shrink};

/// The decision of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Allow, RequireApproval or Deny.
    pub effect: Effect,
    /// The code.
    pub code: Code,
    /// The name of the rule that decided, or of the nearest rule.
    pub rule: Option<String>,
    /// The terms of the approval that the call requires.
    pub approval: Option<Terms>,
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
    let approval = decision.approval(&image).map(|terms| Terms {
        by: terms.approvers().map(str::to_owned).collect(),
        not_self: terms.not_self,
        seconds: terms.expires_seconds,
    });
    let rule = decision.rule(&image).map(str::to_owned);
    Ok(Verdict { effect: decision.effect, code: decision.code, rule, approval, reason })
}

/// Compiles a policy with one tool, which has a schema, as a JSON text.
///
/// # Errors
/// The schema is refused.
pub fn compile_schema(schema: &str) -> Result<Vec<u8>, String> {
    // The schema of a tool is an object.
    let schema = match Json::read(schema).map_err(|error| error.to_string())? {
        schema @ Json::Object(_) => schema,
        schema => object([("allOf", Json::Array(vec![schema]))]),
    };
    let rule = object([("effect", string("Deny")), ("tool_name", string(TOOL)), ("roles", strings(["role"]))]);
    let policy = object([
        ("version", string("callgate-1")),
        ("tools", Json::Array(vec![object([("name", string(TOOL)), ("inputSchema", schema)])])),
        ("roles", object([("role", Json::EMPTY)])),
        ("rules", Json::Array(vec![rule])),
    ]);
    compile_text(&policy.to_string())
}

/// The only tool of a policy from [`compile_schema`].
const TOOL: &str = "tool";

/// Whether a value, as a JSON text, conforms to the schema of an image from [`compile_schema`].
///
/// # Errors
/// The image or the value is refused, or the image does not enforce the schema.
pub fn conforms_by_image(image: &[u8], value: &str) -> Result<bool, String> {
    let image = PolicyImage::open(image).map_err(|error| format!("the image is refused: {error:?}"))?;
    let value = read(value.as_bytes(), MAX_DEPTH).map_err(|fault| format!("the value is refused: {fault:?}"))?;
    image.conforms(TOOL, value).ok_or_else(|| "the image does not enforce the schema".to_owned())
}

/// The nesting of values that both evaluators accept.
const MAX_DEPTH: usize = 64;

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
        let is_same = (seen.effect, seen.code) == (expected.effect, expected.code)
            && (&seen.rule, &seen.approval) == (&expected.rule, &expected.approval);
        if is_same {
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
                let found = Disagreement { policy: policy.clone(), request, difference };
                let Disagreement { policy, request, difference } = shrink(found, |policy, request| {
                    Bench::new(&policy.to_string()).ok()?.compare(request, &mut Rng::with_seed(0)).err()
                });
                let (body, edge) = (request.body(), request.facts_object());
                let pair =
                    format!("pair {seed}:{call}\npolicy  {policy}\nrequest {body}\nedge    {edge}\n{difference}");
                tally.disagreements.push(pair);
            }
        }
    }
    tally
}
