//! `callgate sign`: signs a policy.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callgate_signing::{KeyFile, Manifest, PublicKey, SignedFiles, SigningKey, parse_time, verify, write_time};
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;
use crate::policy_file::PolicyFile;
use crate::print;
use crate::signing::password;
use crate::signing::refusal::print_refusal;
use crate::text_file::read_text;

/// The options of the command.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The policy file
    policy: PathBuf,
    /// The secret key file from `callgate keygen` or minisign
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The revision number [default: the previous revision plus 1]
    #[arg(long, value_name = "N")]
    revision: Option<u64>,
    /// The earliest time of a build, such as 2027-01-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    not_before: Option<SystemTime>,
    /// The latest time of a build
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    expires: Option<SystemTime>,
}

fn read_time(text: &str) -> Result<SystemTime, String> {
    parse_time(text).ok_or_else(|| "the time must be in UTC with seconds, such as 2027-06-30T00:00:00Z".to_owned())
}

/// Checks the policy, and writes its manifest and signature next to it.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let policy = &options.policy;
    let file = PolicyFile::read(policy)?;
    check(&file)?;
    let text = &file.text;
    let files = SignedFiles::beside(policy);
    let sha256 = Sha256::digest(text.as_bytes()).into();
    let revision = next_revision(&files.manifest, options.revision, &sha256)?;
    let manifest = Manifest { sha256, revision, not_before: options.not_before, expires: options.expires };
    manifest.check().map_err(|refusal| print_refusal(policy, &refusal))?;
    let key = open_key(&options.key)?;
    let unusable =
        |problem: &dyn std::fmt::Display| Failure::Unusable(format!("`{}` {problem}", options.key.display()));
    let public_key = key.public_key().map_err(|error| unusable(&error))?;
    let name = files.manifest.file_name().unwrap_or_default().to_string_lossy();
    let (written, now) = (manifest.write(), SystemTime::now());
    let signature = key.sign(&written, &name, now).map_err(|error| unusable(&error))?;
    // Files that a build would refuse are not written, unless they are only not valid yet.
    let seen_at = manifest.not_before.map_or(now, |not_before| not_before.max(now));
    PublicKey::read_all(&public_key)
        .and_then(|keys| verify(text.as_bytes(), written.as_bytes(), signature.as_bytes(), &keys, seen_at, revision))
        .map_err(|refusal| print_refusal(policy, &refusal))?;
    write(&files.manifest, &written)?;
    write(&files.signature, &signature)?;
    // Printed in both cases, because a forgotten expiry would otherwise not be noticed.
    let end =
        manifest.expires.map_or_else(|| "without expiry".to_owned(), |end| format!("expires {}", write_time(end)));
    print::out(&format!(
        "{}: signed as revision {revision}, {end}\nto verify it, run: minisign -Vm {} -P {public_key}",
        policy.display(),
        files.manifest.display()
    ))
}

/// Refuses a policy with an error, and prints the warnings of a valid one.
fn check(policy: &PolicyFile) -> Result<(), Failure> {
    let valid = policy.check()?;
    if valid.warnings().is_empty() {
        return Ok(());
    }
    policy.report(valid.warnings())?;
    print::err("")
}

/// The revision to sign, which never decreases and never identifies two policies.
fn next_revision(manifest: &Path, asked: Option<u64>, sha256: &[u8; 32]) -> Result<u64, Failure> {
    let shown = manifest.display();
    let bytes = match fs::read(manifest) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(asked.unwrap_or(1)),
        Err(error) => return Err(Failure::Unusable(format!("cannot read `{shown}`: {error}"))),
    };
    let there = Manifest::read(&bytes).map_err(|refusal| {
        Failure::Unusable(format!("cannot read the previous revision from `{shown}`: {refusal}; restore the file"))
    })?;
    let next = asked.unwrap_or(there.revision.saturating_add(1));
    let problem = if next < there.revision {
        format!("revision {next} is older than the previous revision {}", there.revision)
    } else if next == there.revision && *sha256 != there.sha256 {
        format!("revision {next} already exists for a different policy text")
    } else {
        return Ok(next);
    };
    let fix = "remove `--revision` to sign the next revision";
    print::err(&format!("error: {shown}: {problem}\n  = help: {fix}"))?;
    Err(Failure::Refused)
}

fn open_key(file: &Path) -> Result<SigningKey, Failure> {
    let unusable = |error| Failure::Unusable(format!("`{}` {error}", file.display()));
    let key = KeyFile::read(read_text(file)?).map_err(unusable)?;
    let password = if key.is_encrypted() { password::ask()? } else { String::new() };
    key.open(password).map_err(unusable)
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text).map_err(|error| Failure::Unusable(format!("cannot write `{}`: {error}", file.display())))
}
