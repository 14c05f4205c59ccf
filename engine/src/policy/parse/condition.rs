//! The condition of a rule: an expression, or JSON.

use alloc::format;

use crate::condition::field::Scope;
use crate::condition::{Condition, read_condition};
use crate::language::dialect::Dialect;
use crate::limits::MAX_POLICY_DEPTH;
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::node_reader::{NodeReader, Object};
use crate::policy::text::tree::{Node, Value};
use crate::policy::when;
use crate::policy::when::define::depth;

/// Reads a condition as an expression or in JSON.
pub(crate) fn read_condition_or_when(node: &Node<'_>, text: &str, reader: &mut NodeReader) -> Option<Condition> {
    match node.value {
        Value::String(_) => when::read(node, text, reader),
        _ => read_condition(node, reader, Scope { dialect: Dialect::Callgate1, has_item: false }),
    }
}

/// Reads the condition of a rule, from `when` or from `condition`; `None` if it cannot be read.
pub(crate) fn read_rule_condition(
    rule: &Object<'_, '_>,
    text: &str,
    reader: &mut NodeReader,
) -> Option<Option<Condition>> {
    let condition = rule.optional("condition").filter(|node| !matches!(node.value, Value::Null));
    let condition = match (rule.optional("when"), condition) {
        (None, None) => return Some(None),
        (Some(when), Some(_)) => {
            let message = "a rule must not have both `when` and `condition`";
            let fix = "combine the two in `when` with `&&`";
            reader.problems.push(Diagnostic::error("several_conditions", &when.span, message).with_fix(fix));
            return None;
        }
        (Some(when), None) => when::read(when, text, reader)?,
        (None, Some(node)) => read_condition(node, reader, Scope { dialect: Dialect::Callgate1, has_item: false })?,
    };
    if depth(&condition) > MAX_POLICY_DEPTH {
        let message = format!("the condition nests deeper than {MAX_POLICY_DEPTH} levels");
        let problem = Diagnostic::error("too_deep", &condition.span, message);
        reader.problems.push(problem.with_fix("write several rules, or nest definitions less deeply"));
        return None;
    }
    Some(Some(condition))
}
