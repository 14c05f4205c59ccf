//! Policies in JSON, in JSON with comments and in YAML: what is read, what is refused, and where.

#![expect(clippy::expect_used, reason = "a test states what must hold by failing")]
#![expect(clippy::arithmetic_side_effects, reason = "a test counts a few values")]

use std::fs;
use std::time::{Duration, Instant};

use callgate_engine::policy::text::convert::{content, convert};
use callgate_engine::policy::text::{Diagnostic, Format, Positions};
use callgate_engine::{compile, validate};
use callgate_test_support::checkout_path;

/// The findings about a text: `code line:column-line:column pointer: message [fix]` for each finding, in order.
fn findings(text: &str, format: Format) -> Vec<String> {
    let problems = match format.parse(text).and_then(validate) {
        Ok(policy) => policy.findings().to_vec(),
        Err(problems) => problems,
    };
    let positions = Positions::new(text, format);
    let show = |finding: &Diagnostic| {
        let (start, end) =
            (positions.position(&finding.span), positions.position(&(finding.span.end..finding.span.end)));
        let fix = finding.fix.as_deref().map(|fix| format!(" [{fix}]")).unwrap_or_default();
        let place = format!("{}:{}-{}:{}", start.line, start.column, end.line, end.column);
        format!("{} {place} {}: {}{fix}", finding.code, start.pointer.unwrap_or_default(), finding.message)
    };
    problems.iter().map(show).collect()
}

/// The content of a text as JSON.
#[track_caller]
fn check(text: &str, format: Format, expected: &str) {
    assert_eq!(content(text, format).as_deref(), Ok(expected), "{text}");
}

/// Checks that a text is refused with these findings; each expectation is the start of one.
#[track_caller]
fn refuse(text: &str, format: Format, expected: &[&str]) {
    // Most of the texts are not policies, which does not matter here.
    let is_of_the_text = |finding: &String| !finding.starts_with("missing_key") && !finding.starts_with("wrong_type");
    let seen: Vec<String> = findings(text, format).into_iter().filter(is_of_the_text).collect();
    let is_equal =
        seen.len() == expected.len() && seen.iter().zip(expected).all(|(seen, start)| seen.starts_with(start));
    assert!(is_equal, "{text}\n{seen:#?}\n{expected:#?}");
    assert!(content(text, format).is_err(), "{text}");
}

/// A policy in each of the formats, with a mistake at the same place.
const MISTAKES: [(Format, &str); 3] = [
    (
        Format::Json,
        r#"{
  "version": "callgate-1",
  "tools": ["view"],
  "roles": { "agent": {} },
  "rules": [
    { "effect": "Allow", "tool_name": "view", "roles": ["agnet"] },
    { "tool_name": "view", "roles": ["agent"], "condition": { "Alll": [] } }
  ]
}
"#,
    ),
    (
        Format::JsonWithComments,
        r#"{
  // A comment.
  "version": "callgate-1",
  "tools": ["view"], /* Another "comment", */
  "roles": { "agent": {}, },
  "rules": [
    { "effect": "Allow", "tool_name": "view", "roles": ["agnet"] },
    { "tool_name": "view", "roles": ["agent"], "condition": { "Alll": [] } },
  ],
}
"#,
    ),
    (
        Format::Yaml,
        "# é: a comment.
version: callgate-1
tools: [view]
roles: { agent: {} }
rules:
  - effect: Allow
    tool_name: view
    roles: [agnet]
  - tool_name: view
    roles: [agent]
    condition:
      Alll: []
",
    ),
];

#[test]
fn findings_have_the_same_pointers_in_each_format() {
    let expected = [
        "unknown_role /rules/0/roles/0: `agnet` is not declared in `roles` [did you mean `agent`?]",
        "missing_key /rules/1: `effect` is missing",
        "unknown_condition /rules/1/condition/Alll: `Alll` is not a condition of `callgate-1` [did you mean `All`?]",
    ];
    for (format, text) in MISTAKES {
        let without_place = |finding: String| {
            let mut parts = finding.splitn(3, ' ');
            format!("{} {}", parts.next().expect("a code"), parts.nth(1).expect("the rest"))
        };
        let seen: Vec<String> = findings(text, format).into_iter().map(without_place).collect();
        assert_eq!(seen, expected, "{format:?}");
    }
    let places = |format: Format, text: &str| -> Vec<String> {
        findings(text, format).iter().map(|finding| finding.split(' ').nth(1).expect("a place").to_owned()).collect()
    };
    let [json, comments, yaml] = MISTAKES.map(|(format, text)| places(format, text));
    assert_eq!(json, ["6:57-6:64", "7:5-7:6", "7:63-7:69"]);
    assert_eq!(comments, ["7:57-7:64", "8:5-8:6", "8:63-8:69"]);
    assert_eq!(yaml, ["8:13-8:18", "9:5-9:5", "12:7-12:11"]);
}

#[test]
fn each_policy_gives_the_same_image_in_each_format() {
    let mut compared = 0;
    for directory in ["policies", "testdata/http"] {
        for entry in fs::read_dir(checkout_path(directory)).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a text");
            let is_json = path.extension().is_some_and(|extension| extension == "json");
            // Some files are not policies, or they are perso policies, which are JSON.
            let policy = is_json.then(|| Format::Json.parse(&text).and_then(validate).ok()).flatten();
            let Some(policy) = policy.filter(|_| text.contains("\"callgate-1\"")) else { continue };
            let (image, warnings) = (compile(&policy), policy.findings().len());
            for format in Format::ALL {
                let written = convert(&text, Format::Json, format).expect("a text");
                let commented = if format == Format::Json { written } else { with_comments(&written, format) };
                let other =
                    format.parse(&commented).and_then(validate).unwrap_or_else(|e| panic!("{commented}\n{e:#?}"));
                assert_eq!(other.findings().len(), warnings, "{}: {commented}", path.display());
                // The digest and the length are those of the file.
                assert!(without_digest(&compile(&other)) == without_digest(&image), "{}: {commented}", path.display());
                compared += 1;
            }
        }
    }
    assert!(compared >= 18, "{compared}");
}

/// Adds a comment after every line.
fn with_comments(text: &str, format: Format) -> String {
    let comment = if format == Format::Yaml { " # a: [b" } else { " // \"a\": [" };
    text.lines().map(|line| format!("{line}{comment}\n")).collect()
}

/// The image without the digest and the length of the policy text.
fn without_digest(image: &[u8]) -> Vec<u8> {
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let digest = image.windows(64).position(|window| window.iter().all(is_hex)).expect("a digest");
    let (before, after) = image.split_at(digest);
    [before, after.get(68..).expect("the length")].concat()
}

#[test]
fn yaml_has_the_values_of_json() {
    let yaml = Format::Yaml;
    check("a: [true, false, null, 1.50, -0, 1e5]", yaml, r#"{"a":[true,false,null,1.50,-0,1e5]}"#);
    check("a: ['true', \"null\", '1']", yaml, r#"{"a":["true","null","1"]}"#);
    check("a: Yes and no\nb: 15m\nc: 10.0.0.0/8", yaml, r#"{"a":"Yes and no","b":"15m","c":"10.0.0.0/8"}"#);
    check("a: own && args.amount > 0 # why", yaml, r#"{"a":"own && args.amount > 0"}"#);
    check("a: |\n  x\n   y\n\n  z\nb: >-\n  one\n  line\n", yaml, r#"{"a":"x\n y\n\nz\n","b":"one line"}"#);
    check("a: x\n  y\nb: \"x\n  y\\\n  z\"", yaml, r#"{"a":"x y","b":"x yz"}"#);
    check("--- # start\na:\n- 1\n- - 2\n  - 3\n...\n", yaml, r#"{"a":[1,[2,3]]}"#);
    check("{\"a\": [1, {\"b\": \"\\u00e9\\n\"}],}", yaml, r#"{"a":[1,{"b":"é\n"}]}"#);
    check("a:\r\n  - é: \u{1f600}\r\n", yaml, r#"{"a":[{"é":"😀"}]}"#);
    check("? a\n: b\n\"on\": 'it''s'\n\"<<\": x", yaml, r#"{"a":"b","on":"it's","<<":"x"}"#);
}

#[test]
fn ambiguous_scalars_are_refused_in_every_place() {
    let scalars = [
        "yes",
        "Yes",
        "NO",
        "on",
        "OFF",
        "y",
        "N",
        "True",
        "FALSE",
        "Null",
        "NULL",
        "~",
        "=",
        "0x1F",
        "0o17",
        "0b1",
        "017",
        "1_000",
        ".5",
        "+1",
        "1.",
        "-.5",
        ".inf",
        "-.INF",
        ".nan",
        "12:30",
        "1:30:45.5",
        "2026-11-28",
        "2026-11-28T10:00:00Z",
    ];
    for scalar in scalars {
        let end = 4 + scalar.len();
        let at_4 = format!("ambiguous_yaml 1:4-1:{end} /a: `{scalar}` is ambiguous");
        refuse(&format!("a: {scalar}"), Format::Yaml, &[&at_4]);
        refuse(&format!("a: {scalar} # a comment\r\nb: 2\r\n"), Format::Yaml, &[&at_4]);
        let in_flow = format!("ambiguous_yaml 2:10-2:{} /é/1/b: `{scalar}` is ambiguous", end + 6);
        refuse(&format!("é:\n [x, {{b: {scalar} }}]"), Format::Yaml, &[&in_flow]);
        let item = format!("ambiguous_yaml 2:3-2:{} /1: `{scalar}` is ambiguous", end - 1);
        refuse(&format!("- \"{scalar}\"\n- {scalar}\n- '{scalar}'\n"), Format::Yaml, &[&item]);
        let key = format!("ambiguous_yaml 2:3-2:{} /a/{scalar}: the key `{scalar}` is ambiguous", end - 1);
        refuse(&format!("a:\n  {scalar}: 1\n"), Format::Yaml, &[&key.replace("/~:", "/~0:")]);
        check(&format!("a: \"{scalar}\""), Format::Yaml, &format!("{{\"a\":\"{scalar}\"}}"));
        check(&format!("a: |-\n  {scalar}"), Format::Yaml, &format!("{{\"a\":\"{scalar}\"}}"));
    }
    for key in ["true", "null", "1", "-1.5"] {
        let end = key.len() + 1;
        let message = format!("the key `{key}` is ambiguous, because not every program reads it as a string");
        let expected = format!("ambiguous_yaml 1:1-1:{end} /{key}: {message} [quote it: `\"{key}\"`]");
        refuse(&format!("{key}: 1"), Format::Yaml, &[&expected]);
    }
    let word =
        "`True` is ambiguous, because programs read it as different types [write `true`, or `\"True\"` for the string]";
    refuse("a: True", Format::Yaml, &[&format!("ambiguous_yaml 1:4-1:8 /a: {word}")]);
    let number = "`0x1F` is ambiguous, because programs read it as different types [quote it: `\"0x1F\"`]";
    refuse("a: 0x1F", Format::Yaml, &[&format!("ambiguous_yaml 1:4-1:8 /a: {number}")]);
}

#[test]
fn what_yaml_adds_to_json_is_refused() {
    let yaml = Format::Yaml;
    refuse("a: 1\nb: 2\na: 3", yaml, &["duplicate_key 3:1-3:2 /a: the key `a` is duplicated"]);
    refuse("{a: 1, \"\\u0061\": 2}", yaml, &["duplicate_key 1:8-1:16 /a: the key `a` is duplicated"]);
    refuse("a:\n  <<: {b: 1}", yaml, &["unsupported_yaml 2:3-2:5 /a/<<: merge keys are not supported [write out"]);
    refuse("a: &x [1]\nb: 2", yaml, &["unsupported_yaml 1:4-1:5 /a: anchors are not supported [remove the anchor"]);
    refuse(
        "a: &x 1\nb: *x",
        yaml,
        &[
            "unsupported_yaml 1:4-1:5 /a: anchors are not",
            "unsupported_yaml 2:4-2:6 /b: aliases are not supported [write out",
        ],
    );
    refuse("a: *x", yaml, &["unsupported_yaml 1:4-1:5 : aliases are not supported [write out the value]"]);
    refuse("a: !!str 1", yaml, &["unsupported_yaml 1:4-1:5 /a: tags are not supported [remove the tag"]);
    refuse("a: ! x", yaml, &["unsupported_yaml 1:4-1:5 /a: tags are not supported"]);
    refuse("- !x {b: 1}", yaml, &["unsupported_yaml 1:3-1:4 /0: tags are not supported"]);
    refuse(
        "%YAML 1.1\n---\na: 1",
        yaml,
        &["unsupported_yaml 1:1-1:10 : directives are not supported [remove this line]"],
    );
    refuse("%TAG ! x:\n--- {a: 1}", yaml, &["unsupported_yaml 1:1-1:10 : directives"]);
    refuse("a: 1\n---\nb: 1", yaml, &["unsupported_yaml 2:1-2:4 : a policy must be one YAML document"]);
    refuse("a: 1\n...\nb: 1", yaml, &["unsupported_yaml 3:1-3:1 : a policy must be one YAML document"]);
    refuse("? [a]\n: 1", yaml, &["unsupported_yaml 1:3-1:4 : a key must be a string"]);
    refuse("? {a: 1}\n: 1", yaml, &["unsupported_yaml 1:3-1:4 : a key must be a string"]);
    refuse(": 1", yaml, &["ambiguous_yaml 1:1-1:1 : a key is missing before `:`"]);
    refuse(
        "a:\nb: 1",
        yaml,
        &["ambiguous_yaml 1:1-1:2 /a: a value is missing, which YAML reads as null [write the value"],
    );
    refuse("a:\n  b:\n  c: 1", yaml, &["ambiguous_yaml 2:3-2:4 /a/b: a value is missing"]);
    refuse("{a, b: 1}", yaml, &["ambiguous_yaml 1:2-1:3 /a: a value is missing"]);
    refuse("-\n- 1", yaml, &["ambiguous_yaml 1:2-1:2 /0: a value is missing"]);
    refuse("a: 1e999", yaml, &["number_out_of_range 1:4-1:9 /a: this number is out of range [use an absolute"]);
}

#[test]
fn what_is_not_yaml_is_refused_where_it_ends() {
    let yaml = Format::Yaml;
    refuse("", yaml, &["invalid_yaml 1:1-1:1 : the policy has no YAML document"]);
    refuse("# only a comment\n", yaml, &["invalid_yaml 1:1-1:1 : the policy has no YAML document"]);
    refuse("a:\n\t- b", yaml, &["invalid_yaml 2:2-2:3 : the policy is not valid YAML at this position: tabs"]);
    refuse("é: [1, 2\nb: 1", yaml, &["invalid_yaml 2:"]);
    refuse(
        "é: \"\\q\"",
        yaml,
        &["invalid_yaml 1:4-1:5 : the policy is not valid YAML at this position: while parsing a quoted"],
    );
    refuse("a: b: c", yaml, &["invalid_yaml 1:5-1:6 : the policy is not valid YAML at this position: mapping values"]);
    refuse(
        "a: @b",
        yaml,
        &["invalid_yaml 1:4-1:5 : the policy is not valid YAML at this position: unexpected character: '@'"],
    );
    refuse("[a, , b]", yaml, &["invalid_yaml 1:5-1:6 "]);
    refuse("\u{feff}a: 1", yaml, &["invalid_yaml 1:1-1:2 : the policy starts with a byte-order mark"]);
    // A comment must not hide a line that some programs read.
    for (text, place) in
        [("a: 1 # x\rb: 2", "1:9-1:10"), ("a: 1 # é\u{85}b: 2", "1:9-1:10"), ("# \u{2028}b: 2\na: 1", "1:3-1:4")]
    {
        refuse(text, yaml, &[&format!("invalid_yaml {place} : this line break is not one for every program")]);
    }
    refuse(
        "a: b # \u{202e}c",
        yaml,
        &["invalid_yaml 1:8-1:9 : this character changes the direction of the text around it"],
    );
    check("a: \"\\u202e\"", yaml, "{\"a\":\"\u{202e}\"}");
    for text in ["a: \"\u{0}\"", "a: \"\u{7f}\"", "a: \"\u{feff}\"", "a: \"\u{1b}\""] {
        refuse(text, yaml, &["invalid_yaml 1:5-1:6 : this character is not allowed in YAML [remove it"]);
    }
}

#[test]
fn json_with_comments_is_json_apart_from_comments_and_last_commas() {
    let jsonc = Format::JsonWithComments;
    check("// a\n{\"a\": /* b */ [1, 2,], // \"c\": 1\n}", jsonc, r#"{"a":[1,2]}"#);
    check("{\"a\": \"/* x */ // é\"}", jsonc, r#"{"a":"/* x */ // é"}"#);
    check("/* é */[\"é\", /**/ \"\\u00e9\"]", jsonc, r#"["é","é"]"#);
    for text in [
        "[,]",
        "[1,,]",
        "{,}",
        "{\"a\":,}",
        "{a: 1}",
        "{'a': 1}",
        "[1] [2]",
        "# a\n[]",
        "[01]",
        "\u{feff}[]",
        "[1 / 2]",
    ] {
        assert!(content(text, jsonc).is_err(), "{text}");
    }
    refuse("[1, /* é */ x]", jsonc, &["invalid_json 1:13-1:14 : the policy is not valid JSON at this position"]);
    refuse("[1] /* é", jsonc, &["invalid_json 1:5-1:7 : this comment has no end [write `*/` at its end]"]);
    refuse(
        "[1] // é\r[2]",
        jsonc,
        &["invalid_json 1:9-1:10 : this line break in a comment is not one for every program"],
    );
    check("[1] // é", jsonc, "[1]");
}

#[test]
fn json_names_the_format_that_has_comments() {
    for (text, place) in
        [("// a\n{}", "1:1-1:2"), ("{\n/* a */}", "2:1-2:2"), ("[1, // a\n2]", "1:5-1:6"), ("[] // a", "1:4-1:5")]
    {
        let expected =
            format!("invalid_json {place} : JSON has no comments [name the file `.jsonc`, or remove the comment]");
        refuse(text, Format::Json, &[&expected]);
    }
    refuse("[1,]", Format::Json, &["invalid_json 1:4-1:5 : the policy is not valid JSON at this position"]);
}

#[test]
fn a_perso_policy_is_json() {
    let seen = findings("version: perso-1", Format::Yaml);
    let expected =
        "perso_format 1:10-1:17 /version: a perso policy must be JSON, not YAML [name the file `.json`, or run";
    assert!(seen.len() == 1 && seen[0].starts_with(expected), "{seen:?}");
    let seen = findings("{\"version\": \"perso-1\"}", Format::JsonWithComments);
    assert!(seen.len() == 1 && seen[0].contains("must be JSON, not JSON with comments"), "{seen:?}");
}

#[test]
fn nesting_is_limited_as_in_json() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    for format in Format::ALL {
        assert!(content(&nested(128), format).is_ok(), "{format:?}");
        let seen = findings(&nested(129), format);
        assert!(
            seen.len() == 1 && seen[0].contains(" 1:129-1:130 : objects and lists nest deeper than 128"),
            "{seen:?}"
        );
    }
    let lines = |depth: usize| {
        (0..depth).map(|level| format!("{:level$}a:\n", "")).collect::<String>() + &" ".repeat(depth) + "b"
    };
    assert!(content(&lines(128), Format::Yaml).is_ok());
    assert!(findings(&lines(129), Format::Yaml)[0].contains("nest deeper than 128"));
}

/// Texts of about a length that cost much if work grows faster than the text.
fn hostile(length: usize) -> Vec<(&'static str, String)> {
    let times = |part: &str| part.repeat(length / part.len());
    let counted = |line: &dyn Fn(usize) -> String| (0..length / 12).map(line).collect::<String>();
    vec![
        ("dashes", times("- ")),
        ("brackets", times("[")),
        ("braces", times("{a: ")),
        ("nested lists", times(&("[".repeat(120) + &"]".repeat(120) + ","))),
        ("lists of lists", format!("[{}]", times(&("[".repeat(100) + &"]".repeat(100) + ",")))),
        ("a flow key", format!("{}: x", times("[a, b],"))),
        ("keys", counted(&|n| format!("k{n}: v\n"))),
        ("keys on a line", format!("{{{}}}", counted(&|n| format!("k{n}: v, ")))),
        ("non-ASCII keys", counted(&|n| format!("é{n}: ü\n"))),
        ("equal keys", times("a: yes\n")),
        ("a long scalar", times("a")),
        ("a long key", times("a") + ": b"),
        ("words", times("a b ")),
        ("a scalar of lines", format!("a: {}", times("b\n  "))),
        ("a quoted scalar of lines", format!("a: \"{}\"", times("b\n  "))),
        ("escapes", format!("a: \"{}\"", times("\\u00e9"))),
        ("a block scalar", format!("a: |\n{}", times("  é\n"))),
        ("an indented block scalar", format!("a: |\n{}b", times(" "))),
        ("blank lines", format!("a: |\n{}b", times("\n"))),
        ("comments", times("# a\n") + "a: b"),
        ("comments in a value", format!("a:\n{}  b", times("  # a\n"))),
        ("question marks", times("? ")),
        ("colons", times(":")),
        ("anchors", counted(&|n| format!("- &a{n} b\n"))),
        ("tags", times("- !a b\n")),
        ("commas", format!("[{}]", times("a,"))),
        ("a byte", times("é ")),
        ("percents", times("%a\n")),
        ("documents", times("---\n")),
        ("quotes", times("\"a\" ")),
        ("ambiguous words", format!("[{}]", times("yes, "))),
        ("indentation", (0..length).take_while(|n| n * n < length * 2).map(|n| format!("{:n$}a:\n", "")).collect()),
        ("open comments", times("/*")),
        ("slashes", times("//\n")),
        ("trailing commas", format!("[{}]", times("[1,],"))),
    ]
}

#[test]
fn work_grows_with_the_text_only() {
    for format in [Format::Yaml, Format::JsonWithComments] {
        for (name, text) in hostile(1 << 18) {
            let start = Instant::now();
            _ = format.parse(&text);
            let took = start.elapsed();
            // Work that grows with the square of the length would take minutes.
            assert!(took < Duration::from_secs(10), "{format:?} {name}: {took:?}");
        }
    }
}
