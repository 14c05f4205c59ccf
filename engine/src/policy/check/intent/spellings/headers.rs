//! The names of HTTP headers, which ignore case.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::condition::{Field, MembersCheck, StringCheck};
use crate::language::case::Case;
use crate::language::operators::{Source, StringOp};
use crate::policy::check::intent::spellings::scope::Argument;
use crate::policy::check::intent::words::stems;
use crate::policy::text::diagnostic::{Diagnostic, quoted};

pub(super) fn is_headers(object: &[String]) -> bool {
    object.last().and_then(|name| stems(name).pop()).is_some_and(|last| last == "header")
}

/// Reports one spelling of the name of a header whose presence makes the decision stricter.
pub(super) fn find_header(field: &Field, object: &[String], findings: &mut Vec<Diagnostic>) -> bool {
    let Some(name) = field.path.last().filter(|_| is_headers(object)) else { return false };
    let is_of_the_model = matches!(field.source, Source::Arguments | Source::Item);
    if !is_of_the_model || !name.chars().any(char::is_alphabetic) {
        return false;
    }
    let object = object.last().map(String::as_str).unwrap_or_default();
    let message = format!(
        "the names of headers ignore case, so {} does not find every spelling of {}",
        quoted(&field.name.value),
        quoted(name)
    );
    let fix = format!(
        "list the allowed names: `{{ \"MembersCheck\": {{ \"source\": \"{}\", \"field\": \"{object}\", \"op\": \"In\", \"value\": [\"Accept\"], \"ignoreCase\": \"Ascii\" }} }}`",
        field.source.name()
    );
    findings.push(Diagnostic::warning("case_sensitive_member", &field.name.span, message).with_fix(fix));
    true
}

/// Reports a list of forbidden headers that is compared with case.
pub(super) fn find_header_names(check: &MembersCheck, findings: &mut Vec<Diagnostic>) {
    let is_listed = check.op == StringOp::NotIn && check.case == Case::Exact && is_headers(&check.field.path);
    if let Some(name) = check.names.first().filter(|_| is_listed) {
        let message =
            format!("the names of headers ignore case, so {} does not match another case of it", quoted(&name.value));
        let fix = "add `\"ignoreCase\": \"Full\"`";
        findings.push(Diagnostic::warning("case_sensitive_member", &name.span, message).with_fix(fix));
    }
}

/// Reports the name of a header that restricts with case, in a list of headers.
pub(super) fn find_header_items(check: &StringCheck, argument: Argument<'_>, findings: &mut Vec<Diagnostic>) {
    let is_name = check.field.path.last().is_none_or(|name| matches!(name.as_str(), "name" | "key" | "header"));
    let is_in_headers = check.field.source == Source::Item && argument.list.is_some_and(|list| is_headers(&list.path));
    let has_case = check.case == Case::Exact && check.op != StringOp::Matches;
    if let Some(value) = check.values.first().filter(|_| is_name && is_in_headers && has_case) {
        let message =
            format!("the names of headers ignore case, so {} does not match another case of it", quoted(&value.value));
        let fix = "add `\"ignoreCase\": \"Full\"`";
        findings.push(Diagnostic::warning("case_sensitive_member", &value.span, message).with_fix(fix));
    }
}
