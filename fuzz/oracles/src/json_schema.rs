//! Compares the image with the reference on JSON Schemas and values.
//!
//! An input that starts with `{` has two lines: a schema and a value. The engine must compile every schema that is JSON
//! and must say of every value whether it conforms. The reference supports fewer patterns, so such schemas are not
//! compared with it.
//!
//! Any other input selects a schema and values from the random generator, two bytes each.

use callgate_conformance::judge::{compile_schema, conforms_by_image};
use callgate_conformance::schema::Schema;
use callgate_conformance::schema::random::schemas::{NAMES, Shape, schema};
use callgate_conformance::schema::random::values::mostly_conforming;
use fastrand::Rng;

use crate::strict_json;

/// The most values for one schema.
const MAX_VALUES: usize = 8;

/// Checks values against a schema.
///
/// # Errors
/// Both answers if they differ, with the schema and the value.
pub fn check(input: &[u8]) -> Result<(), String> {
    if input.starts_with(b"{") { check_lines(input).unwrap_or(Ok(())) } else { check_parts(input) }
}

/// `None` if the input is not two strict JSON texts, or the policy with the schema is not valid.
fn check_lines(input: &[u8]) -> Option<Result<(), String>> {
    let (schema, value) = str::from_utf8(input).ok()?.split_once('\n')?;
    strict_json::read(value.as_bytes()).filter(strict_json::is_strict)?;
    let image = compile_schema(schema).ok()?;
    let answer = conforms_by_image(&image, value);
    // A value may nest deeper than the engine reads.
    let is_missing = answer.is_err_and(|problem: String| problem.contains("does not enforce"));
    Some(if is_missing { Err(format!("no answer\nschema {schema}\nvalue  {value}")) } else { Ok(()) })
}

fn check_parts(input: &[u8]) -> Result<(), String> {
    let mut seeds = input.chunks(2).map(|pair| {
        let [low, high] = [pair.first(), pair.get(1)].map(|byte| byte.copied().unwrap_or_default());
        Rng::with_seed(u16::from_le_bytes([low, high]).into())
    });
    let Some(mut random) = seeds.next() else { return Ok(()) };
    let shape = Shape { names: &NAMES, has_invalid_keywords: true };
    let schema = Schema::new(schema(&mut random, shape, |generator| generator.any(3)));
    let text = schema.root().to_string();
    let image = compile_schema(&text).map_err(|problem| format!("{problem}\nschema {text}"))?;
    for mut random in seeds.take(MAX_VALUES) {
        let value = mostly_conforming(&mut random, &schema, &NAMES);
        let truth = schema.truth(&value);
        let seen = conforms_by_image(&image, &value.to_string());
        if seen != Ok(truth == Some(true)) {
            return Err(format!("image {seen:?}, reference {truth:?}\nschema {text}\nvalue  {value}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_and_values_of_any_form_are_no_problem() {
        for input in [
            &b""[..],
            b"a",
            b"abcdefgh",
            b"{}\n1",
            b"{\"type\":\"string\"}\n\"a\"",
            b"{\"$ref\":\"#\"}\n[]",
            b"{\"anyOf\":[1]}\n{}",
            b"{\"pattern\":\"(\"}\n\"a\"",
        ] {
            check(input).expect("no problem");
        }
    }
}
