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
use crate::policy::when::define::{Definitions, depth};

/// Reads a condition as an expression or in JSON; `None` if it cannot be read.
pub(crate) fn read_condition_or_when(
    node: &Node<'_>,
    text: &str,
    definitions: &mut Definitions,
    reader: &mut NodeReader,
) -> Option<Condition> {
    let condition = match node.value {
        Value::String(_) => when::read(node, text, reader),
        _ => read_condition(node, reader, Scope { dialect: Dialect::Callgate1, has_item: false }),
    };
    let condition = definitions.resolve(condition?, &mut reader.problems)?;
    if depth(&condition) > MAX_POLICY_DEPTH {
        let message = format!("the condition nests deeper than {MAX_POLICY_DEPTH} levels");
        let problem = Diagnostic::error("too_deep", &condition.span, message);
        reader.problems.push(problem.with_fix("write several rules, or nest definitions less deeply"));
        return None;
    }
    Some(condition)
}

/// Reads the condition of a rule, from `when` or from `condition`; `None` if it cannot be read.
pub(crate) fn read_rule_condition(
    rule: &Object<'_, '_>,
    text: &str,
    definitions: &mut Definitions,
    reader: &mut NodeReader,
) -> Option<Option<Condition>> {
    let condition = rule.optional("condition").filter(|node| !matches!(node.value, Value::Null));
    let (key, node) = match (rule.optional("when"), condition) {
        (None, None) => return Some(None),
        (Some(when), Some(_)) => {
            let message = "a rule must not have both `when` and `condition`";
            let fix = "combine the two in `when` with `&&`";
            reader.problems.push(Diagnostic::error("several_conditions", &when.span, message).with_fix(fix));
            return None;
        }
        (Some(when), None) => ("when", when),
        (None, Some(node)) => ("condition", node),
    };
    let (expected, is_string) = if key == "when" { ("a string", true) } else { ("an object with one key", false) };
    if matches!(node.value, Value::String(_)) != is_string {
        reader.wrong_type(node, if is_string { "`when`" } else { "a condition" }, expected);
        return None;
    }
    read_condition_or_when(node, text, definitions, reader).map(Some)
}
