//! The arguments that a JSON Schema declares, as rules are checked against them.

use alloc::string::String;
use alloc::vec::Vec;

use crate::language::operators::NumericOp;
use crate::policy::document::{InputSchema, Property};
use crate::policy::parse::schema::{find, is_hidden_by_ref, read_schemas, text_of, whole};
use crate::policy::text::node_reader::NodeReader;
use crate::policy::text::tree::{Member, Node, Value};

/// Reads the JSON Schema of a tool.
pub(crate) fn read_arguments(node: &Node<'_>, is_enforced: bool, reader: &mut NodeReader) -> Option<InputSchema> {
    if !matches!(node.value, Value::Object(_)) {
        reader.wrong_type(node, "`inputSchema`", "an object");
        return None;
    }
    let is_false = |node: &Node<'_>| matches!(node.value, Value::Bool(false));
    // Where `$ref` hides its siblings, the schema itself declares nothing.
    let is_hidden = is_hidden_by_ref(node, node);
    let is_closed = find(node, "additionalProperties").is_some_and(is_false)
        && find(node, "patternProperties").is_none()
        && !is_hidden;
    let mut properties = Vec::new();
    read_properties(node, node, !is_hidden, !is_closed, &mut properties);
    let schemas = if is_enforced { read_schemas(node, &mut reader.problems) } else { Default::default() };
    Some(InputSchema { properties, is_closed, is_enforced, schemas })
}

/// Collects the arguments that a schema declares, also in the schemas that it combines if `follow` is true.
///
/// Only a schema that every call conforms to restricts its arguments.
fn read_properties(root: &Node<'_>, schema: &Node<'_>, is_certain: bool, follow: bool, properties: &mut Vec<Property>) {
    let is_certain = is_certain && !is_hidden_by_ref(root, schema);
    if let Some(Value::Object(declared)) = find(schema, "properties").map(|node| &node.value) {
        for member in declared {
            if properties.iter().all(|known| known.name != member.name) {
                let named = || Property { name: member.name.clone().into_owned(), ..Property::default() };
                let is_read = is_certain && !is_hidden_by_ref(root, &member.value);
                properties.push(if is_read { read_property(member) } else { named() });
            }
        }
    }
    if follow {
        for (keyword, is_certain) in [("allOf", is_certain), ("anyOf", false), ("oneOf", false)] {
            if let Some(Value::Array(schemas)) = find(schema, keyword).map(|node| &node.value) {
                schemas.iter().for_each(|schema| read_properties(root, schema, is_certain, follow, properties));
            }
        }
        for keyword in ["if", "then", "else"] {
            find(schema, keyword)
                .into_iter()
                .for_each(|schema| read_properties(root, schema, false, follow, properties));
        }
    }
}

/// Reads the schema of one argument; a keyword with an invalid value is ignored.
fn read_property(member: &Member<'_>) -> Property {
    let mut property = Property { name: member.name.clone().into_owned(), ..Property::default() };
    let Value::Object(keywords) = &member.value.value else { return property };
    for keyword in keywords {
        let value = &keyword.value.value;
        match (&*keyword.name, value) {
            ("type", Value::String(name)) => property.types.push(name.clone().into_owned()),
            ("type", Value::Array(names)) => {
                property.types.extend(names.iter().filter_map(|node| text_of(node).map(String::from)))
            }
            ("minimum", Value::Number(number)) => property.limits.push((NumericOp::Gte, (*number).into())),
            ("maximum", Value::Number(number)) => property.limits.push((NumericOp::Lte, (*number).into())),
            ("exclusiveMinimum", Value::Number(number)) => property.limits.push((NumericOp::Gt, (*number).into())),
            ("exclusiveMaximum", Value::Number(number)) => property.limits.push((NumericOp::Lt, (*number).into())),
            ("minLength" | "minItems", Value::Number(number)) if whole(&keyword.value).is_some() => {
                property.lengths.push((NumericOp::Gte, (*number).into()));
            }
            ("maxLength" | "maxItems", Value::Number(number)) if whole(&keyword.value).is_some() => {
                property.lengths.push((NumericOp::Lte, (*number).into()));
            }
            ("enum", Value::Array(values)) => values.iter().for_each(|value| choose(&mut property, &value.value)),
            ("const", value) => choose(&mut property, value),
            _ => {}
        }
    }
    if property.types.len() != 1 {
        // The length limits of strings and lists differ.
        property.lengths.clear();
    }
    property
}

fn choose(property: &mut Property, value: &Value<'_>) {
    let choices = property.choices.get_or_insert_default();
    match value {
        Value::Number(number) => choices.numbers.push((*number).into()),
        Value::String(text) => choices.strings.push(text.clone().into_owned()),
        Value::Bool(value) => choices.booleans.push(*value),
        _ => choices.has_others = true,
    }
}
