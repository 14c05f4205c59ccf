//! The reference compared with the crate `jsonschema`, an evaluator that many programs use, on random schemas.
//!
//! The crate computes with binary64, so what is unknown here has an answer there; the crate also accepts leap seconds and
//! asserts more formats. Any other difference is an error.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use fastrand::Rng;
use jsonschema::Validator;
use serde_json::{Value, json};

use super::document::Schema;
use super::random::schemas::{NAMES, Shape, schema};
use super::random::values::mostly_conforming;
use crate::json::Json;
use crate::shrink::any_smaller;
use crate::truth::Truth;

/// The number of values for each schema.
const VALUES: u64 = 20;

/// The counts of a comparison, and its differences.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The number of values by the answer of the reference, of expected differences, and of refused schemas.
    pub answers: BTreeMap<&'static str, u64>,
    /// The number of unknown answers by the keywords of the smallest schema that still has one.
    pub unknown: BTreeMap<String, u64>,
    /// The differences, each with the smallest schema and value that show it, by the keywords of this schema.
    pub differences: BTreeMap<String, Vec<String>>,
}

impl Tally {
    fn count(&mut self, answer: &'static str) {
        let count = self.answers.entry(answer).or_default();
        *count = count.saturating_add(1);
    }
}

/// Compares both on about `values` values.
#[must_use]
pub fn compare(values: u64, first: u64) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..values.div_ceil(VALUES) {
        let mut random = Rng::with_seed(first.wrapping_add(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let shape = Shape { names: &NAMES, has_invalid_keywords: false };
        let schema = Schema::new(schema(&mut random, shape, |generator| generator.any(3)));
        let Some(validator) = build(schema.root()) else {
            tally.count("refused by the crate");
            continue;
        };
        for _ in 0..VALUES {
            let value = mostly_conforming(&mut random, &schema, &NAMES);
            let truth = schema.truth(&value);
            tally.count(match truth {
                Some(true) => "conforming",
                Some(false) => "not conforming",
                None => "unknown",
            });
            if truth.is_some() && truth != is_valid(&validator, &value) {
                let (schema, value) = smallest(schema.root(), &value, |schema, value| {
                    let truth = Schema::new(schema.clone()).truth(value);
                    truth.is_some() && build(schema).is_some_and(|validator| is_valid(&validator, value) != truth)
                });
                if keywords(&schema) == "format" && value.to_string().contains(":60") {
                    tally.count("differing because callgate knows no leap seconds");
                    continue;
                }
                let truth = Schema::new(schema.clone()).truth(&value);
                let found = format!("reference {truth:?}\nschema {schema}\nvalue  {value}");
                tally.differences.entry(keywords(&schema)).or_default().push(found);
            } else if truth.is_none() {
                let (schema, _) = smallest(schema.root(), &value, |schema, value| {
                    // A schema that leads to itself is unknown for every value, which is another cause.
                    let schema = Schema::new(schema.clone());
                    schema.truth(value).is_none() && schema.truth(&Json::Null).is_some()
                });
                let count = tally.unknown.entry(keywords(&schema)).or_default();
                *count = count.saturating_add(1);
            }
        }
    }
    tally
}

/// Whether a value conforms to a compiled schema.
type Conforms<'c> = dyn Fn(&str) -> Option<bool> + 'c;

/// Compares an evaluator with the crate on `values` arguments for each tool of an MCP server's response to `tools/list`.
///
/// `compile` makes the evaluator of a schema. A tool whose schema one of the two does not accept is a difference.
#[must_use]
pub fn compare_tools<'c>(
    response: &Json,
    values: u64,
    first: u64,
    compile: &dyn Fn(&str) -> Option<Box<Conforms<'c>>>,
) -> Tally {
    let mut tally = Tally::default();
    let list = response.child("result").unwrap_or(response);
    for tool in list.child("tools").unwrap_or(list).parts() {
        let Some(root) = tool.child("inputSchema") else { continue };
        let name = tool.child("name").map(ToString::to_string).unwrap_or_default();
        let (Some(validator), Some(conforms)) = (build(root), compile(&root.to_string())) else {
            tally.differences.entry("refused".to_owned()).or_default().push(name);
            continue;
        };
        let schema = Schema::new(root.clone());
        let mut names = NAMES.to_vec();
        if let Some(Json::Object(properties)) = root.child("properties") {
            names.extend(properties.iter().map(|(name, _)| name.as_str()).filter(|name| !NAMES.contains(name)));
        }
        let mut random = Rng::with_seed(first.wrapping_add(tally.answers.values().sum()));
        for _ in 0..values {
            let value = mostly_conforming(&mut random, &schema, &names);
            let answer = conforms(&value.to_string());
            if schema.truth(&value).is_none() {
                // The crate computes with binary64.
                tally.count("unknown");
            } else if answer.is_some() && answer == is_valid(&validator, &value) {
                tally.count(if answer == Some(true) { "conforming" } else { "not conforming" });
            } else {
                let found = format!("{name}: evaluator {answer:?}\nvalue  {value}");
                tally.differences.entry(keywords(root)).or_default().push(found);
            }
        }
    }
    tally
}

/// The crate's form of a schema; `None` if it does not accept the schema.
fn build(schema: &Json) -> Option<Validator> {
    // Formats that callgate ignores are ignored here too.
    let options = jsonschema::options().should_validate_formats(true).offline();
    let options = options.with_format("email", |_| true).with_format("uri", |_| true);
    // The crate does not know this format in draft 7, where callgate asserts it too.
    let uuid = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "format": "uuid" });
    let uuid = jsonschema::options().should_validate_formats(true).offline().build(&uuid).ok()?;
    let options = options.with_format("uuid", move |text| uuid.is_valid(&Value::from(text)));
    options.build(&to_value(schema)?).ok()
}

fn is_valid(validator: &Validator, value: &Json) -> Truth {
    Some(validator.is_valid(&to_value(value)?))
}

/// The value with each number as an integer of 64 bits if it is one in any spelling, or as its nearest binary64.
fn to_value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Number(text) => {
            let decimal: BigDecimal = text.parse().ok()?;
            let integer = decimal.is_integer().then(|| decimal.with_scale(0).to_string());
            integer.and_then(|integer| serde_json::from_str(&integer).ok()).or_else(|| text.parse::<Value>().ok())?
        }
        Json::Array(items) => Value::Array(items.iter().map(to_value).collect::<Option<_>>()?),
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| Some((name.clone(), to_value(value)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::String(text) => Value::String(text.clone()),
    })
}

/// The smallest schema and value for which a property is still true.
fn smallest(schema: &Json, value: &Json, is_so: impl Fn(&Json, &Json) -> bool) -> (Json, Json) {
    let (mut schema, mut value) = (schema.clone(), value.clone());
    loop {
        let mut found = None;
        let is_smaller = any_smaller(&schema, &mut |smaller| {
            is_so(&smaller, &value) && {
                found = Some((smaller, value.clone()));
                true
            }
        }) || any_smaller(&value, &mut |smaller| {
            is_so(&schema, &smaller) && {
                found = Some((schema.clone(), smaller));
                true
            }
        });
        match found {
            Some(smaller) if is_smaller => (schema, value) = smaller,
            _ => return (schema, value),
        }
    }
}

/// The keywords of a schema, at any depth.
fn keywords(schema: &Json) -> String {
    let mut names = Vec::new();
    collect_keywords(schema, &mut names);
    names.sort();
    names.dedup();
    names.join(" ")
}

fn collect_keywords(value: &Json, names: &mut Vec<String>) {
    if let Json::Object(members) = value {
        names.extend(members.iter().map(|(name, _)| name.clone()));
    }
    value.parts().into_iter().for_each(|part| collect_keywords(part, names));
}
