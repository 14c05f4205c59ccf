//! `callgate fmt`, run as by a user: it changes the form of a policy and nothing else.
#![expect(clippy::expect_used, reason = "a failed test panics")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use callgate_engine::Format;
use callgate_engine::policy::text::convert::{content, convert};
use callgate_test_support::checkout_path;
use fastrand::Rng;
use serde_json::{Map, Value};
use tempfile::TempDir;

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

#[track_caller]
fn fmt(files: &[PathBuf], more: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callgate"));
    let output = command.arg("fmt").args(files).args(more).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn write(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, text).expect("a file");
    path
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a text")
}

/// Checks that a text gets this form.
#[track_caller]
fn check(name: &str, text: &str, expected: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let files = [write(&directory, name, text)];
    assert_eq!(fmt(&files, &["--check"]).code, Some(i32::from(text != expected)), "{text}");
    assert_eq!(read(&files[0]), text, "--check changes nothing");
    let ended = fmt(&files, &[]);
    assert_eq!((ended.code, &*ended.out, &*ended.err), (Some(0), "", ""), "{text}");
    assert_eq!(read(&files[0]), expected);
    let ended = fmt(&files, &["--check"]);
    assert_eq!((ended.code, &*ended.out), (Some(0), ""), "{expected}");
}

#[test]
fn comments_stay_where_they_are() {
    let yaml = "# A comment.\nversion:   callgate-1   # The language.\n\n\ntools: [a,b]\nrules:\n- {id: x, roles: ['r']}\n\
        # Another.\n- id: z\n  reason: >-\n    a folded\n    text\n  # At the end.\n";
    let formatted = "# A comment.\nversion: callgate-1 # The language.\n\ntools: [a, b]\nrules:\n  - { id: x, roles: [\"r\"] }\n  \
        # Another.\n  - id: z\n    reason: >-\n      a folded\n      text\n    # At the end.\n";
    check("a.yaml", yaml, formatted);
    check("a.yml", &yaml.replace('\n', "\r\n"), formatted);
    let jsonc = "{ // c\n\"version\":\"callgate-1\", /* d */ \"tools\":[\"a\",/* e */ \"b\",], // f\n\n\n// g\n\"rules\":[],}\n// h\n";
    let formatted = "{ // c\n  \"version\": \"callgate-1\", /* d */\n  \"tools\": [\"a\", /* e */ \"b\"], // f\n\n  // g\n  \
        \"rules\": []\n}\n// h\n";
    check("a.jsonc", jsonc, formatted);
    check("a.json", "{\"a\":\n[1.50,\"\\u0041\"]}", "{ \"a\": [1.50, \"\\u0041\"] }\n");
}

#[test]
fn a_text_that_cannot_be_read_is_unchanged() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text, code, problem) in [
        ("a.json", "{} // c", 1, "error[invalid_json]: JSON has no comments"),
        ("a.yaml", "a: &x yes", 1, "error[unsupported_yaml]: anchors are not supported"),
        ("a.yaml", "a: 1\na: 2", 1, "error[duplicate_key]"),
        ("a.txt", "{}", 2, "must end in `.json`, `.jsonc`, `.yaml` or `.yml`"),
    ] {
        let bad = write(&directory, name, text);
        let good = write(&directory, "good.json", "{\"a\":1}");
        let ended = fmt(&[bad.clone(), good.clone()], &[]);
        assert_eq!(ended.code, Some(code), "{text}");
        assert!(ended.err.contains(problem), "{}", ended.err);
        assert_eq!(read(&bad), text);
        // The other files are formatted.
        assert_eq!(read(&good), "{ \"a\": 1 }\n");
    }
    let ended = fmt(&[write(&directory, "b.json", "{\"a\":1}")], &["--check"]);
    assert!(
        ended.code == Some(1) && ended.out.ends_with("b.json: not formatted; run `callgate fmt`\n"),
        "{}",
        ended.out
    );
}

/// A random value with strings that formats write differently.
fn value(rng: &mut Rng, depth: usize) -> Value {
    const TEXTS: [&str; 22] = [
        "",
        "a",
        "on",
        "~",
        "1",
        "12:30",
        "a: b",
        "a #b",
        "- a",
        "*",
        "it's",
        "\"",
        "\\d+$",
        "a\nb",
        " a ",
        "é",
        "\u{1f600}",
        "own && args.amount > 0",
        "?",
        "https://a.example/b?c=d",
        "a, b",
        "{a}",
    ];
    let text = |rng: &mut Rng| {
        let long = if rng.u8(0..10) == 0 { "long ".repeat(40) } else { String::new() };
        format!("{long}{}", rng.choice(TEXTS).unwrap_or_default())
    };
    match rng.u8(0..if depth == 0 { 5 } else { 9 }) {
        0 => Value::Null,
        1 => Value::Bool(rng.bool()),
        2 => Value::from(rng.i32(-1000..1000)),
        3 | 4 => Value::from(text(rng)),
        5 | 6 => (0..rng.usize(0..5)).map(|_| value(rng, depth.saturating_sub(1))).collect(),
        _ => {
            (0..rng.usize(0..5)).map(|_| (text(rng), value(rng, depth.saturating_sub(1)))).collect::<Map<_, _>>().into()
        }
    }
}

/// Adds comments and white space at the ends of some lines.
fn disturb(rng: &mut Rng, text: &str, format: Format) -> String {
    let mut disturbed = String::new();
    for line in text.lines() {
        let comment = match (format, rng.u8(0..8)) {
            (Format::JsonWithComments, 0) => " // comment",
            (Format::JsonWithComments, 1) => "\n/* comment */\n",
            (Format::Yaml, 0) => "   # comment",
            (Format::Yaml, 1) => "\n\n# comment",
            (_, 2) => "\n\n\n",
            (_, 3) => "   ",
            _ => "",
        };
        disturbed.extend([line, comment, "\n"]);
    }
    disturbed
}

#[test]
fn every_policy_and_random_texts_keep_their_content_and_comments() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut rng = Rng::with_seed(20_261_128);
    let mut texts: Vec<String> = (0..150).map(|_| format!("{{\"a\":{}}}", value(&mut rng, 4))).collect();
    for place in ["policies", "testdata/http", "testdata/field"] {
        for entry in fs::read_dir(checkout_path(place)).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "json") {
                texts.push(read(&path));
            }
        }
    }
    let mut files = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        for (format, extension) in [(Format::Json, "json"), (Format::JsonWithComments, "jsonc"), (Format::Yaml, "yaml")]
        {
            let written = convert(text, Format::Json, format).expect("a text");
            let disturbed = disturb(&mut rng, &written, format);
            let before = content(&disturbed, format).unwrap_or_else(|problems| panic!("{disturbed}\n{problems:#?}"));
            files.push((write(&directory, &format!("{at}.{extension}"), &disturbed), format, disturbed, before));
        }
    }
    let paths: Vec<PathBuf> = files.iter().map(|(path, ..)| path.clone()).collect();
    let ended = fmt(&paths, &[]);
    assert_eq!((ended.code, &*ended.out, &*ended.err), (Some(0), "", ""));
    let checked = fmt(&paths, &["--check"]);
    assert_eq!((checked.code, &*checked.out), (Some(0), ""));
    for (path, format, text, before) in files {
        let formatted = read(&path);
        assert_eq!(content(&formatted, format), Ok(before), "{text}\n{formatted}");
        assert_eq!(formatted.matches(" comment").count(), text.matches(" comment").count(), "{text}\n{formatted}");
    }
}
