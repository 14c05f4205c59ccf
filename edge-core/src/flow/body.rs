//! From the body of a call to its decision.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use callgate_engine::RequestFacts;

use crate::answer::decision::{DecisionInputs, answer_body};
use crate::answer::explanation::Explain;
use crate::auth::Caller;
use crate::flow::next::{Admitted, BodyRead, Next};
use crate::flow::record;
use crate::http::Response;
use crate::http::problem::Problem;
use crate::log::recorder::DecisionRecorder;

/// Why an edge has no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// The body is longer than [`BodyRead::limit`]; the rest need not be read.
    TooLong,
    /// The body ended early or could not be read.
    Incomplete,
}

impl<'d> BodyRead<'d> {
    /// The maximum length of the body, in bytes.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.admitted.deployment.limits.body_bytes
    }

    /// The length of the body in bytes, if the head declared one. It is at most [`BodyRead::limit`].
    #[must_use]
    pub fn declared_length(&self) -> Option<usize> {
        self.admitted.declared_length.and_then(|length| usize::try_from(length).ok())
    }

    /// Decides the call or the calls of the whole body. `header` reads one more header of the request.
    pub fn resume<'h>(self, body: Result<&[u8], BodyFault>, header: &dyn Fn(&str) -> Option<Cow<'h, str>>) -> Next<'d> {
        let limit = self.limit();
        let Self { admitted } = self;
        let body = match body {
            Ok(body) if body.len() <= limit => body,
            Ok(_) | Err(BodyFault::TooLong) => return record::refuse(admitted, Problem::BodyTooLarge),
            Err(BodyFault::Incomplete) => return record::refuse(admitted, Problem::BodyIncomplete),
        };
        let facts = request_facts(&admitted, header);
        let Some(random) = admitted.random() else { return Next::Send(admitted.fault()) };
        let explain =
            if admitted.deployment.explainers.may_ask(&admitted.caller) { Explain::IfAsked } else { Explain::Never };
        let Admitted { deployment, is_batch, caller: Caller { principal, token, .. }, trace, started, .. } = admitted;
        let mut recorder = DecisionRecorder::new(deployment.recorded(), trace, principal.as_deref(), started, random);
        let facts = match token {
            Some(token) => facts.with_caller(token),
            None => facts,
        };
        let inputs = DecisionInputs {
            image: &deployment.image,
            limits: &deployment.limits.of_calls(),
            facts: &facts,
            is_batch,
            explain,
        };
        let answer = answer_body(&inputs, body, random, recorder.as_mut());
        let response: Result<Vec<u8>, Problem> =
            answer.map_err(Problem::from).and_then(|answer| answer.ok_or(Problem::ExplainForbidden));
        match response {
            Ok(body) => record::conclude(deployment, Response::json(body), trace, recorder),
            Err(problem) => record::conclude_refusal(deployment, problem, trace, recorder),
        }
    }
}

/// The request facts from the platform, if the policy reads them.
fn request_facts<'h>(
    Admitted { deployment, .. }: &Admitted<'_>,
    header: &dyn Fn(&str) -> Option<Cow<'h, str>>,
) -> RequestFacts {
    if !deployment.image.reads_request() {
        return RequestFacts::default();
    }
    let platform = &deployment.platform;
    // Any caller can send any header: only the platform, or the operator, knows which one is set on the way.
    let ip = platform.ip_header.or(deployment.client_ip_header.as_deref()).and_then(header);
    let country = platform.country_header.and_then(header);
    RequestFacts::new(platform.seconds(), ip.as_deref(), country.as_deref())
}
