//! The part of a tool's JSON Schema that rules and calls are checked against.

use alloc::string::String;

use crate::language::operators::NumericOp;
use crate::policy::document::{InputSchema, Property};
use crate::policy::text::diagnostic::Diagnostic;
use crate::policy::text::node_reader::NodeReader;
use crate::policy::text::tree::{Member, Node, Value};

/// Reads the top level of a JSON Schema; the rest is left to the tool.
pub(crate) fn read_input_schema(node: &Node<'_>, reader: &mut NodeReader) -> Option<InputSchema> {
    let Value::Object(members) = &node.value else {
        reader.wrong_type(node, "`inputSchema`", "an object");
        return None;
    };
    let member = |name: &str| members.iter().find(|member| member.name == name).map(|member| &member.value);
    let is_closed = member("additionalProperties").is_some_and(|node| matches!(node.value, Value::Bool(false)));
    if is_closed && let Some(open) = members.iter().find(|member| member.name == "patternProperties") {
        let message = "`patternProperties` is not supported if `additionalProperties` is `false`";
        let problem = Diagnostic::error("bad_schema", &open.name_span, message);
        reader.problems.push(problem.with_fix("declare each argument in `properties`"));
        return None;
    }
    let declared: &[Member<'_>] = match member("properties").map(|node| (&node.value, node)) {
        None => &[],
        Some((Value::Object(declared), _)) => declared,
        Some((_, node)) => {
            reader.wrong_type(node, "`properties`", "an object");
            return None;
        }
    };
    let properties = declared.iter().map(read_property).collect();
    Some(InputSchema { properties, is_closed })
}

/// Reads the schema of one argument; a keyword with an invalid value is ignored.
fn read_property(member: &Member<'_>) -> Property {
    let mut property = Property { name: member.name.clone().into_owned(), ..Property::default() };
    let Value::Object(keywords) = &member.value.value else { return property };
    for keyword in keywords {
        let value = &keyword.value.value;
        match (&*keyword.name, value) {
            ("type", Value::String(name)) => property.types.push(name.clone().into_owned()),
            ("type", Value::Array(names)) => property.types.extend(names.iter().filter_map(text_of)),
            ("minimum", Value::Number(number)) => property.limits.push((NumericOp::Gte, (*number).into())),
            ("maximum", Value::Number(number)) => property.limits.push((NumericOp::Lte, (*number).into())),
            ("exclusiveMinimum", Value::Number(number)) => property.limits.push((NumericOp::Gt, (*number).into())),
            ("exclusiveMaximum", Value::Number(number)) => property.limits.push((NumericOp::Lt, (*number).into())),
            ("minLength" | "minItems", Value::Number(number)) => {
                property.lengths.push((NumericOp::Gte, (*number).into()));
            }
            ("maxLength" | "maxItems", Value::Number(number)) => {
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

fn text_of(node: &Node<'_>) -> Option<String> {
    match &node.value {
        Value::String(text) => Some(text.clone().into_owned()),
        _ => None,
    }
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
