//! The migration of mcpkit policies, with a check that accepts every name; the program uses the engine's check.

use super::*;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let (policy, findings) = migrate(text, "agent", |_| Ok(()));
    let rules = policy.map(|policy| policy.rules).unwrap_or_default();
    let mut seen: Vec<String> = rules
        .iter()
        .map(|rule| {
            let name = rule.tool_name.as_ref().or(rule.prompt_name.as_ref()).or(rule.resource_uri.as_ref());
            format!("{} {}", rule.effect, name.map(String::as_str).unwrap_or_default())
        })
        .collect();
    seen.extend(findings.iter().map(|finding| format!("{}:{}", finding.code, finding.position.line)));
    assert_eq!(seen, expected, "{text}: {findings:?}");
}

#[test]
fn a_policy_without_lists_allows_nothing() {
    check("version: '1.0'\n", &[]);
    check("version: '1.0'\ntools:\nmcp:\n  tools: ~\n  prompts:\n    allow:\n", &[]);
}

#[test]
fn the_short_form_is_a_list_or_two() {
    check("version: '1.0'\ntools: [a, name: b]\n", &["Allow a", "Allow b"]);
    check("version: '1.0'\ntools:\n  allow: [a, a]\n  deny: [b]\n", &["Allow a", "Deny b"]);
}

#[test]
fn an_entry_that_says_more_than_a_rule_can_allows_nothing() {
    let entry = |more: &str| format!("version: '1.0'\nmcp:\n  tools:\n    allow:\n      - name: a\n        {more}\n");
    check(&entry("max_calls_per_minute: 5"), &["restriction:6"]);
    check(&entry("parameters: {x: 1}"), &["restriction:6"]);
    check(&entry("max_calls: 5"), &["restriction:6"]);
    check(&entry("require_confirmation: maybe"), &["restriction:6"]);
    check(&entry("require_confirmation: true"), &["RequireApproval a", "approval:6"]);
    check(&entry("require_confirmation: false"), &["Allow a"]);
    check(&entry("parameters: {}"), &["Allow a"]);
    check(&entry("max_calls_per_minute: ~"), &["Allow a"]);
}

#[test]
fn an_entry_that_denies_denies_whatever_else_it_says() {
    let text = "version: '1.0'\nmcp:\n  tools:\n    deny:\n      - name: a\n        parameters: {x: 1}\n";
    check(text, &["Deny a", "restriction:6"]);
    let text = "version: '1.0'\nmcp:\n  resources:\n    deny:\n      - uri: file:///a\n        operations: [purge]\n";
    check(text, &["Deny file:///a"]);
}

#[test]
fn a_rule_that_the_engine_refuses_is_left_out_or_denies_more() {
    let refuses_blanks: Judge = |policy| {
        let names = policy.rules.iter().filter_map(|rule| rule.tool_name.as_ref());
        if names.clone().any(|name| name.contains(' ')) { Err("a blank".to_owned()) } else { Ok(()) }
    };
    let text = "version: '1.0'\ntools:\n  allow: [a b]\n  deny: [c d, e]\n";
    let (policy, findings) = migrate(text, "agent", refuses_blanks);
    let rules = policy.expect("a policy").rules;
    let names: Vec<_> = rules.iter().map(|rule| (rule.effect, rule.tool_name.as_deref().unwrap_or_default())).collect();
    assert_eq!(names, [("Deny", "c*d"), ("Deny", "e")]);
    let codes: Vec<_> = findings.iter().map(|finding| (finding.weight, finding.code)).collect();
    assert_eq!(codes, [(Weight::Lost, "pattern"), (Weight::Lost, "deny_more")]);
}

#[test]
fn what_can_not_be_read_is_an_error_and_nothing_is_written() {
    check("tools: [a]\n", &["missing_key:1"]);
    check("version: 2\ntools: [a]\n", &["unknown_version:1"]);
    check("version: '1.0'\ntools: a\n", &["wrong_type:2"]);
    check("version: '1.0'\ntools: [1]\n", &["wrong_type:2"]);
    check("version: '1.0'\ntools: [yes, no, '']\n", &["empty_name:2"]);
    check("version: '1.0'\ntools: [{title: a}]\n", &["missing_key:2"]);
    check("version: '1.0'\nmcp:\n  resources:\n    allow: [{uri: 'file:///a'}]\n", &["missing_key:4"]);
    check("version: '1.0'\nmcp:\n  resources:\n    allow: [{uri: 'file:///a', operations: []}]\n", &["empty_list:4"]);
    check("version: '1.0'\nextensions: {mcp: {}}\nmcp: {}\n", &["two_sections:3"]);
}

/// Checks that a policy with a valid short form `tools: [a]` and this text has one error, so that nothing is written.
#[track_caller]
fn check_error(text: &str, code: &str) {
    let text = format!("version: '1.0'\ntools: [a]\n{text}\n");
    let (policy, findings) = migrate(&text, "agent", |_| Ok(()));
    let errors: Vec<&str> =
        findings.iter().filter(|found| found.weight == Weight::Error).map(|found| found.code).collect();
    assert_eq!((policy.is_none(), errors), (true, vec![code]), "{text}: {findings:?}");
}

/// Checks that a policy with this text has no error.
#[track_caller]
fn check_no_error(text: &str) {
    let text = format!("version: '1.0'\ntools: [a]\n{text}\n");
    let (policy, findings) = migrate(&text, "agent", |_| Ok(()));
    assert!(policy.is_some(), "{text}: {findings:?}");
}

#[test]
fn a_wrong_type_for_which_mcpkit_drops_the_section_is_an_error() {
    for section in [
        "tools: {allow: [delete_all]}",
        "tools: {deny: [delete_all]}",
        "tools: []",
        "tools: {allow: [{name: a, max_calls_per_minute: -1}]}",
        "tools: {allow: [{name: a, max_calls_per_minute: '5'}]}",
        "tools: {allow: [{name: a, max_calls_per_minute: 1.5}]}",
        "tools: {allow: [{name: a, max_calls_per_minute: 4294967296}]}",
        "tools: {deny: [{name: a, max_calls_per_minute: -1}]}",
        "tools: {allow: [{name: a, parameters: [x]}]}",
        "prompts: {allow: [p]}",
        "prompts: {allow: [{name: p, max_length: -1}]}",
        "resources: {allow: ['file:///a']}",
        "resources: {allow: [{uri: 'file:///a', operations: read}]}",
        "resources: {allow: [{uri: 'file:///a', operations: [read, 5]}]}",
        "transport: {stdio: yes}",
        "transport: {websocket: ~}",
        "transport: {http: {allowed_hosts: [5]}}",
        "transport: 5",
    ] {
        check_error(&format!("mcp: {{{section}}}"), "wrong_type");
        check_error(&format!("extensions: {{mcp: {{{section}}}}}"), "wrong_type");
    }
    check_error("mcp: {transport: {http: {}}}", "missing_key");
}

#[test]
fn a_right_type_is_no_error() {
    for section in [
        "tools: {allow: [{name: a, max_calls_per_minute: 4294967295, parameters: {x: [1]}}], deny: ~}",
        "tools: {allow: [{name: a, max_calls_per_minute: ~, parameters: ~}]}",
        "prompts: {allow: [{name: p, max_length: 0x10}]}",
        "transport: {stdio: true, websocket: False, http: {allowed_hosts: [a.test]}}",
        "transport: {http: ~}",
        "transport: ~",
    ] {
        check_no_error(&format!("mcp: {{{section}}}"));
    }
}

#[test]
fn what_mcpkit_refuses_under_core_is_an_error() {
    for (section, code) in [
        ("~", "wrong_type"),
        ("{storage: {allow: ~}}", "wrong_type"),
        ("{storage: {allow: ['fs:///a']}}", "wrong_type"),
        ("{storage: {deny: [{uri: 'fs:///a'}]}}", "missing_key"),
        ("{storage: {deny: [{uri: 'fs:///a', access: read}]}}", "wrong_type"),
        ("{storage: {allow: [{uri: 'fs:///a[', access: []}]}}", "invalid_glob"),
        ("{network: {allow: [{host: ~}]}}", "wrong_type"),
        ("{network: {deny: [{host: 'a[*'}]}}", "invalid_glob"),
        ("{environment: {allow: [HOME]}}", "wrong_type"),
        ("{resources: {}}", "missing_key"),
        ("{resources: {limits: ~}}", "wrong_type"),
        ("{resources: {limits: {memory: 64}}}", "wrong_type"),
        ("{resources: {limits: {execution_time: 30}}}", "wrong_type"),
        ("{resources: {limits: {cpu: much}}}", "wrong_type"),
        ("{resources: {limits: {fuel: -1}}}", "wrong_type"),
    ] {
        // An entry that is not a mapping also lacks its keys, so only the first error is compared.
        let text = format!("version: '1.0'\ntools: [a]\ncore: {section}\n");
        let (policy, findings) = migrate(&text, "agent", |_| Ok(()));
        let first = findings.iter().find(|found| found.weight == Weight::Error).map(|found| found.code);
        assert_eq!((policy.is_none(), first), (true, Some(code)), "{text}: {findings:?}");
    }
    for section in [
        "{storage: ~, network: {deny: [{host: 'a['}, {cidr: x}]}, resources: ~}",
        "{resources: {limits: {cpu: 0.5, memory: 64Mi, execution_time: 100ms, fuel: 5, memory_limit: 5}}}",
        "{storage: {allow: [{uri: 'fs:///a/**', access: [read]}]}, environment: {deny: [{key: HOME}]}}",
    ] {
        check_no_error(&format!("core: {section}"));
    }
}

#[test]
fn a_glob_that_mcpkit_can_not_read_is_an_error() {
    for glob in ["a[*", "{a*", "a*}", "[z-a]*", "a*\\"] {
        check_error(&format!("mcp: {{tools: {{allow: [{{name: '{glob}'}}]}}}}"), "invalid_glob");
    }
    // Without a star, it is a name; under `deny`, it always is.
    check_no_error("mcp: {tools: {allow: [{name: 'a['}], deny: [{name: 'a[*'}]}}");
}

#[test]
fn a_number_that_mcpkit_can_not_read_is_an_error() {
    for number in ["18446744073709551616", "-9223372036854775809", "0x10000000000000000"] {
        check_error(&format!("mcp: {{tools: {{allow: [{{name: b, parameters: {{x: {number}}}}}]}}}}"), "number_range");
    }
    check_no_error(
        "mcp: {tools: {allow: [{name: b, parameters: {x: 18446744073709551615, y: -9223372036854775808}}]}}",
    );
}

#[test]
fn a_prompt_is_allowed_by_its_name_and_never_by_a_pattern() {
    let prompts = |name: &str| format!("version: '1.0'\nmcp: {{prompts: {{allow: [{{name: '{name}'}}]}}}}\n");
    check(&prompts("note"), &["Allow note"]);
    check(&prompts("note_*"), &["pattern:2"]);
}

#[test]
fn a_short_word_for_an_operation_is_noted_once() {
    let resources = |operations: &str| {
        format!("version: '1.0'\nmcp: {{resources: {{allow: [{{uri: 'note:a', operations: [{operations}]}}]}}}}\n")
    };
    check(&resources("resource_read, resource_list"), &["Allow note:a"]);
    check(&resources("read, list"), &["Allow note:a", "operation_word:2"]);
}

/// Compares the suggested condition for the URIs of a `storage` list with the expected one.
#[track_caller]
fn check_paths(list: &str, uris: &[&str], expected: &str) {
    let entries: String = uris.iter().map(|uri| format!("{{uri: '{uri}', access: [read]}}, ")).collect();
    let text = format!("version: '1.0'\ncore: {{storage: {{{list}: [{entries}]}}}}\n");
    let (_, findings) = migrate(&text, "agent", |_| Ok(()));
    let fix = findings.iter().find_map(|found| found.fix.as_deref()).expect("a suggestion");
    let suggested = fix.split_once("the condition ").map_or("", |(_, condition)| condition);
    assert_eq!(suggested, expected, "{uris:?}");
}

#[test]
fn a_single_path_is_allowed_without_what_lies_below_it() {
    let roots = |root: &str| format!(r#"{{"PathCheck":{{"source":"Arguments","field":"path","roots":["{root}"]}}}}"#);
    let single = |path: &str| {
        format!(r#"{{"StringCheck":{{"source":"Arguments","field":"path","op":"In","value":["{path}"]}}}}"#)
    };
    check_paths("allow", &["fs:///etc"], &single("/etc"));
    check_paths("allow", &["fs:///srv/**"], &roots("/srv"));
    let both = format!(r#"{{"Any":[{},{}]}}"#, roots("/srv"), single("/etc"));
    check_paths("allow", &["fs:///etc", "fs:///srv/**"], &both);
    check_paths("allow", &["fs:///srv/*.md"], "");
    // A deny condition may be wider.
    check_paths("deny", &["fs:///etc"], &roots("/etc"));
    check_paths("deny", &["fs:///srv/*.md"], &roots("/srv"));
}

#[test]
fn a_key_that_is_not_known_is_named() {
    let text = "version: '1.0'\ntool: [a]\ncore: {files: {}}\nextensions: {mcp: {tool: [a]}, other: {}}\nmcp2: {}\n";
    check(text, &["unknown_key:2", "unknown_key:3", "unknown_key:4", "unknown_key:4", "unknown_key:5"]);
    check("version: '1.0'\ntools: {alow: [a]}\n", &["unknown_key:2"]);
}

#[test]
fn the_example_of_the_document_is_what_is_written() {
    let document = include_str!("../../../docs/migrate.md");
    let (before, rest) = document.split_once("```yaml\n").expect("an example");
    assert!(before.contains("## From mcpkit"));
    let (source, rest) = rest.split_once("```").expect("its end");
    let expected =
        rest.split_once("```json\n").and_then(|(_, rest)| rest.split("```").next()).expect("what it becomes");
    let (policy, _) = migrate(source, "agent", |_| Ok(()));
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    assert_eq!(value(&policy.expect("a policy").to_text()), value(expected));
}

#[test]
fn a_text_of_too_many_or_too_long_patterns_is_refused() {
    for text in ["a,".repeat(6000), format!("'{}'", "*a".repeat(20_000)), "names_*,".repeat(5000)] {
        let (policy, findings) = migrate(&format!("version: '1.0'\ntools: [{text}]\n"), "agent", |_| Ok(()));
        assert!(policy.is_none());
        assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["too_long"]);
    }
}
