//! The parts of HTTP that the contract speaks of.

pub(crate) mod decision_members;
pub(crate) mod json_text;
pub(crate) mod problem;
pub(crate) mod trace_context;

use alloc::string::String;
use alloc::vec::Vec;

use crate::http::trace_context::TraceContext;

/// The head of a request, as an edge reads it.
///
/// An edge joins the values of a header that was sent more than once with `, ` (RFC 9110, section 5.3), so that no host
/// picks one of two credentials.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'h> {
    /// The method, in the case in which it was sent.
    pub method: &'h str,
    /// The path of the target, still percent-encoded, without the query.
    pub path: &'h str,
    /// The value of the header that [`Deployment::credential_header`](crate::Deployment::credential_header) names.
    pub credential: Option<&'h str>,
    /// The value of `traceparent`.
    pub traceparent: Option<&'h str>,
    /// The value of `Content-Type`.
    pub content_type: Option<&'h str>,
    /// The value of `Content-Encoding`.
    pub content_encoding: Option<&'h str>,
    /// The value of `Content-Length`.
    pub content_length: Option<&'h str>,
}

/// An answer that an edge writes as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body, JSON in UTF-8.
    pub body: Vec<u8>,
    pub(crate) content_type: &'static str,
    pub(crate) extra: Option<(&'static str, &'static str)>,
    pub(crate) trace: Option<TraceContext>,
}

impl Response {
    pub(crate) fn json(body: Vec<u8>) -> Self {
        Self { status: 200, body, content_type: "application/json", extra: None, trace: None }
    }

    /// The answer to a request that belongs to a trace.
    pub(crate) fn traced(self, trace: Option<TraceContext>) -> Self {
        Self { trace, ..self }
    }

    /// The value of the header `traceparent`, which an edge sends beside [`Response::headers`] where there is one: the
    /// trace that the request came with, or that its record began.
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        self.trace.map(|trace| {
            let mut out = String::with_capacity(55);
            trace.write(&mut out);
            out
        })
    }

    /// The headers that callgate sets, with their names in lower case; there are only a few lists of them.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let always = [
            ("content-type", self.content_type),
            // A decision holds for one call at one time: nothing on the way may keep it.
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ];
        always.into_iter().chain(self.extra)
    }
}
