//! From a caller who was let in and the body to the answer, and to what is recorded of it.

use alloc::vec::Vec;

use crate::answer::decision::{Judged, answer_body};
use crate::auth::Caller;
use crate::flow::deployment::Deployment;
use crate::flow::edge_facts::Arrival;
use crate::http::Response;
use crate::http::problem::Problem;
use crate::http::trace_context::TraceContext;
use crate::log::Record;
use crate::log::recorder::Scribe;

/// A request that was let in and waits for its body.
#[derive(Clone, Debug)]
pub struct PendingCall<'d> {
    pub(crate) deployment: &'d Deployment<'d>,
    pub(crate) is_batch: bool,
    pub(crate) caller: Caller,
    pub(crate) trace: Option<TraceContext>,
    pub(crate) started: i64,
}

/// An answer, and what is recorded of the decisions in it.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Answered {
    /// The answer.
    pub response: Response,
    /// One record for each decision, in order, or one for a call or a batch that was refused; none where nothing is
    /// recorded.
    pub records: Vec<Record>,
}

impl<'d> PendingCall<'d> {
    /// The longest body that is read, in bytes. A longer one is refused with [`Problem::BodyTooLarge`].
    #[must_use]
    pub fn body_limit(&self) -> usize {
        self.deployment.limits.body_bytes
    }

    /// Whether the policy reads the time, the address or the country of the request.
    #[must_use]
    pub fn reads_request(&self) -> bool {
        self.deployment.image.reads_request()
    }

    /// The deployment that the call came to.
    #[must_use]
    pub fn deployment(&self) -> &'d Deployment<'d> {
        self.deployment
    }

    /// Who is calling.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Answers the whole body.
    pub fn answer(self, body: &[u8], arrival: &Arrival<'_>) -> Answered {
        if body.len() > self.body_limit() {
            return self.refuse(Problem::BodyTooLarge, arrival.random);
        }
        let Self { deployment, is_batch, caller: Caller { principal, token, .. }, trace, started } = self;
        let mut scribe = Scribe::new(
            &deployment.log,
            &deployment.image,
            deployment.clock,
            trace,
            principal.as_deref(),
            started,
            arrival.random,
        );
        let mut facts = arrival.facts(&deployment.image);
        if let Some(token) = token {
            facts = facts.with_caller(token);
        }
        let (image, limits) = (&deployment.image, &deployment.limits.of_calls());
        match answer_body(&Judged { image, limits, facts: &facts, is_batch }, body, arrival.random, scribe.as_mut()) {
            Ok(answer) => conclude(Response::json(answer), trace, scribe),
            Err(error) => refuse(Problem::from(error), trace, scribe),
        }
    }

    /// Refuses the call for what is wrong with its head, or with the way in which its body came. `random` becomes the id
    /// of the record.
    pub fn refuse(self, problem: Problem, random: [u8; 16]) -> Answered {
        let Self { deployment, caller, trace, started, .. } = self;
        let scribe = Scribe::new(
            &deployment.log,
            &deployment.image,
            deployment.clock,
            trace,
            caller.principal.as_deref(),
            started,
            random,
        );
        refuse(problem, trace, scribe)
    }
}

fn refuse(problem: Problem, trace: Option<TraceContext>, mut scribe: Option<Scribe<'_>>) -> Answered {
    if let Some(scribe) = &mut scribe {
        scribe.record_refusal(problem);
    }
    conclude(problem.response(), trace, scribe)
}

fn conclude(response: Response, trace: Option<TraceContext>, scribe: Option<Scribe<'_>>) -> Answered {
    match scribe {
        None => Answered { response: response.traced(trace), records: Vec::new() },
        Some(scribe) => {
            let (trace, records) = scribe.finish();
            Answered { response: response.traced(Some(trace)), records }
        }
    }
}
