//! An edge without a platform: it follows the state machine of `edge-core` and records what it did.

use std::borrow::Cow;
use std::ops::ControlFlow;

use callgate_edge_core::log::DataPoint;
use callgate_edge_core::{
    Afterwards, BodyFault, Deployment, Destination, Head, Next, Response, Sender, SenderStep, receive,
};

/// The platform of an [`Edge`].
pub struct Edge<'e> {
    /// The body, or why it is missing.
    pub body: Result<&'e [u8], BodyFault>,
    /// The token issuer's keys, if a fetch succeeds.
    pub keys: Option<&'e [u8]>,
    /// Whether a counted call is within its caller's rate.
    pub is_within_rate: Option<bool>,
    /// Whether writing records succeeds.
    pub is_written: bool,
    /// The other headers of the request.
    pub headers: &'e [(&'e str, &'e str)],
}

/// A response, and the actions of the edge.
pub struct Served<'d> {
    /// The response.
    pub response: Response,
    /// The actions of the edge.
    pub did: Did<'d>,
}

/// The actions of an edge for a request.
#[derive(Default)]
pub struct Did<'d> {
    /// The records that were sent to standard output, to a queue, or to a collector while the response waited.
    pub lines: Vec<String>,
    /// The records that were sent to a dataset.
    pub points: Vec<DataPoint>,
    /// The body that was sent to a collector while the response waited.
    pub posted: Option<Vec<u8>>,
    /// The sender of waiting records, if the request started one.
    pub sender: Option<Sender<'d>>,
    /// The addresses of key fetches.
    pub fetched: Vec<String>,
    /// The number of signature verifications.
    pub verifications: usize,
    /// The number of counted calls.
    pub counts: usize,
    /// Whether the body was read.
    pub has_read_body: bool,
}

impl Default for Edge<'_> {
    fn default() -> Self {
        Self { body: Ok(&[]), keys: None, is_within_rate: Some(true), is_written: true, headers: &[] }
    }
}

impl<'e> Edge<'e> {
    /// An edge on which everything succeeds.
    #[must_use]
    pub fn with_body(body: &'e [u8]) -> Self {
        Self { body: Ok(body), ..Self::default() }
    }

    /// Serves a request to its end.
    pub fn serve<'d>(&self, head: &Head<'_>, deployment: &'d Deployment<'d>) -> Served<'d> {
        let mut did = Did::default();
        let mut next = receive(head, deployment);
        loop {
            match self.step(next, &mut did) {
                ControlFlow::Continue(after) => next = after,
                ControlFlow::Break(response) => return Served { response, did },
            }
        }
    }

    fn step<'d>(&self, next: Next<'d>, did: &mut Did<'d>) -> ControlFlow<Response, Next<'d>> {
        ControlFlow::Continue(match next {
            Next::Send(response) => return ControlFlow::Break(response),
            Next::SendThen(response, Afterwards::Send(sender)) => {
                did.sender = Some(sender);
                return ControlFlow::Break(response);
            }
            Next::SendThen(response, Afterwards::Write(write)) => {
                did.keep(write.destination());
                write.finish(self.is_written);
                return ControlFlow::Break(response);
            }
            Next::FetchKeys(fetch) => {
                did.fetched.push(fetch.url().to_owned());
                fetch.resume(self.keys)
            }
            Next::Verify(verification) => {
                did.verifications = did.verifications.saturating_add(1);
                let is_genuine = verification.token().verify();
                verification.finish(is_genuine)
            }
            Next::CountCall(count) => {
                did.counts = did.counts.saturating_add(1);
                count.resume(self.is_within_rate)
            }
            Next::ReadBody(read) => {
                did.has_read_body = true;
                let header = |name: &str| {
                    self.headers.iter().find(|(sent, _)| *sent == name).map(|&(_, value)| Cow::Borrowed(value))
                };
                read.resume(self.body, &header)
            }
            Next::WriteRecords(write) => {
                did.keep(write.destination());
                return ControlFlow::Break(write.finish(self.is_written));
            }
        })
    }
}

impl Did<'_> {
    fn keep(&mut self, destination: Destination<'_>) {
        match destination {
            Destination::Stdout(lines) | Destination::Queue(_, lines) => self.lines = lines.to_vec(),
            Destination::Analytics(_, points) => self.points = points.to_vec(),
            Destination::Collector(post) => self.posted = Some(post.body.to_vec()),
        }
    }
}

/// The bodies that a sender posts until it is done; `arrives` decides by number which of them arrive.
///
/// # Panics
/// It posts a thousand times, which no test requires.
#[track_caller]
pub fn send_all(mut sender: Sender<'_>, mut arrives: impl FnMut(usize) -> bool) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    while bodies.len() < 1_000 {
        match sender.next() {
            SenderStep::Wait(_) => continue,
            SenderStep::Post(post) => bodies.push(post.body.to_vec()),
            SenderStep::Done => return bodies,
        }
        sender.conclude(arrives(bodies.len()));
    }
    panic!("the sender never ends")
}
