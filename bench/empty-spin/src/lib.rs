//! A Spin app that does nothing, as in the SDK's documentation.

use spin_sdk::http::Request;
use spin_sdk::http_service;

#[cfg(not(feature = "read"))]
#[http_service]
async fn handle(_request: Request) -> impl spin_sdk::http::IntoResponse {
    "ok"
}

#[cfg(feature = "read")]
#[http_service]
async fn handle(request: Request) -> spin_sdk::http::Result<String> {
    use http_body_util::BodyExt as _;

    let length = request.into_body().collect().await?.to_bytes().len();
    Ok(format!("{:<500}", format!("{{\"length\":{length}}}")))
}
