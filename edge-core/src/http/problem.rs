//! Errors: `application/problem+json` (RFC 9457), each with a stable `code` and the decision `Deny`.

use alloc::borrow::Cow;
use alloc::string::String;

use callgate_engine::RequestError;

use crate::config::section::ConfigError;
use crate::http::Response;
use crate::http::json_text::{write_member, write_text};

/// Why a request gets no decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The path does not exist.
    NotFound,
    /// The path does not support the method; the supported methods.
    MethodNotAllowed(&'static str),
    /// No API key is configured, so nobody can be authenticated.
    NotConfigured,
    /// The configuration is invalid, so no caller can be authenticated.
    ConfigInvalid,
    /// The credential is correct, but it is easy to guess.
    GuessableKey,
    /// The platform cannot read the settings now, so no caller can be authenticated.
    ConfigUnavailable,
    /// The decision cannot be recorded, and the deployment requires a record.
    LogUnavailable,
    /// The token issuer's keys cannot be fetched.
    KeysUnavailable,
    /// The caller has exceeded its rate limit.
    RateLimited,
    /// The rate limit counter is missing or does not respond.
    RateLimitUnavailable,
    /// The credential is missing or wrong.
    Unauthenticated,
    /// A call asks for an explanation, and the configuration does not permit that to the caller.
    ExplainForbidden,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The body is compressed.
    UnsupportedEncoding,
    /// The body exceeds the size limit.
    BodyTooLarge,
    /// The body ended early or could not be read.
    BodyIncomplete,
    /// The body is not a call.
    Request(RequestError),
    /// The embedded policy cannot be read, or the host failed.
    Internal,
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl Problem {
    /// The HTTP status code.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BodyIncomplete | Self::Request(_) => 400,
            Self::Unauthenticated => 401,
            Self::ExplainForbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::BodyTooLarge => 413,
            Self::UnsupportedMediaType | Self::UnsupportedEncoding => 415,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::RateLimitUnavailable
            | Self::NotConfigured
            | Self::ConfigInvalid
            | Self::GuessableKey
            | Self::ConfigUnavailable
            | Self::KeysUnavailable
            | Self::LogUnavailable => 503,
        }
    }

    /// A stable name for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::NotConfigured => "not_configured",
            Self::ConfigInvalid | Self::GuessableKey => "config_invalid",
            Self::ConfigUnavailable => "config_unavailable",
            Self::LogUnavailable => "log_unavailable",
            Self::KeysUnavailable => "keys_unavailable",
            Self::RateLimited => "rate_limited",
            Self::RateLimitUnavailable => "rate_limit_unavailable",
            Self::Unauthenticated => "unauthenticated",
            Self::ExplainForbidden => "explain_forbidden",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::UnsupportedEncoding => "unsupported_encoding",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyIncomplete => "body_incomplete",
            Self::Request(error) => error.code(),
            Self::Internal => "internal_error",
        }
    }

    /// The name of the status (RFC 9110, section 15).
    fn title(self) -> &'static str {
        match self.status() {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            413 => "Content Too Large",
            415 => "Unsupported Media Type",
            429 => "Too Many Requests",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        }
    }

    /// A sentence for people.
    #[must_use]
    pub fn detail(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::NotFound => "this path does not exist",
            Self::MethodNotAllowed(_) => "this path does not support this method",
            Self::NotConfigured => "no API key is configured; set the secret `CALLGATE_API_KEYS`",
            Self::ConfigInvalid => {
                "the deployment configuration is invalid; run `callgate config FILE` to find the error"
            }
            Self::GuessableKey => "this API key is one repeated character; create one with `openssl rand -hex 32`",
            Self::ConfigUnavailable => "the deployment settings cannot be read; retry later",
            Self::LogUnavailable => "the decision log, which this deployment requires, is unavailable; retry later",
            Self::KeysUnavailable => "the token issuer's keys cannot be fetched; retry later",
            Self::RateLimited => "the rate limit is exceeded; retry later",
            Self::RateLimitUnavailable => "the rate limit cannot be checked; retry later",
            Self::Unauthenticated => "a valid API key or token is required",
            Self::ExplainForbidden => {
                "this caller may not use `explain`; remove `explain`, or permit the caller in the configuration"
            }
            Self::UnsupportedMediaType => "the body must be `application/json` in UTF-8",
            Self::UnsupportedEncoding => "the body must not have a `Content-Encoding`",
            Self::BodyTooLarge => "the body exceeds the deployment's size limit",
            Self::BodyIncomplete => "the body ended before its declared length",
            Self::Request(error) => return error.detail(),
            Self::Internal => "the request cannot be processed",
        })
    }

    /// The error as a response.
    #[must_use]
    pub fn response(self) -> Response {
        self.response_with(&self.detail())
    }

    fn response_with(self, detail: &str) -> Response {
        let mut body = String::with_capacity(256);
        body.push_str("{\"type\":\"about:blank\",\"title\":");
        write_text(self.title(), &mut body);
        body.push_str(",\"status\":");
        write_status(self.status(), &mut body);
        write_member("code", self.code(), &mut body);
        write_member("detail", detail, &mut body);
        write_member("decision", "Deny", &mut body);
        body.push('}');
        let extra = match self {
            Self::Unauthenticated => Some(("www-authenticate", "Bearer realm=\"callgate\"")),
            Self::MethodNotAllowed(allowed) => Some(("allow", allowed)),
            _ => None,
        };
        Response {
            status: self.status(),
            body: body.into_bytes(),
            content_type: "application/problem+json",
            extra,
            trace: None,
        }
    }
}

impl ConfigError {
    /// The response to every call of a deployment with an invalid configuration: 503, with the error.
    #[must_use]
    pub fn response(&self) -> Response {
        Problem::ConfigInvalid.response_with(&self.message())
    }
}

/// Writes a status code, which has three digits.
fn write_status(status: u16, out: &mut String) {
    let digit = |place: u16| u8::try_from(status.checked_div(place).unwrap_or(0) % 10).unwrap_or(0) | b'0';
    out.extend([digit(100), digit(10), digit(1)].map(char::from));
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned as _;
    use alloc::format;
    use callgate_engine::call::UnknownMember;
    use serde_json::Value;

    #[test]
    fn an_unknown_member_is_named_without_characters_that_need_an_escape() {
        let detail = |name: &[u8]| {
            let problem = Problem::Request(RequestError::UnknownMember(UnknownMember::of_call(name)));
            let body: Value = serde_json::from_slice(&problem.response().body).expect("JSON");
            assert_eq!((&body["code"], &body["decision"]), (&Value::from("unknown_member"), &Value::from("Deny")));
            body["detail"].as_str().map(str::to_owned)
        };
        assert_eq!(detail(b"arguments").as_deref(), Some("`arguments` is not a member of a call; write `args`"));
        let fix = "is not a member of a call; remove it, or correct its name";
        assert_eq!(detail(b"\"\n\\").as_deref(), Some(&*format!("`\"\\u{{a}}\\u{{5c}}` {fix}")));
    }
}
