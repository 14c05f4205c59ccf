//! The `perso-1` dialect: a text that perso takes, read as perso reads it.
//!
//! perso ignores keys that it does not know and takes a missing condition for none. What that lets through is warned of.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::collections::HashMap;

use crate::condition::{Condition, ConditionKind};
use crate::decision::Effect;
use crate::dialect::Dialect;
use crate::document::{PolicyDocument, Role, Rule, Tool};
use crate::error::{Diagnostic, Severity, quoted};
use crate::parse_condition::{Scope, read_condition};
use crate::shape::Shape;
use crate::target::TargetKind;
use crate::tree::{Node, Value};
use crate::validate::Target;

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
        version_span: 0..0,
        tools_span: None,
        tools: None,
        prompts: None,
        roles: None,
        servers: None,
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
        document.version_span = policy.optional("version").map_or(0..0, |node| node.span.clone());
        document.tools_span = policy.optional("tools").map(|node| node.span.clone());
        let tools = policy.required("tools", &mut shape).and_then(|node| shape.strings(node, "`tools`"));
        document.tools = tools.map(|names| names.into_iter().map(|name| Tool { name, schema: None }).collect());
        let roles = policy.required("roles", &mut shape).and_then(|node| shape.strings(node, "`roles`"));
        document.roles = roles.map(|names| names.into_iter().map(|name| Role { name, inherits: Vec::new() }).collect());
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
        Some(node) => Some(read_condition(node, shape, Scope { dialect: Dialect::Perso1, has_item: false })?),
    };
    Some(Rule {
        span: node.span.clone(),
        index,
        id: None,
        effect: Effect::Allow,
        kinds: alloc::vec![TargetKind::Tool],
        target: tool_name?,
        roles: roles?,
        server: None,
        condition,
        reason: None,
        hides_condition: false,
    })
}

/// Names each spot where perso's meaning lets through what the text seems to forbid.
pub(crate) fn warn_where_it_fails_open(
    document: &PolicyDocument<'_>,
    rule_targets: &[Vec<Target>],
    declared_tools: usize,
    findings: &mut Vec<Diagnostic>,
) {
    if document.default_effect == Effect::Allow {
        let span = place_of_default(document.text);
        let message = "`default_action` allows every call that no rule speaks of, unknown tools and roles included";
        findings.push(Diagnostic::warning("allows_by_default", &span, message).with_fix("write `Deny`"));
    }
    let mut last: HashMap<(u32, &str), usize> = HashMap::new();
    let mut overridden: Vec<(usize, usize)> = Vec::new();
    for (at, (rule, targets)) in document.rules.iter().zip(rule_targets).enumerate() {
        for &Target { at: tool, .. } in targets {
            if !rule.target.value.contains('*') && usize::try_from(tool).is_ok_and(|at| at >= declared_tools) {
                let message =
                    format!("{} is not declared in `tools`, yet this rule allows it", quoted(&rule.target.value));
                findings.push(Diagnostic::warning("undeclared_tool", &rule.target.span, message));
            }
            for role in &rule.roles {
                if let Some(earlier) = last.insert((tool, &role.value), at).filter(|&earlier| earlier != at) {
                    overridden.push((earlier, at));
                }
            }
        }
        if let Some(condition) = &rule.condition {
            warn_of_condition(condition, findings);
        }
    }
    overridden.sort_unstable();
    overridden.dedup();
    for (earlier, later) in overridden {
        if let (Some(earlier), Some(later)) = (document.rules.get(earlier), document.rules.get(later)) {
            let message = format!(
                "this rule replaces {} for some tool and role: in perso the last rule wins and the others have no effect",
                earlier.name()
            );
            findings.push(Diagnostic::warning("rule_replaced", &later.target.span, message));
        }
    }
}

fn place_of_default(text: &str) -> core::ops::Range<usize> {
    let start = text.find("\"default_action\"").unwrap_or(0);
    start..start.saturating_add("\"default_action\"".len()).min(text.len())
}

fn warn_of_condition(condition: &Condition, findings: &mut Vec<Diagnostic>) {
    let mut warn = |code, message: &str, fix: &str| {
        findings.push(Diagnostic::warning(code, &condition.span, message).with_fix(fix));
    };
    match &condition.kind {
        ConditionKind::All(children) if children.is_empty() => {
            warn("always_true", "an empty `All` is always true", "remove the condition, or write what must hold");
        }
        ConditionKind::Not(_) => warn(
            "not_fails_open",
            "`Not` is true where its field is missing, null or of the wrong type",
            "ask for the field with `FieldPresent` too, or move to `callgate-1`, where `Not` of unknown is unknown",
        ),
        ConditionKind::FieldPresent { .. } => warn(
            "presence_only",
            "`FieldPresent` is true for `false`, 0 and the empty string",
            "compare the value with `StringCheck`, or move to `callgate-1` and use `BoolCheck`",
        ),
        ConditionKind::FieldEquals { .. } => warn(
            "null_equals_null",
            "`FieldEquals` is true where both fields are null, empty or equal objects",
            "ask for one of the fields with `StringCheck` too",
        ),
        _ => {}
    }
    match &condition.kind {
        ConditionKind::All(children) | ConditionKind::Any(children) => {
            children.iter().for_each(|child| warn_of_condition(child, findings));
        }
        ConditionKind::Not(inner) => warn_of_condition(inner, findings),
        _ => {}
    }
}
