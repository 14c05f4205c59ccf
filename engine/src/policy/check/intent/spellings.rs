//! Finds checks that compare one spelling of a path, a URL, a header or SQL, although a server accepts others.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use core::cell::Cell;

use hashbrown::HashMap;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::canonical::path;
use crate::condition::{Condition, ConditionKind, Field, MembersCheck, PathCheck, StringCheck, TimeCheck};
use crate::language::case::Case;
use crate::language::effect::Effect;
use crate::language::operators::{Source, StringOp};
use crate::policy::check::intent::resolved::Resolved;
use crate::policy::check::intent::texts::{holds_commands, starts_with_program};
use crate::policy::check::intent::visit::{Position, visit_all};
use crate::policy::check::intent::words::stems;
use crate::policy::check::name_table::RoleIndex;
use crate::policy::check::target::RuleTarget;
use crate::policy::document::Rule;
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::spanned::Spanned;

/// The most rules that are compared with other rules, so that a large policy is checked in seconds.
const MAX_COMPARISONS: usize = 200_000;
/// The last words of the names of arguments that contain a path.
const PATH_WORDS: [&str; 16] = [
    "path",
    "file",
    "filename",
    "filepath",
    "dir",
    "directory",
    "folder",
    "source",
    "src",
    "destination",
    "dest",
    "dst",
    "cwd",
    "root",
    "workdir",
    "pathname",
];
/// Directories at the top of file systems, by which an absolute path is recognized in an argument of any name.
const TOP_DIRECTORIES: [&str; 18] = [
    "bin", "boot", "dev", "etc", "home", "lib", "mnt", "opt", "private", "proc", "root", "run", "srv", "sys", "tmp",
    "usr", "var", "Library",
];
/// Directories at the top of file systems that usually ignore case.
const CASELESS_ROOTS: [&str; 2] = ["/Users", "/Volumes"];
/// The last words of the names of arguments that contain a URL.
const URL_WORDS: [&str; 7] = ["url", "uri", "link", "href", "endpoint", "webhook", "callback"];
/// Words with which the statements of SQL start or continue.
const SQL_WORDS: [&str; 9] = ["select", "insert", "update", "delete", "drop", "create", "alter", "truncate", "with "];

pub(crate) fn check(policy: Resolved<'_>, findings: &mut Vec<Diagnostic>) {
    let mut rules_of: HashMap<RuleTarget, Vec<usize>> = HashMap::new();
    for (at, targets) in policy.rule_targets.iter().enumerate() {
        targets.iter().for_each(|target| rules_of.entry(*target).or_default().push(at));
    }
    let budget = Cell::new(MAX_COMPARISONS);
    for (at, rule) in policy.document.rules.iter().enumerate() {
        let Some(condition) = &rule.condition else { continue };
        let scope = RuleScope { policy, at, rule, condition, rules_of: &rules_of, budget: &budget };
        let mut headers: Vec<&[String]> = Vec::new();
        visit_all(condition, &mut |condition, at| {
            if let ConditionKind::TimeCheck(check) = &condition.kind {
                find_fixed_offset(check, findings);
            }
            // Whether a true check keeps a call from being allowed. An approval is neither.
            let restricts = match rule.effect {
                Effect::Allow => at.is_negated,
                Effect::Deny => !at.is_negated,
                Effect::RequireApproval => return,
            };
            match &condition.kind {
                ConditionKind::StringCheck(check) => {
                    let argument = Argument { field: &check.field, list: at.list };
                    if !argument.is_of_the_model() {
                        return;
                    }
                    if restricts != (check.op == StringOp::NotIn) {
                        find_restricted_paths(&scope, check, argument, at, findings);
                        find_restricted_urls(&scope, check, argument, findings);
                        find_header_items(check, argument, findings);
                    } else {
                        find_permitted_paths(&scope, check, argument, findings);
                        find_urls(&scope, check, argument, findings);
                        find_sql(check, argument, findings);
                    }
                }
                ConditionKind::PathCheck(check) if restricts => find_path_case(check, findings),
                ConditionKind::FieldPresent(check) if restricts => {
                    let Some((_, object)) = check.field.path.split_last() else { return };
                    if !headers.contains(&object) && find_header(&check.field, object, findings) {
                        headers.push(object);
                    }
                }
                ConditionKind::MembersCheck(check) if !restricts => find_header_names(check, findings),
                _ => {}
            }
        });
    }
}

/// A field, and the list of which it is an item, if any.
#[derive(Clone, Copy)]
struct Argument<'p> {
    field: &'p Field,
    list: Option<&'p Field>,
}

impl Argument<'_> {
    /// Whether the model sets the value.
    fn is_of_the_model(self) -> bool {
        match self.field.source {
            Source::Arguments => true,
            Source::Item => self.list.is_some_and(|list| matches!(list.source, Source::Arguments | Source::Item)),
            _ => false,
        }
    }

    fn is_same(self, other: Self) -> bool {
        let is_same_list = match (self.list, other.list) {
            (Some(a), Some(b)) => a.is_same(b),
            (a, b) => a.is_none() && b.is_none(),
        };
        self.field.is_same(other.field) && (self.field.source != Source::Item || is_same_list)
    }

    /// The last word of its name in the singular. An item has the name of its list.
    fn last_word(self) -> String {
        let name = self.field.path.last().or_else(|| self.list.and_then(|list| list.path.last()));
        name.and_then(|name| stems(name).pop()).unwrap_or_default()
    }

    fn name(self) -> String {
        let name = match self.list {
            Some(list) if self.field.path.is_empty() => &list.name.value,
            _ => &self.field.name.value,
        };
        quoted(name)
    }

    fn is_path(self) -> bool {
        PATH_WORDS.contains(&self.last_word().as_str())
    }
}

/// A rule among the others.
#[derive(Clone, Copy)]
struct RuleScope<'p> {
    policy: Resolved<'p>,
    at: usize,
    rule: &'p Rule,
    condition: &'p Condition,
    /// For each target, the rules that match it.
    rules_of: &'p HashMap<RuleTarget, Vec<usize>>,
    /// How many rules may still be compared.
    budget: &'p Cell<usize>,
}

impl<'p> RuleScope<'p> {
    /// Whether some call with an ambiguous text in this argument may be allowed, as far as checks of its form tell.
    fn accepts_ambiguous(&self, form: Form, argument: Argument<'p>) -> bool {
        let of_rule = |rule: &'p Rule| match &rule.condition {
            Some(condition) => outcomes(condition, None, form, argument),
            None => Outcomes { can_be_true: true, can_be_false: false },
        };
        let own = outcomes(self.condition, None, form, argument);
        if (self.rule.effect == Effect::Deny && !own.can_be_false)
            || (self.rule.effect == Effect::Allow && !own.can_be_true)
        {
            return false;
        }
        self.targets().iter().any(|target| {
            let mut is_allowed = self.rule.effect == Effect::Allow;
            for (at, rule) in self.rules_for(target) {
                let outcomes = of_rule(rule);
                match rule.effect {
                    Effect::Deny if !outcomes.can_be_false && self.is_covered_by(at, rule) => return false,
                    Effect::Allow if outcomes.can_be_true && self.has_role_of(at) => is_allowed = true,
                    _ => {}
                }
            }
            is_allowed && self.has_budget()
        })
    }

    fn targets(&self) -> &'p [RuleTarget] {
        self.policy.rule_targets.get(self.at).map(Vec::as_slice).unwrap_or_default()
    }

    /// The rules that match a target, until the budget is spent.
    fn rules_for(&self, target: &RuleTarget) -> impl Iterator<Item = (usize, &'p Rule)> {
        let rules = self.rules_of.get(target).into_iter().flatten();
        rules.take_while(|_| self.has_budget()).filter_map(|&at| {
            self.budget.set(self.budget.get().saturating_sub(1));
            Some((at, self.policy.document.rules.get(at)?))
        })
    }

    fn has_budget(&self) -> bool {
        self.budget.get() > 0
    }

    fn roles_of(&self, at: usize) -> &'p [RoleIndex] {
        self.policy.rule_roles.get(at).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether another rule is for all roles of this rule, and for every server.
    fn is_covered_by(&self, at: usize, rule: &Rule) -> bool {
        let roles = self.roles_of(at);
        rule.server.is_none() && self.roles_of(self.at).iter().all(|role| roles.binary_search(role).is_ok())
    }

    fn has_role_of(&self, at: usize) -> bool {
        let roles = self.roles_of(at);
        self.roles_of(self.at).iter().any(|role| roles.binary_search(role).is_ok())
    }

    /// Whether a rule that allows one of its targets has a root of a file system that ignores case for this argument.
    fn allows_caseless_roots(&self, argument: Argument<'p>) -> bool {
        let mut is_caseless = false;
        let rules = self.targets().iter().flat_map(|target| self.rules_for(target));
        let allows = rules.filter(|(at, rule)| rule.effect == Effect::Allow && self.has_role_of(*at));
        for condition in allows.filter_map(|(_, rule)| rule.condition.as_ref()) {
            visit_all(condition, &mut |condition, at| {
                if let ConditionKind::PathCheck(check) = &condition.kind {
                    is_caseless |= Argument { field: &check.field, list: at.list }.is_same(argument)
                        && check.roots.iter().any(|root| is_caseless_path(&root.value));
                }
            });
        }
        is_caseless
    }
}

/// The truth values that a condition may have besides unknown.
#[derive(Clone, Copy)]
struct Outcomes {
    can_be_true: bool,
    can_be_false: bool,
}

/// What a text is read as.
#[derive(Clone, Copy)]
enum Form {
    Path,
    Url,
}

/// The outcomes of a condition if each check of the form of an argument is unknown and all other checks are free.
fn outcomes<'p>(condition: &'p Condition, list: Option<&'p Field>, form: Form, argument: Argument<'p>) -> Outcomes {
    let parts = |conditions: &'p [Condition]| -> Vec<Outcomes> {
        conditions.iter().map(|condition| outcomes(condition, list, form, argument)).collect()
    };
    match &condition.kind {
        ConditionKind::All(conditions) => {
            let parts = parts(conditions);
            Outcomes {
                can_be_true: parts.iter().all(|part| part.can_be_true),
                can_be_false: parts.iter().any(|part| part.can_be_false),
            }
        }
        ConditionKind::Any(conditions) => {
            let parts = parts(conditions);
            Outcomes {
                can_be_true: parts.iter().any(|part| part.can_be_true),
                can_be_false: parts.iter().all(|part| part.can_be_false),
            }
        }
        ConditionKind::Not(inner) => {
            let inner = outcomes(inner, list, form, argument);
            Outcomes { can_be_true: inner.can_be_false, can_be_false: inner.can_be_true }
        }
        // Another item of the list may make `Every` false and `Some` true.
        ConditionKind::Items(items) => {
            let item = outcomes(&items.condition, Some(&items.field), form, argument);
            if items.every {
                Outcomes { can_be_true: item.can_be_true, can_be_false: true }
            } else {
                Outcomes { can_be_true: true, can_be_false: item.can_be_false }
            }
        }
        kind => {
            let field = match (kind, form) {
                (ConditionKind::PathCheck(check), Form::Path) => Some(&check.field),
                (ConditionKind::UrlCheck(check), Form::Url) => Some(&check.field),
                _ => None,
            };
            let is_free = !field.is_some_and(|field| Argument { field, list }.is_same(argument));
            Outcomes { can_be_true: is_free, can_be_false: is_free }
        }
    }
}

/// Whether a text is a path in an argument, and not the name of a branch, a type or a repository.
fn is_path(text: &str, argument: Argument<'_>) -> bool {
    if text.contains("://") || text.contains("${") || text.contains("{{") || has_word(argument, &URL_WORDS) {
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

fn has_word(argument: Argument<'_>, words: &[&str]) -> bool {
    words.contains(&argument.last_word().as_str())
}

/// Whether a text starts with a drive letter, such as `C:\`.
fn starts_with_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic())
}

/// Whether a path is on a file system that usually ignores case.
fn is_caseless_path(path: &str) -> bool {
    let is_below = |root: &&str| path.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    CASELESS_ROOTS.iter().any(is_below) || starts_with_drive(path)
}

/// Reports texts that restrict a path, although the same file has other spellings, and patterns of files in a directory
/// that do not match the directory.
fn find_restricted_paths<'p>(
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
fn directory_of(op: StringOp, text: &str) -> Option<&str> {
    let directory = match op {
        StringOp::Glob => text.trim_end_matches('*').strip_suffix('/').filter(|_| text.ends_with('*'))?,
        StringOp::StartsWith | StringOp::Contains => text.strip_suffix('/')?,
        _ => return None,
    };
    let name = directory.rsplit('/').next().unwrap_or_default();
    (name.chars().any(|c| c != '*') && !directory.ends_with(' ')).then_some(directory)
}

/// Whether a check of the same rule also matches the directory itself.
fn has_directory<'p>(scope: &RuleScope<'p>, argument: Argument<'p>, directory: &str) -> bool {
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
                StringOp::Glob => matches_glob(text, directory),
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

/// Whether a pattern matches a text, in which `*` is an ordinary character.
fn matches_glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Reports the beginning of a path that permits a call, although dot segments leave the directory.
fn find_permitted_paths<'p>(
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

fn path_as_text(value: &Spanned<String>, op: StringOp, argument: Argument<'_>, restricts: bool) -> Diagnostic {
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
        String::from(
            "use `Matches` with names that cannot be `..`, such as `(?i-u)C:([/\\\\][0-9a-z_-]+(\\.[0-9a-z_-]+)*)+`",
        )
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
fn find_path_case(check: &PathCheck, findings: &mut Vec<Diagnostic>) {
    if check.case == Case::Exact
        && let Some(root) = check.roots.iter().find(|root| is_caseless_path(&root.value))
    {
        findings.push(case_sensitive_path(root));
    }
}

fn case_sensitive_path(value: &Spanned<String>) -> Diagnostic {
    let message = format!(
        "this check is case-sensitive, but the file system of {} usually ignores case, so another case of it is not restricted",
        quoted(&value.value)
    );
    Diagnostic::warning("case_sensitive_path", &value.span, message).with_fix("add `\"ignoreCase\": \"Full\"`")
}

fn is_headers(object: &[String]) -> bool {
    object.last().and_then(|name| stems(name).pop()).is_some_and(|last| last == "header")
}

/// Reports one spelling of the name of a header whose presence makes the decision stricter.
fn find_header(field: &Field, object: &[String], findings: &mut Vec<Diagnostic>) -> bool {
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
fn find_header_names(check: &MembersCheck, findings: &mut Vec<Diagnostic>) {
    let is_listed = check.op == StringOp::NotIn && check.case == Case::Exact && is_headers(&check.field.path);
    if let Some(name) = check.names.first().filter(|_| is_listed) {
        let message =
            format!("the names of headers ignore case, so {} does not match another case of it", quoted(&name.value));
        let fix = "add `\"ignoreCase\": \"Full\"`";
        findings.push(Diagnostic::warning("case_sensitive_member", &name.span, message).with_fix(fix));
    }
}

/// Reports the beginning of a URL that permits a call, although other URLs have the same beginning.
fn find_urls<'p>(
    scope: &RuleScope<'p>,
    check: &'p StringCheck,
    argument: Argument<'p>,
    findings: &mut Vec<Diagnostic>,
) {
    for value in &check.values {
        let Some(openness) = openness(check.op, &value.value, has_word(argument, &URL_WORDS)) else { continue };
        if has_url_check(scope, argument, openness) {
            continue;
        }
        let shown = quoted(&value.value);
        let (message, fix) = match openness {
            Openness::Host => (
                format!("{shown} also accepts other hosts, such as {}", quoted(&other_host(check.op, &value.value))),
                "use `UrlCheck` with `hosts`, which compares whole host names",
            ),
            Openness::Path => (
                format!("{shown} also accepts URLs whose dot segments, such as `../`, leave this path"),
                "use `UrlCheck` with `hosts` and `paths`, such as `[\"/repos/acme/**\"]`",
            ),
        };
        findings.push(Diagnostic::warning("url_as_text", &value.span, message).with_fix(fix));
    }
}

/// Reports a text that restricts a URL, although the same URL has other spellings.
fn find_restricted_urls<'p>(
    scope: &RuleScope<'p>,
    check: &'p StringCheck,
    argument: Argument<'p>,
    findings: &mut Vec<Diagnostic>,
) {
    let is_url = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let has_scheme = lower.contains("http://") || lower.contains("https://");
        has_scheme || (has_word(argument, &URL_WORDS) && (text.contains(['.', '/']) || lower.contains("localhost")))
    };
    let is_text = check.op != StringOp::Matches;
    if let Some(value) = check.values.iter().find(|value| is_text && is_url(&value.value))
        && scope.accepts_ambiguous(Form::Url, argument)
    {
        let message = format!(
            "{} is compared as text, so other spellings of the same URL in {}, such as `HTTP://`, `127.1` or `%61`, are not restricted",
            quoted(&value.value),
            argument.name()
        );
        let fix = "use `UrlCheck` with `hosts`, `schemes` and `ports`, best in the Allow rules";
        findings.push(Diagnostic::warning("url_as_text", &value.span, message).with_fix(fix));
    }
}

/// Reports the name of a header that restricts with case, in a list of headers.
fn find_header_items(check: &StringCheck, argument: Argument<'_>, findings: &mut Vec<Diagnostic>) {
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

/// What a pattern leaves open although it looks closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Openness {
    Host,
    Path,
}

/// What a pattern of URLs leaves open; `None` if it is not such a pattern, or accepts whole hosts or every URL.
fn openness(op: StringOp, text: &str, is_url: bool) -> Option<Openness> {
    let names_host = |text: &str| text.trim_start_matches(['.', '*', '/']).contains('.');
    let lower = text.to_ascii_lowercase();
    let after = ["http://", "https://"].iter().find_map(|scheme| lower.strip_prefix(scheme));
    let after = match (op, after) {
        (StringOp::StartsWith, Some(after)) => after,
        (StringOp::Glob, Some(after)) if after.contains('*') => after,
        (StringOp::Contains | StringOp::EndsWith, _) => {
            return (is_url && names_host(text)).then_some(Openness::Host);
        }
        (StringOp::Glob, None) => {
            return (is_url && text.starts_with('*') && names_host(text)).then_some(Openness::Host);
        }
        _ => return None,
    };
    if after.bytes().all(|byte| byte == b'*') {
        return None;
    }
    match after.split_once('/') {
        Some((host, _)) if host.contains('*') => Some(Openness::Host),
        Some((_, path)) => path.bytes().any(|byte| byte != b'*').then_some(Openness::Path),
        None => Some(Openness::Host),
    }
}

/// A URL of another host that a pattern with an open host accepts.
fn other_host(op: StringOp, text: &str) -> String {
    let after = text.split_once("://").map_or(text, |(_, after)| after);
    match op {
        StringOp::StartsWith if after.contains(':') => format!("{text}@evil.test/"),
        StringOp::StartsWith => format!("{}.evil.test/", text.trim_end_matches('.')),
        StringOp::Glob => {
            let scheme = if after.len() == text.len() { "https://" } else { "" };
            let host = if after.starts_with('*') { "evil.test/x" } else { ".evil.test/" };
            format!("{scheme}{}", text.replacen('*', host, 1).replace('*', ""))
        }
        _ => format!("https://evil.test/{text}"),
    }
}

/// Whether a `UrlCheck` of the same rule closes what a text leaves open.
fn has_url_check<'p>(scope: &RuleScope<'p>, argument: Argument<'p>, openness: Openness) -> bool {
    let mut has = false;
    visit_all(scope.condition, &mut |condition, at| {
        if let ConditionKind::UrlCheck(check) = &condition.kind {
            has |= (Argument { field: &check.field, list: at.list }).is_same(argument)
                && at.is_negated == (scope.rule.effect == Effect::Deny)
                && (openness == Openness::Host || !check.paths.is_empty());
        }
    });
    has
}

/// Reports a text or an expression that permits SQL.
fn find_sql(check: &StringCheck, argument: Argument<'_>, findings: &mut Vec<Diagnostic>) {
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
                quoted(text)
            );
            let fix = "allow prepared statements by name with `In`, or write a `RequireApproval` rule";
            findings.push(Diagnostic::warning("sql_as_text", &value.span, message).with_fix(fix));
            return;
        }
    }
}

/// Whether an expression accepts text of the caller's choice that may be a call of a function or several words.
fn accepts_sql(hir: &Hir) -> bool {
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

/// Notes that a fixed offset is not a time zone.
fn find_fixed_offset(check: &TimeCheck, findings: &mut Vec<Diagnostic>) {
    if check.window.offset != 0 {
        let message = format!(
            "the offset {} is fixed, so the window does not follow summer time",
            quoted(&check.window.offset())
        );
        let fix = "if the place has summer time, change the offset with it, or choose a window that is right for both";
        findings.push(Diagnostic::note("fixed_offset", &check.field.name.span, message).with_fix(fix));
    }
}
