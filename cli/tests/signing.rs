//! Keys, signatures and their verification, run as by a user.
#![expect(clippy::expect_used, reason = "a failed test panics")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const POLICY: &str = include_str!("../../policies/crm.json");

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A directory that contains a policy and a key pair.
struct Desk {
    directory: TempDir,
    public_key: String,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { directory: tempfile::tempdir().expect("a directory"), public_key: String::new() };
        desk.write("crm.json", POLICY);
        let ended = desk.run(&["keygen", "--key", "desk.key", "--unencrypted"], &[], "");
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let public_key = desk.public_key("desk.key.pub");
        Self { public_key, ..desk }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn public_key(&self, name: &str) -> String {
        self.read(name).lines().nth(1).expect("a key").to_owned()
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Ended {
        let mut child = Command::new(env!("CARGO_BIN_EXE_callgate"))
            .args(arguments)
            .current_dir(self.directory.path())
            .env_remove("CALLGATE_POLICY_PUBKEY")
            .env_remove("CALLGATE_POLICY_MIN_REVISION")
            .env_remove("CALLGATE_KEY_PASSWORD")
            .envs(variables.iter().copied())
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

    #[track_caller]
    fn sign(&self, more: &[&str], code: i32) -> Ended {
        let ended = self.run(&[&["sign", "crm.json", "--key", "desk.key"], more].concat(), &[], "");
        assert_eq!(ended.code, Some(code), "{}", ended.err);
        ended
    }

    #[track_caller]
    fn verify(&self, code: i32, told: &str) {
        let ended = self.run(&["verify", "crm.json", "--pubkey", &self.public_key], &[], "");
        assert_eq!(ended.code, Some(code), "{}", ended.err);
        assert!([ended.out, ended.err].concat().contains(told), "{told}");
    }
}

#[test]
fn a_policy_that_was_signed_verifies() {
    let desk = Desk::new();
    desk.verify(1, "cannot read `crm.json.manifest`");
    let ended = desk.sign(&[], 0);
    let told = format!("to verify it, run: minisign -Vm crm.json.manifest -P {}\n", desk.public_key);
    assert!(ended.out.starts_with("crm.json: signed as revision 1, without expiry\n"), "{}", ended.out);
    assert!(ended.out.ends_with(&told), "{}", ended.out);
    desk.verify(0, "crm.json: verified, revision 1\n");
    desk.write("crm.json", &format!("{POLICY}\n"));
    desk.verify(1, "the policy differs from the signed policy");
}

#[test]
fn revisions_go_up() {
    let desk = Desk::new();
    desk.sign(&["--revision", "7"], 0);
    let older = desk.sign(&["--revision", "6"], 1);
    assert!(older.err.contains("revision 6 is older than the previous revision 7"), "{}", older.err);
    desk.sign(&["--revision", "7", "--expires", "2999-01-01T00:00:00Z"], 0);
    desk.write("crm.json", &format!("{POLICY}\n"));
    let same = desk.sign(&["--revision", "7"], 1);
    assert!(same.err.contains("revision 7 already exists for a different policy text"), "{}", same.err);
    desk.sign(&[], 0);
    desk.verify(0, "revision 8");
    desk.write("crm.json.manifest", "{}");
    let lost = desk.sign(&[], 2);
    assert!(lost.err.contains("cannot read the previous revision from `crm.json.manifest`"), "{}", lost.err);
    desk.write("crm.json.manifest", "");
    desk.sign(&[], 2);
}

#[test]
fn the_time_is_a_part_of_what_is_signed() {
    let desk = Desk::new();
    desk.sign(&["--not-before", "2998-01-01T00:00:00Z", "--expires", "2999-01-01T00:00:00Z"], 0);
    desk.verify(1, "the policy is not valid before 2998-01-01T00:00:00Z");
    let manifest = desk.read("crm.json.manifest");
    let past = desk.sign(&["--expires", "2020-01-01T00:00:00Z"], 1);
    assert!(past.err.contains("the policy expired at 2020-01-01T00:00:00Z"), "{}", past.err);
    desk.sign(&["--not-before", "2998-01-01T00:00:00Z", "--expires", "2997-01-01T00:00:00Z"], 1);
    desk.sign(&["--expires", "2999-01-01"], 2);
    assert_eq!(desk.read("crm.json.manifest"), manifest, "what is refused is not written");
    desk.sign(&["--expires", "2999-01-01T00:00:00Z"], 0);
    desk.verify(0, "revision 2, expires 2999-01-01T00:00:00Z");
}

#[test]
fn a_policy_with_an_error_is_not_signed() {
    let desk = Desk::new();
    desk.write("crm.json", &POLICY.replace("\"rules\"", "\"rulez\""));
    let ended = desk.sign(&[], 1);
    assert!(ended.err.contains("error[unknown_key]"), "{}", ended.err);
    assert!(!desk.path("crm.json.manifest").exists());
}

#[test]
fn the_environment_says_whom_to_trust() {
    let desk = Desk::new();
    desk.sign(&[], 0);
    let verify = |variables: &[(&str, &str)]| desk.run(&["verify", "crm.json"], variables, "");
    let key = ("CALLGATE_POLICY_PUBKEY", &*desk.public_key);
    assert_eq!(verify(&[key]).code, Some(0));
    assert_eq!(verify(&[key, ("CALLGATE_POLICY_MIN_REVISION", "1")]).code, Some(0));
    let old = verify(&[key, ("CALLGATE_POLICY_MIN_REVISION", "2")]);
    assert_eq!(old.code, Some(1));
    assert!(old.err.contains("the policy is revision 1, but the minimum is revision 2"), "{}", old.err);
    let nobody = verify(&[]);
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.err.contains("no trusted public key is set"), "{}", nobody.err);
}

#[test]
fn a_password_comes_from_a_variable_or_from_standard_input() {
    let desk = Desk::new();
    let password = ("CALLGATE_KEY_PASSWORD", "correct horse");
    let made = desk.run(&["keygen", "--key", "new.key"], &[password], "");
    assert_eq!(made.code, Some(0), "{}", made.err);
    assert!(made.out.contains(&desk.public_key("new.key.pub")), "{}", made.out);
    let sign = ["sign", "crm.json", "--key", "new.key"];
    assert_eq!(desk.run(&sign, &[password], "").code, Some(0));
    assert_eq!(desk.run(&sign, &[], "correct horse\n").code, Some(0));
    let wrong = desk.run(&sign, &[], "wrong horse\n");
    assert_eq!((wrong.code, &*wrong.err), (Some(2), "callgate: `new.key` cannot be decrypted with this password\n"));
    let none = desk.run(&sign, &[], "");
    assert_eq!(none.code, Some(2));
    assert!(none.err.contains("the key needs a password; set `CALLGATE_KEY_PASSWORD`"), "{}", none.err);
}

#[test]
fn a_key_is_not_replaced() {
    let desk = Desk::new();
    let key = desk.read("desk.key");
    let again = desk.run(&["keygen", "--key", "desk.key", "--unencrypted"], &[], "");
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("`desk.key` already exists; choose another file name"), "{}", again.err);
    assert_eq!(desk.read("desk.key"), key);
    let empty = desk.run(&["keygen", "--key", "empty.key"], &[], "\n");
    assert_eq!(empty.code, Some(2), "{}", empty.err);
    assert!(!desk.path("empty.key").exists());
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_a_secret_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(Desk::new().path("desk.key")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
