//! Conditions to JSON.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::condition::{Condition, ConditionKind, Field};
use crate::language::case::Case;
use crate::policy::text::canonical::write_string;
use crate::policy::text::spanned::Spanned;

/// The columns of a line, unless one value needs more.
const WIDTH: usize = 100;

/// A JSON value that is not laid out yet.
#[derive(Debug)]
pub(super) enum Json {
    /// A string, a number or a boolean as it is written.
    Scalar(String),
    List(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

/// A string as JSON writes it.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::new();
    write_string(text, &mut out);
    // YAML does not allow this character as it is.
    out.replace('\u{7f}', "\\u007f")
}

/// The condition in JSON; a condition at the position of a definition is its name.
pub(super) fn condition(
    condition: &Condition,
    definitions: &[(Spanned<String>, Condition)],
    may_be_name: bool,
) -> Json {
    if let Some((name, _)) = definitions.iter().find(|(_, own)| may_be_name && own == condition) {
        return Json::Object(Vec::from([("Defined", string(&name.value))]));
    }
    let child = |child: &Condition| self::condition(child, definitions, true);
    let (name, content) = match &condition.kind {
        ConditionKind::All(children) => ("All", Json::List(children.iter().map(child).collect())),
        ConditionKind::Any(children) => ("Any", Json::List(children.iter().map(child).collect())),
        ConditionKind::Not(inner) => ("Not", child(inner)),
        ConditionKind::Items(check) => {
            let name = if check.every { "Every" } else { "Some" };
            (name, of_field(&check.field, [("condition", child(&check.condition))]))
        }
        ConditionKind::NumericCheck(check) => {
            let value = Json::Scalar(check.value.clone());
            ("NumericCheck", of_field(&check.field, [("op", string(check.op.name())), ("value", value)]))
        }
        ConditionKind::LengthCheck(check) => {
            let value = Json::Scalar(check.value.value.clone());
            ("LengthCheck", of_field(&check.field, [("op", string(check.op.name())), ("value", value)]))
        }
        ConditionKind::StringCheck(check) => {
            let parts = [("op", string(check.op.name())), ("value", strings(&check.values))];
            ("StringCheck", of_field(&check.field, parts.into_iter().chain(case(check.case))))
        }
        ConditionKind::MembersCheck(check) => {
            let parts = [("op", string(check.op.name())), ("value", strings(&check.names))];
            ("MembersCheck", of_field(&check.field, parts.into_iter().chain(case(check.case))))
        }
        ConditionKind::CidrCheck(check) => {
            let parts = [("op", string(check.op.name())), ("value", strings(&check.networks))];
            ("CidrCheck", of_field(&check.field, parts))
        }
        ConditionKind::PathCheck(check) => {
            let key = if check.globs.is_empty() { "roots" } else { "globs" };
            let base = check.base.as_ref().map(|base| ("base", string(&base.value)));
            let parts = [Some((key, strings(check.places()))), base].into_iter().flatten();
            ("PathCheck", of_field(&check.field, parts.chain(case(check.case))))
        }
        ConditionKind::BoolCheck(check) => {
            let value = Json::Scalar(check.value.to_string());
            ("BoolCheck", of_field(&check.field, [("value", value)]))
        }
        ConditionKind::Defined(name) => ("Defined", string(name)),
        ConditionKind::FieldPresent(check) => ("FieldPresent", of_field(&check.field, [])),
        ConditionKind::FieldEquals(check) => {
            let [source_a, field_a] = field(&check.a).map(|(_, value)| value);
            let [source_b, field_b] = field(&check.b).map(|(_, value)| value);
            let fields = [("source_a", source_a), ("field_a", field_a), ("source_b", source_b), ("field_b", field_b)];
            ("FieldEquals", Json::Object(fields.into_iter().chain(case(check.case)).collect()))
        }
        ConditionKind::FieldCompare(check) => {
            let [source_a, field_a] = field(&check.a).map(|(_, value)| value);
            let [source_b, field_b] = field(&check.b).map(|(_, value)| value);
            let op = string(check.op.name());
            let parts = [
                ("source_a", source_a),
                ("field_a", field_a),
                ("op", op),
                ("source_b", source_b),
                ("field_b", field_b),
            ];
            ("FieldCompare", Json::Object(parts.into_iter().collect()))
        }
        ConditionKind::UrlCheck(check) => {
            let lists = [
                ("schemes", &check.schemes),
                ("hosts", &check.hosts),
                ("ports", &check.ports),
                ("paths", &check.paths),
            ];
            let given = lists.into_iter().filter(|(key, list)| *key == "hosts" || !list.is_empty());
            let parts = given.map(|(key, list)| match (key, list.as_slice()) {
                ("schemes" | "ports", [only]) if only.value == "*" => (key, string("*")),
                ("ports", ports) => {
                    (key, Json::List(ports.iter().map(|port| Json::Scalar(port.value.clone())).collect()))
                }
                (_, texts) => (key, strings(texts)),
            });
            ("UrlCheck", of_field(&check.field, parts))
        }
        ConditionKind::TimeCheck(check) => {
            let window = check.window;
            let hours = window.hours();
            let mut parts = Vec::new();
            if let Some((from, to)) = &hours {
                parts.extend([("from", string(from)), ("to", string(to))]);
            }
            if window.weekdays != 0x7f || (hours.is_none() && check.dates.is_empty()) {
                parts.push(("weekdays", Json::List(window.weekday_names().map(string).collect())));
            }
            if !check.dates.is_empty() {
                parts.push(("dates", strings(&check.dates)));
            }
            if let Some(zone) = &check.zone {
                parts.push(("zone", string(&zone.value)));
            }
            if window.offset != 0 {
                parts.push(("offset", string(&window.offset())));
            }
            ("TimeCheck", Json::Object(parts))
        }
    };
    Json::Object(Vec::from([(name, content)]))
}

fn field(field: &Field) -> [(&'static str, Json); 2] {
    [("source", string(field.source.name())), ("field", string(&field.name.value))]
}

fn of_field(of: &Field, parts: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    Json::Object(field(of).into_iter().chain(parts).collect())
}

fn case(case: Case) -> Option<(&'static str, Json)> {
    (case != Case::Exact).then(|| ("ignoreCase", string(case.name())))
}

fn string(text: &str) -> Json {
    Json::Scalar(quote(text))
}

fn strings(texts: &[Spanned<String>]) -> Json {
    Json::List(texts.iter().map(|text| string(&text.value)).collect())
}

/// How a value is laid out: on one line if it fits, otherwise with an item on each line.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// The spaces before the line of the value.
    pub(super) indent: usize,
    /// The column at which the value starts.
    pub(super) column: usize,
}

impl Layout {
    pub(super) fn write(self, value: &Json) -> String {
        let short = on_one_line(value);
        if self.column.saturating_add(short.chars().count()) <= WIDTH {
            return short;
        }
        let inner = Self { indent: self.indent.saturating_add(2), column: self.indent.saturating_add(2) };
        let spaces = " ".repeat(inner.indent);
        let close = " ".repeat(self.indent);
        match value {
            Json::List(items) if items.iter().any(|item| !matches!(item, Json::Scalar(_))) => {
                let items: Vec<String> = items.iter().map(|item| format!("{spaces}{}", inner.write(item))).collect();
                format!("[\n{}\n{close}]", items.join(",\n"))
            }
            // An object with one key stays on the line of its key.
            Json::Object(members) => match members.as_slice() {
                [(key, value)] => format!("{{ \"{key}\": {} }}", self.write(value)),
                _ => {
                    let line = |(key, value): &(&str, Json)| format!("{spaces}\"{key}\": {}", inner.write(value));
                    let lines: Vec<String> = members.iter().map(line).collect();
                    format!("{{\n{}\n{close}}}", lines.join(",\n"))
                }
            },
            _ => short,
        }
    }
}

fn on_one_line(value: &Json) -> String {
    match value {
        Json::Scalar(text) => text.clone(),
        Json::List(items) => format!("[{}]", items.iter().map(on_one_line).collect::<Vec<_>>().join(", ")),
        Json::Object(members) => {
            let member = |(key, value): &(&str, Json)| format!("\"{key}\": {}", on_one_line(value));
            format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
    }
}
