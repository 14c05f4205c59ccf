//! Random values for a schema: mostly values that conform, and values that differ from them in one part.

use fastrand::Rng;

use super::{FORMATS, NEAR_FORMATS, PATTERNS, number};
use crate::json::{Json, string};
use crate::schema::document::Schema;
use crate::schema::evaluate;
use crate::values::{TEXTS, once_in, pick};

/// The number of candidates from which the first that conforms is taken.
const CANDIDATES: usize = 8;

/// A value that mostly conforms to a schema; the names are those of its members.
#[must_use]
pub fn mostly_conforming(random: &mut Rng, schema: &Schema, names: &[&str]) -> Json {
    let builder = Builder { schema, names };
    let mut value = builder.value(random, schema.root(), 5);
    for _ in 0..CANDIDATES {
        if schema.truth(&value) == Some(true) {
            break;
        }
        value = builder.value(random, schema.root(), 5);
    }
    for _ in 0..pick(random, &[0, 0, 0, 1, 1, 2]) {
        change(random, &mut value, names);
    }
    value
}

/// Any value, with up to `depth` levels below it.
pub(super) fn any(random: &mut Rng, names: &[&str], depth: u32) -> Json {
    let below = depth.saturating_sub(1);
    match random.u8(0..if depth == 0 { 8 } else { 12 }) {
        0 => Json::Null,
        1 => Json::Bool(random.bool()),
        2..=4 => number(random),
        5..=7 => string(text(random)),
        8..=9 => Json::Array((0..random.u8(0..4)).map(|_| any(random, names, below)).collect()),
        _ => {
            let mut value = Json::EMPTY;
            for name in names {
                if once_in(random, 3) {
                    value.insert(name, any(random, names, below));
                }
            }
            value
        }
    }
}

fn text(random: &mut Rng) -> &'static str {
    let one_of = |random: &mut Rng, lists: &[(&'static str, &'static [&'static str])]| {
        random.choice(lists).map_or("", |(_, texts)| pick(random, texts))
    };
    match random.u8(0..6) {
        0 => one_of(random, &PATTERNS),
        1 => one_of(random, &FORMATS),
        2 => pick(random, &NEAR_FORMATS),
        _ => pick(random, &TEXTS),
    }
}

#[derive(Clone, Copy)]
struct Builder<'s> {
    schema: &'s Schema,
    names: &'s [&'s str],
}

impl Builder<'_> {
    /// A value that fulfills most keywords of a schema.
    fn value(self, random: &mut Rng, at: &Json, depth: u32) -> Json {
        let keyword = |name: &str| at.child(name);
        if depth == 0 || !matches!(at, Json::Object(_)) {
            return any(random, self.names, 1);
        }
        if let Some(target) = evaluate::reference(self.schema, at).filter(|_| !once_in(random, 4)) {
            return self.value(random, target, depth.saturating_sub(1));
        }
        let mut choices: Vec<&Json> = Vec::new();
        for name in ["allOf", "anyOf", "oneOf"] {
            choices.extend(keyword(name).map(Json::parts).unwrap_or_default());
        }
        choices.extend(["if", "then", "else"].into_iter().filter_map(keyword));
        if let Some(choice) = random.choice(choices).filter(|_| random.bool()) {
            return self.value(random, choice, depth.saturating_sub(1));
        }
        match (keyword("const"), keyword("enum")) {
            (Some(value), _) => return value.clone(),
            (None, Some(values)) => return random.choice(values.parts()).cloned().unwrap_or(Json::Null),
            (None, None) => {}
        }
        let type_of = match keyword("type") {
            Some(Json::String(name)) => name.clone(),
            Some(Json::Array(names)) => match random.choice(names) {
                Some(Json::String(name)) => name.clone(),
                _ => String::new(),
            },
            _ => {
                const KEYWORDS: [(&str, &[&str]); 4] = [
                    ("object", &["properties", "required", "additionalProperties", "propertyNames", "minProperties"]),
                    ("array", &["items", "prefixItems", "minItems", "maxItems", "uniqueItems"]),
                    ("string", &["minLength", "maxLength", "pattern", "format"]),
                    ("number", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
                ];
                let fits = KEYWORDS.iter().filter(|(_, names)| names.iter().any(|name| keyword(name).is_some()));
                random.choice(fits.collect::<Vec<_>>()).map_or(String::new(), |(name, _)| (*name).to_owned())
            }
        };
        match type_of.as_str() {
            "object" => self.object(random, at, depth.saturating_sub(1)),
            "array" => self.array(random, at, depth.saturating_sub(1)),
            "string" => text_for(random, at),
            "number" | "integer" => number_for(random, at),
            "boolean" => Json::Bool(random.bool()),
            "null" => Json::Null,
            _ => any(random, self.names, 1),
        }
    }

    fn object(self, random: &mut Rng, at: &Json, depth: u32) -> Json {
        let mut value = Json::EMPTY;
        if let Some(Json::Object(properties)) = at.child("properties") {
            for (name, schema) in properties {
                let is_forbidden = *schema == Json::Bool(false);
                if !is_forbidden && !once_in(random, 3) {
                    value.insert(name, self.value(random, schema, depth));
                }
            }
        }
        let others = at.child("additionalProperties");
        for name in at.child("required").map(Json::parts).unwrap_or_default() {
            if let Json::String(name) = name
                && value.child(name).is_none()
            {
                let properties = at.child("properties").and_then(|properties| properties.child(name));
                let schema = properties.or(others).unwrap_or(&Json::Bool(true));
                value.insert(name, self.value(random, schema, depth));
            }
        }
        for (pattern, name) in [("^a", "ax"), ("b$", "xb"), ("n", "nn"), ("^[a-z]$", "z"), (r"\.", "a.b")] {
            let schema = at.child("patternProperties").and_then(|patterns| patterns.child(pattern));
            if let Some(schema) = schema.filter(|_| random.bool()) {
                value.insert(name, self.value(random, schema, depth));
            }
        }
        if others != Some(&Json::Bool(false)) && once_in(random, 4) {
            value.insert("other", self.value(random, others.unwrap_or(&Json::Bool(true)), depth));
        }
        value
    }

    fn array(self, random: &mut Rng, at: &Json, depth: u32) -> Json {
        let tuple = match (at.child("prefixItems"), at.child("items")) {
            (Some(Json::Array(tuple)), _) | (None, Some(Json::Array(tuple))) => tuple.as_slice(),
            _ => &[],
        };
        let rest = if tuple.is_empty() || at.child("prefixItems").is_some() { "items" } else { "additionalItems" };
        let rest = at.child(rest).unwrap_or(&Json::Bool(true));
        let most = if *rest == Json::Bool(false) { tuple.len() } else { 4 };
        let size = |name: &str, otherwise: usize| match at.child(name) {
            Some(Json::Number(text)) => text.parse::<f64>().map_or(otherwise, |size| {
                // A size beyond these does not matter.
                (0..8)
                    .find(|&count| f64::from(count) >= size)
                    .and_then(|count| usize::try_from(count).ok())
                    .unwrap_or(8)
            }),
            _ => otherwise,
        };
        let least = size("minItems", 0);
        let count = random.usize(least..=size("maxItems", most).max(least));
        let schemas = tuple.iter().chain(std::iter::repeat(rest)).take(count);
        Json::Array(schemas.map(|schema| self.value(random, schema, depth)).collect())
    }
}

fn text_for(random: &mut Rng, at: &Json) -> Json {
    let samples = |name: &str, lists: &[(&str, &'static [&'static str])]| match at.child(name) {
        Some(Json::String(text)) => lists.iter().find(|(known, _)| known == text).map_or(&[][..], |(_, texts)| texts),
        _ => &[],
    };
    let fitting = [samples("pattern", &PATTERNS), samples("format", &FORMATS)].concat();
    if fitting.is_empty() { string(text(random)) } else { string(pick(random, &fitting)) }
}

fn number_for(random: &mut Rng, at: &Json) -> Json {
    const BOUNDS: [&str; 5] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
    let bounds: Vec<&Json> = BOUNDS.into_iter().filter_map(|name| at.child(name)).collect();
    match random.choice(bounds) {
        Some(Json::Number(text)) if !once_in(random, 3) => Json::Number(near(random, text)),
        _ => number(random),
    }
}

/// A number that is equal or close to another one.
fn near(random: &mut Rng, text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') && !matches!(text, "0" | "-0");
    match random.u8(0..8) {
        0 if is_plain => format!("{text}.0"),
        1 if is_plain => format!("{text}.00000000000000000001"),
        2 if is_plain => format!("{text}.5"),
        3 if is_plain => format!("{text}0"),
        4 if is_plain => format!("{text}e0"),
        5 if is_plain => format!("{text}00e-2"),
        _ => text.to_owned(),
    }
}

/// Changes one part of a value.
fn change(random: &mut Rng, value: &mut Json, names: &[&str]) {
    let count = value.parts().len();
    if count > 0 && !once_in(random, 3) {
        let part = random.usize(0..count);
        return value.parts_mut().into_iter().nth(part).into_iter().for_each(|part| change(random, part, names));
    }
    match value {
        Json::Object(members) if once_in(random, 2) => match random.choice(names) {
            Some(name) if members.iter().all(|(known, _)| known != name) => {
                members.push(((*name).to_owned(), any(random, names, 1)));
            }
            _ => drop(members.pop()),
        },
        Json::Array(items) if once_in(random, 2) => match items.first().cloned() {
            Some(item) if random.bool() => items.push(item),
            Some(_) => drop(items.pop()),
            None => items.push(any(random, names, 1)),
        },
        Json::Number(text) if !once_in(random, 3) => *text = near(random, text),
        Json::String(text) if !once_in(random, 3) => match random.u8(0..3) {
            0 => text.push('a'),
            1 => drop(text.pop()),
            _ => text.insert(0, '1'),
        },
        value => *value = any(random, names, 1),
    }
}
