//! Where the records of decisions go.

use callgate_edge_core::{Destination, Post};
use wasm_bindgen::JsValue;

use crate::platform;
use crate::request::Incoming;

/// Starts to write records: whether they are written, or a promise of it.
pub(crate) fn write(incoming: &Incoming, destination: Destination<'_>) -> Result<bool, JsValue> {
    match destination {
        Destination::Stdout(lines) => {
            lines.iter().for_each(|line| platform::write_line(line));
            // The runtime accepts every line, and reports no failure.
            Ok(true)
        }
        Destination::Analytics(binding, points) => Ok(points.iter().all(|point| {
            platform::write_data_point(&incoming.env, binding, &point.index, point.blobs.clone(), &point.doubles)
        })),
        Destination::Queue(binding, lines) => Err(platform::send_to_queue(&incoming.env, binding, lines.to_vec())),
        Destination::Collector(request) => Err(post(request)),
    }
}

/// Sends records to a collector: a promise whether they were delivered.
pub(crate) fn post(Post { url, token, content_type, body, timeout_millis }: Post<'_>) -> JsValue {
    platform::post(url, token, content_type, body, timeout_millis)
}
