//! Builds with trusted keys accept no other policy, through cargo and the build script.
#![expect(clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use callgate_signing::{Manifest, SignedFiles, SigningKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const POLICY: &str = include_str!("../../policies/crm.json");

/// A signed policy in its own directory.
struct Signed {
    directory: TempDir,
    public_key: String,
    /// All tests use one directory and run one at a time, because the dependencies take long to compile.
    _turn: MutexGuard<'static, ()>,
}

impl Signed {
    fn new() -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let key = SigningKey::generate(None).expect("a key").0;
        let public_key = key.public_key().expect("a public key");
        let signed = Self { directory: tempfile::tempdir().expect("a directory"), public_key, _turn: turn };
        fs::write(signed.policy(), POLICY).expect("a policy");
        signed.sign(&key, None);
        signed
    }

    fn sign(&self, key: &SigningKey, expires: Option<SystemTime>) {
        let sha256 = Sha256::digest(POLICY).into();
        let manifest = Manifest { sha256, revision: 7, not_before: None, expires }.write();
        let signature = key.sign(&manifest, "crm.json.manifest", SystemTime::now()).expect("a signature");
        let files = SignedFiles::beside(&self.policy());
        fs::write(files.manifest, manifest).expect("a manifest");
        fs::write(files.signature, signature).expect("a signature");
    }

    fn policy(&self) -> PathBuf {
        self.directory.path().join("crm.json")
    }

    /// Builds the crate, and returns the embedded facts or cargo's error.
    fn build(&self, variables: &[(&str, &str)]) -> Result<Built, String> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("signed-build");
        let output = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--offline", "--package", "callgate-edge-core", "--message-format", "json"])
            // The compiled code runs only briefly, so its compilation must be fast.
            .args(["--config", "profile.dev.debug=0", "--config", "profile.dev.package.regex-automata.opt-level=0"])
            .arg("--target-dir")
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("CALLGATE_POLICY", self.policy())
            .env_remove("CALLGATE_POLICY_PUBKEY")
            .env_remove("CALLGATE_POLICY_MIN_REVISION")
            .env_remove("CALLGATE_COMMIT_FACTS")
            .envs(variables.iter().copied())
            .output()
            .expect("cargo starts");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let messages = String::from_utf8(output.stdout).expect("UTF-8");
        let messages = messages.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let text = |message: &Value, member| message.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        let ours: Vec<Value> = messages.filter(|message| text(message, "package_id").contains("edge-core")).collect();
        let ran = ours.iter().find(|message| text(message, "reason") == "build-script-executed");
        let out = text(ran.expect("the build script ran"), "out_dir");
        let facts = fs::read_to_string(Path::new(&out).join("facts.rs")).expect("the facts");
        let library = ours.iter().rfind(|message| text(message, "reason") == "compiler-artifact");
        let is_new = library.and_then(|library| library.get("fresh")) == Some(&Value::Bool(false));
        Ok(Built { facts, is_new })
    }

    fn build_trusting(&self, keys: &str, minimum: &str) -> Result<Built, String> {
        self.build(&[("CALLGATE_POLICY_PUBKEY", keys), ("CALLGATE_POLICY_MIN_REVISION", minimum)])
    }

    #[track_caller]
    fn check(&self, expected: Result<&str, &str>) {
        check(self.build_trusting(&self.public_key, "0"), expected);
    }

    /// Changes one byte of a file, checks, and changes it back.
    #[track_caller]
    fn check_changed(&self, file: &Path, at: usize, message: &str) {
        let whole = fs::read(file).expect("a file");
        let mut changed = whole.clone();
        let byte = changed.get_mut(at).expect("a byte");
        *byte = if *byte == b'a' { b'b' } else { b'a' };
        fs::write(file, changed).expect("a file");
        self.check(Err(message));
        fs::write(file, whole).expect("a file");
    }
}

/// The result of a build.
struct Built {
    facts: String,
    /// Whether the build did any work.
    is_new: bool,
}

#[track_caller]
fn check(built: Result<Built, String>, expected: Result<&str, &str>) {
    match (built, expected) {
        (Ok(Built { facts, .. }), Ok(part)) => assert!(facts.contains(part), "{part}: {facts}"),
        (Err(told), Err(part)) => assert!(told.contains(part), "{part}: {told}"),
        (Ok(Built { facts, .. }), Err(part)) => panic!("built instead of failing with {part}: {facts}"),
        (Err(told), Ok(_)) => panic!("{told}"),
    }
}

#[test]
fn only_a_policy_with_a_trusted_signature_is_built() {
    let signed = Signed::new();
    let (policy, files) = (signed.policy(), SignedFiles::beside(&signed.policy()));
    check(signed.build(&[]), Ok("revision: None"));
    signed.check(Ok("revision: Some(\"7\")"));

    signed.check_changed(&policy, 1000, "is not embedded: the policy differs from the signed policy; its SHA-256 is ");
    signed.check_changed(&files.manifest, 20, "the signature does not match the manifest");
    signed.check_changed(&files.signature, 80, "the signature does not match the manifest");
    signed.check_changed(&files.signature, 3, "the signature starts with a custom comment");

    let other = SigningKey::generate(None).expect("a key").0;
    let other_public = other.public_key().expect("a public key");
    check(signed.build_trusting(&other_public, "0"), Err("signed by the untrusted key "));
    check(signed.build_trusting(&format!("{other_public}\n{}", signed.public_key), "7"), Ok("Some(\"7\")"));
    let old = "the policy is revision 7, but the minimum is revision 8";
    check(signed.build_trusting(&signed.public_key, "8"), Err(old));
    check(signed.build_trusting(" ", "0"), Err("`CALLGATE_POLICY_PUBKEY` contains no public key"));
    let floor = signed.build(&[("CALLGATE_POLICY_MIN_REVISION", "1")]);
    check(floor, Err("requires `CALLGATE_POLICY_PUBKEY`, which is not set"));

    fs::remove_file(files.signature).expect("a file");
    signed.check(Err("crm.json.manifest.minisig`"));
}

#[test]
fn an_empty_variable_does_not_embed_the_example() {
    let signed = Signed::new();
    for blank in ["", " \n"] {
        let built = signed.build(&[("CALLGATE_POLICY", blank)]);
        check(built, Err("the variable `CALLGATE_POLICY` is blank"));
    }
    check(signed.build(&[("CALLGATE_POLICY", "policies/crm.json")]), Ok("revision: None"));
}

#[test]
fn a_policy_that_expires_is_checked_in_every_build() {
    let key = SigningKey::generate(None).expect("a key").0;
    let mut signed = Signed::new();
    signed.public_key = key.public_key().expect("a public key");
    let hour = Duration::from_secs(3600);
    signed.sign(&key, SystemTime::now().checked_sub(hour));
    signed.check(Err("the policy expired at "));
    signed.sign(&key, SystemTime::now().checked_add(hour));
    for _ in 0..2 {
        let built = signed.build_trusting(&signed.public_key, "0").unwrap_or_else(|told| panic!("{told}"));
        assert!(built.is_new, "no file changed since the last build, but the time did");
    }
}

#[test]
fn the_commit_is_omitted_if_the_operator_disables_it() {
    let signed = Signed::new();
    check(signed.build(&[("CALLGATE_COMMIT_FACTS", "none")]), Ok("commit: None"));
    check(signed.build(&[("CALLGATE_COMMIT_FACTS", "some")]), Err("set it to `all`, `no-author` or `none`"));
    let built = signed.build(&[("CALLGATE_COMMIT_FACTS", "no-author")]).unwrap_or_else(|told| panic!("{told}"));
    assert!(!built.facts.contains("author: Some"), "{}", built.facts);
    let again = signed.build(&[("CALLGATE_COMMIT_FACTS", "no-author")]).unwrap_or_else(|told| panic!("{told}"));
    assert!(!again.is_new, "nothing changed since the last build");
}
