//! `callgate tools`, run as by a user, on server responses.
#![expect(clippy::expect_used, reason = "a failed test panics")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use callgate_test_support::{findings_of, valid_policy};
use tempfile::TempDir;

const POLICY: &str = r#"{ "version": "callgate-1",
  "tools": ["view", "refund"],
  "roles": { "agent": {} },
  "rules": [ { "effect": "Allow", "tool_name": "refund", "roles": ["agent"],
    "condition": { "NumericCheck": { "source": "Arguments", "field": "amount", "op": "Lte", "value": 500 } } } ] }
"#;
const LIST: &str = r#"{"tools":[{"name":"refund","title":"Refund","inputSchema":{"type":"object","additionalProperties":false,
  "properties":{"amount":{"type":"number","maximum":1000.00000000000000001}}}},{"name":"search"}]}"#;

/// Writes a file into a directory that is deleted after the test, and returns its path.
fn write(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, text).expect("a file");
    path
}

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

#[track_caller]
fn tools(policy: &Path, lists: &[&Path], more: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callgate"));
    let output = command.arg("tools").args(lists).arg("--policy").arg(policy).args(more).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn the_list_of_a_server_takes_the_place_of_the_tools() {
    let scratch = tempfile::tempdir().expect("a directory");
    let policy = write(&scratch, "policy.json", POLICY);
    let forms = [
        LIST.to_owned(),
        format!(r#"{{"jsonrpc":"2.0","id":1,"result":{LIST}}}"#),
        LIST.strip_prefix(r#"{"tools":"#).and_then(|list| list.strip_suffix('}')).expect("a list").to_owned(),
    ];
    for form in forms {
        let ended = tools(&policy, &[&write(&scratch, "list.json", &form)], &[]);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), "+ search\n- view\n2 tools, 1 added, 1 removed\n"));
        // Everything except the list is unchanged, and no number was rounded.
        let (before, behind) = POLICY.split_once(r#"["view", "refund"]"#).expect("tools");
        assert!(ended.out.starts_with(before) && ended.out.ends_with(behind), "{}", ended.out);
        assert!(ended.out.contains("1000.00000000000000001") && !ended.out.contains("Refund"), "{}", ended.out);
        drop(valid_policy(&ended.out));
        assert_eq!(fs::read_to_string(&policy).expect("the policy"), POLICY);
    }
}

#[test]
fn the_file_changes_only_where_it_is_asked_for_and_stays_right() {
    let scratch = tempfile::tempdir().expect("a directory");
    let policy = write(&scratch, "policy.json", POLICY);
    let list = write(&scratch, "list.json", LIST);
    let ended = tools(&policy, &[&list], &["--write"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{}", ended.err);
    let written = fs::read_to_string(&policy).expect("the policy");
    assert!(written.contains("inputSchema"), "{written}");
    // A rule for a removed tool prevents the change.
    let other = write(&scratch, "other.json", r#"{"tools":[{"name":"search"}]}"#);
    let ended = tools(&policy, &[&other], &["--write"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("error[unknown_tool]"), "{}", ended.err);
    assert!(ended.err.contains("policy.json with the new tools:"), "{}", ended.err);
    assert!(
        ended.err.contains("policy.json: not written, because the policy with the new tools has an error; "),
        "{}",
        ended.err
    );
    assert_eq!(fs::read_to_string(&policy).expect("the policy"), written);
}

#[test]
fn an_open_policy_becomes_closed_and_pages_add_up() {
    let scratch = tempfile::tempdir().expect("a directory");
    let policy = write(&scratch, "policy.json", &POLICY.replace("  \"tools\": [\"view\", \"refund\"],\n", ""));
    let first = write(&scratch, "1.json", r#"{"tools":[{"name":"view"}],"nextCursor":"2"}"#);
    let second = write(&scratch, "2.json", LIST);
    let ended = tools(&policy, &[&first, &second], &[]);
    assert_eq!(
        (ended.code, ended.err.as_str()),
        (Some(0), "+ refund\n+ search\n+ view\n3 tools, 3 added, 0 removed\n")
    );
    let findings = findings_of(&ended.out);
    let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages, ["no rule matches 2 tools, so every call to them is denied: `view` and `search`"]);
    let ended = tools(&policy, &[&second, &first], &[]);
    assert!(ended.err.contains("1.json` is not the last page because it has a `nextCursor`"), "{}", ended.err);
}

#[test]
fn a_server_can_not_change_what_a_terminal_shows() {
    let scratch = tempfile::tempdir().expect("a directory");
    let policy = write(&scratch, "policy.json", POLICY);
    let list = "[{\"name\":\"refund\",\"inputSchema\":{\"description\":\"\u{9b}2J\u{202e}\",\r\"type\":\"object\"}},{\"name\":\"new\\n- refund\\u001b[2J\"}]";
    let ended = tools(&policy, &[&write(&scratch, "list.json", list)], &[]);
    let is_harmless = |text: &str| !text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}');
    assert!(is_harmless(&ended.out) && is_harmless(&ended.err), "{:?}{:?}", ended.out, ended.err);
    assert!(ended.out.contains(r"\u009b2J\u202e"), "{}", ended.out);
    assert!(ended.err.contains(r#"+ "new\n- refund\u001b[2J""#), "{}", ended.err);
}

#[test]
fn what_is_no_answer_is_refused() {
    let scratch = tempfile::tempdir().expect("a directory");
    let policy = write(&scratch, "policy.json", POLICY);
    for (text, problem) in [
        ("{", "is not valid JSON"),
        ("{}", "is not a `tools/list` response"),
        (r#"{"tools":{"view":{}}}"#, "is not a `tools/list` response"),
        (r#"{"tools":[{"title":"view"}]}"#, "is not a `tools/list` response"),
        (r#"{"error":{"code":-32601,"message":"no"}}"#, "is not a `tools/list` response"),
    ] {
        let ended = tools(&policy, &[&write(&scratch, "list.json", text)], &["--write"]);
        assert_eq!(ended.code, Some(2), "{text}");
        assert!(ended.err.contains(problem), "{text}: {}", ended.err);
    }
    let twice = write(&scratch, "list.json", r#"[{"name":"refund"},{"name":"refund"}]"#);
    let ended = tools(&policy, &[&twice], &["--write"]);
    assert!(ended.code == Some(1) && ended.err.contains("error[duplicate_name]"), "{}", ended.err);
    let perso = write(&scratch, "perso.json", include_str!("../../policies/crm-perso.json"));
    let ended = tools(&perso, &[&twice], &[]);
    assert!(ended.code == Some(2) && ended.err.contains("callgate migrate"), "{}", ended.err);
    assert_eq!(fs::read_to_string(&policy).expect("the policy"), POLICY);
}

#[test]
fn a_tool_that_validates_its_arguments_itself_stays_so() {
    let scratch = tempfile::tempdir().expect("a directory");
    let own = POLICY.replace(r#""refund"],"#, r#"{ "name": "refund", "enforceSchema": false, "inputSchema": {} }],"#);
    let list = write(&scratch, "list.json", LIST);
    for (policy, expected) in [(own.as_str(), 1), (POLICY, 0)] {
        let ended = tools(&write(&scratch, "policy.json", policy), &[&list], &[]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert_eq!(ended.out.matches(r#""enforceSchema": false, "inputSchema""#).count(), expected, "{}", ended.out);
    }
}

/// A policy in YAML, with its tools at `TOOLS`.
const YAML: &str = "# About the policy.
version: callgate-1 # The language.
TOOLS
roles: { agent: {} } # Roles.
rules:
  - effect: Allow
    tool_name: refund
    roles: [agent] # Only agents.
";

#[test]
fn comments_outside_of_the_list_are_unchanged() {
    let scratch = tempfile::tempdir().expect("a directory");
    let list = write(&scratch, "list.json", LIST);
    for tools_before in [
        "tools: [view, refund] # All tools.",
        "tools:\n  - view\n  - refund # All tools.",
        "tools:\n- view\n- refund # All tools.",
        "tools: # A comment.\n    - view\n    - refund # All tools.",
        "tools:\n  [view, refund] # All tools.",
        "\"tools\" :   []  # All tools.",
        "tools: [] # All tools.\r",
    ] {
        let text = YAML.replace("TOOLS", tools_before);
        let policy = write(&scratch, "policy.yaml", &text);
        let ended = tools(&policy, &[&list], &[]);
        assert_eq!(ended.code, Some(0), "{tools_before}\n{}\n{}", ended.err, ended.out);
        let (before, behind) = text.split_once(tools_before).expect("tools");
        assert!(ended.out.starts_with(before) && ended.out.ends_with(behind), "{}", ended.out);
        let comment = tools_before.contains("  #") || ended.out.contains("- search # All tools.");
        assert!(comment && ended.out.contains("1000.00000000000000001"), "{}", ended.out);
        assert_eq!(tools(&policy, &[&list], &["--write"]).code, Some(0));
        assert_eq!(fs::read_to_string(&policy).expect("the policy"), ended.out);
        // The second time, nothing changes.
        assert_eq!(tools(&policy, &[&list], &[]).out, ended.out);
    }
}

#[test]
fn a_policy_in_yaml_without_tools_gets_a_list() {
    let scratch = tempfile::tempdir().expect("a directory");
    let list = write(&scratch, "list.json", LIST);
    let policy = write(&scratch, "policy.yml", &YAML.replace("TOOLS\n", ""));
    let ended = tools(&policy, &[&list], &[]);
    let expected = "# The language.\ntools:\n  - name: refund\n    inputSchema:\n";
    assert!(ended.code == Some(0) && ended.out.contains(expected), "{}{}", ended.out, ended.err);
    let flow = "{version: callgate-1, # The language.\n  roles: {agent: {}}, rules: []}\n";
    let ended = tools(&write(&scratch, "flow.yml", flow), &[&list], &[]);
    assert!(ended.code == Some(0) && ended.out.contains("callgate-1,\n  \"tools\": [\n"), "{}{}", ended.out, ended.err);
    assert!(ended.out.ends_with(", # The language.\n  roles: {agent: {}}, rules: []}\n"), "{}", ended.out);
    let empty = write(&scratch, "empty.json", "{\"tools\":[]}");
    for tools_before in ["tools: [refund]", "tools:\n- refund", "tools:\n  - refund"] {
        let text = YAML
            .replace("TOOLS", tools_before)
            .replace("rules:\n", "rules: []\nx:\n")
            .split("x:")
            .next()
            .map(str::to_owned);
        let ended = tools(&write(&scratch, "policy.yaml", &text.expect("a policy")), &[&empty], &[]);
        assert!(ended.code == Some(0) && ended.out.contains("[]\nroles"), "{}{}", ended.out, ended.err);
    }
}

#[test]
fn a_policy_in_json_with_comments_keeps_them() {
    let scratch = tempfile::tempdir().expect("a directory");
    let list = write(&scratch, "list.json", LIST);
    let text = POLICY.replace("\"roles\"", "// \"tools\": []\n  \"roles\"").replace("500 } }", "500, }, /* why */ }");
    let policy = write(&scratch, "policy.jsonc", &text);
    let ended = tools(&policy, &[&list], &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let (before, behind) = text.split_once(r#"["view", "refund"]"#).expect("tools");
    assert!(ended.out.starts_with(before) && ended.out.ends_with(behind), "{}", ended.out);
}

#[test]
fn a_policy_file_must_name_its_format() {
    let scratch = tempfile::tempdir().expect("a directory");
    let list = write(&scratch, "list.json", LIST);
    for name in ["policy", "policy.txt", "policy.json5"] {
        let ended = tools(&write(&scratch, name, POLICY), &[&list], &["--write"]);
        assert_eq!(ended.code, Some(2), "{name}");
        assert!(ended.err.contains("must end in `.json`, `.jsonc`, `.yaml` or `.yml`"), "{}", ended.err);
    }
}

#[test]
fn the_list_of_one_server_replaces_the_tools_of_this_server() {
    let scratch = tempfile::tempdir().expect("a directory");
    let text = r#"{ "version": "callgate-1",
  "servers": { "crm": { "tools": ["view", { "name": "refund", "enforceSchema": false, "inputSchema": {} }] }, "erp": { "tools": ["view"] }, "hr": {} },
  "tools": ["find"],
  "roles": { "agent": {} },
  "rules": [ { "effect": "Allow", "tools": ["crm/refund", "erp/view", "find"], "roles": ["agent"] } ] }
"#;
    let policy = write(&scratch, "policy.json", text);
    let list = write(&scratch, "list.json", LIST);
    let ended = tools(&policy, &[&list], &["--server", "crm"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), "+ search\n- view\n2 tools, 1 added, 1 removed\n"));
    let (before, rest) = text.split_once(r#"["view", {"#).expect("the tools");
    let (_, behind) = rest.split_once("] }").expect("the end of the tools");
    assert!(ended.out.starts_with(before) && ended.out.ends_with(behind), "{}", ended.out);
    assert!(ended.out.contains(r#"{ "name": "refund", "enforceSchema": false, "inputSchema""#), "{}", ended.out);
    drop(valid_policy(&ended.out));
    // A rule for a tool that the server no longer has keeps the policy as it is.
    let ended = tools(&policy, &[&list], &["--server", "erp", "--write"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert_eq!(fs::read_to_string(&policy).expect("the policy"), text);
    for server in ["hr", "other"] {
        let ended = tools(&policy, &[&list], &["--server", server]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{server}");
        assert!(ended.err.contains("has no list of tools"), "{}", ended.err);
    }
}
