//! What is recorded of one decision.
//!
//! A record has no value of an attribute, and none of an argument unless the configuration asks for arguments. What could
//! repeat one is left out by construction: the reason, the predicates that failed, and beside masked arguments their
//! digest, since who knows the rest could find a short value by trying.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use callgate_engine::request::Target;
use callgate_engine::target::TargetKind;
use callgate_engine::{Call, Code, Decision, Effect, PolicyImage};

use crate::json_text::{write_digest, write_list, write_member, write_name, write_plain_member, write_text};
use crate::log::config::{Format, LogConfig, Mode, Sink};
use crate::log::data_point::DataPoint;
use crate::log::mask::RecordedArguments;
use crate::log::trace::TraceContext;
use crate::log::{cloudevents, opa};

/// Bytes of the target's name in a record.
const MAX_TARGET_BYTES: usize = 2_048;

/// Bytes of any other text that came with the call.
const MAX_TEXT_BYTES: usize = 512;

/// What an edge knows of a request for the records of its decisions.
#[derive(Clone, Copy)]
pub struct Observation<'o> {
    /// The time, in milliseconds since the start of 1970 in UTC.
    pub unix_millis: i64,
    /// The value of the header `traceparent`.
    pub traceparent: Option<&'o str>,
    /// Who called, where the edge knows: the name of a key or the subject of a token.
    pub principal: Option<&'o str>,
    /// How long ago the request came in, in microseconds.
    pub elapsed_micros: &'o dyn Fn() -> u64,
}

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
    pub(crate) target: &'e Target<'e>,
    pub(crate) arguments: RecordedArguments,
    pub(crate) args_digest: Option<[u8; 32]>,
    pub(crate) effect: Effect,
    pub(crate) code: Code,
    pub(crate) rule: Option<&'e str>,
    pub(crate) policy_version: &'e str,
    pub(crate) policy_digest: &'e [u8; 32],
}

/// Records the decisions of one request.
pub(crate) struct Scribe<'s> {
    config: &'s LogConfig,
    observation: &'s Observation<'s>,
    trace: TraceContext,
    records: Vec<Record>,
}

impl<'s> Scribe<'s> {
    /// Starts the records of one request; `None` where nothing is recorded.
    pub(crate) fn new(config: &'s LogConfig, observation: &'s Observation<'s>, random: [u8; 16]) -> Option<Self> {
        let trace = TraceContext::of(observation.traceparent, random);
        (config.mode != Mode::Off).then(|| Self { config, observation, trace, records: Vec::new() })
    }

    /// Records one decision.
    pub(crate) fn record(
        &mut self,
        image: &PolicyImage<'_>,
        call: &Call<'_>,
        decision: &Decision,
        args_digest: Option<[u8; 32]>,
        decision_id: &str,
    ) {
        let arguments = match &self.config.mask {
            Some(mask) => mask.apply(call.arguments),
            None => RecordedArguments::None,
        };
        let is_masked = matches!(&arguments, RecordedArguments::Kept(_, masked) if !masked.is_empty());
        let is_erased = arguments == RecordedArguments::Erased;
        let entry = Entry {
            config: self.config,
            decision_id,
            unix_millis: self.observation.unix_millis,
            duration_micros: (self.observation.elapsed_micros)(),
            trace: self.trace,
            principal: self.observation.principal,
            run: call.trace_id.as_deref(),
            roles: &call.roles,
            server: call.server.as_deref(),
            target: &call.target,
            arguments,
            args_digest: args_digest.filter(|_| self.config.has_args_digest && !is_masked && !is_erased),
            effect: decision.effect,
            code: decision.code,
            rule: decision.rule(image),
            policy_version: image.version(),
            policy_digest: image.policy_digest(),
        };
        let mut text = String::with_capacity(1_024);
        let mut point = None;
        match (&self.config.sink, self.config.format) {
            (Sink::Analytics(_), _) => point = Some(DataPoint::of(&entry)),
            (_, Format::CloudEvents) => cloudevents::write(&entry, &mut text),
            (_, Format::Opa) => opa::write(&entry, &mut text),
        }
        self.records.push(Record { decision_id: decision_id.into(), text, point });
    }

    /// The records of the request, in the order of its calls.
    pub(crate) fn finish(self) -> Vec<Record> {
        self.records
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
        write_member(self.target.kind.noun(), &self.target_name(), out);
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
        out.push_str("\"decision\":\"");
        out.push_str(self.effect.name());
        out.push('"');
        write_plain_member("code", self.code.name(), out);
        match self.rule {
            Some(rule) => write_member("rule", rule, out),
            None => out.push_str(",\"rule\":null"),
        }
        out.push_str(",\"policy\":{\"version\":");
        write_text(self.policy_version, out);
        write_name("digest", out);
        write_digest(self.policy_digest, out);
        out.push('}');
        if let Some(digest) = &self.args_digest {
            write_name("argsDigest", out);
            write_digest(digest, out);
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

    /// The name of the tool or the prompt, or the URI of the resource.
    pub(crate) fn target_name(&self) -> Cow<'_, str> {
        cut(&self.target.name, MAX_TARGET_BYTES)
    }

    /// What is done to a resource.
    pub(crate) fn operation(&self) -> Option<&'static str> {
        TargetKind::OPERATIONS.into_iter().find(|&(_, kind)| kind == self.target.kind).map(|(operation, _)| operation)
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
