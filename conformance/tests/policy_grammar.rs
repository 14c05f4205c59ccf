//! The engine and the second reader accept and refuse the same policy texts, as far as the form of a policy goes.
#![expect(clippy::panic, reason = "a test states what must hold by failing")]
#![expect(clippy::arithmetic_side_effects, reason = "a test counts a few values")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use callgate_conformance::generate::Language;
use callgate_conformance::json::Json;
use callgate_conformance::judge::policy_of;
use callgate_conformance::policy;
use callgate_engine::policy::text::Severity;
use callgate_engine::{parse, validate};
use callgate_test_support::{checkout_path, read_checkout};
use fastrand::Rng;

/// The codes of errors in the form of a policy. All other errors are about what its parts mean.
const FORM: [&str; 18] = [
    "condition_keys",
    "invalid_expression",
    "invalid_json",
    "missing_key",
    "several_targets",
    "unknown_case",
    "unknown_condition",
    "unknown_disclosure",
    "unknown_effect",
    "unknown_function",
    "unknown_key",
    "unknown_name",
    "unknown_op",
    "unknown_operation",
    "unknown_source",
    "unknown_version",
    "unknown_weekday",
    "wrong_type",
];

/// Codes of errors in the form that random changes rarely lead to.
const RARE_FORM: [&str; 3] = ["duplicate_key", "roots_and_globs", "several_conditions"];

/// Policies of the generator, and the changes that are tried on each.
const GENERATED: u64 = 150;
const CHANGES_PER_POLICY: usize = 30;

/// Which errors the texts have, how many texts have none, and on which texts the readers differ.
#[derive(Default)]
struct Seen {
    accepted: usize,
    codes: BTreeMap<&'static str, usize>,
    disagreements: BTreeMap<String, String>,
}

impl Seen {
    /// Gives a text to both readers.
    fn compare(&mut self, text: &str) {
        let read = policy::read(text).map(drop).map_err(|error| error.to_string());
        let findings = parse(text).and_then(validate).map(drop).err().unwrap_or_default();
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        let codes: Vec<&str> = errors.map(|finding| finding.code).collect();
        let is_of_form = |code: &&str| FORM.contains(code) || RARE_FORM.contains(code);
        if read.is_ok() == codes.iter().any(is_of_form) {
            // Of the texts with the same errors, one is enough.
            let sort = format!("the reader: {read:?}, the engine: {codes:?}");
            self.disagreements.entry(sort).or_insert_with(|| text.to_owned());
        }
        self.accepted += usize::from(codes.is_empty());
        for code in codes {
            *self.codes.entry(code).or_default() += 1;
        }
    }

    /// Fails if the readers differ, or if too few of the texts are valid.
    #[track_caller]
    fn assert_agreement(&self) {
        let first: Vec<String> =
            self.disagreements.iter().take(5).map(|(sort, text)| format!("{sort}\n{text}")).collect();
        assert!(first.is_empty(), "{} kinds of differences\n{}", self.disagreements.len(), first.join("\n\n"));
        assert!(self.accepted > 1_000, "only {} texts are valid", self.accepted);
    }
}

/// The number of values in a value, itself included.
fn count(value: &Json) -> usize {
    1 + value.parts().into_iter().map(count).sum::<usize>()
}

/// The value at a place, in the order of the text.
fn at(value: &mut Json, place: usize) -> Option<&mut Json> {
    if place == 0 {
        return Some(value);
    }
    let mut before = 1;
    for part in value.parts_mut() {
        let after = before + count(part);
        if place < after {
            return at(part, place - before);
        }
        before = after;
    }
    None
}

/// Misspells a word.
fn misspell(word: &mut String, random: &mut Rng) {
    match random.u8(0..4) {
        0 => word.push('s'),
        1 => drop(word.pop()),
        2 => *word = word.to_uppercase(),
        _ => word.insert(0, ' '),
    }
}

/// Changes the form of a value: another type, a list around it, or other keys or items.
fn change(value: &mut Json, random: &mut Rng) {
    let texts =
        ["null", "true", "false", "0", "-1.5e3", r#""""#, r#""a""#, "[]", "{}", r#"["a"]"#, "[1]", r#"{"a":1}"#];
    let other = random.choice(texts).and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    match (random.u8(0..6), &mut *value) {
        (0, _) => *value = Json::Array(vec![value.clone()]),
        (1, Json::Object(members)) if !members.is_empty() => {
            let member = random.usize(0..members.len());
            members.remove(member);
        }
        (2, Json::Object(members)) if !members.is_empty() => {
            let member = random.usize(0..members.len());
            members.get_mut(member).into_iter().for_each(|(name, _)| misspell(name, random));
        }
        (3, Json::Object(members)) => {
            let name = random.choice(KEYS).unwrap_or_default();
            if members.iter().all(|(known, _)| known != name) {
                members.push((name.to_owned(), other.map(Json::from).unwrap_or(Json::Null)));
            }
        }
        // A list of the values, which serde reads as an object.
        (4, Json::Object(members)) => *value = Json::Array(members.iter().map(|(_, value)| value.clone()).collect()),
        // An object with the word as its key, which serde reads as a word.
        (3, Json::String(word)) => *value = Json::Object(vec![(word.clone(), Json::Null)]),
        (1 | 4, Json::String(word)) => misspell(word, random),
        (1, Json::Array(items)) => drop(items.pop()),
        (4, Json::Array(items)) => items.push(other.map(Json::from).unwrap_or(Json::Null)),
        (_, value) => *value = other.map(Json::from).unwrap_or(Json::Null),
    }
}

/// Keys of the language, each of which belongs to few objects, and keys of no object.
const KEYS: [&str; 35] = [
    "ignoreCase",
    "paths",
    "extra",
    "",
    "$schema",
    "description",
    "tools",
    "prompts",
    "servers",
    "inherits",
    "inputSchema",
    "enforceSchema",
    "except",
    "tool_name",
    "prompt_name",
    "resource_uri",
    "operations",
    "condition",
    "server",
    "id",
    "reason",
    "disclose",
    "note",
    "owner",
    "approval",
    "when",
    "by",
    "notSelf",
    "expires",
    "source",
    "field",
    "value",
    "ports",
    "from",
    "default_action",
];

fn to_json(text: &str) -> Json {
    serde_json::from_str::<serde_json::Value>(text).unwrap_or_else(|error| panic!("{error}: {text}")).into()
}

/// Compares the readers on a policy, and on changes of every value in it.
fn change_everywhere(text: &str, random: &mut Rng, seen: &mut Seen) {
    seen.compare(text);
    let policy = to_json(text);
    for place in 0..count(&policy) {
        for _ in 0..4 {
            let mut changed = policy.clone();
            at(&mut changed, place).into_iter().for_each(|value| change(value, random));
            seen.compare(&changed.to_string());
        }
    }
}

#[test]
fn both_readers_accept_the_same_forms_of_callgate_1() {
    let mut random = Rng::with_seed(1);
    let mut seen = Seen::default();
    for seed in 0..GENERATED {
        let policy = policy_of(seed, Language::WHOLE);
        seen.compare(&policy.to_string());
        for _ in 0..CHANGES_PER_POLICY {
            let mut changed = policy.clone();
            let place = random.usize(0..count(&policy));
            at(&mut changed, place).into_iter().for_each(|value| change(value, &mut random));
            seen.compare(&changed.to_string());
        }
    }
    seen.compare("{");
    for file in ["testdata/http/targets.json", "policies/crm.json"] {
        change_everywhere(&read_checkout(file), &mut random, &mut seen);
    }
    for code in FORM {
        assert!(seen.codes.contains_key(code), "no change leads to `{code}`: {:?}", seen.codes);
    }
    seen.assert_agreement();
}

#[test]
fn both_readers_accept_the_same_forms_of_perso_1() {
    let mut random = Rng::with_seed(2);
    let mut seen = Seen::default();
    let entries = fs::read_dir(checkout_path("testdata/perso-1/policies")).unwrap_or_else(|error| panic!("{error}"));
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.push(checkout_path("policies/crm-perso.json"));
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
            change_everywhere(&text, &mut random, &mut seen);
        } else {
            seen.compare(&text);
        }
    }
    seen.assert_agreement();
}
