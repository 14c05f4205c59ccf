//! An edge without a platform: it does what the state machine of `edge-core` says, and keeps what it saw.

use std::borrow::Cow;
use std::ops::ControlFlow;

use callgate_edge_core::log::DataPoint;
use callgate_edge_core::{
    Afterwards, BodyFault, Deployment, Destination, Head, Next, Response, Sender, SenderStep, receive,
};

/// What the platform of an [`Edge`] gives.
pub struct Edge<'e> {
    /// The body, or why there is none.
    pub body: Result<&'e [u8], BodyFault>,
    /// The bytes of the token issuer's keys, if a fetch brings them.
    pub keys: Option<&'e [u8]>,
    /// Whether a counted call is within the rate of its caller.
    pub is_within_rate: Option<bool>,
    /// Whether records can be written.
    pub is_written: bool,
    /// The other headers of the request.
    pub headers: &'e [(&'e str, &'e str)],
}

/// A response, and what an edge did for it.
pub struct Served<'d> {
    /// The response.
    pub response: Response,
    /// What the edge did.
    pub did: Did<'d>,
}

/// What an edge did for a request.
#[derive(Default)]
pub struct Did<'d> {
    /// The records that went to standard output, a queue or a collector that the response waited for.
    pub lines: Vec<String>,
    /// The records that went to a dataset.
    pub points: Vec<DataPoint>,
    /// The body that went to a collector that the response waited for.
    pub posted: Option<Vec<u8>>,
    /// Who sends the records that wait, if the request started somebody.
    pub sender: Option<Sender<'d>>,
    /// The addresses that keys were fetched from.
    pub fetched: Vec<String>,
    /// How often a signature was verified.
    pub verifications: usize,
    /// How often a call was counted.
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
    /// An edge on which everything works.
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

/// The bodies that a sender posts until it is done, where each arrives or not as `arrives` says for its number.
///
/// # Panics
/// It posts a thousand times, which no test makes it do.
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
