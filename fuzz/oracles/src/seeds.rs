//! The fuzzer's initial inputs: the case files of the checkout, and generated ones.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use callgate_conformance::generate::Language;
use callgate_conformance::json::Json;
use callgate_conformance::judge::{policy_of, request_of};
use callgate_conformance::schema::Schema;
use callgate_conformance::schema::random::schemas::{NAMES, Shape, schema};
use callgate_conformance::schema::random::values::mostly_conforming;
use callgate_engine::Format;
use callgate_engine::policy::text::convert::convert;
use fastrand::Rng;

use crate::request_reader;
use crate::{evaluator, strict_json, when};

/// The number of generated policies and calls. The first ones provide most of the coverage.
const GENERATED: u64 = 100;

/// The maximum number of calls per policy: each of these inputs contains the whole policy.
const MOST_CALLS: usize = 30;

/// Forms of YAML that no policy of the checkout has, and comments.
const YAML: [&str; 8] = [
    "%YAML 1.2\n---\na: &b !!str c\nd: *b\n...\n",
    "? |-\n  key\n: >+\n  a\n\n   b\n\n",
    "a:\n- b\n- - c\n  - d: e # f\n",
    "{a: 'it''s', \"b\": \"\\x41\\u00e9\\U0001f600\\\n  c\", d: [e: f, ? g : h]}",
    "a: plain\n  text\nb: [yes, ~, 0x1F, .inf, 12:30, 2026-11-28]\n<<: {c: d}\n",
    "--- a\n--- b\n",
    "{ // a\n\"b\": [1, /* c */ 2,], }",
    "# \u{e9}\r\na: |2\n    b\r\n",
];

/// The inputs of one target.
#[derive(Debug)]
pub struct Seeds {
    /// The target's name.
    pub target: &'static str,
    /// The inputs, without duplicates.
    pub inputs: BTreeSet<Vec<u8>>,
}

/// Collects the inputs of all targets, from the checkout at `root`.
///
/// # Errors
/// A file of the checkout cannot be read.
pub fn collect(root: &Path) -> io::Result<Vec<Seeds>> {
    let policies = policies(root)?;
    let bodies = bodies(root)?;
    let (mut policy_texts, mut policy_yaml, mut reader_bodies) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut pairs, mut strings, mut schemas) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut expressions: BTreeSet<Vec<u8>> = when::SEEDS.iter().map(|when| when.as_bytes().to_vec()).collect();
    for (_, text) in &policies {
        policy_texts.insert(text.clone().into_bytes());
        policy_yaml.extend(other_formats(text));
    }
    policy_yaml.extend(YAML.map(|text| text.as_bytes().to_vec()));
    policy_texts.insert(request_reader::POLICY.as_bytes().to_vec());
    for (policy_path, text) in &policies {
        // A policy may have a case file next to it.
        let mut calls = read_cases(&policy_path.with_extension("test.jsonl"), "call")?;
        calls.extend(read_cases(&policy_path.with_extension("jsonl"), "body")?);
        for call in calls.iter().take(MOST_CALLS) {
            pairs.insert(format!("{}\n{call}\n{{\"time\":0}}", on_one_line(text)).into_bytes());
        }
    }
    for body in &bodies {
        reader_bodies.insert(body.clone().into_bytes());
        if let Some(body) = strict_json::read(body.as_bytes()) {
            add_strings(&body, &mut strings);
        }
    }
    for number in 0..GENERATED {
        let policy = policy_of(number, Language::WHOLE);
        let (request, mut random) = request_of(number, 0, &policy);
        for rule in policy.child("rules").map(Json::parts).unwrap_or_default() {
            if let Some(Json::String(when)) = rule.child("when") {
                expressions.insert(when.clone().into_bytes());
            }
        }
        policy_texts.insert(policy.to_string().into_bytes());
        policy_yaml.extend(other_formats(&policy.to_string()));
        reader_bodies.insert(request.body().spell(&mut random).into_bytes());
        pairs.insert(evaluator::lines_of(number, 0).into_bytes());
        add_strings(&request.body(), &mut strings);
        add_strings(&request.facts_object(), &mut strings);
        // Random parts of a policy and a call.
        let length = random.usize(20..80);
        pairs.insert(std::iter::repeat_with(|| random.u8(..)).take(length).collect());
        schemas.insert(schema_and_value(&mut random).into_bytes());
        // A schema and values by their numbers.
        schemas.insert(std::iter::repeat_with(|| random.u8(..)).take(10).collect());
    }
    let batch: Vec<&str> = bodies.iter().take(4).map(String::as_str).collect();
    reader_bodies.insert(format!("{{\"calls\":[{}]}}", batch.join(",")).into_bytes());
    Ok(vec![
        Seeds { target: "request_reader", inputs: reader_bodies },
        Seeds { target: "policy_text", inputs: policy_texts },
        Seeds { target: "policy_yaml", inputs: policy_yaml },
        Seeds { target: "evaluator", inputs: pairs },
        Seeds { target: "path_and_url", inputs: strings },
        Seeds { target: "json_schema", inputs: schemas },
        Seeds { target: "when", inputs: expressions },
    ])
}

/// A policy in JSON as texts in the other formats.
fn other_formats(json: &str) -> impl Iterator<Item = Vec<u8>> {
    let formats = [Format::Yaml, Format::JsonWithComments].into_iter();
    formats.filter_map(|format| convert(json, Format::Json, format).ok()).map(String::into_bytes)
}

/// A schema and a value that mostly conforms to it, as two lines.
fn schema_and_value(random: &mut Rng) -> String {
    let shape = Shape { names: &NAMES, has_invalid_keywords: true };
    let schema = Schema::new(schema(random, shape, |generator| generator.of_arguments(3)));
    format!("{}\n{}", schema.root(), mostly_conforming(random, &schema, &NAMES))
}

/// The policies of the checkout with their positions.
fn policies(root: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for directory in ["policies", "testdata/http", "testdata/perso-1/policies"] {
        for path in files(&root.join(directory))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(".json") && !name.ends_with(".schema.json") {
                let text = fs::read_to_string(&path)?;
                found.push((path, text));
            }
        }
    }
    Ok(found)
}

/// The bodies of the case files: calls, batches and invalid ones.
fn bodies(root: &Path) -> io::Result<Vec<String>> {
    let mut found = read_cases(&root.join("testdata/perso-1/cases.jsonl"), "call")?;
    for path in files(&root.join("testdata/http"))? {
        found.extend(read_cases(&path, "body")?);
    }
    for path in files(&root.join("policies"))? {
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            found.extend(read_cases(&path, "call")?);
        }
    }
    Ok(found)
}

/// The member `name` of each line of a file; the content of a string.
fn read_cases(path: &Path, name: &str) -> io::Result<Vec<String>> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(path)?;
    let read = |line: &str| match strict_json::read(line.as_bytes())?.child(name)? {
        Json::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    };
    Ok(text.lines().filter_map(read).collect())
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let paths: io::Result<Vec<PathBuf>> = fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect();
    let mut paths: Vec<PathBuf> = paths?.into_iter().filter(|path| path.is_file()).collect();
    paths.sort();
    Ok(paths)
}

/// JSON strings contain no line breaks, so those in a text are white space.
fn on_one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn add_strings(value: &Json, strings: &mut BTreeSet<Vec<u8>>) {
    strict_json::for_texts(value, &mut |text, _| _ = strings.insert(text.as_bytes().to_vec()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{json_schema, path_and_url, policy_text, policy_yaml};

    #[test]
    fn nothing_is_wrong_with_what_the_engine_makes_of_the_seeds() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let seeds = collect(&root).expect("the checkout");
        assert_eq!(seeds.len(), 7);
        for Seeds { target, inputs } in seeds {
            let check = match target {
                "request_reader" => request_reader::check,
                "policy_text" => policy_text::check,
                "policy_yaml" => policy_yaml::check,
                "evaluator" => evaluator::check,
                "json_schema" => json_schema::check,
                "when" => when::check,
                _ => path_and_url::check,
            };
            assert!(inputs.len() >= 100, "{target} has only {} seeds", inputs.len());
            for input in inputs {
                assert_eq!(check(&input), Ok(()), "{target}: {:?}", String::from_utf8_lossy(&input));
            }
        }
    }
}
