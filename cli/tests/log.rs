//! `callgate log verify` on tampered logs, and `callgate config`.
#![expect(clippy::expect_used, reason = "a failed test panics")]

use std::cell::Cell;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use callgate_edge_core::{Deployment, Head, Platform, Settings};
use callgate_engine::PolicyImage;
use callgate_test_support::{Edge, image_of};
use serde_json::{Value, json};

const POLICY: &str = r#"{"version":"callgate-1","tools":["t"],"roles":{"r":{}},
    "rules":[{"effect":"Allow","tool_name":"t","roles":["r"]}]}"#;

const CALL: &str = r#"{"tool":"t","role":"r","server":"s","args":{"b":1.50,"a":["x",{"note":"y"}]}}"#;

thread_local! {
    static NEXT_ID: Cell<u8> = const { Cell::new(0) };
}

/// The bytes of the next ID.
#[expect(clippy::unnecessary_wraps, reason = "a host may fail to give random bytes")]
fn next_id() -> Option<[u8; 16]> {
    Some([NEXT_ID.replace(NEXT_ID.get().wrapping_add(1)); 16])
}

/// The standard output of one instance after `count` calls; `first` determines the ID of its chain.
fn log_of(format: &str, first: u8, count: u8) -> Vec<String> {
    let bytes = image_of(POLICY);
    let image = PolicyImage::open(&bytes).expect("an image");
    let config = format!(
        r#"{{"log":{{"mode":"required","format":"{format}","labels":{{"env":"prod"}},"arguments":"masked",
            "mask":["note"],"chain":true}}}}"#
    );
    let platform = Platform { now: || Some(0), random: next_id, ip_header: None, country_header: None };
    let key = "p:key-0123456789abcdef".to_owned();
    let deployment = Deployment::new(image, &Settings::new([Some(key), Some(config), None, None, None]), platform);
    assert_eq!(deployment.mistake(), None);
    let head = Head {
        method: "POST",
        target: "/evaluate",
        credential: Some("Bearer key-0123456789abcdef"),
        content_type: Some("application/json"),
        ..Head::default()
    };
    NEXT_ID.set(first);
    let serve = |_| Edge::with_body(CALL.as_bytes()).serve(&head, &deployment).did.lines;
    (0..count).flat_map(serve).collect()
}

/// The output of `callgate` for `input`, and its exit code.
#[track_caller]
fn run(arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_callgate"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("standard input").write_all(input.as_bytes()).expect("the input is read");
    let output = child.wait_with_output().expect("the program ends");
    (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
}

/// Compares the breaks in `lines` with the expected ones, each as the start of a line.
#[track_caller]
fn check(lines: &[impl AsRef<str>], expected: &[&str]) {
    let input: String = lines.iter().map(|line| format!("{}\n", line.as_ref())).collect();
    let (code, out) = run(&["log", "verify"], &input);
    let breaks: Vec<&str> = out.lines().filter_map(|line| line.strip_prefix("standard input:")).collect();
    let (verdict, breaks) = breaks.split_last().expect("a verdict");
    let is_as_expected =
        breaks.len() == expected.len() && breaks.iter().zip(expected).all(|(seen, start)| seen.starts_with(start));
    assert!(is_as_expected, "expected {expected:?}:\n{out}");
    assert_eq!(code, Some(i32::from(!expected.is_empty())), "{verdict}");
}

#[test]
fn an_untouched_log_has_no_break() {
    for format in ["cloudevents", "opa"] {
        let lines = log_of(format, 1, 5);
        check(&lines, &[]);
        let input = lines.join("\n");
        let (code, out) = run(&["log", "verify"], &input);
        let last: Value = serde_json::from_str(lines.last().expect("a line")).expect("JSON");
        let holder = if format == "opa" { "result" } else { "data" };
        let hash = last[holder]["chain"]["hash"].as_str().expect("a hash");
        let expected = format!(
            "chain 01010101-0101-4101-8101-010101010101: records 0 to 4, last hash {hash}\n\
             standard input: 5 records, 1 chain: no break found\n"
        );
        assert_eq!((code, out), (Some(0), expected));
    }
}

#[test]
fn chains_of_many_instances_and_other_lines_are_mixed_as_they_come() {
    let (first, second) = (log_of("cloudevents", 1, 3), log_of("opa", 100, 3));
    let mut lines: Vec<String> = first.into_iter().zip(second).flat_map(|(a, b)| [a, b]).collect();
    lines.insert(2, "starting on port 3000".to_owned());
    lines.insert(4, String::new());
    check(&lines, &[]);
    let (_, out) = run(&["log", "verify"], &lines.join("\r\n"));
    assert!(out.ends_with(": 6 records, 2 chains, 1 line outside a chain: no break found\n"), "{out}");
}

#[test]
fn a_collector_may_format_a_record_anew_and_store_a_batch_twice() {
    let mut lines = log_of("cloudevents", 1, 3);
    // The members are sorted by name and separated by white space.
    let value: Value = serde_json::from_str(&lines[1].replace("1.50", "null")).expect("JSON");
    assert_ne!(value.to_string(), lines[1]);
    lines[1] = serde_json::to_string_pretty(&value).expect("JSON").replace('\n', " ").replacen("null", "1.50", 1);
    let twice = [lines.clone(), lines].concat();
    check(&twice, &[]);
}

/// The JSON pointers of all parts of a value.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| pointers(member, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
    if !at.is_empty() {
        found.push(at.to_owned());
    }
}

#[test]
fn each_field_that_is_changed_or_taken_out_is_found() {
    for format in ["cloudevents", "opa"] {
        let lines = log_of(format, 1, 3);
        let untouched: Value = serde_json::from_str(&lines[1]).expect("JSON");
        let mut places = Vec::new();
        pointers(&untouched, "", &mut places);
        assert!(places.len() > 25, "{places:?}");
        for place in places {
            let (parent, name) = place.rsplit_once('/').expect("a pointer");
            for is_taken_out in [false, true] {
                let mut changed = untouched.clone();
                match changed.pointer_mut(parent).expect("a parent") {
                    Value::Object(members) if is_taken_out => drop(members.remove(name)),
                    Value::Object(members) => {
                        let other = match &members[name] {
                            Value::String(text) => json!(format!("{text}x")),
                            Value::Number(_) => json!(1_000_000),
                            Value::Null => json!(false),
                            _ => json!("x"),
                        };
                        members.insert(name.to_owned(), other);
                    }
                    Value::Array(items) => items.clear(),
                    _ => panic!("{place} has a parent"),
                }
                let tampered = [&lines[0], &changed.to_string(), &lines[2]].map(String::as_str).join("\n");
                let (code, out) = run(&["log", "verify"], &tampered);
                assert_eq!(code, Some(1), "{format}: {place}: {out}");
                // A record that is no longer in the chain is missing from it.
                let is_named = out.starts_with("standard input:2: changed: record ")
                    || out.starts_with("standard input:3: missing: record 1 ");
                assert!(is_named, "{format}: {place}: {out}");
            }
        }
    }
}

#[test]
fn a_member_that_is_put_in_is_found() {
    let mut lines = log_of("opa", 1, 3);
    lines[1] = lines[1].replacen('{', r#"{"note":1,"#, 1);
    check(&lines, &["2: changed: record 1 of chain 01010101-"]);
}

#[test]
fn a_line_that_is_dropped_is_found() {
    let lines = log_of("cloudevents", 1, 5);
    let without = |at: usize| {
        let mut left = lines.clone();
        left.remove(at);
        left
    };
    check(&without(2), &["3: missing: record 2 of chain 01010101-0101-4101-8101-010101010101, before record 3"]);
    check(&without(0), &["1: missing: record 0 of chain 01010101-0101-4101-8101-010101010101, before record 1"]);
    check(&[&lines[0], &lines[4]], &["2: missing: records 1 to 3 of chain "]);
}

#[test]
fn lines_that_are_swapped_are_found() {
    let mut lines = log_of("cloudevents", 1, 4);
    lines.swap(1, 2);
    check(
        &lines,
        &["3: reordered: record 1 of chain 01010101-0101-4101-8101-010101010101 is after record 2 on line 2"],
    );
    lines.reverse();
    check(&lines, &["2: reordered: record 1 ", "3: reordered: record 2 ", "4: reordered: record 0 "]);
}

#[test]
fn a_record_that_was_rewritten_with_its_hash_is_found_by_the_next() {
    // An attacker who can compute hashes: the same call at another time, in the same position of the same chain.
    let lines = log_of("cloudevents", 1, 4);
    let other = log_of("cloudevents", 1, 4);
    assert_eq!(lines, other, "records of the same calls at the same times are the same");
    let forged = rewritten(&lines[1]);
    check(
        &[&lines[0], &forged, &lines[2], &lines[3]],
        &["3: unlinked: record 2 of chain 01010101-0101-4101-8101-010101010101 does not follow the record 1 on line 2"],
    );
    check(&[&lines[0], &lines[1], &forged, &lines[2]], &["3: repeated: "]);
    let start = rewritten(&lines[0]);
    check(&[&lines[0], &lines[1], &start], &["3: restarted: "]);
}

/// The record with another decision, and the matching hash.
fn rewritten(line: &str) -> String {
    use callgate_edge_core::log::{hash_text, record_hash};
    let line = line.replace("Allow", "Deny");
    let record = callgate_engine::json::read(line.as_bytes(), 32).expect("JSON");
    let hash = hash_text(&record_hash(record).expect("a hash"));
    let value: Value = serde_json::from_str(&line).expect("JSON");
    line.replace(value.pointer("/data/chain/hash").and_then(Value::as_str).expect("a hash"), &hash)
}

#[test]
fn what_a_chain_can_not_show_is_not_claimed() {
    let lines = log_of("cloudevents", 1, 4);
    // Without a hash that was stored elsewhere, nothing shows that the chain continued.
    check(&lines[..3], &[]);
    // The same applies to a changed last record with a new hash.
    check(&[&lines[0], &lines[1], &rewritten(&lines[2])], &[]);
    // However, the printed last hash differs from the stored one.
    let last =
        |lines: &[String]| run(&["log", "verify"], &lines.join("\n")).1.lines().next().expect("a chain").to_owned();
    assert_ne!(last(&lines), last(&lines[..3]));
    assert_ne!(last(&lines[..3]), last(&[lines[0].clone(), lines[1].clone(), rewritten(&lines[2])]));
}

#[test]
fn a_part_of_a_log_may_begin_in_the_middle_where_that_is_said() {
    let lines = log_of("cloudevents", 1, 4);
    let part = lines[2..].join("\n");
    assert_eq!(run(&["log", "verify"], &part).0, Some(1));
    assert_eq!(run(&["log", "verify", "--partial"], &part).0, Some(0));
}

/// Whether a terminal shows a text unchanged: it has no control characters except line breaks, and does not change the
/// text direction.
fn is_harmless(text: &str) -> bool {
    !text.chars().any(|c| (c.is_control() && c != '\n') || ('\u{2000}'..='\u{206f}').contains(&c) && c != '…')
}

#[test]
fn a_log_can_not_change_what_a_terminal_shows() {
    let id = r"x\u001b[2J\u001b[H\nstandard input: 5 records, 1 chain: no break\r\u009b1A\u202e";
    let record = |id: &str, hash: &str| {
        format!(r#"{{"data":{{"chain":{{"id":"{id}","sequence":3,"previous":"p","hash":"{hash}"}}}}}}"#)
    };
    // With the characters as escapes, and unescaped as far as JSON allows.
    for (id, hash) in [(id, id), ("x\u{9b}2J\u{7f}\u{202e}", "\u{9b}2J"), (&*"x".repeat(5000), &*"y".repeat(5000))] {
        let (code, out) = run(&["log", "verify"], &format!("{}\n", record(id, hash)));
        assert_eq!(code, Some(1), "{out}");
        assert!(is_harmless(&out), "{out:?}");
        assert!(out.contains("chain \"x") && out.len() < 1000, "{out:?}");
        // Each line is the program's own.
        assert_eq!(out.lines().filter(|line| line.starts_with("standard input: ")).count(), 1, "{out:?}");
    }
}

#[test]
fn a_configuration_can_not_change_what_a_terminal_shows() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.json");
    fs::write(&file, "{\"a\\u001b[2J\\n: ok\u{9b}\": 1}").expect("a configuration");
    let (code, out) = run(&["config", file.to_str().expect("UTF-8")], "");
    assert_eq!(code, Some(1), "{out}");
    assert!(is_harmless(&out) && out.lines().count() == 1, "{out:?}");
}

#[test]
fn a_log_without_a_chain_proves_nothing() {
    for input in ["", "\n", "{}\n", "no JSON\n", "{\"data\":{\"chain\":{\"id\":\"x\"}}}\n"] {
        let (code, out) = run(&["log", "verify"], input);
        assert_eq!(code, Some(1), "{out}");
        assert!(out.ends_with(": no record has a chain\n"), "{out}");
    }
    let long = format!("{}\n{}\n", "x".repeat(3_000_000), log_of("opa", 1, 1).concat());
    let (code, out) = run(&["log", "verify"], &long);
    assert!(out.ends_with(": 1 record, 1 chain, 1 line outside a chain: no break found\n"), "{out}");
    assert_eq!(code, Some(0));
    assert_eq!(run(&["log", "verify", "no-such.jsonl"], "").0, Some(2));
}

#[test]
fn a_configuration_is_checked_before_it_is_deployed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.json");
    let file = path.to_str().expect("UTF-8");
    for (text, code, expected) in [
        (r#"{"log":{"mode":"required"}}"#, 0, ": ok\n"),
        ("{}", 0, ": ok\n"),
        ("", 1, ":1:0: the configuration is blank; write `{}` for the defaults, or unset `CALLGATE_CONFIG`\n"),
        (" \n", 1, ":2:0: the configuration is blank; write `{}` for the defaults, or unset `CALLGATE_CONFIG`\n"),
        (r#"{"log":{"mode":"on"}}"#, 1, ": /log/mode must be `off`, `best-effort` or `required`\n"),
        ("{\n  \"log\": {,}\n}", 1, ":2:11: the configuration must be exactly one JSON object\n"),
        (r#"{"log":{},"log":{}}"#, 1, ": the configuration has an object with a duplicate key\n"),
    ] {
        fs::write(&path, text).expect("a scratch file");
        assert_eq!(run(&["config", file], ""), (Some(code), format!("{file}{expected}")));
    }
    fs::remove_file(&path).expect("the scratch file");
    assert_eq!(run(&["config", file], "").0, Some(2));
}
