//! Handles a request after its caller is authenticated.

use callgate_engine::PolicyImage;

use crate::answer::policy::{describe_policy, facts_of};
use crate::auth::Caller;
use crate::flow::next::{Admission, Admitted, Endpoint, Next};
use crate::flow::{rate, record};
use crate::http::Response;
use crate::http::problem::Problem;

/// Continues with an authenticated request.
pub(super) fn enter<'d>(admission: Admission<'d>, caller: Caller) -> Next<'d> {
    let Admission { deployment, endpoint, trace, started } = admission;
    match endpoint {
        Endpoint::Policy => Next::Send(policy(&deployment.image).traced(trace)),
        Endpoint::Evaluate { is_batch, declared_length, problem } => {
            let admitted = Admitted { deployment, is_batch, caller, trace, started, declared_length };
            match problem {
                None => rate::count(admitted),
                Some(problem) => record::refuse(admitted, problem),
            }
        }
    }
}

fn policy(image: &PolicyImage<'_>) -> Response {
    Response::json(describe_policy(image, &facts_of(image)).into_bytes())
}

impl Admitted<'_> {
    /// Random bytes for the id of the first decision.
    pub(super) fn random(&self) -> Option<[u8; 16]> {
        (self.deployment.platform.random)()
    }

    /// The response if the platform returns no random bytes.
    pub(super) fn fault(&self) -> Response {
        Problem::Internal.response().traced(self.trace)
    }
}
