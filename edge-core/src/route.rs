//! From the head of a request to the answer, or to the one thing that is still needed: the body.

use alloc::vec::Vec;

use callgate_engine::PolicyImage;

use crate::answer::{Arrival, answer_body};
use crate::auth::ApiKeys;
use crate::config::ConfigError;
use crate::http::{Head, Response};
use crate::limits::Limits;
use crate::log::{LogConfig, Observation, Record, Scribe};
use crate::policy::{describe_policy, facts_of};
use crate::problem::Problem;

/// The OpenAPI 3.1 description of this contract.
const OPENAPI: &str = include_str!("../openapi.json");

/// What a deployment is made of: its policy and its configuration.
#[derive(Clone, Copy, Debug)]
pub struct Deployment<'d> {
    /// The policy that judges.
    pub image: PolicyImage<'d>,
    /// The API keys, separated by white space, as the operator set them: each `[name:]key` or `[name:]sha256:<digest>`.
    pub api_keys: Option<&'d str>,
    /// What one request may cost.
    pub limits: Limits,
}

/// What to do with a request whose head was read.
#[derive(Clone, Debug)]
pub enum Next<'d> {
    /// Answer; the body does not matter.
    Answer(Response),
    /// Read the body, up to [`PendingCall::body_limit`] bytes.
    ReadBody(PendingCall<'d>),
}

/// A request that was let in and waits for its body.
#[derive(Clone, Copy, Debug)]
pub struct PendingCall<'d> {
    image: &'d PolicyImage<'d>,
    limits: &'d Limits,
    is_batch: bool,
}

/// An answer, and what is recorded of the decisions in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The answer.
    pub response: Response,
    /// One record for each decision, in order; none where there is no decision, or nothing is recorded.
    pub records: Vec<Record>,
}

/// Decides from the head of a request what to do with it.
#[must_use]
pub fn receive<'d>(head: &Head<'_>, deployment: &'d Deployment<'d>) -> Next<'d> {
    route(head, deployment).unwrap_or_else(|refusal| {
        Next::Answer(match refusal {
            Refusal::Problem(problem) => problem.response(),
            Refusal::Config(error) => error.response(),
        })
    })
}

/// Why a request is answered before its body is read.
enum Refusal {
    Problem(Problem),
    Config(ConfigError),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

fn authenticate(head: &Head<'_>, deployment: &Deployment<'_>) -> Result<(), Refusal> {
    let keys = ApiKeys::read(deployment.api_keys).map_err(Refusal::Config)?;
    keys.caller(head.authorization)?;
    Ok(())
}

fn route<'d>(head: &Head<'_>, deployment: &'d Deployment<'d>) -> Result<Next<'d>, Refusal> {
    let allow = |method: &'static str| {
        if head.method == method { Ok(()) } else { Err(Problem::MethodNotAllowed(method)) }
    };
    match head.path {
        "/evaluate" | "/evaluate/batch" => {
            allow("POST")?;
            authenticate(head, deployment)?;
            check_body_head(head, &deployment.limits)?;
            let is_batch = head.path == "/evaluate/batch";
            Ok(Next::ReadBody(PendingCall { image: &deployment.image, limits: &deployment.limits, is_batch }))
        }
        "/policy" => {
            allow("GET")?;
            authenticate(head, deployment)?;
            Ok(Next::Answer(Response::json(
                describe_policy(&deployment.image, &facts_of(&deployment.image)).into_bytes(),
            )))
        }
        "/healthz" => {
            allow("GET")?;
            Ok(Next::Answer(Response::json(b"{\"status\":\"ok\"}".to_vec())))
        }
        "/openapi.json" => {
            allow("GET")?;
            Ok(Next::Answer(Response::json(OPENAPI.as_bytes().to_vec())))
        }
        _ => Err(Problem::NotFound.into()),
    }
}

/// Refuses what can be refused before a byte of the body is read.
fn check_body_head(head: &Head<'_>, limits: &Limits) -> Result<(), Problem> {
    if !head.content_type.is_some_and(is_json) {
        return Err(Problem::UnsupportedMediaType);
    }
    if head.content_encoding.is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("identity")) {
        return Err(Problem::UnsupportedEncoding);
    }
    let declared = head.content_length.and_then(|length| length.trim().parse::<u64>().ok());
    let limit = u64::try_from(limits.body_bytes).unwrap_or(u64::MAX);
    if declared.is_some_and(|length| length > limit) { Err(Problem::BodyTooLarge) } else { Ok(()) }
}

/// Whether a media type (RFC 9110, section 8.3) is `application/json`, in UTF-8 if it names a charset.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

impl PendingCall<'_> {
    /// The longest body that is read, in bytes. A longer one is answered with [`Problem::BodyTooLarge`].
    #[must_use]
    pub fn body_limit(&self) -> usize {
        self.limits.body_bytes
    }

    /// Whether the policy reads the time, the address or the country of the request.
    #[must_use]
    pub fn reads_request(&self) -> bool {
        self.image.reads_request()
    }

    /// Answers the whole body.
    #[must_use]
    pub fn answer(&self, body: &[u8], arrival: &Arrival<'_>) -> Response {
        self.judge(body, arrival, None)
    }

    /// Answers the whole body, and records each decision as `log` asks.
    #[must_use]
    pub fn answer_and_record(
        &self,
        body: &[u8],
        arrival: &Arrival<'_>,
        log: &LogConfig,
        observation: &Observation<'_>,
    ) -> Answered {
        let mut scribe = Scribe::new(log, observation, arrival.random);
        let response = self.judge(body, arrival, scribe.as_mut());
        Answered { response, records: scribe.map(Scribe::finish).unwrap_or_default() }
    }

    fn judge(&self, body: &[u8], arrival: &Arrival<'_>, scribe: Option<&mut Scribe<'_>>) -> Response {
        if body.len() > self.body_limit() {
            return Problem::BodyTooLarge.response();
        }
        let answer = answer_body(self.image, body, arrival, self.is_batch, scribe);
        answer.map_or_else(|error| Problem::from(error).response(), Response::json)
    }
}
