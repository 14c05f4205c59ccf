//! Conditions: policy text to document, in both dialects.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::language::dialect::Dialect;
use crate::language::operators::{NumericOp, Source, StringOp};
use crate::language::time_window::{TimeWindow, WEEKDAYS};
use crate::policy::condition::{Condition, ConditionKind, Field};
use crate::policy::parse::clock::{read_clock, read_offset};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::node_reader::{NodeReader, Object};
use crate::policy::text::spanned::Spanned;
use crate::policy::text::tree::{Member, Node, Value};

/// The fields of the source `Request`.
const REQUEST_FIELDS: [&str; 3] = ["time", "ip", "country"];

/// Where a condition stands, which decides what it may say.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    /// The language of the policy.
    pub(crate) dialect: Dialect,
    /// Whether the condition judges an item, inside `Every` or `Some`.
    pub(crate) has_item: bool,
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
            "Every",
            "Some",
            "TimeCheck",
            "PathCheck",
            "UrlCheck",
            "CidrCheck",
        ],
        Dialect::Perso1 => &["All", "Any", "Not", "NumericCheck", "StringCheck", "FieldPresent", "FieldEquals"],
    }
}

/// Reads a condition: an object with one key, which names its kind.
pub(crate) fn read_condition(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Condition> {
    let dialect = scope.dialect;
    let names = condition_names(dialect);
    let Value::Object(members) = &node.value else {
        reader.wrong_type(node, "a condition", "an object with one key");
        return None;
    };
    let [Member { name, name_span, value }] = members.as_slice() else {
        let message = format!("a condition has one key, not {}", members.len());
        let fix = "put several conditions into `All` or `Any`";
        reader.problems.push(Diagnostic::error("condition_keys", &node.span, message).with_fix(fix));
        return None;
    };
    let kind = match &**name {
        "All" => ConditionKind::All(read_conditions(value, reader, scope)?),
        "Any" => ConditionKind::Any(read_conditions(value, reader, scope)?),
        "Not" => ConditionKind::Not(Box::new(read_condition(value, reader, scope)?)),
        "NumericCheck" => {
            let check = reader.object(value, "`NumericCheck`", &["source", "field", "op", "value"])?;
            let field = read_field(&check, reader, scope, "source", "field");
            let ops = NumericOp::ALL.into_iter().filter(|&op| dialect != Dialect::Perso1 || op != NumericOp::Ne);
            let op = check
                .required("op", reader)
                .and_then(|node| reader.word(node, "an operator", "unknown_op", ops.map(|op| (op.name(), op))));
            let value = check.required("value", reader).and_then(|node| reader.number(node, "`value`"));
            ConditionKind::NumericCheck { field: field?, op: op?, value: value? }
        }
        "StringCheck" => {
            let check = reader.object(value, "`StringCheck`", &["source", "field", "op", "value"])?;
            let field = read_field(&check, reader, scope, "source", "field");
            let ops = StringOp::ALL
                .into_iter()
                .filter(|&op| dialect != Dialect::Perso1 || matches!(op, StringOp::In | StringOp::NotIn));
            let op = check
                .required("op", reader)
                .and_then(|node| reader.word(node, "an operator", "unknown_op", ops.map(|op| (op.name(), op))));
            // One text may stand without its list, except where the operator asks for membership.
            let takes_one = op.is_some_and(|op| !matches!(op, StringOp::In | StringOp::NotIn));
            let values = check.required("value", reader).and_then(|node| match &node.value {
                Value::String(_) if takes_one => reader.string(node, "`value`").map(|text| alloc::vec![text]),
                _ => reader.strings(node, "`value`"),
            });
            ConditionKind::StringCheck { field: field?, op: op?, values: values? }
        }
        "Every" | "Some" if dialect == Dialect::Callgate1 => {
            let check = reader.object(value, &format!("`{name}`"), &["source", "field", "condition"])?;
            let field = read_field(&check, reader, scope, "source", "field");
            let of_item = Scope { has_item: true, ..scope };
            let condition = check
                .required("condition", reader)
                .and_then(|node| read_condition(node, reader, of_item))
                .map(Box::new);
            let (field, condition) = (field?, condition?);
            if scope.has_item && field.source != Source::Item {
                let message = "within `Every` and `Some`, the list is one of the item: its source is `Item`";
                reader.problems.push(Diagnostic::error("list_of_call", &field.name.span, message));
                return None;
            }
            if name == "Every" {
                ConditionKind::Every { field, condition }
            } else {
                ConditionKind::Some { field, condition }
            }
        }
        "TimeCheck" if dialect == Dialect::Callgate1 => read_time_check(value, reader)?,
        "PathCheck" if dialect == Dialect::Callgate1 => {
            let check = reader.object(value, "`PathCheck`", &["source", "field", "roots"])?;
            let field = read_field(&check, reader, scope, "source", "field");
            let roots = check.required("roots", reader).and_then(|node| reader.strings(node, "`roots`"));
            ConditionKind::PathCheck { field: field?, roots: roots? }
        }
        "UrlCheck" if dialect == Dialect::Callgate1 => {
            let check = reader.object(value, "`UrlCheck`", &["source", "field", "schemes", "hosts", "ports"])?;
            let field = read_field(&check, reader, scope, "source", "field");
            let schemes = match check.optional("schemes") {
                Some(node) => reader.strings(node, "`schemes`"),
                None => Some(alloc::vec![Spanned { value: "https".into(), span: name_span.clone() }]),
            };
            let hosts = check.required("hosts", reader).and_then(|node| reader.strings(node, "`hosts`"));
            let ports = match check.optional("ports") {
                Some(node) => read_ports(node, reader),
                None => Some(Vec::new()),
            };
            ConditionKind::UrlCheck { field: field?, schemes: schemes?, hosts: hosts?, ports: ports? }
        }
        "CidrCheck" if dialect == Dialect::Callgate1 => {
            let check = reader.object(value, "`CidrCheck`", &["source", "field", "op", "value"])?;
            let field = read_field(&check, reader, scope, "source", "field");
            let ops = [StringOp::In, StringOp::NotIn].map(|op| (op.name(), op));
            let op = check
                .required("op", reader)
                .and_then(|node| reader.word(node, "an operator of `CidrCheck`", "unknown_op", ops));
            let networks = check.required("value", reader).and_then(|node| reader.strings(node, "`value`"));
            ConditionKind::CidrCheck { field: field?, op: op?, networks: networks? }
        }
        "LengthCheck" if dialect == Dialect::Callgate1 => {
            let check = reader.object(value, "`LengthCheck`", &["source", "field", "op", "value"])?;
            let field = read_field(&check, reader, scope, "source", "field");
            let op = read_numeric_op(&check, reader);
            let value = check.required("value", reader).and_then(|node| {
                let text = reader.number(node, "`value`")?;
                Some(Spanned { value: text, span: node.span.clone() })
            });
            ConditionKind::LengthCheck { field: field?, op: op?, value: value? }
        }
        "FieldCompare" if dialect == Dialect::Callgate1 => {
            let keys = ["source_a", "field_a", "op", "source_b", "field_b"];
            let check = reader.object(value, "`FieldCompare`", &keys)?;
            let a = read_field(&check, reader, scope, "source_a", "field_a");
            let op = read_numeric_op(&check, reader);
            let b = read_field(&check, reader, scope, "source_b", "field_b");
            ConditionKind::FieldCompare { a: a?, op: op?, b: b? }
        }
        "BoolCheck" if dialect == Dialect::Callgate1 => {
            let check = reader.object(value, "`BoolCheck`", &["source", "field", "value"])?;
            let field = read_field(&check, reader, scope, "source", "field");
            let value = check.required("value", reader).and_then(|node| reader.boolean(node, "`value`"));
            ConditionKind::BoolCheck { field: field?, value: value? }
        }
        "FieldPresent" => {
            let check = reader.object(value, "`FieldPresent`", &["source", "field"])?;
            ConditionKind::FieldPresent { field: read_field(&check, reader, scope, "source", "field")? }
        }
        "FieldEquals" => {
            let check = reader.object(value, "`FieldEquals`", &["source_a", "field_a", "source_b", "field_b"])?;
            let a = read_field(&check, reader, scope, "source_a", "field_a");
            let b = read_field(&check, reader, scope, "source_b", "field_b");
            ConditionKind::FieldEquals { a: a?, b: b? }
        }
        other => {
            let problem =
                Diagnostic::error("unknown_condition", name_span, format!("{} is no condition", quoted(other)));
            reader.problems.push(problem.with_likely_word(other, names.iter().copied()));
            return None;
        }
    };
    Some(Condition { span: node.span.clone(), kind })
}

fn read_conditions(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Vec<Condition>> {
    let items = reader.list(node, "`All` and `Any`")?;
    let read: Vec<Condition> = items.iter().filter_map(|item| read_condition(item, reader, scope)).collect();
    (read.len() == items.len()).then_some(read)
}

/// Reads the ports of a `UrlCheck`, which are whole numbers.
fn read_ports(node: &Node<'_>, reader: &mut NodeReader) -> Option<Vec<Spanned<String>>> {
    let items = reader.list(node, "`ports`")?;
    if items.is_empty() {
        let message = "an empty list of ports says nothing";
        let fix = "write a port, or remove `ports` for the default port of the scheme";
        reader.problems.push(Diagnostic::error("empty_list", &node.span, message).with_fix(fix));
        return None;
    }
    let mut ports = Vec::new();
    for item in items {
        let text = reader.number(item, "a port")?;
        if text.parse::<u16>().is_ok_and(|port| port != 0) {
            ports.push(Spanned { value: text, span: item.span.clone() });
        } else {
            reader.problems.push(Diagnostic::error("bad_port", &item.span, "a port is a whole number from 1 to 65535"));
        }
    }
    (ports.len() == items.len()).then_some(ports)
}

fn read_numeric_op(check: &Object<'_, '_>, reader: &mut NodeReader) -> Option<NumericOp> {
    let ops = NumericOp::ALL.map(|op| (op.name(), op));
    check.required("op", reader).and_then(|node| reader.word(node, "an operator", "unknown_op", ops))
}

fn read_field(
    check: &Object<'_, '_>,
    reader: &mut NodeReader,
    scope: Scope,
    source: &'static str,
    field: &'static str,
) -> Option<Field> {
    let source = check.required(source, reader).and_then(|node| {
        let is_there = |source: &Source| match source {
            Source::Item => scope.has_item,
            Source::Request => scope.dialect == Dialect::Callgate1,
            Source::Arguments | Source::AgentAttributes | Source::ResourceAttributes => true,
        };
        let sources = Source::ALL.into_iter().filter(is_there);
        reader.word(node, "a source", "unknown_source", sources.map(|source| (source.name(), source)))
    });
    let name = check.required(field, reader).and_then(|node| reader.string(node, &format!("`{field}`")))?;
    let path = match scope.dialect {
        // The item itself has no name.
        Dialect::Callgate1 if source == Some(Source::Item) && name.value.is_empty() => Vec::new(),
        Dialect::Callgate1 => reader.field_path(&name)?,
        Dialect::Perso1 => alloc::vec![name.value.clone()],
    };
    let source = source?;
    if source == Source::Request && !REQUEST_FIELDS.contains(&name.value.as_str()) {
        let problem = format!("the source `Request` has no field {}", quoted(&name.value));
        let problem = Diagnostic::error("bad_field", &name.span, problem);
        reader.problems.push(problem.with_likely_word(&name.value, REQUEST_FIELDS.into_iter()));
        return None;
    }
    Some(Field { source, name, path })
}

/// Reads a `TimeCheck`, of which each part may be left out, but not all that narrow.
fn read_time_check(node: &Node<'_>, reader: &mut NodeReader) -> Option<ConditionKind> {
    let check = reader.object(node, "`TimeCheck`", &["from", "to", "weekdays", "offset"])?;
    let mut clock = |key: &str| {
        let Some(node) = check.optional(key) else { return Some(None) };
        let text = reader.string(node, &format!("`{key}`"))?;
        let minutes = read_clock(&text.value);
        if minutes.is_none() {
            let message = format!("{} is no time of day", quoted(&text.value));
            let problem = Diagnostic::error("bad_time", &text.span, message);
            reader.problems.push(problem.with_fix("write it as in `09:30`, at most `24:00`"));
        }
        minutes.map(Some)
    };
    let (from, to) = (clock("from"), clock("to"));
    let offset = match check.optional("offset").map(|node| reader.string(node, "`offset`")) {
        None => Some(0),
        Some(text) => text.and_then(|text| {
            let offset = read_offset(&text.value);
            if offset.is_none() {
                let message = format!("{} is no offset from UTC", quoted(&text.value));
                let problem = Diagnostic::error("bad_time", &text.span, message);
                reader.problems.push(problem.with_fix("write it as in `+01:00`, or `Z`"));
            }
            offset
        }),
    };
    let weekdays = match check.optional("weekdays") {
        None => Some(0x7f),
        Some(node) => read_weekdays(node, reader),
    };
    let minutes = match (from?, to?) {
        (None, None) => None,
        (from, to) => Some((from.unwrap_or(0), to.unwrap_or(24 * 60))),
    };
    let (weekdays, offset) = (weekdays?, offset?);
    if weekdays == 0 || minutes.is_some_and(|(from, to)| from == to) || (minutes.is_none() && weekdays == 0x7f) {
        let message = "this window holds no time, or all times";
        reader.problems.push(Diagnostic::error("empty_window", &node.span, message));
        return None;
    }
    let name = Spanned { value: String::from("time"), span: node.span.clone() };
    let field = Field { source: Source::Request, path: alloc::vec![name.value.clone()], name };
    Some(ConditionKind::TimeCheck { field, window: TimeWindow { minutes, weekdays, offset } })
}

/// Reads names of weekdays as bits.
fn read_weekdays(node: &Node<'_>, reader: &mut NodeReader) -> Option<u8> {
    let mut days = Some(0_u8);
    for item in reader.list(node, "`weekdays`")? {
        let bits = WEEKDAYS.into_iter().zip([1, 2, 4, 8, 16, 32, 64]);
        let day = reader.word(item, "a weekday", "unknown_weekday", bits);
        days = days.zip(day).map(|(days, day): (u8, u8)| days | day);
    }
    days
}
