//! A record as a data point of Cloudflare's Analytics Engine, which has unnamed columns.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use crate::http::json_text::{write_digest, write_hex_digest};
use crate::log::entry::{Entry, cut};

/// The maximum length of an index, in bytes.
const MAX_INDEX_BYTES: usize = 96;

/// The maximum length of one blob, in bytes: all fourteen together stay below the 16 KiB of a data point.
const MAX_BLOB_BYTES: usize = 512;

/// The data point of one decision. The order of the columns is stable.
#[derive(Clone, Debug, PartialEq)]
pub struct DataPoint {
    /// `index1`, the sampling key of the dataset: the target's name.
    pub index: String,
    /// `blob1` and later: decision id, decision, code, rule, kind of target, target, operation, server, roles
    /// (separated by commas), principal, run, trace id, policy digest, argument digest; empty if missing.
    pub blobs: Vec<String>,
    /// `double1`: the duration of the decision, in microseconds.
    pub doubles: Vec<f64>,
}

impl DataPoint {
    pub(crate) fn of(entry: &Entry<'_>) -> Self {
        let mut trace_id = String::new();
        entry.trace.write_trace_id(&mut trace_id);
        let digest = |write: &dyn Fn(&mut String)| {
            let mut text = String::new();
            write(&mut text);
            text.trim_matches('"').to_owned()
        };
        let args_digest = entry.args_digest.as_ref().map(|bytes| digest(&|out| write_digest(bytes, out)));
        let text = |text: Option<&str>| cut(text.unwrap_or_default(), MAX_BLOB_BYTES).into_owned();
        let target = entry.target.map(|target| &*target.name).unwrap_or_default();
        let index = target.get(..target.floor_char_boundary(MAX_INDEX_BYTES));
        Self {
            index: index.unwrap_or_default().to_owned(),
            blobs: Vec::from([
                entry.decision_id.to_owned(),
                entry.effect.name().to_owned(),
                entry.code.to_owned(),
                text(entry.rule),
                entry.target.map(|target| target.kind.noun()).unwrap_or_default().to_owned(),
                text(Some(target)),
                entry.operation().unwrap_or_default().to_owned(),
                text(entry.server),
                text(Some(&entry.roles.join(","))),
                text(entry.principal),
                text(entry.run),
                trace_id,
                digest(&|out| write_hex_digest(entry.policy_digest, out)),
                args_digest.unwrap_or_default(),
            ]),
            doubles: Vec::from([f64::from(u32::try_from(entry.duration_micros).unwrap_or(u32::MAX))]),
        }
    }
}
