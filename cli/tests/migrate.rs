//! `callgate migrate` as a user runs it: what it prints, what it writes and how it exits.
#![expect(clippy::expect_used, reason = "a test states what must hold by failing")]

use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use callgate_engine::Format;
use callgate_engine::policy::text::convert::content;
use callgate_test_support::{checkout_path, read_checkout};
use tempfile::TempDir;

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

#[track_caller]
fn migrate(arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_callgate"))
        .arg("migrate")
        .args(arguments)
        .current_dir(checkout_path(""))
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A directory that contains a file with this name and text, and the file's path.
fn scratch(name: &str, text: &str) -> (TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    fs::write(&path, text).expect("a file");
    (directory, path.into_os_string().into_string().expect("UTF-8"))
}

#[test]
fn what_is_written_and_said_is_as_recorded() {
    let folder = checkout_path("testdata/migrate/perso-1");
    let mut sources: Vec<String> = fs::read_dir(&folder)
        .expect("the sources")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .filter(|name| !name.ends_with(".callgate"))
        .collect();
    sources.sort();
    assert!(sources.len() >= 4, "{sources:?}");
    for name in sources {
        let source = format!("testdata/migrate/perso-1/{name}.json");
        let ended = migrate(&[&source]);
        let said = format!("{}exit code {}\n", ended.err, ended.code.expect("an exit code"));
        for (extension, seen) in [("callgate.json", ended.out), ("findings.txt", said)] {
            let path = folder.join(format!("{name}.{extension}"));
            if env::var_os("BLESS").is_some() {
                fs::write(&path, &seen).expect("a golden file");
            }
            assert_eq!(seen, fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
        }
    }
}

#[test]
fn a_policy_is_written_where_it_is_asked_for_and_never_over_its_source() {
    let source = read_checkout("policies/crm-perso.json");
    let (directory, file) = scratch("source.json", &source);
    let out = directory.path().join("out.json");
    let shown = out.to_str().expect("UTF-8");
    let ended = migrate(&[&file, "--out", shown]);
    assert_eq!((ended.code, &*ended.out), (Some(0), ""), "{}", ended.err);
    assert_eq!(fs::read_to_string(&out).expect("a policy"), migrate(&[&file]).out);
    let yaml = directory.path().join("out.yaml");
    assert_eq!(migrate(&[&file, "--out", yaml.to_str().expect("UTF-8")]).code, Some(0));
    let (yaml, json) = (fs::read_to_string(&yaml).expect("a policy"), fs::read_to_string(&out).expect("a policy"));
    assert!(yaml.starts_with("version: callgate-1\n"), "{yaml}");
    assert_eq!(content(&yaml, Format::Yaml).expect("YAML"), content(&json, Format::Json).expect("JSON"));
    let ended = migrate(&[&file, "--out", &file]);
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert_eq!(fs::read_to_string(&file).expect("a policy"), source);
}

#[test]
fn a_source_can_not_change_what_a_terminal_shows() {
    let is_harmless = |text: &str| !text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}');
    let perso = "{\"version\":\"perso-1\",\"default_action\":\"Deny\",\"tools\":[\"a\",\"b\\u001b[2J\u{9b}\"],\"roles\":[\"r\"],\"k\\u001b[2J\u{9b}\":1,
        \"description\":\"\\u001b[2J\u{9b}\u{202e}\",\"rules\":[{\"tool_name\":\"a\",\"roles\":[\"r\",\"s\u{202e}\"]}]}";
    let mcpkit = "version: '1.0'\ndescription: \"\\e[2J\\N\u{9b}\u{202e}\"\n\"k\\e[2J\": 1\ntools: [\"a\\u202e*\", \"b\\e[2J\"]\n";
    for (name, text) in [("steer.json", perso), ("steer.yaml", mcpkit)] {
        let (_directory, file) = scratch(name, text);
        let ended = migrate(&[&file]);
        assert_eq!(ended.code, Some(3), "{}", ended.err);
        assert!(is_harmless(&ended.out) && is_harmless(&ended.err), "{:?}{:?}", ended.out, ended.err);
        assert!(ended.out.contains(r"\u001b[2J"), "{}", ended.out);
    }
}

#[test]
fn a_text_of_another_kind_is_refused() {
    let check = |name: &str, text: &str, arguments: &[&str], code: i32, said: &str| {
        let (_directory, file) = scratch(name, text);
        let ended = migrate(&[&[&*file], arguments].concat());
        assert_eq!((ended.code, &*ended.out), (Some(code), ""), "{name}: {}", ended.err);
        assert!(ended.err.contains(said), "{name}: {}", ended.err);
    };
    check("kind.json", &read_checkout("policies/crm.json"), &[], 2, "is already a callgate-1 policy");
    check("kind.txt", "version: \"1.0\"\n", &[], 2, "add `--from perso-1` or `--from mcpkit`");
    check(
        "kind-perso.json",
        &read_checkout("policies/crm-perso.json"),
        &["--role", "r"],
        2,
        "`--role` is only for mcpkit policies",
    );
    check("kind-role.yaml", "version: \"1.0\"\n", &["--role", "two words"], 2, "`--role`: ");
    check("kind-version.yaml", "version: \"2.0\"\n", &[], 1, "error[unknown_version]");
    check(
        "kind-twice.yaml",
        "version: \"1.0\"\ntools:\n  allow: [a]\n  allow: [b]\n",
        &[],
        1,
        ":4:3: error[duplicate_key]",
    );
    check(
        "refused.json",
        r#"{ "version": "perso-1" }"#,
        &["--from", "perso-1"],
        1,
        "refused.json: refused; nothing is written\n",
    );
    assert_eq!(migrate(&["no-such.json"]).code, Some(2));
}

#[test]
fn a_hostile_text_is_given_up_in_time() {
    let many = |part: &str, bytes: usize| part.repeat(bytes / part.len());
    let texts = [
        many("- ", 1 << 20),
        many("[", 1 << 20),
        many("? ", 1 << 20),
        many("a: &a [*a]\n", 10 << 20),
        format!("version: \"1.0\"\ntools:\n{}", many("  - x\n", 10 << 20)),
    ];
    for (at, text) in texts.iter().enumerate() {
        let (_directory, file) = scratch(&format!("hostile-{at}.yaml"), text);
        let started = Instant::now();
        let ended = migrate(&[&file]);
        assert_eq!((ended.code, &*ended.out), (Some(1), ""), "{at}");
        assert!(ended.err.len() < 2000 && started.elapsed() < Duration::from_secs(5), "{at}: {:?}", started.elapsed());
    }
}
