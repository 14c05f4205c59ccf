//! Declared names that no rule matches or uses.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashSet;

use crate::language::index::Index as _;
use crate::language::target::TargetKind;
use crate::policy::check::intent::resolved::Resolved;
use crate::policy::text::diagnostic::{Diagnostic, first_names, quoted};
use crate::policy::text::spanned::Spanned;

/// Reports the tools, prompts and roles that no rule matches, each kind once.
///
/// That a tool is denied by default is what least privilege looks like, so it is a note. A role without rules is a
/// warning, because nobody declares a role for callers that may do nothing.
pub(crate) fn find_unused(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    let document = policy.document;
    let of_kind = |kind: TargetKind| {
        let targets = policy.rule_targets.iter().flatten().filter(move |target| target.kind == kind);
        targets.map(|target| target.at.to_u32()).collect::<HashSet<u32>>()
    };
    let used_roles: HashSet<u32> = policy.rule_roles.iter().flatten().map(|role| role.to_u32()).collect();
    let tools = document.tools.iter().flatten().map(|tool| &tool.name);
    let prompts = document.prompts.iter().flatten();
    let roles = document.roles.iter().flatten().map(|role| &role.name);
    let tools = unused("tool", "every call to it is denied", tools, &of_kind(TargetKind::Tool));
    let prompts = unused("prompt", "every call to it is denied", prompts, &of_kind(TargetKind::Prompt));
    let roles = unused("role", "it allows no call", roles, &used_roles);
    let notes = tools.into_iter().chain(prompts);
    findings.extend(notes.map(|(place, message)| Diagnostic::note("unused_name", &place.span, message)));
    findings.extend(roles.map(|(place, message)| Diagnostic::warning("unused_name", &place.span, message)));
    findings.extend(document.unused_definitions.iter().map(|name| {
        let message = format!("no rule uses the definition {}", quoted(&name.value));
        Diagnostic::warning("unused_name", &name.span, message).with_fix("remove it, or use it in `when`")
    }));
}

/// The first of the names without a rule, and the message about all of them.
fn unused<'p>(
    noun: &str,
    effect: &str,
    names: impl Iterator<Item = &'p Spanned<String>>,
    used: &HashSet<u32>,
) -> Option<(&'p Spanned<String>, String)> {
    let unused: Vec<_> = (0_u32..).zip(names).filter(|(at, _)| !used.contains(at)).map(|(_, name)| name).collect();
    let (first, others) = unused.split_first()?;
    if others.is_empty() {
        return Some((first, format!("no rule matches the {noun} {}, so {effect}", quoted(&first.value))));
    }
    let effect = effect.replace(" it ", " them ").replace("to it", "to them").replace("it allows", "they allow");
    let shown = first_names(unused.iter().map(|name| name.value.as_str()));
    Some((first, format!("no rule matches {} {noun}s, so {effect}: {shown}", unused.len())))
}
