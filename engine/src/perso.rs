//! The `perso-1` dialect: a text that perso takes, read as perso reads it.
//!
//! perso ignores keys that it does not know and takes a missing condition for none; `validate` warns of both.

use alloc::string::String;
use alloc::vec::Vec;

use crate::decision::Effect;
use crate::document::{PolicyDocument, Rule};
use crate::error::Severity;
use crate::image::Dialect;
use crate::parse::{Shape, read_condition};
use crate::tree::{Node, Value};

pub(crate) fn read_document<'t>(
    text: &'t str,
    tree: &Node<'t>,
    version: String,
    mut shape: Shape,
) -> PolicyDocument<'t> {
    // `description` is no key of perso's, but ignoring it loses nothing.
    const KEYS: &[&str] = &["version", "description", "default_action", "tools", "roles", "rules"];
    shape.unknown_keys = Severity::Warning;
    let mut document = PolicyDocument {
        text,
        dialect: Dialect::Perso1,
        version,
        description: String::new(),
        default_effect: Effect::Deny,
        tools: None,
        roles: None,
        rules: Vec::new(),
        problems: Vec::new(),
    };
    if let Some(policy) = shape.object(tree, "a policy", KEYS) {
        if let Some(Node { value: Value::String(description), .. }) = policy.optional("description") {
            document.description = description.clone().into_owned();
        }
        let actions = [Effect::Allow, Effect::Deny].map(|effect| (effect.name(), effect));
        let default = policy
            .required("default_action", &mut shape)
            .and_then(|node| shape.word(node, "an action", "unknown_effect", actions));
        document.default_effect = default.unwrap_or(Effect::Deny);
        document.tools = policy.required("tools", &mut shape).and_then(|node| shape.strings(node, "`tools`"));
        document.roles = policy.required("roles", &mut shape).and_then(|node| shape.strings(node, "`roles`"));
        let rules = policy.required("rules", &mut shape).and_then(|node| shape.list(node, "`rules`"));
        document.rules = rules
            .unwrap_or_default()
            .iter()
            .enumerate()
            .filter_map(|(index, node)| read_rule(node, index, &mut shape))
            .collect();
    }
    document.problems = shape.problems;
    document
}

fn read_rule(node: &Node<'_>, index: usize, shape: &mut Shape) -> Option<Rule> {
    let rule = shape.object(node, "a rule", &["tool_name", "roles", "condition"])?;
    let tool_name = rule.required("tool_name", shape).and_then(|node| shape.string(node, "`tool_name`"));
    let roles = rule.required("roles", shape).and_then(|node| shape.strings(node, "`roles`"));
    let condition = match rule.optional("condition").filter(|node| !matches!(node.value, Value::Null)) {
        None => None,
        Some(node) => Some(read_condition(node, shape, Dialect::Perso1)?),
    };
    Some(Rule {
        span: node.span.clone(),
        index,
        id: None,
        effect: Effect::Allow,
        tool_name: tool_name?,
        roles: roles?,
        condition,
    })
}
