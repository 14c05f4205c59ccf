//! The tools that a policy declares.

use alloc::vec::Vec;

use crate::policy::document::Tool;
use crate::policy::parse::schema::read_arguments;
use crate::policy::text::node_reader::NodeReader;
use crate::policy::text::spanned::Spanned;
use crate::policy::text::tree::{Node, Value};

/// Reads tools: names, or objects from the response to MCP's `tools/list`.
pub(crate) fn read_tools(node: &Node<'_>, reader: &mut NodeReader) -> Option<Vec<Tool>> {
    let items = reader.list(node, "`tools`")?;
    let tools: Vec<Tool> =
        items.iter().enumerate().filter_map(|(index, item)| read_tool(item, index, reader)).collect();
    (tools.len() == items.len()).then_some(tools)
}

fn read_tool(node: &Node<'_>, index: usize, reader: &mut NodeReader) -> Option<Tool> {
    // The other keys that MCP defines for a tool are ignored, but they are in the response of every server.
    const KEYS: &[&str] = &[
        "name",
        "inputSchema",
        "enforceSchema",
        "title",
        "description",
        "outputSchema",
        "annotations",
        "icons",
        "execution",
        "_meta",
    ];
    if let Value::String(name) = &node.value {
        let name = Spanned { value: name.clone().into_owned(), span: node.span.clone() };
        return Some(Tool { name, server: None, index, schema: None, has_effects: false });
    }
    if !matches!(node.value, Value::Object(_)) {
        reader.wrong_type(node, "a tool", "a string or an object with `name` and `inputSchema`");
        return None;
    }
    let tool = reader.object(node, "a tool", KEYS)?;
    let name = tool.required("name", reader).and_then(|node| reader.string(node, "`name`"));
    let is_enforced = tool.optional("enforceSchema").map(|node| reader.boolean(node, "`enforceSchema`"));
    let is_enforced = is_enforced.unwrap_or(Some(true))?;
    let schema = match tool.optional("inputSchema") {
        None => None,
        Some(node) => Some(read_arguments(node, is_enforced, reader)?),
    };
    let has_effects = tool.optional("annotations").is_some_and(says_it_has_effects);
    Some(Tool { name: name?, server: None, index, schema, has_effects })
}

/// Whether the annotations of a tool (MCP's `ToolAnnotations`) say that it changes something.
fn says_it_has_effects(node: &Node<'_>) -> bool {
    let Value::Object(hints) = &node.value else { return false };
    hints.iter().any(|hint| {
        matches!(
            (&*hint.name, &hint.value.value),
            ("readOnlyHint", Value::Bool(false)) | ("destructiveHint", Value::Bool(true))
        )
    })
}
