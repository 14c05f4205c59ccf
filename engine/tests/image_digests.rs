//! The SHA-256 of the image of each policy in the repository: a refactoring must not change a byte.
#![expect(clippy::panic, reason = "a test states what must hold by failing")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use callgate_engine::{compile, parse, validate};
use sha2::{Digest as _, Sha256};

/// The folders with policies, relative to the root of the repository.
const FOLDERS: [&str; 4] = ["policies", "testdata/http", "testdata/perso-1/policies", "testdata/migrate"];

/// The format of `sha256sum`: a digest, two spaces and a path relative to the root of the repository, sorted by path.
const DIGESTS: &str = "testdata/image-digests.txt";

#[test]
fn every_policy_compiles_to_the_committed_image() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in FOLDERS {
        policy_files(&top.join(folder), &mut files);
    }
    files.sort();
    let mut digests = String::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        // Policies with intended errors have no image.
        let Ok(policy) = parse(&text).and_then(validate) else { continue };
        let name = file.strip_prefix(&top).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let digest = Sha256::digest(compile(&policy));
        writeln!(digests, "{:x}  {name}", base16ct::HexDisplay(&digest)).expect("a string accepts all text");
    }
    assert!(digests.lines().count() > 30, "too few policies were found: {digests}");
    let committed = top.join(DIGESTS);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&committed, &digests).unwrap_or_else(|error| panic!("{}: {error}", committed.display()));
    }
    let expected = fs::read_to_string(&committed).unwrap_or_default();
    let changed: Vec<&str> = digests.lines().filter(|line| !expected.lines().any(|known| known == *line)).collect();
    assert!(changed.is_empty(), "images changed; if that is meant, run this test with BLESS=1: {changed:#?}");
    assert_eq!(digests.lines().count(), expected.lines().count(), "{DIGESTS} has policies that are gone");
}

/// All files below `folder` that may be policies.
fn policy_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display())).path();
        if path.is_dir() {
            policy_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") && !path.ends_with("policy.schema.json")
        {
            files.push(path);
        }
    }
}
