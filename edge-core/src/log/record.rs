//! What is recorded of one decision.
//!
//! A record has no value of an attribute, and none of an argument unless the configuration asks for arguments. What could
//! repeat one is left out by construction: the reason, the predicates that failed, and beside masked arguments their
//! digest, since who knows the rest could find a short value by trying.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use callgate_engine::call::Target;
use callgate_engine::language::target::TargetKind;
use callgate_engine::{Call, Decision, Effect};

use crate::answer::write_id;
use crate::answer::{write_args_digest, write_outcome, write_policy};
use crate::deployment::Deployment;
use crate::json_text::{write_list, write_member, write_name, write_plain_member, write_text};
use crate::log::config::{Format, LogConfig, Mode, Sink};
use crate::log::data_point::DataPoint;
use crate::log::mask::RecordedArguments;
use crate::log::trace::TraceContext;
use crate::log::{cloudevents, opa};
use crate::problem::Problem;

/// Bytes of the target's name in a record.
const MAX_TARGET_BYTES: usize = 2_048;

/// Bytes of any other text that came with the call.
pub(crate) const MAX_TEXT_BYTES: usize = 512;

/// One record, before an [`Outbox`](crate::log::Outbox) numbers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The decision's id.
    pub(crate) decision_id: String,
    /// A JSON object whose last member is an object, so that more can be written at its end.
    pub(crate) text: String,
    /// The record as columns, where it goes into a dataset.
    pub(crate) point: Option<DataPoint>,
}

impl Record {
    /// The record as columns, where the sink is a dataset of Analytics Engine.
    #[must_use]
    pub fn data_point(&self) -> Option<&DataPoint> {
        self.point.as_ref()
    }
}

/// All that one record says.
pub(crate) struct Entry<'e> {
    pub(crate) config: &'e LogConfig,
    pub(crate) decision_id: &'e str,
    pub(crate) unix_millis: i64,
    pub(crate) duration_micros: u64,
    pub(crate) trace: TraceContext,
    pub(crate) principal: Option<&'e str>,
    /// The host's name for the run that the call belongs to.
    pub(crate) run: Option<&'e str>,
    pub(crate) roles: &'e [Cow<'e, str>],
    pub(crate) server: Option<&'e str>,
    /// What was called; `None` where the body was no call.
    pub(crate) target: Option<&'e Target<'e>>,
    pub(crate) arguments: RecordedArguments,
    pub(crate) args_digest: Option<[u8; 32]>,
    pub(crate) effect: Effect,
    pub(crate) code: &'e str,
    pub(crate) rule: Option<&'e str>,
    pub(crate) policy_version: &'e str,
    /// In hexadecimal digits.
    pub(crate) policy_digest: &'e str,
}

/// Records the decisions of one request.
pub(crate) struct Scribe<'s> {
    deployment: &'s Deployment<'s>,
    trace: TraceContext,
    /// Who called: the name of a key or the subject of a token.
    principal: Option<&'s str>,
    /// When the request came in, in microseconds.
    started: i64,
    random: [u8; 16],
    records: Vec<Record>,
}

impl<'s> Scribe<'s> {
    /// Starts the records of one request; `None` where nothing is recorded.
    pub(crate) fn new(
        deployment: &'s Deployment<'s>,
        trace: Option<TraceContext>,
        principal: Option<&'s str>,
        started: i64,
        random: [u8; 16],
    ) -> Option<Self> {
        let start = || {
            let trace = trace.unwrap_or_else(|| TraceContext::start(random));
            Self { deployment, trace, principal, started, random, records: Vec::new() }
        };
        (deployment.log.mode != Mode::Off).then(start)
    }

    /// Records one decision.
    pub(crate) fn record(
        &mut self,
        call: &Call<'_>,
        decision: &Decision,
        args_digest: Option<[u8; 32]>,
        decision_id: &str,
    ) {
        let config = &self.deployment.log;
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
            rule: decision.rule(&self.deployment.image),
            ..self.entry(decision_id, decision.code.name())
        });
    }

    /// Records that a call or a batch was refused, which denies; what it was for is not known.
    pub(crate) fn record_refusal(&mut self, problem: Problem) {
        let mut buffer = uuid::Uuid::encode_buffer();
        let decision_id = write_id(self.random, &mut buffer);
        self.write(&self.entry(decision_id, problem.code()));
    }

    /// What is known without a call.
    fn entry<'e>(&self, decision_id: &'e str, code: &'e str) -> Entry<'e>
    where
        's: 'e,
    {
        let deployment = self.deployment;
        let now = deployment.micros();
        Entry {
            config: &deployment.log,
            decision_id,
            unix_millis: now.div_euclid(1_000),
            // A clock that went back says nothing of the time that passed.
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
            policy_version: deployment.image.version(),
            policy_digest: deployment.image.policy_digest(),
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

    /// The trace of the request, and its records in the order of its calls.
    pub(crate) fn finish(self) -> (TraceContext, Vec<Record>) {
        (self.trace, self.records)
    }
}

impl Entry<'_> {
    /// Writes what was asked, as members of an object that has none before.
    pub(crate) fn write_call(&self, out: &mut String) {
        out.push_str("\"roles\":[");
        for (at, role) in self.roles.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write_text(&cut(role, MAX_TEXT_BYTES), out);
        }
        out.push(']');
        for (name, text) in [("principal", self.principal), ("server", self.server), ("run", self.run)] {
            if let Some(text) = text {
                write_member(name, &cut(text, MAX_TEXT_BYTES), out);
            }
        }
        if let Some(target) = self.target {
            // The name of the tool or the prompt, or the URI of the resource.
            write_member(target.kind.noun(), &cut(&target.name, MAX_TARGET_BYTES), out);
        }
        if let Some(operation) = self.operation() {
            write_plain_member("operation", operation, out);
        }
        if let RecordedArguments::Kept(text, _) = &self.arguments {
            write_name("args", out);
            out.push_str(text);
        }
    }

    /// Writes what was decided, as members of an object that has none before.
    pub(crate) fn write_outcome(&self, out: &mut String) {
        write_outcome(self.effect, self.code, self.rule, out);
        write_policy(self.policy_version, self.policy_digest, out);
        if let Some(digest) = &self.args_digest {
            write_args_digest(digest, out);
        }
    }

    /// Writes the operator's labels as members of an object, with `separator` before the first.
    pub(crate) fn write_labels(&self, mut separator: char, out: &mut String) {
        for (name, label) in &self.config.labels {
            out.push(core::mem::replace(&mut separator, ','));
            write_text(name, out);
            out.push(':');
            write_text(label, out);
        }
    }

    /// Writes which fields are not as they were sent: JSON pointers from what holds `parent`, each with a comma before.
    pub(crate) fn write_hidden(&self, parent: &str, out: &mut String) {
        match &self.arguments {
            RecordedArguments::Kept(_, masked) if !masked.is_empty() => {
                let pointers: Vec<String> = masked.iter().map(|pointer| [parent, "/args", pointer].concat()).collect();
                write_list("masked", pointers.iter().map(String::as_str), out);
            }
            RecordedArguments::Erased => write_list("erased", [&*[parent, "/args"].concat()].into_iter(), out),
            RecordedArguments::Kept(..) | RecordedArguments::None => {}
        }
    }

    /// What is done to a resource.
    pub(crate) fn operation(&self) -> Option<&'static str> {
        let target = self.target?;
        TargetKind::OPERATIONS.into_iter().find(|&(_, kind)| kind == target.kind).map(|(operation, _)| operation)
    }
}

/// A text of the caller's or the host's, cut where it is longer than a record can afford. What was cut says how long it was.
pub(crate) fn cut(text: &str, max_bytes: usize) -> Cow<'_, str> {
    if text.len() <= max_bytes {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(max_bytes);
    let kept = text.get(..end).unwrap_or_default();
    Cow::Owned([kept, "… (", itoa::Buffer::new().format(text.len()), " bytes)"].concat())
}
