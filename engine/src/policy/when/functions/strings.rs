//! `startsWith`, `endsWith`, `contains`, `glob` and `matches`, each with one string or a list of alternatives.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{AssertionKind, Ast, Flag, Flags, FlagsItemKind};

use crate::condition::{ANYWHERE, Condition, ConditionKind, StringCheck};
use crate::language::case::Case;
use crate::language::operators::StringOp;
use crate::policy::text::diagnostic::quoted;
use crate::policy::text::spanned::Spanned;
use crate::policy::when::ast::{Expr, ExprKind};
use crate::policy::when::functions::Method;
use crate::policy::when::lower::Lowering;
use crate::policy::when::operand::Operand;

pub(super) fn condition(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Condition> {
    let Method { start, before, name, arguments, span } = method;
    let target = Expr {
        span: span.start..name.span.start.saturating_sub(1),
        kind: ExprKind::Chain(start.clone(), before.to_vec()),
    };
    let (field, case) = lowering.field_with_case(&target)?;
    let [argument] = arguments else {
        return lowering.wrong_arguments(name, "one string or list of strings", arguments.len());
    };
    let op = match name.value.as_str() {
        "startsWith" => StringOp::StartsWith,
        "endsWith" => StringOp::EndsWith,
        "contains" => StringOp::Contains,
        "glob" => StringOp::Glob,
        _ => StringOp::Matches,
    };
    let items = match &argument.kind {
        ExprKind::List(items) => items.as_slice(),
        _ => core::slice::from_ref(argument),
    };
    let mut values = Vec::new();
    for item in items {
        let Operand::Text(text, text_case) = lowering.operand(item)? else {
            let fix = "write a string in quotation marks, or a list of strings";
            return lowering.unsupported(&item.span, format!("`{}` needs a literal string", name.value), fix);
        };
        if op == StringOp::Matches {
            if case != Case::Exact || text_case != Case::Exact {
                let message = "`matches` cannot follow a function that changes the case";
                let fix =
                    "start the expression with `(?i)`; `(?i)` also matches `\u{17f}` for `s` and `\u{212a}` for `k`";
                return lowering.error("case_of_expression", &item.span, message, fix);
            }
            match whole_text(&text.value) {
                Ok(value) => values.push(Spanned { value, span: text.span }),
                Err(problem) => {
                    let message = format!("{} is not a supported regular expression: {problem}", quoted(&text.value));
                    let fix =
                        "write an expression in the syntax of RE2; an `r` before the string makes backslashes literal";
                    return lowering.error("bad_regex", &item.span, message, fix);
                }
            }
        } else {
            values.push(lowering.text_in_case(text, text_case, case)?);
        }
    }
    lowering.make(span, ConditionKind::StringCheck(StringCheck { field, op, values, case }))
}

/// The start and the end of an expression that matches a whole text.
pub(crate) const WHOLE: (&str, &str) = ("^(?:", ")$");

/// The expression that matches a whole text if another one matches anywhere in it.
fn whole_text(expression: &str) -> Result<String, String> {
    let parse = |text: &str| Parser::new().parse(text).map_err(|error| format!("{}", error.kind()));
    // Each expression is parsed alone, so that it cannot close the group around it.
    let inner = expression.strip_prefix(WHOLE.0).and_then(|rest| rest.strip_suffix(WHOLE.1));
    if let Some(inner) = inner.filter(|inner| parse(inner).is_ok()) {
        return Ok(String::from(inner));
    }
    let tree = parse(expression)?;
    let is_plain = |item: &Ast| !matches!(item, Ast::Flags(_));
    let parts = match &tree {
        Ast::Concat(concat) => concat.asts.as_slice(),
        _ => &[],
    };
    // Flags at the start hold for all of it.
    let parts = match parts {
        [Ast::Flags(first), rest @ ..] if keeps_line_ends(&first.flags) => rest,
        parts => parts,
    };
    if let [Ast::Assertion(first), middle @ .., Ast::Assertion(last)] = parts
        && first.kind == AssertionKind::StartLine
        && last.kind == AssertionKind::EndLine
        // A flag such as `m` gives `$` another meaning.
        && middle.iter().all(is_plain)
        && let (Some(flags), Some(inner)) =
            (expression.get(..first.span.start.offset), expression.get(first.span.end.offset..last.span.start.offset))
    {
        let whole = format!("{flags}{inner}");
        if parse(&whole).is_ok() {
            return Ok(whole);
        }
    }
    Ok([ANYWHERE.0, expression, ANYWHERE.1].concat())
}

/// Whether flags leave `^` and `$` the start and the end of the text.
fn keeps_line_ends(flags: &Flags) -> bool {
    let is_kept = |kind: &FlagsItemKind| {
        matches!(kind, FlagsItemKind::Flag(Flag::CaseInsensitive | Flag::DotMatchesNewLine | Flag::Unicode))
            || matches!(kind, FlagsItemKind::Negation)
    };
    flags.items.iter().all(|item| is_kept(&item.kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::automaton;

    #[test]
    fn an_expression_matches_as_it_would_anywhere_in_the_text() {
        for (expression, matched, other) in [
            ("b+", &["b", "abc", "a\nb"][..], &["", "ac"][..]),
            ("^b", &["b", "bc", "b\n"], &["ab", "a\nb"]),
            ("b$", &["b", "ab"], &["bc", "b\n", "b\nc"]),
            ("^b$", &["b"], &["ab", "bc", "b\n", "b\nb"]),
            ("(?m)^b$", &["b", "a\nb", "b\nc", "a\nb\nc"], &["ab", "bc"]),
            ("^a|b$", &["ac", "cb", "a", "b"], &["ca", "bc"]),
            ("^(?:a|b)$", &["a", "b"], &["ab", "a\n"]),
            ("^(?:a)|(?:b)$", &["ac", "cb"], &["ca", "bc"]),
            ("(?i)^b$", &["B", "b"], &["ab"]),
            ("(?is)^a.b$", &["A\nB", "axb"], &["xaxb", "axb\n", "axbx"]),
            ("(?im)^b$", &["B", "a\nb"], &["ab"]),
            ("(?i)^a|b$", &["Ac", "cB"], &["ca", "bc"]),
            (r"\Ab\z", &["b"], &["ab", "b\n"]),
            ("", &["", "a"], &[]),
            ("$^", &[""], &["a"]),
            ("a(?i)b", &["aB", "xabx"], &["Ab"]),
            ("(?x) a b # c\n", &["ab", "xabx"], &["a b"]),
            ("^[^a]$", &["b", "é", "\n"], &["a", "bb"]),
        ] {
            let whole = whole_text(expression).expect("an expression");
            let tables = automaton::build(core::slice::from_ref(&whole)).expect("an automaton");
            for text in matched {
                assert!(tables.label(text).is_some(), "{expression:?} as {whole:?} matches {text:?}");
            }
            for text in other {
                assert!(tables.label(text).is_none(), "{expression:?} as {whole:?} does not match {text:?}");
            }
        }
    }

    #[test]
    fn an_expression_between_anchors_is_kept_as_it_is() {
        for (expression, whole) in
            [("^(?:a|b)$", "a|b"), ("^(?:^a$)$", "^a$"), ("^ab+$", "ab+"), ("^a$|b", "(?s:.)*(?:^a$|b)(?s:.)*")]
        {
            assert_eq!(whole_text(expression).as_deref(), Ok(whole), "{expression}");
        }
    }

    #[test]
    fn an_expression_cannot_leave_the_group_around_it() {
        for expression in ["a)(?:b", "a)|(b", "(", "[", "a\\", "^(?:a))$", "(?x)a # c"] {
            let whole = whole_text(expression);
            let is_refused = whole.map_or(true, |whole| automaton::build(&[whole]).is_err());
            assert!(is_refused, "{expression}");
        }
    }
}
