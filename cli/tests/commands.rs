//! The commands, run as by a user: their output and exit codes.
#![expect(clippy::expect_used, reason = "a failed test panics")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

#[track_caller]
fn run(arguments: &[&str], input: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_callgate"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A command that reads no input may have exited before the write.
    _ = child.stdin.take().expect("standard input").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Writes a file into a directory that is deleted after the test, and returns its path.
fn write(directory: &TempDir, name: &str, text: &str) -> String {
    let path = directory.path().join(name);
    fs::write(&path, text).expect("a file");
    path.into_os_string().into_string().expect("UTF-8")
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

const BROKEN: &str = r#"{ "version": "callgate-1", "tools": ["view"], "roles": { "agent": {} },
  "rules": [
    { "effect": "Allow", "tool_name": "veiw", "roles": ["agent"] },
    { "effect": "allow", "tool_name": "view", "roles": ["agnet"] } ] }
"#;

#[test]
fn a_policy_without_an_error_is_ok() {
    let ended = run(&["check", "policies/crm.json"], "");
    assert_eq!((ended.code, &*ended.out), (Some(0), "policies/crm.json: ok, 0 errors, 0 warnings\n"), "{}", ended.err);
}

#[test]
fn warnings_do_not_fail_a_policy() {
    let ended = run(&["check", "policies/crm-perso.json"], "");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.ends_with("policies/crm-perso.json: ok, 0 errors, 3 warnings\n"), "{}", ended.out);
}

#[test]
fn errors_are_printed_with_their_lines() {
    let directory = directory();
    let file = write(&directory, "errors.json", BROKEN);
    let ended = run(&["check", &file], "");
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let expected = "error[unknown_tool]: `veiw` is not declared in `tools`";
    assert!(ended.out.starts_with(expected), "{}", ended.out);
    assert!(ended.out.contains(":3:39\n"), "the place is printed: {}", ended.out);
    assert!(ended.out.contains("\"tool_name\": \"veiw\""), "the line is shown: {}", ended.out);
    assert!(ended.out.contains("did you mean `view`?"), "{}", ended.out);
    assert!(ended.out.ends_with(": refused, 2 errors, 0 warnings\n"), "{}", ended.out);
    assert!(!ended.out.contains('\u{1b}'), "a file gets no colors");
}

#[test]
fn findings_are_printed_for_programs() {
    let directory = directory();
    let file = write(&directory, "json.json", BROKEN);
    let ended = run(&["check", "--format", "json", &file], "");
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let report: Value = serde_json::from_str(&ended.out).expect("one JSON value");
    let first = report.pointer("/findings/0").expect("a finding");
    let expected: Value = serde_json::from_str(
        r#"{ "severity": "error", "code": "unknown_tool", "message": "`veiw` is not declared in `tools`",
             "fix": "did you mean `view`?", "line": 3, "column": 39, "pointer": "/rules/0/tool_name" }"#,
    )
    .expect("JSON");
    assert_eq!(first, &expected);
    assert_eq!(report.get("ok"), Some(&Value::Bool(false)));
}

#[test]
fn a_file_that_can_not_be_read_is_named() {
    for command in [&["check", "no-such.json"][..], &["eval", "--policy", "no-such.json"]] {
        let ended = run(command, "");
        assert_eq!((ended.code, &*ended.out), (Some(2), ""));
        assert!(ended.err.starts_with("callgate: cannot read `no-such.json`: "), "{}", ended.err);
    }
}

#[test]
fn a_call_is_answered_on_one_line() {
    let call = r#"{"tool":"process_refund","role":"agent","args":{"amount":800}}"#;
    let ended = run(&["eval", "--policy", "policies/crm.json"], call);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(ended.out.lines().count(), 1);
    let answer: Value = serde_json::from_str(&ended.out).expect("one JSON value");
    assert_eq!(answer.pointer("/decision").and_then(Value::as_str), Some("Deny"));
    assert_eq!(answer.pointer("/reason").and_then(Value::as_str), Some("`amount` must be at most 500"));
}

#[test]
fn each_line_is_answered_by_a_line() {
    let calls = "{\"tool\":\"process_refund\",\"role\":\"agent\",\"args\":{\"amount\":500}}\n\n{\"tool\":1}\r\n{\"tool\":\"view_customer\",\"role\":\"ghost\"}";
    let ended = run(&["eval", "--policy", "policies/crm.json", "--jsonl"], calls);
    assert_eq!(ended.code, Some(1), "one of the lines is not a call");
    let codes: Vec<String> =
        ended.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["code"].to_string()).collect();
    assert_eq!(codes, ["\"allowed\"", "\"wrong_type\"", "\"unknown_role\""]);
}

#[test]
fn a_broken_policy_evaluates_nothing() {
    let directory = directory();
    let file = write(&directory, "eval.json", BROKEN);
    let ended = run(&["eval", "--policy", &file], r#"{"tool":"view","role":"agent"}"#);
    assert_eq!((ended.code, &*ended.out), (Some(1), ""));
    assert!(ended.err.contains("error[unknown_tool]"), "{}", ended.err);
}

#[test]
fn a_command_line_that_is_wrong_exits_with_2() {
    assert_eq!(run(&["chekc", "policies/crm.json"], "").code, Some(2));
    assert_eq!(run(&["eval"], "").code, Some(2));
}

#[test]
fn the_policies_that_ship_pass_their_cases_and_every_rule_decides_one() {
    let policies_in = |folder: &str, extension: &str, other: &str| -> Vec<String> {
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder))
            .expect("the policies")
            .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
            .filter(|name| name.ends_with(extension) && !name.ends_with(other))
            .map(|name| format!("{folder}/{name}"))
            .collect()
    };
    let mut policies = policies_in("policies", ".json", ".schema.json");
    policies.extend(policies_in("policies/uses", ".yaml", ".test.yaml"));
    assert!(policies.len() >= 9, "{policies:?}");
    for policy in &policies {
        // The dialect of perso has its warnings.
        if policy != "policies/crm-perso.json" {
            let ended = run(&["check", "--deny-warnings", policy], "");
            assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
        }
        let ended = run(&["test", policy], "");
        assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
        assert!(ended.out.ends_with(" passed, 0 failed\n"), "{}", ended.out);
        assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
    }
}

#[test]
fn a_case_that_fails_is_named_with_what_was_decided() {
    let directory = directory();
    let policy = write(
        &directory,
        "test.json",
        &fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../policies/crm.json")).expect("a policy"),
    );
    let case = |name: &str, amount: u32, expect: &str| {
        let call = format!(r#"{{"tool":"process_refund","role":"agent","args":{{"amount":{amount}}}}}"#);
        format!("{{\"name\":\"{name}\",\"call\":{call},\"expect\":{expect}}}\n")
    };
    let lines = [
        case("right", 800, r#"{"decision":"Deny","code":"condition_failed","rule":"refund-agent"}"#),
        case("wrong", 800, r#"{"decision":"Allow"}"#),
    ];
    write(&directory, "test.test.jsonl", &lines.concat());
    let ended = run(&["test", &policy], "");
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let expected =
        r#"test.test.jsonl:2:1: "wrong": the decision is "Deny", not "Allow" (`amount` must be at most 500)"#;
    assert!(ended.out.contains(expected), "{}", ended.out);
    assert!(ended.out.contains(r#"warning: no test case is decided by the rule "delete-own""#), "{}", ended.out);
    assert!(ended.out.ends_with(": 1 passed, 1 failed\n"), "{}", ended.out);
}

#[test]
fn a_case_file_that_is_missing_or_broken_is_named() {
    let directory = directory();
    let policy = write(
        &directory,
        "alone.json",
        &fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../policies/crm.json")).expect("a policy"),
    );
    let ended = run(&["test", &policy], "");
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("alone.test.jsonl`: "), "{}", ended.err);
    write(&directory, "alone.test.jsonl", "{\"name\":\"x\"}\n");
    let ended = run(&["test", &policy], "");
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.ends_with("alone.test.jsonl:1:1: a test case must have the member `expect`\n"), "{}", ended.err);
}

/// Runs `callgate test` on one policy and the lines of its case file.
#[track_caller]
fn run_cases(name: &str, policy: &str, lines: &str) -> Ended {
    let directory = directory();
    let policy = write(&directory, &format!("{name}.json"), policy);
    write(&directory, &format!("{name}.test.jsonl"), lines);
    run(&["test", &policy], "")
}

/// A rule that denies calls from one country, and a rule that allows every call.
const COUNTRY: &str = r#"{ "version": "callgate-1", "tools": ["view"], "roles": { "agent": {} }, "rules": [
    { "id": "all", "effect": "Allow", "tool_name": "view", "roles": ["agent"] },
    { "id": "country", "effect": "Deny", "tool_name": "view", "roles": ["agent"], "condition":
      { "StringCheck": { "source": "Request", "field": "country", "op": "In", "value": ["KP"] } } } ] }"#;

#[test]
fn null_expects_that_no_rule_decides() {
    let case = |tool: &str, expect: &str| {
        let call = format!(r#"{{"tool":"{tool}","role":"agent"}}"#);
        format!("{{\"name\":\"x\",\"call\":{call},\"request\":{{\"country\":\"DE\"}},\"expect\":{expect}}}\n")
    };
    let ended = run_cases("null", COUNTRY, &case("view", r#"{"decision":"Allow","rule":null}"#));
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.out.contains(r#":1:1: "x": the rule is "all", not null"#), "{}", ended.out);
    let ended = run_cases("null", COUNTRY, &case("view", r#"{"decision":"Allow","code":null}"#));
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.out.contains(r#":1:1: "x": the code is "allowed", not null"#), "{}", ended.out);
    let ended = run_cases("null", COUNTRY, &case("view", r#"{"decision":"Allow","reason":null}"#));
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let ended = run_cases("null", COUNTRY, &case("other", r#"{"decision":"Deny","rule":null}"#));
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
}

#[test]
fn a_request_fact_that_is_not_usable_is_an_error() {
    let case = |request: &str, decision: &str| {
        let call = r#"{"tool":"view","role":"agent"}"#;
        format!("{{\"name\":\"x\",\"call\":{call},\"request\":{request},\"expect\":{{\"decision\":\"{decision}\"}}}}\n")
    };
    for request in [r#"{"country":"kp"}"#, r#"{"ip":"10.0.0.999"}"#, r#"{"time":"now"}"#] {
        // Without the fact, the country is unknown, so the case would pass.
        let ended = run_cases("facts", COUNTRY, &format!("\n{}", case(request, "Deny")));
        assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{request}");
        assert!(ended.err.contains("facts.test.jsonl:2:"), "{}", ended.err);
    }
    let both = case(r#"{"country":"KP"}"#, "Deny") + &case(r#"{"country":"DE"}"#, "Allow");
    assert_eq!(run_cases("facts", COUNTRY, &both).code, Some(0));
}

/// Whether a terminal shows a text unchanged: it has no control characters except line breaks, and does not change the
/// text direction.
fn is_harmless(text: &str) -> bool {
    !text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}')
}

#[test]
fn a_policy_and_its_cases_can_not_change_what_a_terminal_shows() {
    // Errors: with the characters as JSON escapes, and unescaped as far as JSON allows.
    let broken = "{\"version\":\"callgate-1\",\"tools\":[\"v\u{9b}\u{202e}\",\"a\\u001b[2J\"],\"roles\":{\"r\\u001b[2J\u{9b}\":{}},
        \"rules\":[{\"effect\":\"Allow\",\"tool_name\":\"q\\u001b[2J\u{9b}\",\"roles\":[\"s\"],\"k\\u001b[2J\u{9b}\":1}]}";
    let directory = directory();
    let policy = write(&directory, "steer.json", broken);
    for arguments in [&["check", &policy][..], &["check", "--format", "json", &policy], &["test", &policy]] {
        let ended = run(arguments, "");
        assert_eq!(ended.code, Some(1), "{}", ended.err);
        assert!(ended.out.contains("unknown_") && is_harmless(&ended.out), "{:?}", ended.out);
    }
    let ended = run(&["eval", "--policy", &policy], "{}");
    assert!(ended.err.contains("unknown_") && is_harmless(&ended.err), "{:?}", ended.err);

    let steering = r#"{ "version": "callgate-1", "tools": ["view", "other"], "roles": { "agent": {} }, "rules": [
        { "id": "idle\u202e", "effect": "Deny", "tool_name": "other", "roles": ["agent"] },
        { "id": "all", "effect": "Deny", "tool_name": "view", "roles": ["agent"], "reason": "no\u202e" } ] }"#;
    let call = r#"{"tool":"view","role":"agent"}"#;
    let case = format!(
        "{{\"name\":\"n\\u001b[2J\\nx: 1 passed, 0 failed\u{9b}\",\"call\":{call},\"expect\":{{\"decision\":\"Deny\",\"rule\":\"\\u001b[2J\"}}}}\n"
    );
    let ended = run_cases("steering", steering, &case);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.out.contains("idle\\u202e") && is_harmless(&ended.out), "{:?}", ended.out);
    assert_eq!(ended.out.lines().count(), 3, "{:?}", ended.out);
    let policy = write(&directory, "steering.json", steering);
    let ended = run(&["eval", "--policy", &policy], call);
    // A program gets the response unchanged; only a terminal gets it escaped.
    assert!(ended.out.contains("no\u{202e}"), "{:?}", ended.out);
}

#[test]
fn a_file_without_cases_fails() {
    for lines in ["", "\n \n"] {
        let ended = run_cases("empty", COUNTRY, lines);
        assert_eq!(ended.code, Some(1), "{}", ended.err);
        assert!(ended.out.contains("empty.test.jsonl` has no test cases, so nothing is tested\n"), "{}", ended.out);
    }
}

#[test]
fn a_warning_is_refused_where_that_is_asked_for() {
    let idle = r#"{ "version": "callgate-1", "tools": ["view"], "roles": { "agent": {} }, "rules": [
        { "effect": "Deny", "tool_name": "view", "roles": ["agent"], "condition": { "All": [
            { "NumericCheck": { "source": "Arguments", "field": "amount", "op": "Gt", "value": 500 } },
            { "NumericCheck": { "source": "Arguments", "field": "amount", "op": "Lt", "value": 100 } } ] } } ] }"#;
    let directory = directory();
    let policy = write(&directory, "idle.json", idle);
    let ended = run(&["check", &policy], "");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.contains("warning[never_true]: this condition is never true"), "{}", ended.out);
    assert!(ended.out.ends_with("idle.json: ok, 0 errors, 1 warning\n"), "{}", ended.out);
    let ended = run(&["check", "--deny-warnings", &policy], "");
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let verdict = "idle.json: refused, 0 errors, 1 warning (--deny-warnings)\n";
    assert!(ended.out.ends_with(verdict), "{}", ended.out);
    for (arguments, is_ok) in [(&["--deny-warnings"][..], "\"ok\":false"), (&[], "\"ok\":true")] {
        let ended = run(&[&["check", "--format", "json", &policy], arguments].concat(), "");
        assert!(ended.out.contains(is_ok), "{}", ended.out);
    }
    assert_eq!(run(&["check", "--deny-warnings", "policies/crm.json"], "").code, Some(0));
}

#[test]
fn a_call_is_explained_with_each_rule_that_matches_it() {
    let call = r#"{"tool":"process_refund","role":"agent","args":{"amount":800}}"#;
    let ended = run(&["explain", "--policy", "policies/crm.json"], call);
    let expected = "Deny (condition_failed): `amount` must be at most 500

rule `refund-agent` (Allow): does not apply; nearest rule
  false: All
    true: `amount` must be more than 0 (NumericCheck)
    false: `amount` must be at most 500 (NumericCheck)
";
    assert_eq!((ended.code, &*ended.out), (Some(0), expected), "{}", ended.err);
    let ended = run(&["explain", "--policy", "policies/crm.json"], &call.replace("800", "200"));
    assert!(ended.out.contains("rule `refund-agent` (Allow): applies; this rule decides\n"), "{}", ended.out);
    let ended = run(&["explain", "--policy", "policies/crm.json"], &call.replace("args", "arguments"));
    assert_eq!((ended.code, &*ended.out), (Some(1), "error: `arguments` is not a member of a call; write `args`\n"));
}

#[test]
fn the_owner_and_the_note_of_a_rule_are_shown_to_people() {
    let directory = directory();
    let file = write(
        &directory,
        "owner.json",
        r#"{"version":"callgate-1","tools":["a","b"],"roles":{"r":{}},"rules":[
            {"id":"x","effect":"Allow","tools":["a"],"roles":"*","owner":"payments","note":"since\nJune"},
            {"id":"y","effect":"Allow","tools":["b"],"roles":["rr"],"owner":"support"}]}"#,
    );
    let ended = run(&["check", &file, "--format", "json"], "");
    let report: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(report.pointer("/findings/0/owner"), Some(&Value::from("support")), "{report}");
    let ended = run(&["check", &file], "");
    assert!(ended.out.contains("the owner of this rule is support"), "{}", ended.out);
    let file = write(&directory, "owner.json", &fs::read_to_string(&file).expect("a file").replace("rr", "r"));
    let ended = run(&["explain", "--policy", &file], r#"{"tool":"a","role":"r"}"#);
    let expected = "Allow (allowed): rule `x` allows this call

rule `x` (Allow): applies; this rule decides
  owner: payments
  note: since\\nJune
";
    assert_eq!((ended.code, &*ended.out), (Some(0), expected), "{}", ended.err);
}

#[test]
fn an_explanation_as_json_is_the_response_to_a_call_that_asks_for_it() {
    let call = r#"{"tool":"process_refund","role":"agent","args":{"amount":800}"#;
    let answer = |arguments: &[&str], more: &str| {
        let ended = run(arguments, &format!("{call}{more}}}"));
        let mut answer: Value = serde_json::from_str(&ended.out).expect("JSON");
        answer.as_object_mut().expect("an object").remove("decisionId").expect("an ID");
        answer
    };
    let explained = answer(&["explain", "--policy", "policies/crm.json", "--json"], "");
    assert_eq!(explained, answer(&["eval", "--policy", "policies/crm.json"], r#","explain":true"#));
    assert_eq!(explained.pointer("/explanation/0/rule"), Some(&Value::from("refund-agent")));
    let ended = run(&["explain", "--policy", "policies/crm.json", "--json"], "{}");
    assert!(ended.code == Some(1) && ended.out.contains("missing_member"), "{}", ended.out);
}

const LOOSE: &str = r#"{ "version": "callgate-1", "tools": ["run", "idle"], "roles": { "agent": {} }, "rules": [
  { "id": "git", "effect": "Allow", "tool_name": "run", "roles": ["agent"], "condition":
    { "StringCheck": { "source": "Arguments", "field": "command", "op": "Glob", "value": "git log *" } } } ] }"#;

#[test]
fn several_policies_each_get_a_verdict_and_the_worst_decides() {
    let directory = directory();
    let loose = write(&directory, "loose.json", LOOSE);
    let broken = write(&directory, "broken.json", "{}");
    let missing = directory.path().join("missing.json").display().to_string();
    let verdicts = |ended: &Ended| {
        ended
            .out
            .lines()
            .filter(|line| line.contains(".json: "))
            .map(|line| line.rsplit('/').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let ended = run(&["check", &loose, "policies/crm.json"], "");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(verdicts(&ended), ["loose.json: ok, 0 errors, 1 warning, 1 note", "crm.json: ok, 0 errors, 0 warnings"]);
    let ended = run(&["check", "--deny-warnings", &loose, "policies/crm.json"], "");
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert_eq!(verdicts(&ended)[0], "loose.json: refused, 0 errors, 1 warning, 1 note (--deny-warnings)");
    let ended = run(&["check", &broken, "policies/crm.json"], "");
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let ended = run(&["check", &missing, &broken, "policies/crm.json"], "");
    assert_eq!(ended.code, Some(2), "{}", ended.out);
    assert_eq!(verdicts(&ended).len(), 2, "{}", ended.out);
    let ended = run(&["check", "--format", "json", &loose, "policies/crm.json"], "");
    let lines: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
}

#[test]
fn an_accepted_warning_is_counted_and_shown_on_request_only() {
    let accept = r#"], "accept": [{ "finding": "command_glob", "at": "git", "reason": "the host runs no shell" }] }"#;
    let directory = directory();
    let policy = write(&directory, "loose.json", &LOOSE.replace("] }", accept));
    let ended = run(&["check", "--deny-warnings", &policy], "");
    assert_eq!(ended.code, Some(0), "{}", ended.out);
    assert!(ended.out.ends_with("loose.json: ok, 0 errors, 0 warnings, 1 note, 1 accepted\n"), "{}", ended.out);
    assert!(!ended.out.contains("command_glob"), "{}", ended.out);
    let ended = run(&["check", "--all", &policy], "");
    assert!(ended.out.contains("the policy accepts this finding: the host runs no shell"), "{}", ended.out);
}

#[test]
fn a_sarif_log_has_what_code_scanning_requires() {
    let directory = directory();
    let loose = write(&directory, "loose policy.json", LOOSE);
    let broken = write(&directory, "broken.json", "{\n \"version\": \"callgate-2\" }");
    let ended = run(&["check", "--format", "sarif", &loose, &broken], "");
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let log: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["$schema"], "https://json.schemastore.org/sarif-2.1.0.json");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "callgate");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(rule[text]["text"].as_str().is_some_and(|text| !text.is_empty()), "{rule}");
        }
    }
    let results = run["results"].as_array().expect("results");
    let mut seen = Vec::new();
    for result in results {
        let index = result["ruleIndex"].as_u64().and_then(|at| usize::try_from(at).ok()).expect("an index");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["partialFingerprints"].as_object().is_some_and(|prints| prints.len() == 1), "{result}");
        let place = &result["locations"][0]["physicalLocation"];
        let region = &place["region"];
        let at = |key: &str| region[key].as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number");
        assert!((at("startLine"), at("startColumn")) <= (at("endLine"), at("endColumn")) && at("startLine") > 0);
        let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
        assert!(!uri.contains(' '), "{uri}");
        let text = if uri.contains("broken") { "{\n \"version\": \"callgate-2\" }" } else { LOOSE };
        let bytes = text.get(at("byteOffset")..at("byteOffset") + at("byteLength")).expect("a range");
        seen.push((result["level"].as_str().expect("a level"), result["ruleId"].as_str().expect("a rule"), bytes));
    }
    assert_eq!(
        seen,
        [
            ("note", "unused_name", "\"idle\""),
            ("warning", "command_glob", "\"git log *\""),
            ("error", "unknown_version", "\"callgate-2\""),
        ]
    );
    let fix = results[1]["properties"]["fix"].as_str().expect("a fix");
    assert!(
        results[1]["message"]["text"].as_str().is_some_and(|text| text.ends_with(&format!("; fix: {fix}"))),
        "{fix}"
    );
}

#[test]
fn conditions_are_converted_to_expressions_and_back() {
    let directory = directory();
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/crm.json")).expect("a policy");
    let policy = write(&directory, "crm.json", &text);
    let ended = run(&["convert", &policy, "--to", "when"], "");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert!(ended.out.contains("\"when\": \"args.amount > 0 && args.amount <= 500\""), "{}", ended.out);
    assert_eq!(fs::read_to_string(&policy).expect("a policy"), text, "the file is kept");
    let ended = run(&["convert", &policy, "--to", "when", "--write"], "");
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""));
    let written = fs::read_to_string(&policy).expect("a policy");
    assert!(written.contains("\"when\"") && !written.contains("\"condition\""), "{written}");
    let back = run(&["convert", &policy, "--to", "condition"], "");
    assert!(back.out.contains("\"condition\"") && !back.out.contains("\"when\""), "{}", back.out);
    let bad = write(&directory, "bad.json", BROKEN);
    let ended = run(&["convert", &bad, "--to", "when", "--write"], "");
    assert_eq!((ended.code, ended.err.contains("unknown_tool")), (Some(1), true), "{}", ended.err);
    assert_eq!(fs::read_to_string(&bad).expect("a policy"), BROKEN, "a policy with an error is kept");
}

/// A policy in YAML.
const YAML: &str = "# Refunds.
version: callgate-1
tools: [refund]
roles: { agent: {} }
rules:
  - id: refund
    effect: Allow
    tool_name: refund
    roles: [agent]
    condition: { NumericCheck: { source: Arguments, field: amount, op: Lte, value: 500 } } # Up to 500.
";

#[test]
fn every_command_reads_a_policy_by_its_extension() {
    let directory = directory();
    let json = r#"{ // Refunds.
        "version": "callgate-1", "tools": ["refund"], "roles": { "agent": {} }, "rules": [
        { "id": "refund", "effect": "Allow", "tool_name": "refund", "roles": ["agent"], "condition": {
            "NumericCheck": { "source": "Arguments", "field": "amount", "op": "Lte", "value": 500, }, } }, ], }"#;
    let cases = "- name: little\n  call: { tool: refund, role: agent, args: { amount: 5 } }\n  expect: { decision: Allow }\n\
        - name: much\n  call: { tool: refund, role: agent, args: { amount: 501 } }\n  expect: { decision: Deny }\n";
    for (name, text) in [("p.yaml", YAML), ("p.yml", YAML), ("p.jsonc", json)] {
        let file = write(&directory, name, text);
        write(&directory, "p.test.yaml", cases);
        let ended = run(&["check", &file], "");
        assert_eq!((ended.code, ended.out), (Some(0), format!("{file}: ok, 0 errors, 0 warnings\n")), "{}", ended.err);
        let ended = run(&["test", &file], "");
        assert_eq!((ended.code, ended.out), (Some(0), format!("{file}: 2 passed, 0 failed\n")), "{}", ended.err);
        for (amount, decision) in [(500, "Allow"), (501, "Deny")] {
            let call = format!("{{\"tool\":\"refund\",\"role\":\"agent\",\"args\":{{\"amount\":{amount}}}}}");
            let ended = run(&["eval", "--policy", &file], &call);
            assert!(ended.out.contains(&format!("\"decision\":\"{decision}\"")), "{name}: {}{}", ended.out, ended.err);
            let ended = run(&["explain", "--policy", &file], &call);
            assert!(ended.out.starts_with(decision), "{name}: {}{}", ended.out, ended.err);
        }
        // The digest is that of the bytes.
        let digest = |text: &str| {
            let file = write(&directory, name, text);
            let ended = run(&["eval", "--policy", &file], "{\"tool\":\"refund\",\"role\":\"agent\",\"args\":{}}");
            ended.out.split("sha256:").nth(1).map(|digest| digest.chars().take(64).collect::<String>())
        };
        assert_ne!(digest(text), digest(&text.replace("Refunds.", "Other.")));
    }
}

#[test]
fn a_finding_in_yaml_has_its_line_and_its_place() {
    let directory = directory();
    let file = write(&directory, "p.yaml", &YAML.replace("effect: Allow\n    ", ""));
    let ended = run(&["check", &file], "");
    let expected = format!(
        "error[missing_key]: `effect` is missing\n --> {file}:6:5\n  |\n6 |   - id: refund\n  |     ^ at /rules/0\n\n\
        {file}: refused, 1 error, 0 warnings\n"
    );
    assert!(ended.code == Some(1) && ended.out == expected, "{}\n{expected}", ended.out);
    let json: Value = serde_json::from_str(&run(&["check", "--format", "json", &file], "").out).expect("JSON");
    let finding = &json["findings"][0];
    assert_eq!((&finding["line"], &finding["column"]), (&6.into(), &5.into()));
    assert_eq!(finding["pointer"], "/rules/0");
}

#[test]
fn a_policy_with_another_extension_is_not_read() {
    let directory = directory();
    for name in ["p", "p.txt", "p.json.bak"] {
        let file = write(&directory, name, YAML);
        for arguments in [["check", &file].as_slice(), &["test", &file], &["eval", "--policy", &file], &["fmt", &file]]
        {
            let ended = run(arguments, "{}");
            assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{arguments:?}");
            assert!(ended.err.contains("must end in `.json`, `.jsonc`, `.yaml` or `.yml`"), "{}", ended.err);
        }
    }
}
