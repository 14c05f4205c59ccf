//! `PathCheck`: patterns of paths, the directory that contains relative paths, and paths of Windows.

use callgate_engine::Code;
use callgate_test_support::{Answer, decide, error_codes_of, errors_of, image_of};
use serde_json::{Value, json};

fn policy(effect: &str, check: &Value) -> Value {
    let mut condition = check.clone();
    if let Some(members) = condition.as_object_mut() {
        members.insert("source".into(), json!("Arguments"));
        members.insert("field".into(), json!("path"));
    }
    let rule =
        json!({ "effect": effect, "tool_name": "read", "roles": ["agent"], "condition": { "PathCheck": condition } });
    let others = json!({ "effect": "Allow", "tool_name": "read", "roles": ["agent"] });
    let rules = if effect == "Deny" { json!([rule, others]) } else { json!([rule]) };
    json!({ "version": "callgate-1", "tools": ["read"], "roles": { "agent": {} }, "rules": rules })
}

fn answer(effect: &str, check: &Value, path: &str) -> Answer {
    let call = json!({ "tool": "read", "role": "agent", "args": { "path": path } });
    decide(&image_of(policy(effect, check)), call)
}

/// What a check says of a path: true, false or unknown, as an Allow rule and as a Deny rule.
#[track_caller]
fn check(check: &Value, path: &str, expected: Option<bool>) {
    let (allowed, denied) = match expected {
        Some(true) => (Code::Allowed, Code::DeniedByRule),
        Some(false) => (Code::ConditionFailed, Code::Allowed),
        None => (Code::ConditionUnknown, Code::ConditionUnknown),
    };
    assert_eq!(answer("Allow", check, path).code, allowed, "an Allow rule with {check} on {path:?}");
    assert_eq!(answer("Deny", check, path).code, denied, "a Deny rule with {check} on {path:?}");
}

#[test]
fn a_pattern_matches_segment_by_segment() {
    let secrets = json!({ "globs": ["/repo/**/.env*", "/repo/**/*.pem", "/repo/**/.git/**"], "ignoreCase": "Full" });
    for path in [
        "/repo/.env",
        "/repo/a/b/.ENV.local",
        "/repo/key.pem",
        "/repo/key.PEM/",
        "/repo/.git",
        "/repo/a/.git/config",
        "/REPO/.Git/x/y",
    ] {
        check(&secrets, path, Some(true));
    }
    for path in ["/repo", "/repo/env", "/repo/a.env", "/repo/.gitignore", "/repo/x.pem/y", "/other/.env", "/"] {
        check(&secrets, path, Some(false));
    }
    for path in ["repo/.env", "/repo/./.env", "/repo/a/../.env", "//repo/.env", "/repo/%2eenv", "C:\\repo\\.env", ""] {
        check(&secrets, path, None);
    }
    // A single star stays in its segment, so that it does not allow what is below.
    check(&json!({ "globs": ["/repo/*"] }), "/repo/a", Some(true));
    check(&json!({ "globs": ["/repo/*"] }), "/repo/a/b", Some(false));
    let relative = json!({ "globs": ["**/.env*", "src/*.rs"] });
    check(&relative, ".env", Some(true));
    check(&relative, "a/.env/", Some(true));
    check(&relative, "src/main.rs", Some(true));
    check(&relative, "src/a/main.rs", Some(false));
    check(&relative, "/a/.env", None);
    let reason = answer("Allow", &relative, "src/x").reason;
    assert_eq!(reason, "`path` must match `**/.env*` or `src/*.rs`");
}

#[test]
fn a_base_contains_the_relative_paths() {
    let below = json!({ "roots": ["/repo/src"], "base": "/repo" });
    for path in ["/repo/src/a.rs", "src/a.rs", "src", "src/"] {
        check(&below, path, Some(true));
    }
    for path in ["docs/a.md", "/repo/docs", "repo/src/a.rs"] {
        check(&below, path, Some(false));
    }
    for path in ["../src/a.rs", "src/../../x", "./src", "~/src", "$HOME/src", "", "src\\a.rs", "C:/repo/src", " src"] {
        check(&below, path, None);
    }
    check(&json!({ "roots": ["/etc"], "base": "/" }), "etc/passwd", Some(true));
    check(&json!({ "globs": ["/repo/**/.env"], "base": "/repo/" }), "a/.env", Some(true));
    check(&json!({ "roots": ["C:\\work\\src"], "base": "C:\\work" }), "src\\a.rs", Some(true));
    check(&json!({ "roots": ["C:\\work\\src"], "base": "C:\\work" }), "..\\src", None);
    let reason = answer("Allow", &below, "../x").reason;
    assert_eq!(reason, "`path` must be an unambiguous path");
}

#[test]
fn a_path_of_windows_has_no_case_and_two_slashes() {
    let work = json!({ "roots": ["C:\\Users\\ana\\work"] });
    for path in
        ["C:\\Users\\ana\\work\\a.txt", "c:/users/ANA/work/a.txt", "C:\\Users/ana\\work", "C:\\Users\\ana\\work\\"]
    {
        check(&work, path, Some(true));
    }
    for path in ["C:\\Users\\ana", "D:\\Users\\ana\\work\\a", "C:\\Users\\ana\\workshop\\a"] {
        check(&work, path, Some(false));
    }
    for path in [
        "C:\\Users\\ana\\work\\..\\.ssh\\id_rsa",
        "C:Users\\ana\\work\\a",
        "\\\\server\\share\\a",
        "\\\\?\\C:\\Users\\ana\\work\\a",
        "/Users/ana/work/a",
        "C:\\Users\\ana\\work\\a.txt:stream",
        "C:\\Users\\ana\\work\\a.txt.",
        "C:\\Users\\ana\\work\\SECRET~1.TXT",
        "C:\\Users\\ana\\work\\NUL",
        "C:\\Users\\ana\\work\\com1.txt",
        "Users\\ana\\work",
    ] {
        check(&work, path, None);
    }
    let secrets = json!({ "globs": ["C:/**/.env*"] });
    check(&secrets, "C:\\Users\\ana\\work\\.ENV", Some(true));
    check(&secrets, "c:/.env.local", Some(true));
    check(&secrets, "C:\\Users\\ana\\env", Some(false));
    let reason = answer("Allow", &work, "a").reason;
    assert_eq!(reason, "`path` must be an unambiguous absolute path of Windows");
}

#[test]
fn a_text_check_does_not_miss_a_path_of_windows_with_a_backslash_at_its_end() {
    let policy = json!({ "version": "callgate-1", "tools": ["read"], "roles": { "agent": {} }, "rules": [
        { "effect": "Allow", "tool_name": "read", "roles": ["agent"], "condition":
            { "PathCheck": { "source": "Arguments", "field": "path", "roots": ["C:\\work"] } } },
        { "effect": "Deny", "tool_name": "read", "roles": ["agent"], "condition":
            { "StringCheck": { "source": "Arguments", "field": "path", "op": "EndsWith", "value": [".pem"] } } },
    ] });
    let image = image_of(policy);
    let code = |path: &str| decide(&image, json!({ "tool": "read", "role": "agent", "args": { "path": path } })).code;
    assert_eq!(code("C:\\work\\key.pem"), Code::DeniedByRule);
    assert_eq!(code("C:\\work\\key.pem\\"), Code::ConditionUnknown);
    assert_eq!(code("C:\\work\\key.txt\\"), Code::Allowed);
}

#[test]
fn places_of_one_check_are_of_one_kind() {
    let codes = |check: Value| error_codes_of(policy("Allow", &check));
    assert_eq!(codes(json!({ "roots": ["/a"], "globs": ["/a"] })), ["roots_and_globs"]);
    assert_eq!(codes(json!({ "globs": [] })), ["empty_list"]);
    assert_eq!(codes(json!({})), ["missing_key"]);
    assert_eq!(codes(json!({ "roots": ["C:\\a", "/a"] })), ["mixed_roots"]);
    assert_eq!(codes(json!({ "globs": ["/a/**", "**/b"] })), ["mixed_roots"]);
    for root in ["C:\\a\\..\\b", "C:\\NUL", "C:\\a:b", "C:\\PROGRA~1", "C:\\\\a"] {
        assert_eq!(codes(json!({ "roots": [root] })), ["bad_root"], "{root}");
    }
    for glob in ["/a/../*", "./*", "//*", "/a//**", "C:\\..\\*", "", "/*.", "~/*", "C:\\\u{e000}"] {
        assert_eq!(codes(json!({ "globs": [glob] })), ["bad_glob"], "{glob}");
    }
    for base in ["repo", "/repo/../x", "C:\\repo", "/re*"] {
        assert_eq!(codes(json!({ "roots": ["/repo"], "base": base })), ["bad_base"], "{base}");
    }
    assert_eq!(codes(json!({ "roots": ["src"], "base": "/repo" })), ["bad_base"]);
    let errors = errors_of(policy("Allow", &json!({ "globs": ["/a/.."] })));
    let fix = errors.first().and_then(|error| error.fix.clone());
    let expected = "write a pattern such as `/srv/**/*.csv`, `**/.env*` for relative paths, or `C:/work/**`";
    assert_eq!(fix.as_deref(), Some(expected));
}
