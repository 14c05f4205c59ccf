//! The fields that conditions read.

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
        self.find(source, field).ok()
    }

    /// Whether a field is there and not null; `None` if a scalar is on the way to it.
    pub(crate) fn is_present(self, source: Source, field: &str) -> Option<bool> {
        match self.find(source, field) {
            Ok(_) => Some(true),
            Err(Json::String(_) | Json::Number(_) | Json::Bool(_)) => None,
            Err(Json::Null | Json::Array(_) | Json::Object(_)) => Some(false),
        }
    }

    /// The value of a field that is there and not null, or the last value on the way to it.
    fn find(self, source: Source, field: &str) -> Result<&'r Json, &'r Json> {
        let of = match source {
            Source::Arguments => &self.request.arguments,
            Source::AgentAttributes => &self.request.agent,
            Source::ResourceAttributes => &self.request.resource,
            Source::Request => self.edge,
            Source::Item => self.item.unwrap_or(&Json::Null),
        };
        let found = match field.strip_prefix('/') {
            // The item itself has no name.
            None if field.is_empty() => Ok(of),
            None => of.child(field).ok_or(of),
            Some(pointer) => pointer
                .split('/')
                .map(|token| token.replace("~1", "/").replace("~0", "~"))
                .try_fold(of, |value, token| value.child(&token).ok_or(value)),
        };
        found.and_then(|value| if *value == Json::Null { Err(value) } else { Ok(value) })
    }

    /// The text of a number.
    pub(crate) fn number(self, source: Source, field: &str) -> Option<&'r str> {
        match self.value(source, field)? {
            Json::Number(text) => Some(text),
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
