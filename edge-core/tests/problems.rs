//! Problem details: the status of each, its name, and the code for programs.
#![expect(clippy::indexing_slicing, reason = "a test states what must hold by failing")]

use callgate_edge_core::Problem;
use serde_json::{Value, json};

#[track_caller]
fn check(problem: Problem, status: u16, title: &str, code: &str) {
    let response = problem.response();
    assert_eq!((response.status, problem.status()), (status, status), "{code}");
    assert!(response.headers().any(|header| header == ("content-type", "application/problem+json")), "{code}");
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let members = ["type", "title", "status", "code", "decision"].map(|name| body[name].clone());
    let expected = [json!("about:blank"), json!(title), json!(status), json!(code), json!("Deny")];
    assert_eq!(members, expected, "{code}");
    assert_eq!(problem.code(), code);
    assert!(body["detail"].as_str().is_some_and(|detail| detail.len() > 20), "{code} says what is wrong: {body}");
}

#[test]
fn each_problem_has_the_status_that_rfc_9110_names() {
    check(Problem::BodyIncomplete, 400, "Bad Request", "body_incomplete");
    check(Problem::Unauthenticated, 401, "Unauthorized", "unauthenticated");
    check(Problem::ExplainForbidden, 403, "Forbidden", "explain_forbidden");
    check(Problem::NotFound, 404, "Not Found", "not_found");
    check(Problem::MethodNotAllowed("POST"), 405, "Method Not Allowed", "method_not_allowed");
    check(Problem::BodyTooLarge, 413, "Content Too Large", "body_too_large");
    check(Problem::UnsupportedMediaType, 415, "Unsupported Media Type", "unsupported_media_type");
    check(Problem::UnsupportedEncoding, 415, "Unsupported Media Type", "unsupported_encoding");
    check(Problem::RateLimited, 429, "Too Many Requests", "rate_limited");
    check(Problem::Internal, 500, "Internal Server Error", "internal_error");
    check(Problem::RateLimitUnavailable, 503, "Service Unavailable", "rate_limit_unavailable");
    check(Problem::NotConfigured, 503, "Service Unavailable", "not_configured");
    check(Problem::ConfigInvalid, 503, "Service Unavailable", "config_invalid");
    check(Problem::GuessableKey, 503, "Service Unavailable", "config_invalid");
    check(Problem::ConfigUnavailable, 503, "Service Unavailable", "config_unavailable");
    check(Problem::KeysUnavailable, 503, "Service Unavailable", "keys_unavailable");
    check(Problem::LogUnavailable, 503, "Service Unavailable", "log_unavailable");
}

#[test]
fn a_method_that_a_path_does_not_support_is_answered_with_the_one_that_it_does() {
    for method in ["GET", "POST"] {
        let response = Problem::MethodNotAllowed(method).response();
        assert!(response.headers().any(|header| header == ("allow", method)), "{method}");
    }
    assert!(!Problem::NotFound.response().headers().any(|(name, _)| name == "allow"));
}
