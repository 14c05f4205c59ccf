//! The parts of HTTP that the contract uses.

pub(crate) mod decision_members;
pub(crate) mod json_text;
pub(crate) mod problem;
pub(crate) mod trace_context;

use alloc::string::String;
use alloc::vec::Vec;

use crate::http::trace_context::TraceContext;

/// The head of a request, as an edge reads it.
///
/// An edge joins the values of a repeated header with `, ` (RFC 9110, section 5.3), so that no host picks one of two
/// credentials.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'h> {
    /// The method, in its original case.
    pub method: &'h str,
    /// The target, still percent-encoded: a path or an absolute URL, with or without a query.
    pub target: &'h str,
    /// The value of the header that [`Deployment::credential_header`](crate::Deployment::credential_header) names.
    pub credential: Option<&'h str>,
    /// The value of `Content-Type`.
    pub content_type: Option<&'h str>,
    /// The value of `Content-Encoding`.
    pub content_encoding: Option<&'h str>,
    /// The value of `Content-Length`.
    pub content_length: Option<&'h str>,
    /// The value of `traceparent`.
    pub traceparent: Option<&'h str>,
}

impl<'h> Head<'h> {
    /// The names of the header parameters of [`Head::new`], in order.
    pub const HEADERS: [&'static str; 4] = ["content-type", "content-encoding", "content-length", "traceparent"];

    /// The head with the values of [`Head::HEADERS`], in order.
    #[must_use]
    pub fn new(
        method: &'h str,
        target: &'h str,
        credential: Option<&'h str>,
        [content_type, content_encoding, content_length, traceparent]: [Option<&'h str>; 4],
    ) -> Self {
        Self { method, target, credential, content_type, content_encoding, content_length, traceparent }
    }

    /// The path of the target, without the query.
    pub(crate) fn path(&self) -> &'h str {
        let path = match self.target.split_once("://") {
            // A path or a query can contain `://` itself.
            Some((scheme, rest)) if is_scheme(scheme) => {
                let path = rest.find(['/', '?', '#']).and_then(|end| rest.get(end..)).unwrap_or_default();
                if path.starts_with('/') { path } else { "/" }
            }
            _ => self.target,
        };
        path.find(['?', '#']).and_then(|end| path.get(..end)).unwrap_or(path)
    }

    /// The length of the body in bytes, if the head declares one.
    pub(crate) fn declared_length(&self) -> Option<u64> {
        self.content_length.and_then(|length| length.trim().parse().ok())
    }
}

/// Whether a text is the scheme of a URL (RFC 3986, section 3.1).
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// A response that an edge writes unchanged.
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

    /// Adds the trace that the request belongs to.
    pub(crate) fn traced(self, trace: Option<TraceContext>) -> Self {
        Self { trace, ..self }
    }

    /// The value of the header `traceparent`, which an edge sends with [`Response::headers`] if it is present: the
    /// trace of the request, or a new one for its record.
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        self.trace.map(|trace| {
            let mut out = String::with_capacity(55);
            trace.write(&mut out);
            out
        })
    }

    /// The headers that callgate sets, with lower-case names; there are only a few such lists.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let always = [
            ("content-type", self.content_type),
            // A decision is valid for one call at one time, so nothing may cache it.
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ];
        always.into_iter().chain(self.extra)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(target: &str, expected: &str) {
        assert_eq!(Head { target, ..Head::default() }.path(), expected, "{target}");
    }

    #[test]
    fn a_path_is_found_in_every_form_of_target() {
        check("/evaluate", "/evaluate");
        check("/evaluate?a=/policy", "/evaluate");
        check("/evaluate#/policy", "/evaluate");
        check("https://gate.test/evaluate?a#b", "/evaluate");
        check("https://gate.test", "/");
        check("https://gate.test?/evaluate", "/");
        check("/a://b/evaluate", "/a://b/evaluate");
        check("?x://y/evaluate", "");
        check("#x://y/evaluate", "");
        check("a?b://c/evaluate", "a");
        check("://c/evaluate", "://c/evaluate");
        check("", "");
        check("*", "*");
    }

    #[test]
    fn each_header_has_its_own_field() {
        let head = Head::new("POST", "/", Some("c"), Head::HEADERS.map(Some));
        assert_eq!(head.credential, Some("c"));
        assert_eq!(head.content_type, Some("content-type"));
        assert_eq!(head.content_encoding, Some("content-encoding"));
        assert_eq!(head.content_length, Some("content-length"));
        assert_eq!(head.traceparent, Some("traceparent"));
    }
}
