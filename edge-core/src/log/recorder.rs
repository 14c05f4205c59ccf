//! Records the decisions of one request.

use alloc::string::String;
use alloc::vec::Vec;

use callgate_engine::{Call, Decision, Effect, PolicyImage};

use crate::http::decision_members::write_id;
use crate::http::problem::Problem;
use crate::http::trace_context::TraceContext;
use crate::log::config::{Format, LogConfig, Mode, Sink};
use crate::log::data_point::DataPoint;
use crate::log::entry::Entry;
use crate::log::mask::RecordedArguments;
use crate::log::record::Record;
use crate::log::{cloudevents, opa};
use crate::platform::Platform;

/// The parts that all records of a deployment share.
#[derive(Clone, Copy)]
pub(crate) struct Recorded<'s> {
    pub(crate) config: &'s LogConfig,
    pub(crate) image: &'s PolicyImage<'s>,
    pub(crate) platform: &'s Platform,
}

/// Records the decisions of one request.
pub(crate) struct DecisionRecorder<'s> {
    config: &'s LogConfig,
    image: &'s PolicyImage<'s>,
    platform: &'s Platform,
    trace: TraceContext,
    /// The principal: a key's name or a token's subject.
    principal: Option<&'s str>,
    /// When the request arrived, in microseconds.
    started: i64,
    random: [u8; 16],
    records: Vec<Record>,
}

impl<'s> DecisionRecorder<'s> {
    /// Starts the records of one request; `None` if nothing is recorded.
    pub(crate) fn new(
        Recorded { config, image, platform }: Recorded<'s>,
        trace: Option<TraceContext>,
        principal: Option<&'s str>,
        started: i64,
        random: [u8; 16],
    ) -> Option<Self> {
        let start = || {
            let trace = trace.unwrap_or_else(|| TraceContext::start(random));
            Self { config, image, platform, trace, principal, started, random, records: Vec::new() }
        };
        (config.mode != Mode::Off).then(start)
    }

    /// Records one decision.
    pub(crate) fn record(
        &mut self,
        call: &Call<'_>,
        decision: &Decision,
        args_digest: Option<[u8; 32]>,
        decision_id: &str,
    ) {
        let config = self.config;
        let arguments = match &config.mask {
            Some(mask) => mask.apply(call.arguments),
            None => RecordedArguments::None,
        };
        let is_masked = matches!(&arguments, RecordedArguments::Kept(_, masked) if !masked.is_empty());
        let is_erased = arguments == RecordedArguments::Erased;
        self.write(&Entry {
            run: call.trace_id.as_deref(),
            roles: &call.roles,
            server: call.server.as_deref(),
            target: Some(&call.target),
            arguments,
            args_digest: args_digest.filter(|_| config.has_args_digest && !is_masked && !is_erased),
            effect: decision.effect,
            rule: decision.rule(self.image),
            approval: decision.approval(self.image),
            ..self.entry(decision_id, decision.code.name())
        });
    }

    /// Records a rejected call or batch, which denies it; its target is unknown.
    pub(crate) fn record_refusal(&mut self, problem: Problem) {
        let mut buffer = uuid::Uuid::encode_buffer();
        let decision_id = write_id(self.random, &mut buffer);
        self.write(&self.entry(decision_id, problem.code()));
    }

    /// The facts that are known without a call.
    fn entry<'e>(&self, decision_id: &'e str, code: &'e str) -> Entry<'e>
    where
        's: 'e,
    {
        let now = self.platform.micros();
        Entry {
            config: self.config,
            decision_id,
            unix_millis: now.div_euclid(1_000),
            // If the clock went back, the duration is unknown.
            duration_micros: u64::try_from(now.saturating_sub(self.started)).unwrap_or(0),
            trace: self.trace,
            principal: self.principal,
            run: None,
            roles: &[],
            server: None,
            target: None,
            arguments: RecordedArguments::None,
            args_digest: None,
            effect: Effect::Deny,
            code,
            rule: None,
            approval: None,
            policy_version: self.image.version(),
            policy_digest: self.image.policy_digest(),
        }
    }

    fn write(&mut self, entry: &Entry<'_>) {
        let mut text = String::with_capacity(1_024);
        let mut point = None;
        match (&entry.config.sink, entry.config.format) {
            (Sink::Analytics(_), _) => point = Some(DataPoint::of(entry)),
            (_, Format::CloudEvents) => cloudevents::write(entry, &mut text),
            (_, Format::Opa) => opa::write(entry, &mut text),
        }
        self.records.push(Record { decision_id: entry.decision_id.into(), text, point });
    }

    /// The trace of the request, and its records in call order.
    pub(crate) fn finish(self) -> (TraceContext, Vec<Record>) {
        (self.trace, self.records)
    }
}
