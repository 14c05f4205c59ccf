//! Checks rules against the schemas of their tools: a check on an argument that no call can have, or only with another
//! type, has no effect.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::condition::{Condition, Field};
use crate::language::index::Index as _;
use crate::language::operators::Source;
use crate::language::target::TargetKind;
use crate::policy::check::intent::{dotted_fix, is_dotted};
use crate::policy::check::target::RuleTarget;
use crate::policy::document::{InputSchema, PolicyDocument, Property, Tool};
use crate::policy::text::diagnostic::{Diagnostic, push_limited, quoted, quoted_or};

/// Finds the checks of rules that do not match the arguments of the rule's tools.
pub(crate) fn check(document: &PolicyDocument<'_>, rule_targets: &[Vec<RuleTarget>], findings: &mut Vec<Diagnostic>) {
    let tools = document.tools.as_deref().unwrap_or_default();
    for (rule, targets) in document.rules.iter().zip(rule_targets) {
        let Some(condition) = &rule.condition else { continue };
        let tools_of = targets.iter().filter(|target| target.kind == TargetKind::Tool);
        let tools_of = tools_of.filter_map(|target| tools.get(target.at.to_usize()));
        let schemas: Vec<(&Tool, &InputSchema)> = tools_of
            .filter_map(|tool| Some((tool, tool.schema.as_ref().filter(|schema| schema.is_enforced)?)))
            .collect();
        if !schemas.is_empty() {
            check_condition(condition, &schemas, findings);
        }
    }
}

fn check_condition(condition: &Condition, schemas: &[(&Tool, &InputSchema)], findings: &mut Vec<Diagnostic>) {
    if let Some(check) = condition.kind.as_check() {
        check.fields().into_iter().for_each(|field| check_field(field, check.accepted_types(), schemas, findings));
    }
    condition.children().iter().for_each(|child| check_condition(child, schemas, findings));
}

/// Checks a field against the tools' schemas; `types` are the types that its check compares, none for all.
fn check_field(field: &Field, types: &[&str], schemas: &[(&Tool, &InputSchema)], findings: &mut Vec<Diagnostic>) {
    let (Source::Arguments, [name, inside @ ..]) = (field.source, field.path.as_slice()) else { return };
    // A rule for many tools does not concern those that do not declare the argument; see `concern`.
    let is_declared = schemas.iter().any(|(_, schema)| schema.property(name).is_some());
    for (tool, schema) in schemas {
        let tool = quoted(&tool.name.value);
        let Some(Property { types: declared, .. }) = schema.property(name) else {
            if is_declared && schema.is_closed {
                continue;
            }
            let problem = format!("the schema of {tool} declares no argument {}", quoted(name));
            // With an open schema, a call may still have the argument, so the check may have an effect.
            let problem = if schema.is_closed {
                Diagnostic::error("unknown_argument", &field.name.span, problem)
            } else {
                Diagnostic::warning("unknown_argument", &field.name.span, problem)
            };
            let properties = schema.properties.iter().map(|property| property.name.as_str());
            let is_dotted = is_dotted(field);
            let problem =
                if is_dotted { problem.with_fix(dotted_fix(name)) } else { problem.with_likely_word(name, properties) };
            push_limited(problem, findings);
            continue;
        };
        // A longer pointer needs an object or a list to continue into.
        let expected: &[&str] = if inside.is_empty() { types } else { &["object", "array"] };
        let fits = expected.is_empty()
            || declared.is_empty()
            || declared.iter().any(|declared| expected.contains(&declared.as_str()));
        if !fits {
            let message = format!(
                "this check needs {}, but the schema of {tool} declares {} as {}",
                quoted_or(expected.iter().copied()),
                quoted(name),
                quoted_or(declared.iter().map(String::as_str))
            );
            let problem = Diagnostic::error("type_mismatch", &field.name.span, message);
            let is_list = inside.is_empty() && declared.iter().any(|declared| declared == "array");
            push_limited(
                if is_list { problem.with_fix("check the items with `Every` or `Some`") } else { problem },
                findings,
            );
        }
    }
}
