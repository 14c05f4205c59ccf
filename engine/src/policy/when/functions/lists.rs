//! `all` and `exists`: conditions on the items of a list, and on the names of an object's members.

use alloc::boxed::Box;
use alloc::format;

use crate::condition::{Condition, ConditionKind, ItemsCheck, MembersCheck};
use crate::language::operators::{Source, StringOp};
use crate::policy::text::diagnostic::quoted;
use crate::policy::when::ast::{ExprKind, Start, Step};
use crate::policy::when::functions::Method;
use crate::policy::when::lower::Lowering;
use crate::policy::when::operand::is_root;

pub(super) fn condition(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Condition> {
    if is_of_keys(method.start, method.before) {
        return members(lowering, method, false);
    }
    let Method { start, before, name, span, .. } = method;
    let field = lowering.field(start, before, &(span.start..name.span.start.saturating_sub(1)))?;
    if !lowering.variables.is_empty() && field.source != Source::Item {
        let variable = lowering.variables.last().cloned().unwrap_or_default();
        let message = "a list inside `all` or `exists` must be a part of the item";
        return lowering.error("list_of_call", span, message, format!("write a list such as `{variable}.lines`"));
    }
    let condition = body(lowering, method)?;
    let check = ItemsCheck { every: name.value == "all", field, condition: Box::new(condition) };
    lowering.make(span, ConditionKind::Items(check))
}

/// Reads the condition on one item.
fn body(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Condition> {
    let name = method.name;
    let [variable, condition] = method.arguments else {
        return lowering.wrong_arguments(name, "a name for the item and a condition", method.arguments.len());
    };
    let variable_name = match &variable.kind {
        ExprKind::Chain(Start::Name(name), steps) if steps.is_empty() => name.value.clone(),
        _ => {
            let fix = "write a name, such as `item` in `args.list.all(item, item.ok)`";
            return lowering.unsupported(&variable.span, "this must be a name for the item", fix);
        }
    };
    let is_definition = lowering.reader.is_defined(&variable_name);
    if is_root(&variable_name) || is_definition {
        let message = format!("{} already has a meaning, so it cannot name an item", quoted(&variable_name));
        return lowering.unsupported(&variable.span, message, "write another name, such as `item`");
    }
    lowering.variables.push(variable_name);
    let condition = lowering.condition(condition);
    lowering.variables.pop();
    condition
}

/// Whether a method is called on the member names of an object.
pub(super) fn is_of_keys(start: &Start, before: &[Step]) -> bool {
    before.is_empty() && matches!(start, Start::Call(name, _) if name.value == "keys")
}

/// The condition on the names of an object's members, or its opposite.
pub(super) fn members(lowering: &mut Lowering<'_>, method: Method<'_>, is_negated: bool) -> Option<Condition> {
    let Method { start, name, span, .. } = method;
    let Start::Call(keys, arguments) = start else { return None };
    let field = lowering.field_argument(arguments, keys)?;
    let condition = body(lowering, method)?;
    let check = match condition.kind {
        ConditionKind::StringCheck(check)
            if check.field.source == Source::Item
                && check.field.path.is_empty()
                && matches!(check.op, StringOp::In | StringOp::NotIn) =>
        {
            check
        }
        _ => {
            let fix = "write `key in [\"a\", \"b\"]`, or `!(key in [\"a\", \"b\"])`";
            return lowering.unsupported(span, "member names can only be compared with a list", fix);
        }
    };
    // That a name is in the list is the opposite of that no name is in it.
    let (op, is_opposite) = match (name.value == "all", check.op) {
        (true, op) => (op, false),
        (false, StringOp::In) => (StringOp::NotIn, true),
        (false, _) => (StringOp::In, true),
    };
    let check = MembersCheck { field, op, names: check.values, case: check.case };
    let condition = lowering.make(span, ConditionKind::MembersCheck(check))?;
    if is_opposite == is_negated {
        return Some(condition);
    }
    lowering.make(span, ConditionKind::Not(Box::new(condition)))
}
