//! Compiles the policy file that `CALLGATE_POLICY` names into an image beside the crate's other output.

use std::process::ExitCode;

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
    use std::{env, fs};

    use callgate_engine::{compile, parse, report, validate};

    /// The policy that is embedded where the environment names none.
    const DEFAULT_POLICY: &str = "policies/crm.json";

    pub(super) fn run() -> ExitCode {
        println!("cargo::rerun-if-env-changed=CALLGATE_POLICY");
        let named = env::var("CALLGATE_POLICY").ok().filter(|path| !path.is_empty());
        let shown = named.unwrap_or_else(|| DEFAULT_POLICY.to_owned());
        // A relative path starts at the top of the checkout, wherever cargo runs the script.
        let path = workspace().join(&shown);
        println!("cargo::rerun-if-changed={}", path.display());
        match embed(&path, &shown) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                // Cargo shows what a failed build script wrote to standard error.
                _ = writeln!(io::stderr(), "{message}");
                ExitCode::FAILURE
            }
        }
    }

    fn workspace() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
    }

    fn embed(path: &Path, shown: &str) -> Result<(), String> {
        let bytes = fs::read(path).map_err(|error| format!("error: can't read the policy `{shown}`: {error}"))?;
        let text = String::from_utf8(bytes).map_err(|_| format!("error: the policy `{shown}` is not UTF-8"))?;
        let policy = parse(&text).and_then(validate).map_err(|problems| {
            let report = report::render(shown, &text, &problems, false);
            format!("{report}\n\nerror: the policy `{shown}` is not embedded: mend what is listed above")
        })?;
        for warning in policy.warnings() {
            println!("cargo::warning={shown}: {}", warning.message);
        }
        let out = env::var("OUT_DIR").map(PathBuf::from).map_err(|error| format!("error: OUT_DIR: {error}"))?;
        fs::write(out.join("policy.img"), compile(&policy)).map_err(|error| format!("error: policy.img: {error}"))?;
        let path = path.canonicalize().map_err(|error| format!("error: `{shown}`: {error}"))?;
        println!("cargo::rustc-env=CALLGATE_POLICY_FILE={}", path.display());
        println!("cargo::rustc-env=CALLGATE_POLICY_BYTES={}", text.len());
        Ok(())
    }
}
