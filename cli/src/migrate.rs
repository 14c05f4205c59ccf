//! `callgate migrate`: a policy of another engine as one of `callgate-1`, and what did not fit.

mod finding;
mod mcpkit;
mod number;
mod pattern;
mod perso;
mod perso_condition;
mod policy;
mod sandbox;
mod yaml;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use callgate_engine::{Dialect, parse};
use clap::ValueEnum;

use self::finding::{Finding, Weight};
use self::policy::Policy;
use crate::print::{self, unwritable};
use crate::{Failure, read_text};

/// What a policy is migrated from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Origin {
    /// The JSON policies of perso
    #[value(name = "perso-1")]
    Perso1,
    /// The YAML policies of mcpkit-rs
    Mcpkit,
}

/// What the command line says.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The policy to migrate
    file: PathBuf,
    /// What it is a policy of; found out from its text and its name where it is left out
    #[arg(long, value_enum)]
    from: Option<Origin>,
    /// Where the new policy is written; standard output where it is left out
    #[arg(long)]
    out: Option<PathBuf>,
    /// The role that a policy of mcpkit, which knows none, is written for [default: agent]
    #[arg(long)]
    role: Option<String>,
}

/// Migrates a policy and says what did not fit.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let file = &*options.file;
    let shown = file.display().to_string();
    let text = read_text(file)?;
    let origin = match options.from {
        Some(origin) => origin,
        None => detect(file, &text)?,
    };
    let (policy, mut findings) = match origin {
        Origin::Perso1 if options.role.is_some() => {
            let message = "`--role` is for policies of mcpkit; one of perso has its own roles";
            return Err(Failure::Unusable(message.to_owned()));
        }
        Origin::Perso1 => match perso::migrate(&text) {
            Ok(migrated) => (Some(migrated.policy), migrated.findings),
            Err(problems) => {
                print::findings(io::stderr().lock(), &shown, &text, &problems)?;
                print::err(&format!("\n{shown}: refused, nothing is written"))?;
                return Err(Failure::Refused);
            }
        },
        Origin::Mcpkit => {
            let role = options.role.as_deref().unwrap_or("agent");
            policy::judge(&Policy::new(Some(Vec::new()), vec![role.to_owned()], Vec::new()))
                .map_err(|problem| Failure::Unusable(format!("`--role`: {problem}")))?;
            mcpkit::migrate(&text, role, policy::judge)
        }
    };
    finding::print(&shown, &mut findings).map_err(|error| unwritable(&error))?;
    let Some(policy) = policy else {
        print::err(&format!("{shown}: refused, nothing is written"))?;
        return Err(Failure::Refused);
    };
    let migrated = checked(&policy)?;
    write(&migrated, options)?;
    let count = |weight| findings.iter().filter(|finding: &&Finding| finding.weight == weight).count();
    match count(Weight::Lost) {
        0 => Ok(()),
        lost => {
            let parts = if lost == 1 { "1 part was" } else { &*format!("{lost} parts were") };
            print::err(&format!("{shown}: {parts} not carried over"))?;
            Err(Failure::Incomplete)
        }
    }
}

/// The text of the new policy, which the engine takes.
fn checked(policy: &Policy) -> Result<String, Failure> {
    let text = policy.to_text().map_err(|error| Failure::Unusable(format!("can't write the policy: {error}")))?;
    let text = print::printable_json(&text);
    let Err(problems) = policy::check(&text) else { return Ok(text) };
    print::findings(io::stderr().lock(), "the new policy", &text, &problems)?;
    print::err("\nthe new policy has an error, so nothing is written")?;
    Err(Failure::Refused)
}

fn write(text: &str, options: &Options) -> Result<(), Failure> {
    let Some(out) = &options.out else {
        return io::stdout().lock().write_all(text.as_bytes()).map_err(|error| unwritable(&error));
    };
    let is_source =
        fs::canonicalize(out).is_ok_and(|out| fs::canonicalize(&options.file).is_ok_and(|file| file == out));
    if is_source {
        return Err(Failure::Unusable(format!("`{}` is the policy that is migrated: write elsewhere", out.display())));
    }
    fs::write(out, text).map_err(|error| Failure::Unusable(format!("can't write `{}`: {error}", out.display())))
}

/// Tells the origin by what the text says of itself, then by the file's name.
fn detect(file: &Path, text: &str) -> Result<Origin, Failure> {
    match parse(text).map(|document| document.dialect) {
        Ok(Dialect::Perso1) => return Ok(Origin::Perso1),
        Ok(Dialect::Callgate1) => {
            return Err(Failure::Unusable(format!("`{}` is a policy of callgate-1 already", file.display())));
        }
        Err(_) => {}
    }
    match file.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("yaml" | "yml") => Ok(Origin::Mcpkit),
        Some("json") => Ok(Origin::Perso1),
        _ => {
            Err(Failure::Unusable(format!("can't tell what `{}` is a policy of: say it with `--from`", file.display())))
        }
    }
}
