//! Records a decision and returns its response.

use alloc::string::String;
use alloc::vec::Vec;

use crate::flow::deployment::Deployment;
use crate::flow::next::{Admitted, Afterwards, BackgroundWrite, Next, RecordWrite};
use crate::flow::sender::{Post, Sender};
use crate::http::Response;
use crate::http::problem::Problem;
use crate::http::trace_context::TraceContext;
use crate::log::recorder::DecisionRecorder;
use crate::log::{Collector, DataPoint, Mode, Record, Sink};

/// Denies a call because of its head, its rate or its incomplete body.
pub(super) fn refuse<'d>(admitted: Admitted<'d>, problem: Problem) -> Next<'d> {
    let Some(random) = admitted.random() else { return Next::Send(admitted.fault()) };
    let Admitted { deployment, caller, trace, started, .. } = admitted;
    let principal = caller.principal.as_deref();
    let recorder = DecisionRecorder::new(deployment.recorded(), trace, principal, started, random);
    conclude_refusal(deployment, problem, trace, recorder)
}

/// Records that a call or a batch was rejected, and responds.
pub(super) fn conclude_refusal<'d>(
    deployment: &'d Deployment<'d>,
    problem: Problem,
    trace: Option<TraceContext>,
    mut recorder: Option<DecisionRecorder<'_>>,
) -> Next<'d> {
    if let Some(recorder) = &mut recorder {
        recorder.record_refusal(problem);
    }
    conclude(deployment, problem.response(), trace, recorder)
}

/// Responds after the records reach the configured sink.
pub(super) fn conclude<'d>(
    deployment: &'d Deployment<'d>,
    response: Response,
    trace: Option<TraceContext>,
    recorder: Option<DecisionRecorder<'_>>,
) -> Next<'d> {
    let Some(recorder) = recorder else { return Next::Send(response.traced(trace)) };
    let (trace, records) = recorder.finish();
    let response = response.traced(Some(trace));
    if records.is_empty() {
        return Next::Send(response);
    }
    let is_required = deployment.log.mode == Mode::Required;
    match &deployment.log.sink {
        Sink::Https(collector) if !is_required => match push(deployment, collector, records) {
            Some(sender) => Next::SendThen(response, Afterwards::Send(sender)),
            None => Next::Send(response),
        },
        sink => {
            // INVARIANT: no borrow of the outbox outlives a function of this crate, so it is free here.
            let Some(write) = BackgroundWrite::new(deployment, records) else {
                return Next::Send(Problem::Internal.response().traced(response.trace));
            };
            match sink {
                Sink::Queue(_) if !is_required => Next::SendThen(response, Afterwards::Write(write)),
                Sink::Stdout | Sink::Analytics(_) | Sink::Queue(_) | Sink::Https(_) => {
                    Next::WriteRecords(RecordWrite { response, write })
                }
            }
        }
    }
}

/// Queues records for a collector, and returns a sender unless one is active.
fn push<'d>(deployment: &'d Deployment<'d>, collector: &'d Collector, records: Vec<Record>) -> Option<Sender<'d>> {
    let Ok(mut outbox) = deployment.outbox.try_borrow_mut() else { return None };
    outbox.push(records);
    let wait = outbox.start_sending(deployment.platform.millis(), collector.batch_wait_millis)?;
    Some(Sender::new(deployment, collector, wait))
}

/// Where to write records.
#[derive(Clone, Copy, Debug)]
pub enum Destination<'w> {
    /// Standard output: write each record and its line feed at once, so that records are not interleaved.
    Stdout(&'w [String]),
    /// A queue of Cloudflare, by its binding: one message per record.
    Queue(&'w str, &'w [String]),
    /// A dataset of Cloudflare's Analytics Engine, by its binding: one data point per record.
    Analytics(&'w str, &'w [DataPoint]),
    /// A collector.
    Collector(Post<'w>),
}

impl RecordWrite<'_> {
    /// Where to write the records.
    #[must_use]
    pub fn destination(&self) -> Destination<'_> {
        self.write.destination()
    }

    /// The response, after the records were written or not. If a required record was not written, the response is a
    /// Deny that does not reveal the decision.
    #[must_use]
    pub fn finish(self, is_written: bool) -> Response {
        let Self { response, write } = self;
        let may_be_sent = is_written || write.deployment.log.mode != Mode::Required;
        write.finish(is_written);
        if may_be_sent { response } else { Problem::LogUnavailable.response().traced(response.trace) }
    }
}

impl<'d> BackgroundWrite<'d> {
    fn new(deployment: &'d Deployment<'d>, records: Vec<Record>) -> Option<Self> {
        let points = records.iter().filter_map(|record| record.point.clone()).collect();
        let lines = deployment.outbox.try_borrow_mut().ok()?.write_now(records);
        let is_posted = matches!(deployment.log.sink, Sink::Https(_));
        let batch = is_posted.then(|| lines.batch(deployment.log.format));
        Some(Self { deployment, lines, points, batch, is_written: false })
    }

    /// Where to write the records.
    #[must_use]
    pub fn destination(&self) -> Destination<'_> {
        match (&self.deployment.log.sink, &self.batch) {
            (Sink::Https(collector), Some(batch)) => {
                Destination::Collector(Post::new(self.deployment, collector, batch))
            }
            (Sink::Queue(binding), _) => Destination::Queue(binding, &self.lines.lines),
            (Sink::Analytics(binding), _) => Destination::Analytics(binding, &self.points),
            (Sink::Stdout | Sink::Https(_), _) => Destination::Stdout(&self.lines.lines),
        }
    }

    /// Counts the records as lost unless they were written.
    pub fn finish(mut self, is_written: bool) {
        self.is_written = is_written;
    }
}

/// A platform that forgets a request whose caller disconnected never reports, so the state itself counts the loss.
impl Drop for BackgroundWrite<'_> {
    fn drop(&mut self) {
        if !self.is_written
            && let Ok(mut outbox) = self.deployment.outbox.try_borrow_mut()
        {
            outbox.lose_lines(&self.lines);
        }
    }
}
