//! The `perso-1` dialect: a text that perso accepts, read as perso reads it.
//!
//! perso ignores unknown keys, and a rule without a condition always applies. Warnings report what this allows.

use alloc::string::String;
use alloc::vec::Vec;

use crate::condition::field::Scope;
use crate::condition::read_condition;
use crate::language::dialect::Dialect;
use crate::language::effect::Effect;
use crate::language::target::TargetKind;
use crate::policy::document::{Names, PolicyDocument, Role, Rule, RuleRoles, Tool};
use crate::policy::text::diagnostic::Severity;
use crate::policy::text::format::Format;
use crate::policy::text::node_reader::NodeReader;
use crate::policy::text::tree::{Node, Value};

pub(crate) fn read_document<'t>(
    text: &'t str,
    format: Format,
    tree: &Node<'t>,
    version: String,
    mut reader: NodeReader,
) -> PolicyDocument<'t> {
    // `description` is not a key of perso, but ignoring it loses nothing.
    const KEYS: &[&str] = &["version", "description", "default_action", "tools", "roles", "rules"];
    reader.unknown_keys = Severity::Warning;
    let mut document = PolicyDocument::new(text, format, Dialect::Perso1, version);
    if let Some(policy) = reader.object(tree, "a policy", KEYS) {
        if let Some(Node { value: Value::String(description), .. }) = policy.optional("description") {
            document.description = description.clone().into_owned();
        }
        let actions = [Effect::Allow, Effect::Deny].map(|effect| (effect.name(), effect));
        let default = policy
            .required("default_action", &mut reader)
            .and_then(|node| reader.word(node, "an action", "unknown_effect", actions));
        document.default_effect = default.unwrap_or(Effect::Deny);
        document.version_span = policy.optional("version").map_or(0..0, |node| node.span.clone());
        document.tools_span = policy.optional("tools").map(|node| node.span.clone());
        let tools = policy.required("tools", &mut reader).and_then(|node| reader.strings(node, "`tools`"));
        let tool = |(index, name)| Tool { name, server: None, index, schema: None, has_effects: false };
        document.tools = tools.map(|names| names.into_iter().enumerate().map(tool).collect());
        let roles = policy.required("roles", &mut reader).and_then(|node| reader.strings(node, "`roles`"));
        document.roles = roles.map(|names| names.into_iter().map(|name| Role { name, inherits: Vec::new() }).collect());
        let rules = policy.required("rules", &mut reader).and_then(|node| reader.list(node, "`rules`"));
        document.rules = rules
            .unwrap_or_default()
            .iter()
            .enumerate()
            .filter_map(|(index, node)| read_rule(node, index, &mut reader))
            .collect();
    }
    document.problems = reader.problems;
    document
}

fn read_rule(node: &Node<'_>, index: usize, reader: &mut NodeReader) -> Option<Rule> {
    let rule = reader.object(node, "a rule", &["tool_name", "roles", "condition"])?;
    let tool_name = rule.required("tool_name", reader).and_then(|node| reader.string(node, "`tool_name`"));
    let roles = rule.required("roles", reader).and_then(|node| reader.strings(node, "`roles`"));
    let condition = match rule.optional("condition").filter(|node| !matches!(node.value, Value::Null)) {
        None => None,
        Some(node) => Some(read_condition(node, reader, Scope { dialect: Dialect::Perso1, has_item: false })?),
    };
    Some(Rule {
        span: node.span.clone(),
        index,
        id: None,
        effect: Effect::Allow,
        kinds: alloc::vec![TargetKind::Tool],
        target: Names::one(tool_name?),
        roles: RuleRoles::Listed(roles?),
        server: None,
        condition,
        reason: None,
        hides_condition: false,
        note: None,
        owner: None,
        approval: None,
    })
}
