//! The content of one decision record.
//!
//! A record contains no attribute values, and no argument values unless the configuration selects them. It also omits
//! everything that could quote one: the reason, the failed predicates and, with masked arguments, their digest, because
//! a short value could be found by trying.

use alloc::borrow::Cow;
use alloc::string::String;

use callgate_engine::Effect;
use callgate_engine::call::Target;
use callgate_engine::judge::approval::ApprovalTerms;
use callgate_engine::language::target::TargetKind;

use crate::http::decision_members::{write_approval, write_args_digest, write_outcome, write_policy};
use crate::http::json_text::{write_list, write_member, write_name, write_plain_member, write_text};
use crate::http::trace_context::TraceContext;
use crate::log::config::LogConfig;
use crate::log::mask::RecordedArguments;
use alloc::vec::Vec;

/// The maximum length of the target's name in a record, in bytes.
const MAX_TARGET_BYTES: usize = 2_048;

/// The maximum length of any other text from the call, in bytes.
pub(crate) const MAX_TEXT_BYTES: usize = 512;

/// The content of one record.
pub(crate) struct Entry<'e> {
    pub(crate) config: &'e LogConfig,
    pub(crate) decision_id: &'e str,
    pub(crate) unix_millis: i64,
    pub(crate) duration_micros: u64,
    pub(crate) trace: TraceContext,
    pub(crate) principal: Option<&'e str>,
    /// The host's name for the run of the call.
    pub(crate) run: Option<&'e str>,
    pub(crate) roles: &'e [Cow<'e, str>],
    pub(crate) server: Option<&'e str>,
    /// The target; `None` if the body was not a call.
    pub(crate) target: Option<&'e Target<'e>>,
    pub(crate) arguments: RecordedArguments,
    pub(crate) args_digest: Option<[u8; 32]>,
    pub(crate) effect: Effect,
    pub(crate) code: &'e str,
    pub(crate) rule: Option<&'e str>,
    /// The terms of the required approval.
    pub(crate) approval: Option<ApprovalTerms<'e>>,
    pub(crate) policy_version: &'e str,
    /// In hexadecimal digits.
    pub(crate) policy_digest: &'e str,
}

impl Entry<'_> {
    /// Writes the call as the first members of an object.
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

    /// Writes the decision as the first members of an object.
    pub(crate) fn write_outcome(&self, out: &mut String) {
        write_outcome(self.effect, self.code, self.rule, out);
        if let Some(approval) = &self.approval {
            write_approval(approval, out);
        }
        write_policy(self.policy_version, self.policy_digest, out);
        if let Some(digest) = &self.args_digest {
            write_args_digest(digest, out);
        }
    }

    /// Writes the operator's labels as members of an object, with `separator` before the first one.
    pub(crate) fn write_labels(&self, mut separator: char, out: &mut String) {
        for (name, label) in &self.config.labels {
            out.push(core::mem::replace(&mut separator, ','));
            write_text(name, out);
            out.push(':');
            write_text(label, out);
        }
    }

    /// Writes which fields were changed: JSON pointers from the object with the member `parent`, with a comma before
    /// each.
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

    /// The operation on a resource.
    pub(crate) fn operation(&self) -> Option<&'static str> {
        let target = self.target?;
        TargetKind::OPERATIONS.into_iter().find(|&(_, kind)| kind == target.kind).map(|(operation, _)| operation)
    }
}

/// A text of the caller or the host, truncated to fit into a record. A truncated text states its original length.
pub(crate) fn cut(text: &str, max_bytes: usize) -> Cow<'_, str> {
    if text.len() <= max_bytes {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(max_bytes);
    let kept = text.get(..end).unwrap_or_default();
    Cow::Owned([kept, "… (", itoa::Buffer::new().format(text.len()), " bytes)"].concat())
}
