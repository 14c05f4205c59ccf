//! `path(args.path).isInside("/srv")`: a path is in a directory.

use alloc::vec::Vec;

use crate::condition::{Condition, ConditionKind, PathCheck};
use crate::policy::when::ast::{Expr, ExprKind, Start};
use crate::policy::when::functions::Method;
use crate::policy::when::lower::Lowering;
use crate::policy::when::operand::Operand;

pub(super) fn is_inside(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Condition> {
    let Method { start, before, name, arguments, span } = method;
    let field = match (start, before) {
        (Start::Call(path, of_path), []) if path.value == "path" => match of_path.as_slice() {
            [field] => lowering.field_with_case(field),
            _ => lowering.wrong_arguments(path, "one field", of_path.len()),
        },
        _ => {
            lowering.unsupported(span, "`isInside` needs a path", "write it as in `path(args.path).isInside(\"/srv\")`")
        }
    };
    let [argument] = arguments else {
        return lowering.wrong_arguments(name, "one directory or list of directories", arguments.len());
    };
    let (field, case) = field?;
    let items: &[Expr] = match &argument.kind {
        ExprKind::List(items) => items,
        _ => core::slice::from_ref(argument),
    };
    let mut roots = Vec::new();
    for item in items {
        let Operand::Text(text, text_case) = lowering.operand(item)? else {
            let fix = "write a string such as `\"/srv/data\"`, or a list of strings";
            return lowering.unsupported(&item.span, "a directory must be a literal string", fix);
        };
        roots.push(lowering.text_in_case(text, text_case, case)?);
    }
    lowering.make(span, ConditionKind::PathCheck(PathCheck { field, roots, case }))
}
