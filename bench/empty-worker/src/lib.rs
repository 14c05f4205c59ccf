//! A Worker that does nothing, as in the SDK's template.

use worker::{Context, Env, Request, Response, Result, event};

#[cfg(not(feature = "read"))]
#[event(fetch)]
async fn fetch(_request: Request, _env: Env, _context: Context) -> Result<Response> {
    Response::ok("ok")
}

#[cfg(feature = "read")]
#[event(fetch)]
async fn fetch(mut request: Request, _env: Env, _context: Context) -> Result<Response> {
    let length = request.bytes().await?.len();
    let mut response = Response::from_bytes(format!("{:<500}", format!("{{\"length\":{length}}}")).into_bytes())?;
    response.headers_mut().set("content-type", "application/json")?;
    Ok(response)
}
