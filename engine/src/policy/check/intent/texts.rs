//! Finds texts in conditions that compare in another way than their author probably means.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use regex_syntax::hir::{Hir, HirKind, Look};

use crate::condition::{Condition, ConditionKind, Field, StringCheck};
use crate::language::case::Case;
use crate::language::index::Index as _;
use crate::language::operators::{Source, StringOp};
use crate::language::target::TargetKind;
use crate::policy::check::intent::resolved::Resolved;
use crate::policy::check::intent::visit::{Position, visit_all};
use crate::policy::check::intent::words::words;
use crate::policy::document::Tool;
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::spanned::Spanned;

/// The last words of the names of arguments that contain a command line.
const COMMAND_WORDS: [&str; 9] = ["command", "commands", "cmd", "cmds", "script", "shell", "bash", "args", "code"];
/// Programs with which a command line starts.
const PROGRAMS: [&str; 30] = [
    "aws",
    "bash",
    "bundle",
    "cargo",
    "cat",
    "composer",
    "curl",
    "docker",
    "echo",
    "find",
    "gh",
    "git",
    "go",
    "gradle",
    "grep",
    "kubectl",
    "ls",
    "make",
    "mvn",
    "node",
    "npm",
    "npx",
    "pip",
    "pnpm",
    "python",
    "python3",
    "sh",
    "ssh",
    "terraform",
    "yarn",
];
/// The last words of the names of arguments whose values many systems compare without case.
const CASELESS_WORDS: [&str; 18] = [
    "repo",
    "repository",
    "owner",
    "org",
    "organization",
    "user",
    "username",
    "login",
    "email",
    "domain",
    "host",
    "hostname",
    "header",
    "sql",
    "query",
    "statement",
    "table",
    "extension",
];

pub(crate) fn check(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    let tools = policy.document.tools.as_deref().unwrap_or_default();
    for (rule, targets) in policy.document.rules.iter().zip(policy.rule_targets) {
        let Some(condition) = &rule.condition else { continue };
        let tools_of = || {
            let targets = targets.iter().filter(|target| target.kind == TargetKind::Tool);
            targets.filter_map(|target| tools.get(target.at.to_usize()))
        };
        visit_all(condition, &mut |condition, at| {
            find_dotted_fields(condition, tools_of(), findings);
            find_templates(condition, findings);
            let Some(restricts) = at.restricts(rule.effect) else { return };
            match &condition.kind {
                ConditionKind::StringCheck(check) => {
                    if restricts {
                        find_whole_texts(check, findings);
                    } else {
                        find_commands(check, at, findings);
                        find_addresses(check, findings);
                    }
                    if restricts != (check.op == StringOp::NotIn) {
                        find_case(check, tools_of(), findings);
                    }
                }
                ConditionKind::FieldPresent(check) if restricts => find_optional_attributes(&check.field, findings),
                _ => {}
            }
        });
    }
}

/// Reports a field such as `a.b`, unless a tool declares an argument of that name.
fn find_dotted_fields<'p>(
    condition: &Condition,
    tools: impl Iterator<Item = &'p Tool> + Clone,
    findings: &mut Vec<Diagnostic>,
) {
    for field in condition.fields() {
        if !is_dotted(field) {
            continue;
        }
        let name = &field.name.value;
        let mut schemas = tools.clone().filter_map(|tool| tool.schema.as_ref());
        if field.source == Source::Arguments && schemas.any(|schema| schema.property(name).is_some()) {
            continue;
        }
        let message = format!("the field {} is one name with a dot; it is not a member of an object", quoted(name));
        findings.push(Diagnostic::warning("dotted_field", &field.name.span, message).with_fix(dotted_fix(name)));
    }
}

/// Whether a field is spelled as names with dots between them.
pub(crate) fn is_dotted(field: &Field) -> bool {
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') && !name.is_empty();
    let name = &field.name.value;
    !name.starts_with('/') && name.contains('.') && name.split('.').all(is_name)
}

/// The fix for a field with dots: a JSON pointer.
pub(crate) fn dotted_fix(name: &str) -> String {
    format!("write `/{}`", name.replace('.', "/"))
}

/// Reports a compared text that contains a placeholder, such as `${user}`.
fn find_templates(condition: &Condition, findings: &mut Vec<Diagnostic>) {
    let texts: &[Spanned<String>] = match &condition.kind {
        ConditionKind::StringCheck(check) if check.op != StringOp::Matches => &check.values,
        ConditionKind::PathCheck(check) => check.places(),
        ConditionKind::UrlCheck(check) => &check.hosts,
        _ => &[],
    };
    for text in texts {
        if let Some(placeholder) = placeholder_in(&text.value) {
            let message =
                format!("{} is compared as it is written; callgate replaces no placeholders", quoted(placeholder));
            let fix = "compare two fields with `FieldEquals`, or write the value itself";
            findings.push(Diagnostic::warning("template_text", &text.span, message).with_fix(fix));
        }
    }
}

/// A name in `${` and `}` or in `{{` and `}}`.
fn placeholder_in(text: &str) -> Option<&str> {
    [("${", "}"), ("{{", "}}")].into_iter().find_map(|(open, close)| {
        text.match_indices(open).find_map(|(start, _)| {
            let inside = text.get(start.saturating_add(open.len())..)?;
            let len = inside.find(close)?;
            let name = inside.get(..len)?.trim();
            let is_name = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
            let end = start.saturating_add(open.len()).saturating_add(len).saturating_add(close.len());
            text.get(start..end).filter(|_| is_name && !name.is_empty())
        })
    })
}

/// Reports an expression that is the exact beginning and the exact end of a text, where a match makes the decision
/// stricter.
fn find_whole_texts(check: &StringCheck, findings: &mut Vec<Diagnostic>) {
    // The facts of a request, and arguments such as the name of a repository, have no text around them.
    let last = last_word(&check.field);
    let is_whole = check.field.source == Source::Request
        || (is_caseless(&last) && !["sql", "query", "statement"].contains(&last.as_str()));
    let is_expression = check.op == StringOp::Matches && !is_whole;
    for value in check.values.iter().filter(|_| is_expression) {
        let Ok(expression) = regex_syntax::parse(&value.value) else { continue };
        if alternatives(&expression).iter().all(|hir| is_free(hir, End::First) || is_free(hir, End::Last)) {
            continue;
        }
        let shown = quoted(&value.value);
        let message =
            format!("`Matches` compares the whole string, so {shown} does not match a string that only contains it");
        let inner = if value.value.contains('|') { format!("(?:{})", value.value) } else { value.value.clone() };
        let fix = format!("write `(?s).*{inner}.*`, or `^{inner}$` if the whole string is meant");
        findings.push(Diagnostic::warning("whole_text_match", &value.span, message).with_fix(fix));
    }
}

/// The last word of the name of a field.
fn last_word(field: &Field) -> String {
    field.path.last().and_then(|name| words(name).pop()).unwrap_or_default()
}

/// Whether many systems compare the values of arguments whose names end in this word without case.
fn is_caseless(word: &str) -> bool {
    CASELESS_WORDS.contains(&word) || CASELESS_WORDS.contains(&word.trim_end_matches('s'))
}

/// The alternatives at the top of an expression.
fn alternatives(hir: &Hir) -> Vec<&Hir> {
    match hir.kind() {
        HirKind::Alternation(alternatives) => alternatives.iter().collect(),
        HirKind::Capture(capture) => alternatives(&capture.sub),
        _ => alloc::vec![hir],
    }
}

#[derive(Clone, Copy)]
enum End {
    First,
    Last,
}

/// Whether an expression starts or ends with a repetition without a limit, or states with an anchor that the text does.
fn is_free(hir: &Hir, end: End) -> bool {
    match (hir.kind(), end) {
        (HirKind::Repetition(repetition), _) => repetition.max.is_none() || is_free(&repetition.sub, end),
        (HirKind::Look(Look::Start | Look::StartLF | Look::StartCRLF), End::First) => true,
        (HirKind::Look(Look::End | Look::EndLF | Look::EndCRLF), End::Last) => true,
        (HirKind::Capture(capture), _) => is_free(&capture.sub, end),
        (HirKind::Concat(parts), End::First) => parts.first().is_some_and(|part| is_free(part, end)),
        (HirKind::Concat(parts), End::Last) => parts.last().is_some_and(|part| is_free(part, end)),
        (HirKind::Alternation(alternatives), _) => alternatives.iter().any(|hir| is_free(hir, end)),
        _ => false,
    }
}

/// Reports a pattern that accepts the beginning of a command line and anything after it.
fn find_commands(check: &StringCheck, at: Position<'_>, findings: &mut Vec<Diagnostic>) {
    let is_open = |text: &str| match check.op {
        StringOp::Glob => text.contains('*'),
        StringOp::StartsWith => true,
        _ => false,
    };
    for value in check.values.iter().filter(|value| is_open(&value.value)) {
        let is_command = holds_commands(&check.field, at) || starts_with_program(&value.value);
        if !is_command {
            continue;
        }
        let message =
            format!("{} also accepts `;`, `$(` and line breaks, so a second command can follow", quoted(&value.value));
        let fix =
            "use `Matches` with only the characters that the command requires, such as `git log( [0-9A-Za-z=-]+)*`";
        findings.push(Diagnostic::warning("command_glob", &value.span, message).with_fix(fix));
    }
}

/// Reports a comparison with the end of a mail address that accepts any text before it.
fn find_addresses(check: &StringCheck, findings: &mut Vec<Diagnostic>) {
    let domain_of = |text: &'_ str| match check.op {
        StringOp::EndsWith => text.split_once('@').map(|(_, domain)| String::from(domain)),
        StringOp::Glob => text.strip_prefix('*')?.split_once('@').map(|(_, domain)| String::from(domain)),
        _ => None,
    };
    for value in &check.values {
        let Some(domain) = domain_of(&value.value).filter(|domain| domain.contains('.')) else { continue };
        let message = format!(
            "{} also accepts several addresses, such as `a@b.c, x@{domain}`, and line breaks",
            quoted(&value.value)
        );
        let fix = format!("use `Matches` with one address, such as `[0-9A-Za-z._-]+@{}`", domain.replace('.', "\\."));
        findings.push(Diagnostic::warning("open_address", &value.span, message).with_fix(fix));
    }
}

/// Reports a check for the presence of an attribute where presence makes the decision stricter.
fn find_optional_attributes(field: &Field, findings: &mut Vec<Diagnostic>) {
    if !matches!(field.source, Source::AgentAttributes | Source::ResourceAttributes) {
        return;
    }
    let message = format!(
        "nothing is restricted if the host omits {}, so a misspelled or forgotten attribute is not noticed",
        quoted(&field.name.value)
    );
    let fix = "use `BoolCheck`, which is unknown and thus restrictive if the attribute is missing";
    findings.push(Diagnostic::warning("optional_attribute", &field.name.span, message).with_fix(fix));
}

/// Whether the name of an argument says that it contains a command line. An item of a list of arguments does not.
pub(crate) fn holds_commands(field: &Field, at: Position<'_>) -> bool {
    let (field, is_item) = match at.list.filter(|_| field.source == Source::Item && field.path.is_empty()) {
        Some(list) => (list, true),
        None => (field, false),
    };
    let last = last_word(field);
    matches!(field.source, Source::Arguments | Source::Item)
        && COMMAND_WORDS.contains(&last.as_str())
        && !(is_item && last == "args")
}

pub(crate) fn starts_with_program(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(program, _)| PROGRAMS.contains(&program))
}

/// Reports a comparison with case where a match makes the decision stricter and the argument has a value that many
/// systems compare without case.
fn find_case<'p>(check: &StringCheck, tools: impl Iterator<Item = &'p Tool> + Clone, findings: &mut Vec<Diagnostic>) {
    let is_caseless = is_caseless(&last_word(&check.field));
    let has_case = check.case == Case::Exact && check.op != StringOp::Matches;
    if check.field.source != Source::Arguments || !has_case || !is_caseless {
        return;
    }
    let has_letters = |value: &&Spanned<String>| {
        value.value.chars().any(|c| c.is_alphabetic() && (c.is_lowercase() || c.is_uppercase()))
    };
    let Some(value) = check.values.iter().find(has_letters) else { return };
    let is_listed = |tool: &Tool| {
        let name = check.field.path.first().filter(|_| check.field.path.len() == 1);
        let property = tool.schema.as_ref().and_then(|schema| schema.property(name?));
        property.is_some_and(|property| property.choices.is_some())
    };
    if tools.clone().next().is_some() && tools.clone().all(is_listed) {
        return;
    }
    let (name, text) = (quoted(&check.field.name.value), quoted(&value.value));
    let message = format!("this check is case-sensitive, so {text} does not match another case of it in {name}");
    let fix = "add `\"ignoreCase\": \"Full\"`";
    findings.push(Diagnostic::warning("case_sensitive_deny", &value.span, message).with_fix(fix));
}
