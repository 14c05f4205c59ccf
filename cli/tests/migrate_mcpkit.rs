//! `callgate migrate` for mcpkit policies, through the program and the engine.
#![expect(clippy::expect_used, reason = "a failed test panics")]

use std::process::Command;
use std::{env, fs};

use callgate_engine::Effect;
use callgate_test_support::{checkout_path, image_of};

#[track_caller]
fn migrate(name: &str, arguments: &[&str]) -> (String, String) {
    let source = format!("testdata/migrate/mcpkit/{name}.yaml");
    let output = Command::new(env!("CARGO_BIN_EXE_callgate"))
        .args(["migrate", &source])
        .args(arguments)
        .current_dir(checkout_path(""))
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (text(output.stdout), format!("{}exit code {}\n", text(output.stderr), output.status.code().expect("an exit code")))
}

/// The decision of a migrated policy for a call.
#[track_caller]
fn decide(policy: &str, call: &str) -> Effect {
    callgate_test_support::decide(&image_of(policy), call).effect
}

#[test]
fn what_is_written_and_said_is_as_recorded() {
    for name in ["configuration", "notes-server", "patterns"] {
        let (out, said) = migrate(name, &[]);
        for (extension, seen) in [("callgate.json", out), ("findings.txt", said)] {
            let path = checkout_path(&format!("testdata/migrate/mcpkit/{name}.{extension}"));
            if env::var_os("BLESS").is_some() {
                fs::write(&path, &seen).expect("a golden file");
            }
            assert_eq!(seen, fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
        }
    }
}

#[test]
fn a_pattern_that_never_denied_denies() {
    let (policy, _) = migrate("notes-server", &["--role", "editor"]);
    let tool = |tool: &str, role: &str| decide(&policy, &format!(r#"{{"tool":"{tool}","role":"{role}"}}"#));
    assert_eq!(tool("note_add", "editor"), Effect::Allow);
    assert_eq!(tool("note_purge_all", "editor"), Effect::Deny);
    assert_eq!(tool("publish", "editor"), Effect::RequireApproval);
    assert_eq!(tool("search", "editor"), Effect::Deny, "its limit cannot be expressed");
    assert_eq!(tool("other", "editor"), Effect::Deny);
    assert_eq!(tool("note_add", "agent"), Effect::Deny);
    let prompt = |prompt: &str| decide(&policy, &format!(r#"{{"prompt":"{prompt}","role":"editor"}}"#));
    assert_eq!(prompt("summarize"), Effect::Allow);
    assert_eq!(prompt("summarize_all"), Effect::Deny);
    assert_eq!(prompt("help_me"), Effect::Deny, "mcpkit allows no prompt by a pattern");
    let resource = |verb: &str, uri: &str| {
        decide(&policy, &format!(r#"{{"resource":"{uri}","operation":"{verb}","role":"editor"}}"#))
    };
    assert_eq!(resource("read", "file:///srv/notes/a/b"), Effect::Allow);
    assert_eq!(resource("subscribe", "file:///srv/notes/a/b"), Effect::Deny);
    assert_eq!(resource("read", "file:///srv/notes/private/b"), Effect::Deny);
    assert_eq!(resource("read", "https://a.example.com/docs/x"), Effect::Allow);
    assert_eq!(resource("read", "https://evil.test/a.example.com/docs/x"), Effect::Deny);
}

#[test]
fn a_star_in_the_host_of_a_deny_pattern_denies_the_operation_on_every_resource() {
    let (policy, _) = migrate("patterns", &[]);
    let decide = |operation: &str, uri: &str| {
        decide(&policy, &format!(r#"{{"resource":"{uri}","operation":"{operation}","role":"agent"}}"#))
    };
    for uri in ["https://docs.example.com/a", "https://docs.example.com/internal/a"] {
        assert_eq!(decide("read", uri), Effect::Deny, "{uri}");
        assert_eq!(decide("list", uri), Effect::Allow, "{uri}");
    }
}
