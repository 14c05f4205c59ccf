//! A Spin app that does nothing, in the way in which the SDK's own documentation starts one.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn handle(_request: Request) -> impl IntoResponse {
    "ok"
}
