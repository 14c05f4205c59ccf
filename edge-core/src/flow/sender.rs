//! Sends pending records to a collector while no caller waits.

use crate::flow::deployment::Deployment;
use crate::log::{Batch, Collector};

/// The pause after a failed batch, in milliseconds.
const PAUSE_MILLIS: u32 = 500;

/// Sends pending records, one batch after the other.
pub struct Sender<'d> {
    deployment: &'d Deployment<'d>,
    collector: &'d Collector,
    /// How long to wait before the next batch, in milliseconds.
    wait: Option<u32>,
    /// The batch that is being sent.
    batch: Option<Batch>,
}

/// What an edge does next for a [`Sender`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub enum SenderStep<'s> {
    /// Wait this many milliseconds; records of later calls join the batch meanwhile.
    Wait(u32),
    /// Send the batch, and report to [`Sender::conclude`].
    Post(Post<'s>),
    /// Stop.
    Done,
}

/// A `POST` of records to a collector. The edge must not follow redirections; any 2xx status means that the records
/// arrived.
#[derive(Clone, Copy, Debug)]
pub struct Post<'p> {
    /// The address.
    pub url: &'p str,
    /// The Bearer credential for the header `Authorization`.
    pub token: Option<&'p str>,
    /// The media type of the body.
    pub content_type: &'static str,
    /// A JSON array of records.
    pub body: &'p [u8],
    /// The maximum duration of the request, in milliseconds.
    pub timeout_millis: u32,
}

impl<'p> Post<'p> {
    pub(super) fn new(deployment: &'p Deployment<'_>, collector: &'p Collector, batch: &'p Batch) -> Self {
        Self {
            url: &collector.url,
            token: deployment.log_token.as_deref(),
            content_type: batch.content_type,
            body: &batch.body,
            timeout_millis: collector.timeout_millis,
        }
    }
}

impl<'d> Sender<'d> {
    pub(super) fn new(deployment: &'d Deployment<'d>, collector: &'d Collector, wait: u32) -> Self {
        Self { deployment, collector, wait: Some(wait), batch: None }
    }

    /// What to do next.
    #[expect(
        clippy::should_implement_trait,
        reason = "the returned step borrows the sender, which an iterator item cannot do"
    )]
    pub fn next(&mut self) -> SenderStep<'_> {
        if let Some(wait) = self.wait.take() {
            return SenderStep::Wait(wait);
        }
        // INVARIANT: no borrow of the outbox outlives a function of this crate, so it is free here.
        let Ok(mut outbox) = self.deployment.outbox.try_borrow_mut() else { return SenderStep::Done };
        self.batch = outbox.next_batch(self.deployment.platform.millis());
        match &self.batch {
            Some(batch) => {
                let done = self.deployment.platform.millis().saturating_add(self.collector.timeout_millis.into());
                outbox.keep_sending(done);
                SenderStep::Post(Post::new(self.deployment, self.collector, batch))
            }
            None => {
                outbox.stop_sending();
                SenderStep::Done
            }
        }
    }

    /// Reports whether the batch arrived.
    pub fn conclude(&mut self, is_delivered: bool) {
        let Ok(mut outbox) = self.deployment.outbox.try_borrow_mut() else { return };
        match self.batch.take() {
            Some(batch) if is_delivered => outbox.delivered(&batch),
            Some(batch) => {
                outbox.failed(batch);
                self.wait = Some(PAUSE_MILLIS);
            }
            None => {}
        }
        outbox.keep_sending(self.deployment.platform.millis());
    }
}
