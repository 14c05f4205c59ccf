//! Policy text to document: `callgate-1`, and the pieces that both dialects share.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::condition::{Condition, ConditionKind, Field};
use crate::decision::Effect;
use crate::document::{PolicyDocument, Role, Rule, Spanned};
use crate::error::{Diagnostic, Severity, quoted};
use crate::image::Dialect;
use crate::perso;
use crate::predicate::{NumericOp, Source, StringOp};
use crate::tree::{self, Member, Node, Value};

/// The `version` of the policy language that this engine defines.
const CALLGATE_1: &str = "callgate-1";

/// Reads a policy text in the language that its `version` names.
///
/// # Errors
/// The text is no JSON object with a `version` that is known. What else is wrong is kept in the document.
pub fn parse(text: &str) -> Result<PolicyDocument<'_>, Vec<Diagnostic>> {
    let (tree, problems) = tree::read(text).map_err(|problem| alloc::vec![problem])?;
    let mut shape = Shape { problems, unknown_keys: Severity::Error };
    match find_version(&tree, &mut shape) {
        Some((Dialect::Callgate1, version)) => Ok(read_document(text, &tree, version, shape)),
        Some((Dialect::Perso1, version)) => Ok(perso::read_document(text, &tree, version, shape)),
        None => Err(shape.problems),
    }
}

fn find_version(tree: &Node<'_>, shape: &mut Shape) -> Option<(Dialect, String)> {
    let Value::Object(members) = &tree.value else {
        shape.wrong_type(tree, "a policy", "an object");
        return None;
    };
    let Some(member) = members.iter().find(|member| member.name == "version") else {
        let problem = Diagnostic::error("missing_key", &start_of(tree), "`version` is missing");
        shape.problems.push(problem.with_fix(format!("add `\"version\": \"{CALLGATE_1}\"`")));
        return None;
    };
    let version = shape.string(&member.value, "`version`")?;
    let dialect = match version.value.as_str() {
        CALLGATE_1 => Dialect::Callgate1,
        other if other.starts_with("perso-") => Dialect::Perso1,
        other => {
            let message = format!("{} is no version of a policy language that callgate reads", quoted(other));
            let fix = format!("write `{CALLGATE_1}`, or a version that starts with `perso-` for a policy of perso");
            shape.problems.push(Diagnostic::error("unknown_version", &version.span, message).with_fix(fix));
            return None;
        }
    };
    Some((dialect, version.value))
}

fn read_document<'t>(text: &'t str, tree: &Node<'t>, version: String, mut shape: Shape) -> PolicyDocument<'t> {
    const KEYS: &[&str] = &["$schema", "version", "description", "tools", "roles", "rules"];
    let mut document = PolicyDocument {
        text,
        dialect: Dialect::Callgate1,
        version,
        description: String::new(),
        default_effect: Effect::Deny,
        tools: None,
        roles: None,
        rules: Vec::new(),
        problems: Vec::new(),
    };
    if let Some(policy) = shape.object(tree, "a policy", KEYS) {
        if let Some(node) = policy.optional("$schema") {
            shape.string(node, "`$schema`");
        }
        if let Some(node) = policy.optional("description") {
            document.description = shape.string(node, "`description`").map(|text| text.value).unwrap_or_default();
        }
        let tools = policy.required("tools", &mut shape);
        document.tools = tools.and_then(|node| shape.strings(node, "`tools`"));
        document.roles = policy.required("roles", &mut shape).and_then(|node| read_roles(node, &mut shape));
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

fn read_roles(node: &Node<'_>, shape: &mut Shape) -> Option<Vec<Role>> {
    let Value::Object(members) = &node.value else {
        let fix = "write `{ \"agent\": {} }`: each role is a key";
        shape.problems.push(
            Diagnostic::error("wrong_type", &node.span, format!("`roles` must be an object, not {}", node.kind()))
                .with_fix(fix),
        );
        return None;
    };
    let read = |member: &Member<'_>| {
        let role = shape.object(&member.value, "a role", &["inherits"]);
        let inherits = role.and_then(|role| role.optional("inherits"));
        Role {
            name: Spanned { value: member.name.clone().into_owned(), span: member.name_span.clone() },
            inherits: inherits.and_then(|node| shape.strings(node, "`inherits`")).unwrap_or_default(),
        }
    };
    Some(members.iter().map(read).collect())
}

fn read_rule(node: &Node<'_>, index: usize, shape: &mut Shape) -> Option<Rule> {
    const KEYS: &[&str] = &["id", "effect", "tool_name", "roles", "condition"];
    let rule = shape.object(node, "a rule", KEYS)?;
    let id = rule.optional("id").and_then(|node| shape.string(node, "`id`"));
    let effect = rule.required("effect", shape).and_then(|node| {
        shape.word(node, "an effect", "unknown_effect", Effect::ALL.map(|effect| (effect.name(), effect)))
    });
    let tool_name = rule.required("tool_name", shape).and_then(|node| shape.string(node, "`tool_name`"));
    let roles = rule.required("roles", shape).and_then(|node| shape.strings(node, "`roles`"));
    let condition = match rule.optional("condition").filter(|node| !matches!(node.value, Value::Null)) {
        None => None,
        // A rule whose condition can't be read must not become one without a condition.
        Some(node) => Some(read_condition(node, shape, Dialect::Callgate1)?),
    };
    Some(Rule { span: node.span.clone(), index, id, effect: effect?, tool_name: tool_name?, roles: roles?, condition })
}

/// The names of the conditions of each dialect.
fn condition_names(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Callgate1 => &[
            "All",
            "Any",
            "Not",
            "NumericCheck",
            "StringCheck",
            "BoolCheck",
            "LengthCheck",
            "FieldPresent",
            "FieldEquals",
            "FieldCompare",
        ],
        Dialect::Perso1 => &["All", "Any", "Not", "NumericCheck", "StringCheck", "FieldPresent", "FieldEquals"],
    }
}

/// Reads a condition: an object with one key, which names its kind.
pub(crate) fn read_condition(node: &Node<'_>, shape: &mut Shape, dialect: Dialect) -> Option<Condition> {
    let names = condition_names(dialect);
    let Value::Object(members) = &node.value else {
        shape.wrong_type(node, "a condition", "an object with one key");
        return None;
    };
    let [Member { name, name_span, value }] = members.as_slice() else {
        let message = format!("a condition has one key, not {}", members.len());
        let fix = "put several conditions into `All` or `Any`";
        shape.problems.push(Diagnostic::error("condition_keys", &node.span, message).with_fix(fix));
        return None;
    };
    let kind = match &**name {
        "All" => ConditionKind::All(read_conditions(value, shape, dialect)?),
        "Any" => ConditionKind::Any(read_conditions(value, shape, dialect)?),
        "Not" => ConditionKind::Not(Box::new(read_condition(value, shape, dialect)?)),
        "NumericCheck" => {
            let check = shape.object(value, "`NumericCheck`", &["source", "field", "op", "value"])?;
            let field = read_field(&check, shape, dialect, "source", "field");
            let ops = NumericOp::ALL.into_iter().filter(|&op| dialect != Dialect::Perso1 || op != NumericOp::Ne);
            let op = check
                .required("op", shape)
                .and_then(|node| shape.word(node, "an operator", "unknown_op", ops.map(|op| (op.name(), op))));
            let value = check.required("value", shape).and_then(|node| shape.number(node, "`value`"));
            ConditionKind::NumericCheck { field: field?, op: op?, value: value? }
        }
        "StringCheck" => {
            let check = shape.object(value, "`StringCheck`", &["source", "field", "op", "value"])?;
            let field = read_field(&check, shape, dialect, "source", "field");
            let ops = StringOp::ALL
                .into_iter()
                .filter(|&op| dialect != Dialect::Perso1 || matches!(op, StringOp::In | StringOp::NotIn));
            let op = check
                .required("op", shape)
                .and_then(|node| shape.word(node, "an operator", "unknown_op", ops.map(|op| (op.name(), op))));
            let values = check.required("value", shape).and_then(|node| match (&node.value, op) {
                // One text may stand without its list, except where the operator asks for membership.
                (
                    Value::String(_),
                    Some(StringOp::StartsWith | StringOp::EndsWith | StringOp::Contains | StringOp::Glob),
                ) => shape.string(node, "`value`").map(|text| alloc::vec![text]),
                _ => shape.strings(node, "`value`"),
            });
            ConditionKind::StringCheck { field: field?, op: op?, values: values? }
        }
        "LengthCheck" if dialect == Dialect::Callgate1 => {
            let check = shape.object(value, "`LengthCheck`", &["source", "field", "op", "value"])?;
            let field = read_field(&check, shape, dialect, "source", "field");
            let op = read_numeric_op(&check, shape);
            let value = check.required("value", shape).and_then(|node| {
                let text = shape.number(node, "`value`")?;
                Some(Spanned { value: text, span: node.span.clone() })
            });
            ConditionKind::LengthCheck { field: field?, op: op?, value: value? }
        }
        "FieldCompare" if dialect == Dialect::Callgate1 => {
            let keys = ["source_a", "field_a", "op", "source_b", "field_b"];
            let check = shape.object(value, "`FieldCompare`", &keys)?;
            let a = read_field(&check, shape, dialect, "source_a", "field_a");
            let op = read_numeric_op(&check, shape);
            let b = read_field(&check, shape, dialect, "source_b", "field_b");
            ConditionKind::FieldCompare { a: a?, op: op?, b: b? }
        }
        "BoolCheck" if dialect == Dialect::Callgate1 => {
            let check = shape.object(value, "`BoolCheck`", &["source", "field", "value"])?;
            let field = read_field(&check, shape, dialect, "source", "field");
            let value = check.required("value", shape).and_then(|node| shape.boolean(node, "`value`"));
            ConditionKind::BoolCheck { field: field?, value: value? }
        }
        "FieldPresent" => {
            let check = shape.object(value, "`FieldPresent`", &["source", "field"])?;
            ConditionKind::FieldPresent { field: read_field(&check, shape, dialect, "source", "field")? }
        }
        "FieldEquals" => {
            let check = shape.object(value, "`FieldEquals`", &["source_a", "field_a", "source_b", "field_b"])?;
            let a = read_field(&check, shape, dialect, "source_a", "field_a");
            let b = read_field(&check, shape, dialect, "source_b", "field_b");
            ConditionKind::FieldEquals { a: a?, b: b? }
        }
        other => {
            let problem =
                Diagnostic::error("unknown_condition", name_span, format!("{} is no condition", quoted(other)));
            shape.problems.push(problem.with_likely_word(other, names.iter().copied()));
            return None;
        }
    };
    Some(Condition { span: node.span.clone(), kind })
}

fn read_conditions(node: &Node<'_>, shape: &mut Shape, dialect: Dialect) -> Option<Vec<Condition>> {
    let items = shape.list(node, "`All` and `Any`")?;
    let read: Vec<Condition> = items.iter().filter_map(|item| read_condition(item, shape, dialect)).collect();
    (read.len() == items.len()).then_some(read)
}

fn read_numeric_op(check: &Object<'_, '_>, shape: &mut Shape) -> Option<NumericOp> {
    let ops = NumericOp::ALL.map(|op| (op.name(), op));
    check.required("op", shape).and_then(|node| shape.word(node, "an operator", "unknown_op", ops))
}

fn read_field(
    check: &Object<'_, '_>,
    shape: &mut Shape,
    dialect: Dialect,
    source: &'static str,
    field: &'static str,
) -> Option<Field> {
    let source = check.required(source, shape).and_then(|node| {
        shape.word(node, "a source", "unknown_source", Source::ALL.map(|source| (source.name(), source)))
    });
    let name = check.required(field, shape).and_then(|node| shape.string(node, &format!("`{field}`")))?;
    let path = match dialect {
        Dialect::Callgate1 => shape.field_path(&name)?,
        Dialect::Perso1 => alloc::vec![name.value.clone()],
    };
    Some(Field { source: source?, name, path })
}

/// Takes the expected shape out of nodes and keeps what does not fit.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) problems: Vec<Diagnostic>,
    /// How a key that the language does not know is judged.
    pub(crate) unknown_keys: Severity,
}

/// An object whose keys were checked.
pub(crate) struct Object<'n, 't> {
    node: &'n Node<'t>,
    members: &'n [Member<'t>],
}

impl<'n, 't> Object<'n, 't> {
    pub(crate) fn optional(&self, key: &str) -> Option<&'n Node<'t>> {
        self.members.iter().find(|member| member.name == key).map(|member| &member.value)
    }

    pub(crate) fn required(&self, key: &'static str, shape: &mut Shape) -> Option<&'n Node<'t>> {
        let found = self.optional(key);
        if found.is_none() {
            let problem = Diagnostic::error("missing_key", &start_of(self.node), format!("`{key}` is missing"));
            shape.problems.push(problem);
        }
        found
    }
}

/// The first byte of a node: enough to point at an object without underlining all of it.
pub(crate) fn start_of(node: &Node<'_>) -> core::ops::Range<usize> {
    node.span.start..node.span.start.saturating_add(1)
}

impl Shape {
    pub(crate) fn wrong_type(&mut self, node: &Node<'_>, what: &str, expected: &str) {
        let message = format!("{what} must be {expected}, not {}", node.kind());
        self.problems.push(Diagnostic::error("wrong_type", &node.span, message));
    }

    pub(crate) fn object<'n, 't>(
        &mut self,
        node: &'n Node<'t>,
        what: &str,
        keys: &[&'static str],
    ) -> Option<Object<'n, 't>> {
        let Value::Object(members) = &node.value else {
            self.wrong_type(node, what, "an object");
            return None;
        };
        for member in members.iter().filter(|member| !keys.contains(&&*member.name)) {
            let name = quoted(&member.name);
            let problem = match self.unknown_keys {
                Severity::Error => {
                    Diagnostic::error("unknown_key", &member.name_span, format!("{what} has no key {name}"))
                }
                Severity::Warning => {
                    let message = format!("perso ignores the key {name}, so what it says has no effect");
                    Diagnostic::warning("unknown_key", &member.name_span, message)
                }
            };
            self.problems.push(problem.with_likely_word(&member.name, keys.iter().copied()));
        }
        Some(Object { node, members })
    }

    pub(crate) fn list<'n, 't>(&mut self, node: &'n Node<'t>, what: &str) -> Option<&'n [Node<'t>]> {
        let Value::Array(items) = &node.value else {
            self.wrong_type(node, what, "a list");
            return None;
        };
        Some(items)
    }

    pub(crate) fn string(&mut self, node: &Node<'_>, what: &str) -> Option<Spanned<String>> {
        let Value::String(text) = &node.value else {
            self.wrong_type(node, what, "a string");
            return None;
        };
        Some(Spanned { value: text.clone().into_owned(), span: node.span.clone() })
    }

    pub(crate) fn strings(&mut self, node: &Node<'_>, what: &str) -> Option<Vec<Spanned<String>>> {
        let items = self.list(node, what)?;
        let strings: Vec<_> =
            items.iter().filter_map(|item| self.string(item, &format!("an item of {what}"))).collect();
        (strings.len() == items.len()).then_some(strings)
    }

    pub(crate) fn number(&mut self, node: &Node<'_>, what: &str) -> Option<String> {
        let Value::Number(text) = &node.value else {
            self.wrong_type(node, what, "a number");
            return None;
        };
        Some((*text).to_owned())
    }

    pub(crate) fn boolean(&mut self, node: &Node<'_>, what: &str) -> Option<bool> {
        let Value::Bool(value) = &node.value else {
            self.wrong_type(node, what, "`true` or `false`");
            return None;
        };
        Some(*value)
    }

    /// The names on the way to a field: one name, or the tokens of a JSON pointer (RFC 6901) where it starts with `/`.
    fn field_path(&mut self, field: &Spanned<String>) -> Option<Vec<String>> {
        let Some(pointer) = field.value.strip_prefix('/') else {
            if field.value.is_empty() {
                let message = "the name of a field must not be empty";
                self.problems.push(Diagnostic::error("bad_field", &field.span, message));
                return None;
            }
            return Some(alloc::vec![field.value.clone()]);
        };
        let tokens: Option<Vec<String>> = pointer.split('/').map(unescape_token).collect();
        if tokens.is_none() {
            let message = "in a JSON pointer `~` is written `~0`, and `/` in a name is written `~1`";
            self.problems.push(Diagnostic::error("bad_field", &field.span, message));
        }
        tokens
    }

    /// A string that must be one of a few words.
    pub(crate) fn word<T>(
        &mut self,
        node: &Node<'_>,
        what: &str,
        code: &'static str,
        words: impl IntoIterator<Item = (&'static str, T)>,
    ) -> Option<T> {
        let text = self.string(node, what)?;
        let mut known = Vec::new();
        for (word, meaning) in words {
            if word == text.value {
                return Some(meaning);
            }
            known.push(word);
        }
        let problem = Diagnostic::error(code, &text.span, format!("{} is not {what}", quoted(&text.value)));
        self.problems.push(problem.with_likely_word(&text.value, known.iter().copied()));
        None
    }
}

/// Reads `~1` as `/` and `~0` as `~` (RFC 6901, section 4); `None` for another use of `~`.
fn unescape_token(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut name = String::from(parts.next()?);
    for part in parts {
        let (escaped, rest) = match (part.strip_prefix('0'), part.strip_prefix('1')) {
            (Some(rest), _) => ('~', rest),
            (_, Some(rest)) => ('/', rest),
            _ => return None,
        };
        name.push(escaped);
        name.push_str(rest);
    }
    Some(name)
}
