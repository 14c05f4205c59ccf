//! Which calls a rule matches: its targets and its roles.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashSet;

use crate::language::target::TargetKind;
use crate::policy::document::{Names, RuleRoles};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::node_reader::{NodeReader, Object, start_of};
use crate::policy::text::spanned::Spanned;
use crate::policy::text::tree::{Node, Value};

/// The keys of a target, of which a rule has exactly one.
const KEYS: [&str; 4] = ["tools", "tool_name", "prompt_name", "resource_uri"];

/// Reads the target of a rule: exactly one of tools, a prompt, and a resource with operations.
pub(crate) fn read_target(
    node: &Node<'_>,
    rule: &Object<'_, '_>,
    reader: &mut NodeReader,
) -> Option<(Vec<TargetKind>, Names)> {
    let given: Vec<(&str, &Node<'_>)> =
        KEYS.into_iter().filter_map(|key| rule.optional(key).map(|node| (key, node))).collect();
    let (key, target) = match given.as_slice() {
        [only] => *only,
        [] => {
            let message = "`tools`, `prompt_name` or `resource_uri` is missing";
            reader.problems.push(Diagnostic::error("missing_key", &start_of(node), message));
            return None;
        }
        [(_, first), ..] => {
            let message = "a rule must have only one of `tools`, `tool_name`, `prompt_name` and `resource_uri`";
            reader.problems.push(Diagnostic::error("several_targets", &first.span, message));
            return None;
        }
    };
    let is_list = key == "tools";
    if let Some(except) = rule.optional("except").filter(|_| !is_list) {
        reader.problems.push(Diagnostic::error("unknown_key", &except.span, "`except` requires `tools`"));
    }
    let kinds = match (key, rule.optional("operations")) {
        ("resource_uri", _) => rule.required("operations", reader).and_then(|node| read_operations(node, reader)),
        (_, Some(operations)) => {
            let message = "`operations` requires `resource_uri`";
            reader.problems.push(Diagnostic::error("unknown_key", &operations.span, message));
            None
        }
        ("prompt_name", None) => Some(alloc::vec![TargetKind::Prompt]),
        (_, None) => Some(alloc::vec![TargetKind::Tool]),
    };
    let names = if is_list {
        read_tools_of_rule(target, rule.optional("except"), reader)
    } else {
        reader.string(target, &format!("`{key}`")).map(Names::one)
    };
    Some((kinds?, names?))
}

/// Reads the names and patterns of `tools`, without those of `except`.
fn read_tools_of_rule(tools: &Node<'_>, except: Option<&Node<'_>>, reader: &mut NodeReader) -> Option<Names> {
    let included = read_names(tools, "`tools`", reader);
    let excluded = except.map(|node| read_names(node, "`except`", reader));
    // An exception that cannot be read must not become an absent one.
    let (included, excluded) = (included?, excluded.unwrap_or_else(|| Some(Vec::new()))?);
    if included.is_empty() {
        let message = "`tools` is empty, so this rule never applies";
        let fix = "name tools, or write `*` for every tool";
        reader.problems.push(Diagnostic::error("empty_list", &tools.span, message).with_fix(fix));
        return None;
    }
    let span = match included.as_slice() {
        [only] => only.span.clone(),
        _ => tools.span.clone(),
    };
    Some(Names { span, included, excluded })
}

/// Reads one name or a list of names, none of them twice.
fn read_names(node: &Node<'_>, what: &str, reader: &mut NodeReader) -> Option<Vec<Spanned<String>>> {
    let names = match &node.value {
        Value::String(_) => alloc::vec![reader.string(node, what)?],
        Value::Array(_) => reader.strings(node, what)?,
        _ => {
            reader.wrong_type(node, what, "a string or a list of strings");
            return None;
        }
    };
    let mut seen: HashSet<&str> = HashSet::new();
    for name in &names {
        if !seen.insert(&name.value) {
            let message = format!("{} is duplicated in {what} of this rule", quoted(&name.value));
            reader.problems.push(Diagnostic::error("duplicate_name", &name.span, message));
        }
    }
    drop(seen);
    Some(names)
}

fn read_operations(node: &Node<'_>, reader: &mut NodeReader) -> Option<Vec<TargetKind>> {
    let items = reader.list(node, "`operations`")?;
    let mut kinds = Vec::new();
    for item in items {
        let kind = reader.word(item, "an operation", "unknown_operation", TargetKind::OPERATIONS)?;
        if kinds.contains(&kind) {
            let message = "this operation is duplicated";
            reader.problems.push(Diagnostic::error("duplicate_operation", &item.span, message));
        }
        kinds.push(kind);
    }
    if kinds.is_empty() {
        let message = "`operations` is empty, so this rule never applies";
        let fix = "write `read`, `list` or `subscribe`";
        reader.problems.push(Diagnostic::error("empty_list", &node.span, message).with_fix(fix));
    }
    Some(kinds)
}

/// Reads the roles of a rule: a list, or `*` for every declared role.
pub(crate) fn read_rule_roles(node: &Node<'_>, reader: &mut NodeReader) -> Option<RuleRoles> {
    match &node.value {
        Value::String(text) if text == "*" => Some(RuleRoles::Every(node.span.clone())),
        Value::Array(_) => reader.strings(node, "`roles`").map(RuleRoles::Listed),
        _ => {
            reader.wrong_type(node, "`roles`", "a list of roles or `*`");
            None
        }
    }
}
