//! The states of a request, and what an edge does in each.
//!
//! Each state is owned and its one method consumes it, so an edge can neither skip a wait nor complete one twice:
//!
//! ```text
//! receive ──► FetchKeys ──► Verify ──► CountCall ──► ReadBody ──► WriteRecords ──► Response
//!    │            (tokens only)        (rate limit)                (decision log)     ▲
//!    └────────────────────────── Send: refused, or needs no body ─────────────────────┘
//! ```
//!
//! The methods are in the sibling files; the types are here because each of them leads to a [`Next`].

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::auth::{Caller, Unverified};
use crate::flow::deployment::Deployment;
use crate::flow::sender::Sender;
use crate::http::Response;
use crate::http::problem::Problem;
use crate::http::trace_context::TraceContext;
use crate::log::{Batch, DataPoint, Lines};

/// What an edge does next for a request.
#[must_use]
pub enum Next<'d> {
    /// Send the response; the request is complete.
    Send(Response),
    /// Send the response, then do the rest without delaying the caller.
    SendThen(Response, Afterwards<'d>),
    /// Fetch the token issuer's keys, and continue with [`KeyFetch::resume`].
    FetchKeys(Box<KeyFetch<'d>>),
    /// Verify the token signature, and continue with [`Verification::finish`].
    Verify(Box<Verification<'d>>),
    /// Count one more call of the caller, and continue with [`CallCount::resume`].
    CountCall(CallCount<'d>),
    /// Read the body, and continue with [`BodyRead::resume`].
    ReadBody(BodyRead<'d>),
    /// Write the records, and continue with [`RecordWrite::finish`], the only source of the response.
    WriteRecords(RecordWrite<'d>),
}

/// What an edge does after it sends a response.
#[must_use]
pub enum Afterwards<'d> {
    /// Write the records, and report to [`BackgroundWrite::finish`].
    Write(BackgroundWrite<'d>),
    /// Do what [`Sender::next`] says until it is done.
    Send(Sender<'d>),
}

/// The purpose of a request that requires a credential.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Endpoint {
    /// The description of the policy.
    Policy,
    /// One decision or several.
    Evaluate {
        is_batch: bool,
        /// The length of the body in bytes, if the head declares one.
        declared_length: Option<u64>,
        /// The error in the head, if any; only authenticated callers see it.
        problem: Option<Problem>,
    },
}

/// A request whose caller is not authenticated yet.
#[derive(Clone, Copy)]
pub(crate) struct Admission<'d> {
    pub(crate) deployment: &'d Deployment<'d>,
    pub(crate) endpoint: Endpoint,
    /// The trace of the header `traceparent`, if that is valid.
    pub(crate) trace: Option<TraceContext>,
    /// When the request arrived, in microseconds; 0 if nothing is recorded.
    pub(crate) started: i64,
}

/// A request that waits for the token issuer's keys.
pub struct KeyFetch<'d> {
    pub(super) admission: Admission<'d>,
    pub(super) url: String,
    pub(super) credential: Option<String>,
}

/// A request that waits for the verification of its token.
pub struct Verification<'d> {
    pub(super) admission: Admission<'d>,
    pub(super) unverified: Unverified<'static>,
}

/// A request whose caller is authenticated.
pub(crate) struct Admitted<'d> {
    pub(crate) deployment: &'d Deployment<'d>,
    pub(crate) is_batch: bool,
    pub(crate) caller: Caller,
    /// The trace of the header `traceparent`, if that is valid.
    pub(crate) trace: Option<TraceContext>,
    /// When the request arrived, in microseconds; 0 if nothing is recorded.
    pub(crate) started: i64,
    /// The length of the body in bytes, if the head declared one.
    pub(crate) declared_length: Option<u64>,
}

/// A request that waits for the rate limit.
pub struct CallCount<'d> {
    pub(super) admitted: Admitted<'d>,
}

/// A request that waits for its body.
pub struct BodyRead<'d> {
    pub(super) admitted: Admitted<'d>,
}

/// A decided request that waits for its records to be written.
pub struct RecordWrite<'d> {
    pub(super) response: Response,
    pub(super) write: BackgroundWrite<'d>,
}

/// Records that are being written.
pub struct BackgroundWrite<'d> {
    pub(super) deployment: &'d Deployment<'d>,
    pub(super) lines: Lines,
    pub(super) points: Vec<DataPoint>,
    /// The records as one body, if they go to a collector.
    pub(super) batch: Option<Batch>,
    /// Unless the platform reports that they are written, the records are lost.
    pub(super) is_written: bool,
}
