//! Texts that restrict or permit paths.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::canonical::{path, windows};
use crate::condition::{ConditionKind, PathCheck, StringCheck};
use crate::language::case::Case;
use crate::language::effect::Effect;
use crate::language::operators::StringOp;
use crate::language::pattern::matches_pattern;
use crate::policy::check::intent::spellings::scope::{Argument, Form, RuleScope, is_caseless_path, starts_with_drive};
use crate::policy::check::intent::texts::{holds_commands, starts_with_program};
use crate::policy::check::intent::visit::{Position, visit_all};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::spanned::Spanned;

/// Directories at the top of file systems, by which an absolute path is recognized in an argument of any name.
pub(super) const TOP_DIRECTORIES: [&str; 18] = [
    "bin", "boot", "dev", "etc", "home", "lib", "mnt", "opt", "private", "proc", "root", "run", "srv", "sys", "tmp",
    "usr", "var", "Library",
];

/// Whether a text is a path in an argument, and not the name of a branch, a type or a repository.
pub(super) fn is_path(text: &str, argument: Argument<'_>) -> bool {
    if text.contains("://") || text.contains("${") || text.contains("{{") || argument.is_url() {
        return false;
    }
    if starts_with_drive(text) {
        return true;
    }
    let first = text.trim_start_matches('/').split(['/', '\\', '*']).next().unwrap_or_default();
    let is_known = text.starts_with('/') && (TOP_DIRECTORIES.contains(&first) || is_caseless_path(text));
    let is_dotted = text.contains('/')
        && (text.starts_with('.') || text.starts_with("*/.") || text.starts_with("/.") || text.starts_with("~/"));
    (text.contains(['/', '\\']) && argument.is_path()) || is_known || is_dotted
}

/// Reports texts that restrict a path, although the same file has other spellings, and patterns of files in a directory
/// that do not match the directory.
pub(super) fn find_restricted_paths<'p>(
    scope: &RuleScope<'p>,
    check: &'p StringCheck,
    argument: Argument<'p>,
    at: Position<'p>,
    findings: &mut Vec<Diagnostic>,
) {
    if check.op == StringOp::Matches || holds_commands(&check.field, at) {
        return;
    }
    let paths: Vec<&Spanned<String>> = check
        .values
        .iter()
        .filter(|value| is_path(&value.value, argument) && !starts_with_program(&value.value))
        .collect();
    let Some(first) = paths.first() else { return };
    if scope.accepts_ambiguous(Form::Path, argument) {
        let is_windows = |value: &&&Spanned<String>| value.value.contains('\\');
        let shown = paths.iter().find(is_windows).unwrap_or(first);
        findings.push(path_as_text(shown, check.op, argument, true));
        return;
    }
    for value in &paths {
        if let Some(directory) = directory_of(check.op, &value.value)
            && !has_directory(scope, argument, directory)
        {
            let message = format!(
                "{} matches what is in the directory, but not the directory {} itself",
                quoted(&value.value),
                quoted(directory)
            );
            let (op, directory) = match check.op {
                StringOp::Contains => ("EndsWith", directory),
                StringOp::StartsWith => ("In", directory),
                _ => ("Glob", directory),
            };
            let fix = if op == "Glob" {
                format!("add the pattern {}", quoted(directory))
            } else {
                format!("add a `StringCheck` with `{op}` and {}, or use `PathCheck`", quoted(directory))
            };
            findings.push(Diagnostic::warning("directory_itself", &value.span, message).with_fix(fix));
        }
    }
    if check.case == Case::Exact {
        let is_caseless = |value: &&&Spanned<String>| is_caseless_path(&value.value);
        let caseless =
            paths.iter().find(is_caseless).or_else(|| paths.first().filter(|_| scope.allows_caseless_roots(argument)));
        if let Some(value) = caseless {
            findings.push(case_sensitive_path(value));
        }
    }
}

/// The directory of a pattern that matches only what is in it; `None` for another pattern.
pub(super) fn directory_of(op: StringOp, text: &str) -> Option<&str> {
    let directory = match op {
        StringOp::Glob => text.trim_end_matches('*').strip_suffix('/').filter(|_| text.ends_with('*'))?,
        StringOp::StartsWith | StringOp::Contains => text.strip_suffix('/')?,
        _ => return None,
    };
    let name = directory.rsplit('/').next().unwrap_or_default();
    (name.chars().any(|c| c != '*') && !directory.ends_with(' ')).then_some(directory)
}

/// Whether a check of the same rule also matches the directory itself.
pub(super) fn has_directory<'p>(scope: &RuleScope<'p>, argument: Argument<'p>, directory: &str) -> bool {
    let mut has = false;
    visit_all(scope.condition, &mut |condition, at| match &condition.kind {
        ConditionKind::StringCheck(check) => {
            if !(Argument { field: &check.field, list: at.list }).is_same(argument) {
                return;
            }
            has |= check.values.iter().map(|value| value.value.as_str()).any(|text| match check.op {
                StringOp::In | StringOp::NotIn => text == directory,
                StringOp::StartsWith => directory.starts_with(text),
                StringOp::EndsWith => directory.ends_with(text),
                StringOp::Contains => directory.contains(text),
                StringOp::Glob => matches_pattern(text, directory),
                // An expression is assumed to be written for it.
                StringOp::Matches => true,
            });
        }
        ConditionKind::PathCheck(check) => {
            let is_root = |root: &Spanned<String>| {
                directory.strip_prefix(root.value.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let is_negated_allow = at.is_negated == (scope.rule.effect == Effect::Allow);
            has |= is_negated_allow
                && (Argument { field: &check.field, list: at.list }).is_same(argument)
                && check.roots.iter().any(is_root);
        }
        _ => {}
    });
    has
}

/// Reports the beginning of a path that permits a call, although dot segments leave the directory.
pub(super) fn find_permitted_paths<'p>(
    scope: &RuleScope<'p>,
    check: &'p StringCheck,
    argument: Argument<'p>,
    findings: &mut Vec<Diagnostic>,
) {
    let is_open = |text: &str| match check.op {
        StringOp::StartsWith => true,
        StringOp::Glob => text.find('*').is_some_and(|at| text.get(..at).is_some_and(|it| it.contains(['/', '\\']))),
        _ => false,
    };
    let value = check.values.iter().find(|value| is_open(&value.value) && is_path(&value.value, argument));
    if let Some(value) = value
        && !starts_with_program(&value.value)
        && scope.accepts_ambiguous(Form::Path, argument)
    {
        findings.push(path_as_text(value, check.op, argument, false));
    }
}

pub(super) fn path_as_text(
    value: &Spanned<String>,
    op: StringOp,
    argument: Argument<'_>,
    restricts: bool,
) -> Diagnostic {
    let text = &value.value;
    let (shown, name) = (quoted(text), argument.name());
    let is_windows = text.contains('\\') || starts_with_drive(text);
    let message = match (restricts, is_windows) {
        (true, false) => format!(
            "{shown} is compared as text, so other spellings of the same path in {name}, such as `./x`, `x/../y` or `//x`, are not restricted"
        ),
        (true, true) => format!(
            "{shown} is compared as text, so other spellings of the same path in {name}, such as another case, `/` or `x\\..\\y`, are not restricted"
        ),
        (false, _) => {
            format!("{shown} is compared as text, so `..` in {name} leaves the directory")
        }
    };
    let fix = if is_windows {
        let root = text.trim_end_matches(['*', '\\', '/']);
        if windows::to_plain(root).is_some() && matches!(op, StringOp::StartsWith | StringOp::Glob) {
            format!("use `PathCheck` with the root {}", quoted(root))
        } else {
            String::from("use `PathCheck` with `globs`, such as `C:/**/.env*`")
        }
    } else {
        let root = text.trim_end_matches('*').trim_start_matches("./").trim_end_matches('/');
        let case = if restricts { ", and `\"ignoreCase\": \"Full\"` if the system may ignore case" } else { "" };
        if path::is_root(root) && !matches!(op, StringOp::EndsWith | StringOp::Contains) && !root.contains('*') {
            format!("use `PathCheck` with the root {}{case}", quoted(root))
        } else {
            String::from("also require a `PathCheck` of the argument in the Allow rules, for example with the root `.`")
        }
    };
    Diagnostic::warning("path_as_text", &value.span, message).with_fix(fix)
}

/// Reports a root that restricts with case on a file system that ignores it.
pub(super) fn find_path_case(check: &PathCheck, findings: &mut Vec<Diagnostic>) {
    if check.effective_case() == Case::Exact
        && let Some(root) = check.places().iter().find(|root| is_caseless_path(&root.value))
    {
        findings.push(case_sensitive_path(root));
    }
}

pub(super) fn case_sensitive_path(value: &Spanned<String>) -> Diagnostic {
    let message = format!(
        "this check is case-sensitive, but the file system of {} usually ignores case, so another case of it is not restricted",
        quoted(&value.value)
    );
    Diagnostic::warning("case_sensitive_path", &value.span, message).with_fix("add `\"ignoreCase\": \"Full\"`")
}
