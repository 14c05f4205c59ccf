//! Errors: `application/problem+json` (RFC 9457), each with a stable `code` and a decision, which is Deny.

use alloc::string::String;

use callgate_engine::RequestError;

use crate::config::section::ConfigError;
use crate::http::Response;
use crate::http::json_text::{write_member, write_text};

/// Why a request gets no decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is nothing at the path.
    NotFound,
    /// The path does not take the method; the methods that it takes.
    MethodNotAllowed(&'static str),
    /// No API key is configured, so nobody can be authenticated.
    NotConfigured,
    /// The configuration has a mistake, so nothing is known of who may call.
    ConfigInvalid,
    /// The credential is right, but anyone can guess it.
    GuessableKey,
    /// The platform can't tell the settings now, so nothing is known of who may call.
    ConfigUnavailable,
    /// The decision could not be recorded, and the deployment makes none without a record.
    LogUnavailable,
    /// The keys that tokens are verified with can't be fetched.
    KeysUnavailable,
    /// The caller has made as many calls as it may for now.
    RateLimited,
    /// What counts the calls of each caller does not answer, or is not there.
    RateLimitUnavailable,
    /// The credential is missing or wrong.
    Unauthenticated,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The body is compressed.
    UnsupportedEncoding,
    /// The body is longer than the bound.
    BodyTooLarge,
    /// The body ended early or could not be read.
    BodyIncomplete,
    /// The body is no call.
    Request(RequestError),
    /// The embedded policy can't be read, or the host failed.
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
            404 => "Not Found",
            405 => "Method Not Allowed",
            413 => "Content Too Large",
            415 => "Unsupported Media Type",
            429 => "Too Many Requests",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        }
    }

    fn detail(self) -> &'static str {
        match self {
            Self::NotFound => "there is nothing at this path",
            Self::MethodNotAllowed(_) => "this path does not take this method",
            Self::NotConfigured => "no API key is configured: the operator must set the secret `CALLGATE_API_KEYS`",
            Self::ConfigInvalid => "the configuration of this deployment has a mistake: `callgate config` tells which",
            Self::GuessableKey => {
                "this API key is one repeated character: the operator must make one with `openssl rand -hex 32`"
            }
            Self::ConfigUnavailable => "the settings of this deployment cannot be read now; retry later",
            Self::LogUnavailable => {
                "the decision could not be recorded, and this deployment makes none without a record"
            }
            Self::KeysUnavailable => "the keys that tokens are verified with can't be fetched now",
            Self::RateLimited => "this caller has made as many calls as it may for now",
            Self::RateLimitUnavailable => "the calls of this caller can't be counted now",
            Self::Unauthenticated => "a valid API key or token is needed",
            Self::UnsupportedMediaType => "the body must be sent as `application/json` in UTF-8",
            Self::UnsupportedEncoding => "the body must be sent without `Content-Encoding`",
            Self::BodyTooLarge => "the body is longer than this deployment takes",
            Self::BodyIncomplete => "the body ended before its declared length",
            Self::Request(error) => error.detail(),
            Self::Internal => "the request could not be handled",
        }
    }

    /// The error as an answer.
    #[must_use]
    pub fn response(self) -> Response {
        self.response_with(self.detail())
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
    /// The answer to every call of a deployment that is not configured as it must be: 503, and what is wrong.
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
