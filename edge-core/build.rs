//! Compiles the policy file that `CALLGATE_POLICY` names into an image next to the crate's other output. If
//! `CALLGATE_POLICY_PUBKEY` is set, the policy's signature is verified first.

use std::process::ExitCode;

#[cfg(feature = "embed")]
#[path = "build/choice.rs"]
mod choice;
#[cfg(feature = "embed")]
#[path = "build/commit.rs"]
mod commit;

fn main() -> ExitCode {
    #[cfg(feature = "embed")]
    return embed::run();
    #[cfg(not(feature = "embed"))]
    ExitCode::SUCCESS
}

#[cfg(feature = "embed")]
mod embed {
    use std::io::{self, Write as _};
    use std::path::{Path, PathBuf};
    use std::process::ExitCode;
    use std::time::SystemTime;
    use std::{env, fs};

    use callgate_engine::{Format, compile, report, validate};
    use callgate_signing::{MINIMUM_REVISION_VARIABLE, Manifest, PUBLIC_KEY_VARIABLE, Refusal, SignedFiles, Trust};

    use crate::choice::choose;
    use crate::commit::{self, Commit};

    pub(super) fn run() -> ExitCode {
        for variable in ["CALLGATE_POLICY", PUBLIC_KEY_VARIABLE, MINIMUM_REVISION_VARIABLE] {
            println!("cargo::rerun-if-env-changed={variable}");
        }
        let profile = env::var("PROFILE").unwrap_or_default();
        let embedded = choose(&profile, env::var("CALLGATE_POLICY")).and_then(|shown| {
            // A relative path starts at the top of the checkout, wherever cargo runs the script.
            let path = workspace().join(&shown);
            println!("cargo::rerun-if-changed={}", path.display());
            embed(&path, &shown)
        });
        match embedded {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                // Cargo prints the standard error of a failed build script.
                _ = writeln!(io::stderr(), "{message}");
                ExitCode::FAILURE
            }
        }
    }

    fn workspace() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
    }

    fn embed(path: &Path, shown: &str) -> Result<(), String> {
        let bytes = fs::read(path).map_err(|error| format!("error: cannot read the policy `{shown}`: {error}"))?;
        // A policy without a trusted signature is not even parsed.
        let manifest = verify(path, &bytes).map_err(|refusal| {
            let fix = refusal.fix();
            format!("error: the policy `{shown}` is not embedded: {refusal}\n  = help: {fix}")
        })?;
        let text = String::from_utf8(bytes).map_err(|_| format!("error: the policy `{shown}` is not UTF-8"))?;
        let format = Format::of_path(shown).map_err(|problem| format!("error: {problem}"))?;
        let policy = format.parse(&text).and_then(validate).map_err(|problems| {
            let report = report::render(shown, &text, format, &problems, false);
            format!("{report}\n\nerror: the policy `{shown}` is not embedded; fix the errors above")
        })?;
        for warning in policy.warnings() {
            println!("cargo::warning={shown}: {}", warning.message);
        }
        let out = env::var("OUT_DIR").map(PathBuf::from).map_err(|error| format!("error: OUT_DIR: {error}"))?;
        fs::write(out.join("policy.img"), compile(&policy)).map_err(|error| format!("error: policy.img: {error}"))?;
        let mut inputs = vec![path.to_owned()];
        if manifest.is_some() {
            let SignedFiles { manifest, signature } = SignedFiles::beside(path);
            inputs.extend([manifest, signature]);
        }
        let commit = commit::find(&workspace(), &inputs)?;
        let facts = write_facts(manifest.as_ref(), commit.as_ref());
        fs::write(out.join("facts.rs"), facts).map_err(|error| format!("error: facts.rs: {error}"))?;
        let path = path.canonicalize().map_err(|error| format!("error: `{shown}`: {error}"))?;
        println!("cargo::rustc-env=CALLGATE_POLICY_FILE={}", path.display());
        println!("cargo::rustc-env=CALLGATE_POLICY_BYTES={}", text.len());
        Ok(())
    }

    /// Verifies the policy if the environment configures trusted keys.
    fn verify(path: &Path, text: &[u8]) -> Result<Option<Manifest>, Refusal> {
        let Some(trust) = Trust::from_environment()? else { return Ok(None) };
        let SignedFiles { manifest, signature } = SignedFiles::beside(path);
        for file in [&manifest, &signature] {
            println!("cargo::rerun-if-changed={}", file.display());
        }
        let manifest = trust.verify_beside(path, text, SystemTime::now())?;
        if manifest.expires.is_some() {
            // A policy can expire without a file change. Cargo runs a script every time that names a missing file.
            println!("cargo::rerun-if-changed={}", path.join("the-clock").display());
        }
        Ok(Some(manifest))
    }

    /// Writes the expression that `src/answer/embedded.rs` includes.
    fn write_facts(manifest: Option<&Manifest>, commit: Option<&Commit>) -> String {
        let revision = manifest.map(|manifest| manifest.revision.to_string());
        let commit = commit.map(|Commit { id, author, time, is_dirty }| {
            format!(
                "crate::answer::build_facts::CommitFacts {{ id: {id:?}, author: {author:?}, time: {time:?}, is_dirty: {is_dirty} }}"
            )
        });
        let commit = commit.map_or_else(|| "None".to_owned(), |commit| format!("Some({commit})"));
        format!("Facts {{ revision: {revision:?}, commit: {commit} }}\n")
    }
}
