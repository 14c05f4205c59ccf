//! `path(args.path).isInside("/srv")` and `.glob("/srv/**")`: a path is in a directory, or matches a pattern.

use alloc::format;
use alloc::vec::Vec;

use crate::condition::{Condition, ConditionKind, PathCheck};
use crate::policy::when::ast::{Expr, ExprKind, Start, Step};
use crate::policy::when::functions::Method;
use crate::policy::when::lower::Lowering;
use crate::policy::when::operand::Operand;

/// Whether a method is called on a path.
pub(super) fn is_path(start: &Start, before: &[Step]) -> bool {
    before.is_empty() && matches!(start, Start::Call(name, _) if name.value == "path")
}

pub(super) fn condition(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Condition> {
    let Method { start, before, name, arguments, span } = method;
    let (field, base) = match (start, before) {
        (Start::Call(path, of_path), []) if path.value == "path" => match of_path.as_slice() {
            [field] => (lowering.field_with_case(field), None),
            [field, base] => (lowering.field_with_case(field), Some(lowering.text(base, "the base directory")?)),
            _ => {
                return lowering.wrong_arguments(path, "one field, and optionally a base directory", of_path.len());
            }
        },
        _ => {
            let fix = "write it as in `path(args.path).isInside(\"/srv\")`";
            return lowering.unsupported(span, "`isInside` needs a path", fix);
        }
    };
    let is_glob = match name.value.as_str() {
        "isInside" => false,
        "glob" => true,
        other => {
            let message = format!("`{other}` compares text, and a path is not text");
            let fix = "write it as in `path(args.path).isInside(\"/srv\")` or `path(args.path).glob(\"/srv/**\")`";
            return lowering.unsupported(&name.span, message, fix);
        }
    };
    let [argument] = arguments else {
        let expected = if is_glob { "one pattern or list of patterns" } else { "one directory or list of directories" };
        return lowering.wrong_arguments(name, expected, arguments.len());
    };
    let (field, case) = field?;
    let items: &[Expr] = match &argument.kind {
        ExprKind::List(items) => items,
        _ => core::slice::from_ref(argument),
    };
    let mut places = Vec::new();
    for item in items {
        let Operand::Text(text, text_case) = lowering.operand(item)? else {
            let fix = "write a string such as `\"/srv/data\"`, or a list of strings";
            return lowering.unsupported(&item.span, "a directory must be a literal string", fix);
        };
        places.push(lowering.text_in_case(text, text_case, case)?);
    }
    let (roots, globs) = if is_glob { (Vec::new(), places) } else { (places, Vec::new()) };
    lowering.make(span, ConditionKind::PathCheck(PathCheck { field, roots, globs, base, case }))
}
