//! Who sends the records that wait for a collector, while no caller waits for it.

use crate::flow::deployment::Deployment;
use crate::log::{Batch, Collector};

/// How long a collector that failed is left alone, in milliseconds.
const PAUSE_MILLIS: u32 = 500;

/// Who sends the records that wait, one batch after the other.
pub struct Sender<'d> {
    deployment: &'d Deployment<'d>,
    collector: &'d Collector,
    /// How long to wait before the next batch, in milliseconds.
    wait: Option<u32>,
    /// The batch on its way.
    batch: Option<Batch>,
}

/// What an edge does next for a [`Sender`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub enum SenderStep<'s> {
    /// Wait for so many milliseconds; records of later calls join the batch meanwhile.
    Wait(u32),
    /// Send the batch, and report to [`Sender::conclude`].
    Post(Post<'s>),
    /// Stop.
    Done,
}

/// A `POST` of records to a collector. An edge follows no redirection, and any 2xx status means that they arrived.
#[derive(Clone, Copy, Debug)]
pub struct Post<'p> {
    /// The address.
    pub url: &'p str,
    /// The credential of the header `Authorization`, with the scheme `Bearer`.
    pub token: Option<&'p str>,
    /// The media type of the body.
    pub content_type: &'static str,
    /// A JSON array of records.
    pub body: &'p [u8],
    /// How long all of it may take, in milliseconds.
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
        reason = "what it returns borrows the sender, as no item of an iterator does"
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
