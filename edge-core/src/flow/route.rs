//! Routes a request by its head.

use crate::config::limits::Limits;
use crate::flow::deployment::Deployment;
use crate::flow::next::{Admission, Endpoint, Next};
use crate::http::problem::Problem;
use crate::http::{Head, Response};

/// The OpenAPI 3.1 description of this contract.
const OPENAPI: &str = include_str!("../../openapi.json");

/// Returns the next state for a request head.
pub fn receive<'d>(head: &Head<'_>, deployment: &'d Deployment<'d>) -> Next<'d> {
    route(head, deployment).unwrap_or_else(|problem| Next::Send(problem.response()))
}

fn route<'d>(head: &Head<'_>, deployment: &'d Deployment<'d>) -> Result<Next<'d>, Problem> {
    let path = head.path();
    let allow = |method: &'static str| {
        if head.method == method { Ok(()) } else { Err(Problem::MethodNotAllowed(method)) }
    };
    let admit = |endpoint| {
        let admission = Admission::begin(deployment, endpoint, head.traceparent);
        admission.authenticate(head.credential, true)
    };
    match path {
        "/evaluate" | "/evaluate/batch" => {
            allow("POST")?;
            let problem = check_body_head(head, &deployment.limits).err();
            let is_batch = path == "/evaluate/batch";
            Ok(admit(Endpoint::Evaluate { is_batch, declared_length: head.declared_length(), problem }))
        }
        "/policy" => {
            allow("GET")?;
            Ok(admit(Endpoint::Policy))
        }
        "/healthz" => {
            allow("GET")?;
            Ok(Next::Send(Response::json(b"{\"status\":\"ok\"}".to_vec())))
        }
        "/openapi.json" => {
            allow("GET")?;
            Ok(Next::Send(Response::json(OPENAPI.as_bytes().to_vec())))
        }
        _ => Err(Problem::NotFound),
    }
}

/// Rejects a request by its head, before a byte of the body is read.
fn check_body_head(head: &Head<'_>, limits: &Limits) -> Result<(), Problem> {
    if !head.content_type.is_some_and(is_json) {
        return Err(Problem::UnsupportedMediaType);
    }
    if head.content_encoding.is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("identity")) {
        return Err(Problem::UnsupportedEncoding);
    }
    let limit = u64::try_from(limits.body_bytes).unwrap_or(u64::MAX);
    if head.declared_length().is_some_and(|length| length > limit) { Err(Problem::BodyTooLarge) } else { Ok(()) }
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
