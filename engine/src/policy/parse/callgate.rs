//! The language `callgate-1`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::language::dialect::Dialect;
use crate::language::effect::Effect;
use crate::policy::document::{Accepted, PolicyDocument, Role, Rule};
use crate::policy::parse::approval::read_approval;
use crate::policy::parse::condition::read_rule_condition;
use crate::policy::parse::servers::read_servers;
use crate::policy::parse::targets::{read_rule_roles, read_target};
use crate::policy::parse::tools::read_tools;
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::format::Format;
use crate::policy::text::node_reader::NodeReader;
use crate::policy::text::spanned::Spanned;
use crate::policy::text::tree::{Member, Node, Value};
use crate::policy::when::define::{Definitions, read_definitions};

pub(crate) fn read_document<'t>(
    text: &'t str,
    format: Format,
    tree: &Node<'t>,
    version: String,
    mut reader: NodeReader,
) -> PolicyDocument<'t> {
    const KEYS: &[&str] =
        &["$schema", "version", "description", "servers", "tools", "prompts", "roles", "define", "rules", "accept"];
    let mut document = PolicyDocument::new(text, format, Dialect::Callgate1, version);
    if let Some(policy) = reader.object(tree, "a policy", KEYS) {
        if let Some(node) = policy.optional("$schema") {
            reader.string(node, "`$schema`");
        }
        if let Some(node) = policy.optional("description") {
            document.description = reader.string(node, "`description`").map(|text| text.value).unwrap_or_default();
        }
        let servers = policy.optional("servers").map(|node| read_servers(node, &mut reader));
        document.version_span = policy.optional("version").map_or(0..0, |node| node.span.clone());
        document.tools_span = policy.optional("tools").map(|node| node.span.clone());
        let tools = policy.optional("tools").map(|node| read_tools(node, &mut reader));
        document.add_servers(tools, servers);
        document.prompts = policy.optional("prompts").and_then(|node| reader.strings(node, "`prompts`"));
        document.roles = policy.required("roles", &mut reader).and_then(|node| read_roles(node, &mut reader));
        document.accepted = policy.optional("accept").map(|node| read_accepted(node, &mut reader)).unwrap_or_default();
        let mut definitions =
            policy.optional("define").map(|node| read_definitions(node, text, &mut reader)).unwrap_or_default();
        let rules = policy.required("rules", &mut reader).and_then(|node| reader.list(node, "`rules`"));
        document.rules = rules
            .unwrap_or_default()
            .iter()
            .enumerate()
            .flat_map(|(index, node)| read_rule(node, index, text, &mut definitions, &mut reader))
            .collect();
        document.unused_definitions = definitions.unused();
        document.definitions = definitions.into_conditions();
    }
    document.problems = reader.problems;
    document
}

/// Reads what a policy accepts.
fn read_accepted(node: &Node<'_>, reader: &mut NodeReader) -> Vec<Accepted> {
    let items = reader.list(node, "`accept`").unwrap_or_default();
    items.iter().filter_map(|item| read_accepted_one(item, reader)).collect()
}

fn read_accepted_one(node: &Node<'_>, reader: &mut NodeReader) -> Option<Accepted> {
    let accepted = reader.object(node, "an item of `accept`", &["finding", "at", "reason"])?;
    let finding = accepted.required("finding", reader).and_then(|node| reader.string(node, "`finding`"));
    let at = accepted.optional("at").map(|node| reader.string(node, "`at`"));
    let reason = accepted.required("reason", reader).and_then(|node| reader.string(node, "`reason`"));
    if let Some(reason) = reason.as_ref().filter(|reason| reason.value.trim().is_empty()) {
        reader.problems.push(Diagnostic::error("empty_reason", &reason.span, "`reason` must not be blank"));
    }
    Some(Accepted {
        span: node.span.clone(),
        finding: finding?,
        at: at.map_or(Some(None), |at| at.map(Some))?,
        reason: reason?,
    })
}

fn read_roles(node: &Node<'_>, reader: &mut NodeReader) -> Option<Vec<Role>> {
    let Value::Object(members) = &node.value else {
        let fix = "write each role as a key, such as `{ \"agent\": {} }`";
        reader.problems.push(
            Diagnostic::error("wrong_type", &node.span, format!("`roles` must be an object, not {}", node.kind()))
                .with_fix(fix),
        );
        return None;
    };
    let read = |member: &Member<'_>| {
        let role = reader.object(&member.value, "a role", &["inherits"]);
        let inherits = role.and_then(|role| role.optional("inherits"));
        Role {
            name: Spanned { value: member.name.clone().into_owned(), span: member.name_span.clone() },
            inherits: inherits.and_then(|node| reader.strings(node, "`inherits`")).unwrap_or_default(),
        }
    };
    Some(members.iter().map(read).collect())
}

/// Reads a rule: none if it cannot be read, and two if it has an approval.
fn read_rule(
    node: &Node<'_>,
    index: usize,
    text: &str,
    definitions: &mut Definitions,
    reader: &mut NodeReader,
) -> Vec<Rule> {
    let Some((rule, approval)) = read_parts(node, index, text, definitions, reader) else { return Vec::new() };
    let Some(approval) = approval else { return alloc::vec![rule] };
    // A rule whose approval cannot be read must not become a rule without one.
    let approval = read_approval(approval, &rule, text, definitions, reader);
    approval.map(|approval| alloc::vec![rule, approval]).unwrap_or_default()
}

/// Reads a rule without its approval, and the node of its approval.
fn read_parts<'n, 't>(
    node: &'n Node<'t>,
    index: usize,
    text: &str,
    definitions: &mut Definitions,
    reader: &mut NodeReader,
) -> Option<(Rule, Option<&'n Node<'t>>)> {
    const KEYS: &[&str] = &[
        "id",
        "effect",
        "server",
        "tools",
        "except",
        "tool_name",
        "prompt_name",
        "resource_uri",
        "operations",
        "roles",
        "when",
        "condition",
        "reason",
        "disclose",
        "approval",
        "note",
        "owner",
    ];
    let rule = reader.object(node, "a rule", KEYS)?;
    let id = rule.optional("id").and_then(|node| reader.string(node, "`id`"));
    let effect = rule.required("effect", reader).and_then(|node| {
        reader.word(node, "an effect", "unknown_effect", Effect::ALL.map(|effect| (effect.name(), effect)))
    });
    let target = read_target(node, &rule, reader);
    let roles = rule.required("roles", reader).and_then(|node| read_rule_roles(node, reader));
    let server = rule.optional("server").map(|node| reader.string(node, "`server`"));
    let reason = rule.optional("reason").map(|node| reader.string(node, "`reason`"));
    let disclosures = [("all", false), ("code", true)];
    let hides_condition = rule
        .optional("disclose")
        .map(|node| reader.word(node, "a value of `disclose`", "unknown_disclosure", disclosures));
    let note = rule.optional("note").map(|node| reader.string(node, "`note`"));
    let owner = rule.optional("owner").map(|node| reader.string(node, "`owner`"));
    let condition = read_rule_condition(&rule, text, definitions, reader);
    let (kinds, target) = target?;
    let parts = Rule {
        span: node.span.clone(),
        index,
        id,
        effect: effect?,
        kinds,
        target,
        roles: roles?,
        // A part that cannot be read must not become an absent part.
        server: server.map_or(Some(None), |server| server.map(Some))?,
        // A rule whose condition cannot be read must not become a rule without a condition.
        condition: condition?,
        reason: reason.map_or(Some(None), |reason| reason.map(Some))?,
        hides_condition: hides_condition.unwrap_or(Some(false))?,
        note: note.flatten().map(|note| note.value),
        owner: owner.flatten().map(|owner| owner.value),
        approval: None,
    };
    Some((parts, rule.optional("approval")))
}
