//! The JSON Schema of a tool (MCP's `inputSchema`): the keywords that calls are checked against.
//!
//! The keywords are those of draft 2020-12, or of draft 7 if `$schema` names it or an earlier draft. A keyword that
//! callgate does not enforce is reported once, where it stands. Annotations are ignored.

mod arguments;
mod pattern;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use hashbrown::HashMap;

pub(crate) use crate::policy::parse::schema::arguments::read_arguments;

use crate::image::schema::{FORMATS, TYPES};
use crate::json::decimal::Decimal;
use crate::language::index::Index as _;
use crate::language::operators::NumericOp;
use crate::policy::automaton;
use crate::policy::schema::{Counted, Items, Keyword, Members, Pattern, SchemaIndex, Schemas};
use crate::policy::text::canonical::json_of;
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::tree::{Member, Node, Value};

/// Keywords that restrict values in a way that callgate does not enforce.
const UNSUPPORTED: &[&str] = &[
    "$dynamicRef",
    "$recursiveRef",
    "contains",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Reads the schema of a tool's arguments, and reports what is not enforced.
pub(crate) fn read_schemas(root: &Node<'_>, problems: &mut Vec<Diagnostic>) -> Schemas {
    let mut reader = SchemaReader { root, indices: HashMap::new(), nodes: Vec::new(), problems };
    reader.index_of(root);
    let mut schemas = Vec::new();
    // Reading a schema finds the schemas that it refers to. A list instead of a recursion bounds the stack.
    while let Some(&node) = reader.nodes.get(schemas.len()) {
        schemas.push(reader.keywords(node));
    }
    Schemas(schemas)
}

/// Whether `$schema` names draft 7 or an earlier one, whose `$ref` hides its siblings.
fn is_draft_7(root: &Node<'_>) -> bool {
    let draft = find(root, "$schema").and_then(text_of);
    draft.is_some_and(|draft| ["draft-04", "draft-06", "draft-07"].iter().any(|old| draft.contains(old)))
}

struct SchemaReader<'n, 't, 'r> {
    root: &'n Node<'t>,
    /// The schemas found so far, by the position of their first byte.
    indices: HashMap<usize, SchemaIndex>,
    nodes: Vec<&'n Node<'t>>,
    problems: &'r mut Vec<Diagnostic>,
}

impl<'n, 't> SchemaReader<'n, 't, '_> {
    fn index_of(&mut self, node: &'n Node<'t>) -> SchemaIndex {
        *self.indices.entry(node.span.start).or_insert_with(|| {
            let index = SchemaIndex::from_u32(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
            self.nodes.push(node);
            index
        })
    }

    fn keywords(&mut self, node: &'n Node<'t>) -> Vec<Keyword> {
        let members = match &node.value {
            Value::Object(members) => members,
            Value::Bool(true) => return Vec::new(),
            Value::Bool(false) => return Vec::from([Keyword::Never]),
            _ => {
                let message = format!("a schema must be an object or a boolean, not {}", node.kind());
                self.warn(node, &message);
                return Vec::new();
            }
        };
        let mut keywords = Vec::new();
        let mut items = Items::default();
        let mut declared = Members::default();
        let is_hidden = is_hidden_by_ref(self.root, node);
        for member in members.iter().filter(|member| !is_hidden || member.name == "$ref") {
            self.keyword(member, node, &mut keywords, &mut items, &mut declared);
        }
        if items != Items::default() {
            keywords.push(Keyword::Items(items));
        }
        if declared != Members::default() {
            keywords.push(Keyword::Members(declared));
        }
        // A violation is reported with the first keyword, and a value of another type violates others as well.
        keywords.sort_by_key(|keyword| !matches!(keyword, Keyword::Types(_)));
        keywords
    }

    fn keyword(
        &mut self,
        member: &'n Member<'t>,
        schema: &'n Node<'t>,
        keywords: &mut Vec<Keyword>,
        items: &mut Items,
        declared: &mut Members,
    ) {
        let node = &member.value;
        let number = |op: NumericOp| decimal(node).map(|text| Keyword::Number(op, text));
        let count = |what: Counted, op: NumericOp| whole(node).map(|count| Keyword::Count(what, op, count));
        let read = match &*member.name {
            "type" => types(node).map(Keyword::Types),
            "enum" => Self::choices(node),
            "const" => Some(Keyword::Const(json_of(node))),
            "minimum" => number(NumericOp::Gte),
            "maximum" => number(NumericOp::Lte),
            "exclusiveMinimum" => number(NumericOp::Gt),
            "exclusiveMaximum" => number(NumericOp::Lt),
            "multipleOf" => decimal(node).filter(|text| is_positive(text)).map(Keyword::MultipleOf),
            "minLength" => count(Counted::Characters, NumericOp::Gte),
            "maxLength" => count(Counted::Characters, NumericOp::Lte),
            "minItems" => count(Counted::Items, NumericOp::Gte),
            "maxItems" => count(Counted::Items, NumericOp::Lte),
            "minProperties" => count(Counted::Members, NumericOp::Gte),
            "maxProperties" => count(Counted::Members, NumericOp::Lte),
            "pattern" => text_of(node).and_then(|text| self.pattern(node, text)).map(Keyword::Pattern),
            // Other formats are annotations, as the specification has it.
            "format" => match text_of(node).map(|format| FORMATS.iter().position(|known| *known == format)) {
                Some(Some(format)) => Some(Keyword::Format(format)),
                Some(None) => return,
                None => None,
            },
            "uniqueItems" => match node.value {
                Value::Bool(true) => Some(Keyword::Unique),
                Value::Bool(false) => return,
                _ => None,
            },
            "prefixItems" => return self.list(node).map_or_else(|| self.ignore(member), |first| items.first = first),
            "items" if matches!(node.value, Value::Array(_)) => {
                items.first = self.list(node).unwrap_or_default();
                return;
            }
            "items" => {
                items.rest = Some(self.index_of(node));
                return;
            }
            "additionalItems" => {
                // It has a meaning only after a list of schemas.
                if find(schema, "items").is_some_and(|items| matches!(items.value, Value::Array(_))) {
                    items.rest = Some(self.index_of(node));
                }
                return;
            }
            "properties" => {
                let Value::Object(properties) = &node.value else { return self.ignore(member) };
                declared.properties =
                    properties.iter().map(|member| (member.name.to_string(), self.index_of(&member.value))).collect();
                return;
            }
            "required" => {
                let Some(names) = texts(node) else { return self.ignore(member) };
                for name in names {
                    if !declared.required.contains(&name) {
                        declared.required.push(name);
                    }
                }
                return;
            }
            "patternProperties" => {
                let Value::Object(patterns) = &node.value else { return self.ignore(member) };
                for Member { name, value, .. } in patterns {
                    let schema = self.index_of(value);
                    declared.patterns.extend(self.pattern(value, name).map(|pattern| (pattern, schema)));
                }
                return;
            }
            "additionalProperties" => {
                declared.additional = Some(self.index_of(node));
                return;
            }
            "propertyNames" => Some(Keyword::Names(self.index_of(node))),
            "$ref" => match resolve(self.root, node) {
                Some(target) => Some(Keyword::AllOf(Vec::from([self.index_of(target)]))),
                None => {
                    let message = "callgate does not enforce this `$ref`, because it names no part of this schema";
                    self.warn_at(member, message);
                    return;
                }
            },
            "allOf" => self.list(node).map(Keyword::AllOf),
            "anyOf" => self.list(node).map(Keyword::AnyOf),
            "oneOf" => self.list(node).map(Keyword::OneOf),
            "not" => Some(Keyword::Not(self.index_of(node))),
            "if" => {
                let mut branch = |name| find(schema, name).map(|node| self.index_of(node));
                let (then, other) = (branch("then"), branch("else"));
                Some(Keyword::If(self.index_of(node), then, other))
            }
            name if UNSUPPORTED.contains(&name) => {
                self.warn_at(member, &format!("callgate does not enforce {}", quoted(name)));
                return;
            }
            _ => return,
        };
        match read {
            Some(keyword) => keywords.push(keyword),
            None if &*member.name == "pattern" && text_of(node).is_some() => {}
            None => self.ignore(member),
        }
    }

    /// Reports a keyword whose value is invalid.
    fn ignore(&mut self, member: &Member<'_>) {
        let message = format!("callgate does not enforce this {}, because its value is invalid", quoted(&member.name));
        self.warn_at(member, &message);
    }

    fn warn_at(&mut self, member: &Member<'_>, message: &str) {
        self.problems.push(
            Diagnostic::warning("not_enforced", &member.name_span, message)
                .with_fix("test the argument with a condition, or accept this warning"),
        );
    }

    fn warn(&mut self, node: &Node<'_>, message: &str) {
        self.problems.push(Diagnostic::warning("not_enforced", &node.span, message));
    }

    fn choices(node: &Node<'_>) -> Option<Keyword> {
        let Value::Array(values) = &node.value else { return None };
        if let Some(strings) = texts(node) {
            return Some(Keyword::Strings(strings));
        }
        Some(Keyword::Enum(values.iter().map(json_of).collect()))
    }

    fn list(&mut self, node: &'n Node<'t>) -> Option<Vec<SchemaIndex>> {
        let Value::Array(schemas) = &node.value else { return None };
        // The specification requires at least one schema.
        (!schemas.is_empty()).then(|| schemas.iter().map(|schema| self.index_of(schema)).collect())
    }

    /// A pattern, unless the engine cannot match it as ECMA-262 would.
    fn pattern(&mut self, node: &Node<'_>, text: &str) -> Option<Pattern> {
        let checked = pattern::translate(text).and_then(|expression| {
            automaton::build(core::slice::from_ref(&expression))?;
            Ok(expression)
        });
        match checked {
            Ok(expression) => Some(Pattern { text: text.to_owned(), expression }),
            Err(cause) => {
                self.warn(node, &format!("callgate does not enforce the pattern {}: {cause}", quoted(text)));
                None
            }
        }
    }
}

/// The schema that a reference within the text names.
fn resolve<'n, 't>(root: &'n Node<'t>, reference: &'n Node<'t>) -> Option<&'n Node<'t>> {
    let pointer = text_of(reference)?.strip_prefix('#')?;
    let mut target = root;
    if !pointer.is_empty() {
        for token in pointer.strip_prefix('/')?.split('/') {
            let name = decode_percent(token)?.replace("~1", "/").replace("~0", "~");
            target = match &target.value {
                Value::Object(members) => &members.iter().find(|member| member.name == name)?.value,
                Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
    }
    Some(target).filter(|target| matches!(target.value, Value::Object(_) | Value::Bool(_)))
}

/// Whether the other keywords of a schema have no effect: in draft 7, `$ref` hides them.
fn is_hidden_by_ref(root: &Node<'_>, schema: &Node<'_>) -> bool {
    is_draft_7(root) && find(schema, "$ref").is_some_and(|reference| resolve(root, reference).is_some())
}

/// The value of a keyword.
fn find<'n, 't>(schema: &'n Node<'t>, name: &str) -> Option<&'n Node<'t>> {
    let Value::Object(members) = &schema.value else { return None };
    members.iter().find(|member| member.name == name).map(|member| &member.value)
}

fn text_of<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    if let Value::String(text) = &node.value { Some(text) } else { None }
}

/// The strings of a list of strings only.
fn texts(node: &Node<'_>) -> Option<Vec<String>> {
    let Value::Array(items) = &node.value else { return None };
    items.iter().map(|item| text_of(item).map(ToOwned::to_owned)).collect()
}

fn decimal(node: &Node<'_>) -> Option<String> {
    let Value::Number(text) = node.value else { return None };
    Decimal::read(text).map(|_| text.to_owned())
}

fn is_positive(text: &str) -> bool {
    Decimal::read(text).zip(Decimal::read("0")).is_some_and(|(number, zero)| number.compare(&zero).is_gt())
}

/// A count, which may be written as `2.0` or `2e0`.
fn whole(node: &Node<'_>) -> Option<u32> {
    let text = decimal(node)?;
    let (integer, power) = Decimal::read(&text)?.to_integer()?;
    let power = u32::try_from(power).ok()?;
    let scaled = 10_i128.checked_pow(power).and_then(|scale| integer.checked_mul(scale));
    // No call has more characters, items or members than the largest count.
    u32::try_from(
        scaled.filter(|count| *count <= i128::from(u32::MAX)).unwrap_or(integer.signum().checked_mul(u32::MAX.into())?),
    )
    .ok()
}

/// The bits of the types in `type`.
fn types(node: &Node<'_>) -> Option<u8> {
    let names = match &node.value {
        Value::String(name) => Vec::from([name.clone().into_owned()]),
        _ => texts(node).filter(|names| !names.is_empty())?,
    };
    names.iter().try_fold(0_u8, |bits, name| {
        let bit = TYPES.iter().position(|known| known == name)?;
        Some(bits | 1_u8.checked_shl(u32::try_from(bit).ok()?)?)
    })
}

/// Decodes `%` and two hexadecimal digits, as in the fragment of a URI.
fn decode_percent(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            u8::try_from(digit()? << 4 | digit()?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}
