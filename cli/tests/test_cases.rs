//! `callgate test`, run as by a user: case files in both formats, and the formats of the results.
#![expect(clippy::expect_used, reason = "a failed test panics")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const POLICY: &str = r#"{ "version": "callgate-1", "tools": ["view", "refund"], "roles": { "agent": {} }, "rules": [
    { "id": "view", "effect": "Allow", "tool_name": "view", "roles": ["agent"], "condition":
      { "TimeCheck": { "from": "09:00", "to": "17:00" } } },
    { "id": "refund", "effect": "Allow", "tool_name": "refund", "roles": ["agent"], "condition":
      { "NumericCheck": { "source": "Arguments", "field": "amount", "op": "Lte", "value": 500 } } } ] }"#;

/// A directory with files, which is deleted after the test.
struct Files(TempDir);

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = Self(tempfile::tempdir().expect("a directory"));
        directory.write("p.json", POLICY);
        files.iter().for_each(|(name, text)| directory.write(name, text));
        directory
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callgate"));
        command.current_dir(self.0.path()).args(["test", "p.json"]).args(more);
        command
    }

    #[track_caller]
    fn test(&self, more: &[&str]) -> Ended {
        let output = self.command(more).output().expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

const YAML: &str = r#"
defaults:
  call: { role: agent, tool: view }
  request: { time: "2026-11-24T10:00:00Z" }
cases:
  - name: in the morning
    call: {}
    expect: { decision: Allow, rule: view }
  - name: at night
    call: {}
    request: { time: "2026-11-24T22:00:00Z" }
    expect: { decision: Deny, code: condition_failed }
  - name: exact number
    call: { tool: refund, args: { amount: 500.00 } }
    expect: { decision: Allow }
"#;

const LINES: &str = r#"{"defaults":{"call":{"role":"agent","tool":"view"},"request":{"time":"2026-11-24T10:00:00Z"}}}
{"name":"in the morning","call":{},"expect":{"decision":"Allow"}}
{"name":"at night","call":{},"request":{"time":1795557600},"expect":{"decision":"Deny"}}
{"name":"refund","call":{"tool":"refund","args":{"amount":500}},"expect":{"decision":"Allow"}}
"#;

#[test]
fn both_formats_have_defaults_and_times() {
    for file in [("p.test.yaml", YAML), ("p.test.jsonl", LINES)] {
        let ended = Files::new(&[file]).test(&[]);
        assert_eq!((ended.code, &*ended.out), (Some(0), "p.json: 3 passed, 0 failed\n"), "{}", ended.err);
    }
    let both = Files::new(&[("p.test.yaml", YAML), ("p.test.jsonl", LINES)]).test(&[]);
    assert_eq!(both.out, "p.json: 6 passed, 0 failed\n");
    // The defaults decide: with another time, the call is denied.
    let night = LINES.replacen("T10:", "T20:", 1);
    let ended = Files::new(&[("p.test.jsonl", &night)]).test(&[]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.starts_with(r#"p.test.jsonl:2:1: "in the morning": the decision is "Deny""#), "{}", ended.out);
}

#[test]
fn a_problem_of_a_yaml_file_has_its_place() {
    let problem = |from: &str, to: &str| {
        let ended = Files::new(&[("p.test.yaml", &YAML.replacen(from, to, 1))]).test(&[]);
        assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{to}");
        ended.err
    };
    let err = problem("decision: Allow, rule", "decision: never, rule");
    assert!(err.contains("p.test.yaml:8:25: `expect.decision` must be `Allow`, `RequireApproval` or `Deny`"), "{err}");
    let err = problem("time: \"2026-11-24T22:00:00Z\"", "time: tonight");
    assert!(err.contains("p.test.yaml:11:22: `request.time` must be a time such as"), "{err}");
    let err = problem("time: \"2026-11-24T10:00:00Z\"", "country: kp");
    assert!(err.contains("p.test.yaml:4:23: `request.country` must be"), "{err}");
    let err = problem("amount: 500.00", "amount: 0x1F");
    assert!(err.contains("p.test.yaml:14:43: `0x1F` is ambiguous"), "{err}");
    let err = problem("    call: {}\n", "    call: {}\n    call: {}\n");
    assert!(err.contains("p.test.yaml:8:5: the key `call` is duplicated"), "{err}");
    assert!(problem("cases:", "case:").contains(":6:3: a case file has an unknown member \"case\""));
    let err = problem("    call: {}\n    expect", "    expect");
    assert!(err.contains("p.test.yaml:6:5: a test case must have the member `call`"), "{err}");
    assert!(problem("cases:\n", "cases: 5\nx:\n").contains("unknown member \"x\""));
}

#[test]
fn a_failed_case_of_a_yaml_file_has_its_place() {
    let ended = Files::new(&[("p.test.yaml", &YAML.replacen("rule: view", "rule: null", 1))]).test(&[]);
    assert_eq!(ended.code, Some(1));
    let expected = r#"p.test.yaml:6:5: "in the morning": the rule is "view", not null"#;
    assert!(ended.out.starts_with(expected), "{}", ended.out);
}

#[test]
fn given_case_files_replace_those_next_to_the_policy() {
    let files = Files::new(&[("p.test.jsonl", "broken"), ("old.jsonl", LINES), ("more.yaml", YAML)]);
    let ended = files.test(&["--cases", "old.jsonl", "--cases", "more.yaml"]);
    assert_eq!((ended.code, &*ended.out), (Some(0), "p.json: 6 passed, 0 failed\n"), "{}", ended.err);
    assert_eq!(files.test(&[]).code, Some(2));
    assert_eq!(files.test(&["--cases", "missing.jsonl"]).code, Some(2));
}

#[test]
fn a_filter_runs_the_cases_with_the_text_in_their_name() {
    let files = Files::new(&[("p.test.yaml", YAML)]);
    let ended = files.test(&["--filter", "night"]);
    assert_eq!((ended.code, &*ended.out), (Some(0), "p.json: 1 passed, 0 failed\n"), "{}", ended.err);
    let ended = files.test(&["--filter", "Night"]);
    assert_eq!(ended.code, Some(1));
    let expected = "error: no test case in `p.test.yaml` has a name that contains \"Night\"\n";
    assert!(ended.out.starts_with(expected), "{}", ended.out);
}

#[test]
fn results_as_json_name_each_case() {
    let files = Files::new(&[("p.test.jsonl", &LINES.replacen("Deny", "Allow", 1))]);
    let ended = files.test(&["--format", "json"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let result: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!((&result["ok"], &result["policies"][0]["policy"]), (&Value::from(false), &Value::from("p.json")));
    assert_eq!((&result["policies"][0]["passed"], &result["policies"][0]["failed"]), (&2.into(), &1.into()));
    let cases = &result["policies"][0]["cases"];
    assert_eq!(cases[0]["failure"], Value::Null);
    assert_eq!((&cases[1]["name"], &cases[1]["line"]), (&"at night".into(), &3.into()));
    let failure = cases[1]["failure"].as_str().expect("a failure");
    assert!(failure.starts_with(r#"the decision is "Deny", not "Allow""#), "{failure}");
    files.write("p.json", &POLICY.replace("\"Lte\"", "\"Less\""));
    let result: Value = serde_json::from_str(&files.test(&["--format", "json"]).out).expect("JSON");
    assert!(result["policies"][0]["error"].as_str().is_some_and(|error| error.contains("`Less`")), "{result}");
    assert_eq!(result["ok"], false);
}

#[test]
fn results_as_junit_count_the_failures() {
    let lines = LINES.replacen("Deny", "Allow", 1).replacen("at night", "at <night>", 1);
    let files = Files::new(&[("p.test.jsonl", &lines)]);
    let ended = files.test(&["--format", "junit"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(
        ended.out.contains(r#"<testsuite name="p.json" tests="3" skipped="0" errors="0" failures="1""#),
        "{}",
        ended.out
    );
    assert!(ended.out.contains(r#"<testcase name="at &lt;night&gt;" classname="p.json""#), "{}", ended.out);
    assert!(ended.out.contains("p.test.jsonl:3:1: the decision is"), "{}", ended.out);
    files.write("p.json", "{}");
    let ended = files.test(&["--format", "junit"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains(r#"errors="1""#) && ended.out.contains("`version` is missing"), "{}", ended.out);
}

#[test]
fn a_watched_file_is_tested_again_after_a_change() {
    let files = Files::new(&[("p.test.jsonl", LINES)]);
    let mut child = files.command(&["--watch"]).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
    let mut next = || lines.next().expect("a line").expect("UTF-8");
    let first = [next(), next()];
    files.write("p.test.jsonl", &LINES.replacen("Deny", "Allow", 1));
    let second = [next(), next(), next()];
    child.kill().expect("it is stopped");
    child.wait().expect("it ends");
    assert_eq!(first, ["p.json: 3 passed, 0 failed", "waiting for a change; stop with Ctrl+C"]);
    assert!(second[1].starts_with("p.test.jsonl:3:1:"), "{second:?}");
    assert_eq!(second[2], "p.json: 2 passed, 1 failed");
}
