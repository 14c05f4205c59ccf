//! `callgate keygen`: creates a key pair without minisign.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use callgate_signing::{SigningKey, UnusableKey};

use crate::failure::Failure;
use crate::print;
use crate::signing::password;

/// The options of the command.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The file for the secret key; the public key is written to FILE.pub
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Write the secret key without a password, for a secret store that encrypts it
    #[arg(long)]
    unencrypted: bool,
}

/// Creates a key pair; an existing file is not replaced.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let public = with_ending(&options.key, ".pub");
    for file in [&options.key, &public] {
        if file.exists() {
            return Err(Failure::Unusable(format!("`{}` already exists; choose another file name", file.display())));
        }
    }
    let password = if options.unencrypted { None } else { Some(password::choose()?) };
    let failed = |error: UnusableKey| Failure::Unusable(format!("cannot make a key: {error}"));
    let (key, text) = SigningKey::generate(password).map_err(failed)?;
    let (word, public_text) = (key.public_key().map_err(failed)?, key.public_key_file().map_err(failed)?);
    write(&options.key, &text, true)?;
    write(&public, &public_text, false)?;
    print::out(&format!(
        "secret key: {}\npublic key: {}\nto trust the key in a build, set CALLGATE_POLICY_PUBKEY={word}",
        options.key.display(),
        public.display()
    ))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut whole = OsString::from(path);
    whole.push(ending);
    whole.into()
}

fn write(file: &Path, text: &str, is_secret: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_secret {
        // Set at creation, so that other users cannot read the key at any time.
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let written = options.open(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::Unusable(format!("cannot write `{}`: {error}", file.display())))
}
