//! The fields that conditions read.

use bigdecimal::BigDecimal;

use crate::json::Json;
use crate::policy::condition::Source;
use crate::request::Request;

/// What the fields of a condition are read from.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'r> {
    pub(crate) request: &'r Request,
    /// The source `Request`.
    pub(crate) edge: &'r Json,
    /// The item that is judged, inside `Every` and `Some`.
    pub(crate) item: Option<&'r Json>,
}

impl<'r> Facts<'r> {
    /// The value of a field that is there and not null.
    pub(crate) fn value(self, source: Source, field: &str) -> Option<&'r Json> {
        let of = match source {
            Source::Arguments => &self.request.arguments,
            Source::AgentAttributes => &self.request.agent,
            Source::ResourceAttributes => &self.request.resource,
            Source::Request => self.edge,
            Source::Item => self.item?,
        };
        let found = match field.strip_prefix('/') {
            // The item itself has no name.
            None if field.is_empty() => Some(of),
            None => of.child(field),
            Some(pointer) => pointer
                .split('/')
                .map(|token| token.replace("~1", "/").replace("~0", "~"))
                .try_fold(of, |value, token| value.child(&token)),
        };
        found.filter(|value| **value != Json::Null)
    }

    pub(crate) fn number(self, source: Source, field: &str) -> Option<BigDecimal> {
        match self.value(source, field)? {
            Json::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn text(self, source: Source, field: &str) -> Option<&'r str> {
        match self.value(source, field)? {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn items(self, source: Source, field: &str) -> Option<&'r [Json]> {
        match self.value(source, field)? {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }
}
