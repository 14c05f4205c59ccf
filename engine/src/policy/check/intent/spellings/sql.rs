//! Texts that permit SQL.

use alloc::format;
use alloc::vec::Vec;

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::condition::{StringCheck, as_written};
use crate::language::operators::StringOp;
use crate::policy::check::intent::spellings::scope::Argument;
use crate::policy::text::diagnostic::{Diagnostic, quoted};

/// Words with which the statements of SQL start or continue.
pub(super) const SQL_WORDS: [&str; 9] =
    ["select", "insert", "update", "delete", "drop", "create", "alter", "truncate", "with "];

/// Reports a text or an expression that permits SQL.
pub(super) fn find_sql(check: &StringCheck, argument: Argument<'_>, findings: &mut Vec<Diagnostic>) {
    let last = argument.last_word();
    let has_sql_word = |text: &str| {
        let lower = text.to_ascii_lowercase();
        SQL_WORDS.iter().any(|word| lower.contains(word))
    };
    for value in &check.values {
        let text = &value.value;
        if !(last == "sql" || (["query", "statement"].contains(&last.as_str()) && has_sql_word(text))) {
            continue;
        }
        let is_open = match check.op {
            StringOp::StartsWith | StringOp::EndsWith | StringOp::Contains => true,
            StringOp::Glob => text.contains('*'),
            StringOp::Matches => regex_syntax::parse(text).is_ok_and(|expression| accepts_sql(&expression)),
            StringOp::In | StringOp::NotIn => false,
        };
        if is_open {
            let message = format!(
                "{} cannot judge SQL: it also accepts functions with effects, such as `pg_read_file`, and other statements",
                quoted(as_written(text))
            );
            let fix = "allow prepared statements by name with `In`, or write a `RequireApproval` rule";
            findings.push(Diagnostic::warning("sql_as_text", &value.span, message).with_fix(fix));
            return;
        }
    }
}

/// Whether an expression accepts text of the caller's choice that may be a call of a function or several words.
pub(super) fn accepts_sql(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(class) => {
            let has = |c: char| match class {
                Class::Unicode(class) => class.iter().any(|range| range.start() <= c && c <= range.end()),
                Class::Bytes(class) => {
                    u8::try_from(c).is_ok_and(|c| class.iter().any(|range| range.start() <= c && c <= range.end()))
                }
            };
            has('(') || (has(' ') && has('e'))
        }
        HirKind::Repetition(repetition) => {
            let is_simple = matches!(repetition.sub.kind(), HirKind::Class(_) | HirKind::Literal(_));
            (repetition.max.is_none() && !is_simple) || accepts_sql(&repetition.sub)
        }
        HirKind::Capture(capture) => accepts_sql(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(accepts_sql),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => false,
    }
}
