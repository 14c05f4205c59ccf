//! The states of a request, and what an edge does in each.
//!
//! A state is owned, and its one method consumes it, so that an edge can neither skip a wait nor answer one twice:
//!
//! ```text
//! receive ──► FetchKeys ──► Verify ──► CountCall ──► ReadBody ──► WriteRecords ──► Response
//!    │            (tokens only)        (rate limit)                (decision log)     ▲
//!    └────────────────────────── Send: refused, or needs no body ─────────────────────┘
//! ```
//!
//! The methods are in the files beside this one; the types are here since each of them leads to a [`Next`].

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
    /// Send the response; the request is done.
    Send(Response),
    /// Send the response, and do the rest without letting the caller wait for it.
    SendThen(Response, Afterwards<'d>),
    /// Fetch the keys of the token issuer, and go on with [`KeyFetch::resume`].
    FetchKeys(Box<KeyFetch<'d>>),
    /// Verify the signature of a token, and go on with [`Verification::finish`].
    Verify(Box<Verification<'d>>),
    /// Count one more call of the caller, and go on with [`CallCount::resume`].
    CountCall(CallCount<'d>),
    /// Read the body, and go on with [`BodyRead::resume`].
    ReadBody(BodyRead<'d>),
    /// Write the records, and go on with [`RecordWrite::finish`], which alone gives the response.
    WriteRecords(RecordWrite<'d>),
}

/// What an edge does once a response is on its way.
#[must_use]
pub enum Afterwards<'d> {
    /// Write the records, and report to [`BackgroundWrite::finish`].
    Write(BackgroundWrite<'d>),
    /// Do what [`Sender::next`] says until it is done.
    Send(Sender<'d>),
}

/// What a request that needs a credential is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Endpoint {
    /// The description of the policy.
    Policy,
    /// One decision or several.
    Evaluate {
        is_batch: bool,
        /// The length of the body in bytes, if the head declares one.
        declared_length: Option<u64>,
        /// The problem of the head, if it has one, which only those learn of who may call.
        problem: Option<Problem>,
    },
}

/// A request whose caller is not known yet.
#[derive(Clone, Copy)]
pub(crate) struct Admission<'d> {
    pub(crate) deployment: &'d Deployment<'d>,
    pub(crate) endpoint: Endpoint,
    /// The trace of the header `traceparent`, if that is valid.
    pub(crate) trace: Option<TraceContext>,
    /// When the request arrived, in microseconds; if nothing is recorded, nobody asked.
    pub(crate) started: i64,
}

/// A request that waits for the keys of the token issuer.
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

/// A request whose caller is known.
pub(crate) struct Admitted<'d> {
    pub(crate) deployment: &'d Deployment<'d>,
    pub(crate) is_batch: bool,
    pub(crate) caller: Caller,
    /// The trace of the header `traceparent`, if that is valid.
    pub(crate) trace: Option<TraceContext>,
    /// When the request arrived, in microseconds; if nothing is recorded, nobody asked.
    pub(crate) started: i64,
    /// The length of the body in bytes, if the head declared one.
    pub(crate) declared_length: Option<u64>,
}

/// A request that waits to hear whether its caller may call once more.
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

/// Records on their way out.
pub struct BackgroundWrite<'d> {
    pub(super) deployment: &'d Deployment<'d>,
    pub(super) lines: Lines,
    pub(super) points: Vec<DataPoint>,
    /// The records as one body, if they go to a collector.
    pub(super) batch: Option<Batch>,
    /// Unless the platform reports that they are written, the records are lost.
    pub(super) is_written: bool,
}
