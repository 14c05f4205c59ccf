//! The findings that a policy accepts, each with a reason.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::policy::document::{Accepted, PolicyDocument, Tool};
use crate::policy::text::diagnostic::{Diagnostic, Severity, quoted};
use crate::policy::text::positions::Positions;
use crate::policy::text::spanned::Spanned;

/// Marks the warnings that the policy accepts, and reports each item of `accept` that accepts nothing.
pub(crate) fn apply(document: &PolicyDocument<'_>, findings: &mut Vec<Diagnostic>) {
    if document.accepted.is_empty() {
        return;
    }
    let positions = Positions::new(document.text, document.format);
    let pointers: Vec<String> =
        findings.iter().map(|finding| positions.pointer(&finding.span).unwrap_or_default()).collect();
    for accepted in &document.accepted {
        let places = accepted.at.as_ref().map(|at| places_of(document, &at.value));
        let is_there = |pointer: &String| places.as_ref().is_none_or(|places| is_in(pointer, places));
        let mut is_used = false;
        for (finding, pointer) in findings.iter_mut().zip(&pointers) {
            if finding.severity != Severity::Error && finding.code == accepted.finding.value && is_there(pointer) {
                finding.accepted.get_or_insert_with(|| accepted.reason.value.as_str().into());
                is_used = true;
            }
        }
        if !is_used {
            findings.push(unused(accepted));
        }
    }
    findings.sort_by_key(|finding| (finding.span.start, finding.span.end));
}

/// The JSON pointers of a place: a pointer itself, the rules with this `id` or for this tool, and the tool.
fn places_of(document: &PolicyDocument<'_>, at: &str) -> Vec<String> {
    if at.starts_with('/') {
        return alloc::vec![at.into()];
    }
    let is_at = |name: &Spanned<String>| name.value == at;
    let rules = document.rules.iter();
    let rules = rules.filter(|rule| rule.id.as_ref().is_some_and(is_at) || rule.target.included.iter().any(is_at));
    let tools = document.tools.iter().flatten().filter(|tool| tool.name.value == at);
    let pointers = rules.map(|rule| format!("/rules/{}", rule.index));
    pointers.chain(tools.map(Tool::pointer)).collect()
}

/// Whether a pointer is one of the places, or inside one.
fn is_in(pointer: &str, places: &[String]) -> bool {
    let is_inside = |place: &String| {
        let rest = pointer.strip_prefix(place.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    places.iter().any(is_inside)
}

fn unused(accepted: &Accepted) -> Diagnostic {
    let code = quoted(&accepted.finding.value);
    let message = match &accepted.at {
        Some(at) => format!("no warning {code} is reported at {}, so nothing is accepted here", quoted(&at.value)),
        None => format!("no warning {code} is reported, so nothing is accepted here"),
    };
    Diagnostic::warning("unused_accept", &accepted.span, message).with_fix("remove this item")
}
