//! The parts of HTTP that the contract speaks of.

use alloc::vec::Vec;

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
    /// The value of `Authorization`.
    pub authorization: Option<&'h str>,
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
}

impl Response {
    pub(crate) fn json(body: Vec<u8>) -> Self {
        Self { status: 200, body, content_type: "application/json", extra: None }
    }

    /// The headers that callgate sets, with their names in lower case.
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
