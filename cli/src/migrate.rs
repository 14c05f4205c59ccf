//! `callgate migrate`: prints a policy of another engine as a `callgate-1` policy, with its differences.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use callgate_engine::policy::text::convert::convert;
use callgate_engine::{Dialect, Format};
use callgate_migrate::{Finding, Migrated, Position, Refusal, Weight, from_mcpkit, from_perso};
use clap::ValueEnum;

use crate::failure::Failure;
use crate::policy_file::PolicyFile;
use crate::print::{self, printable_json, unwritable};
use crate::text_file::read_text;

/// The source of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Origin {
    /// The JSON policies of perso
    #[value(name = "perso-1")]
    Perso1,
    /// The YAML policies of mcpkit-rs
    Mcpkit,
}

/// The options of the command.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The policy to migrate
    file: PathBuf,
    /// The format of the policy [default: detected from its text and file name]
    #[arg(long, value_enum)]
    from: Option<Origin>,
    /// The file for the new policy, in YAML if its name ends in `.yaml` or `.yml` [default: standard output]
    #[arg(long)]
    out: Option<PathBuf>,
    /// The role of all rules of an mcpkit policy, which has no roles [default: agent]
    #[arg(long)]
    role: Option<String>,
}

/// Migrates a policy and prints the differences.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let file = &*options.file;
    let shown = file.display().to_string();
    let text = read_text(file)?;
    let origin = match options.from {
        Some(origin) => origin,
        None => detect(file, &text)?,
    };
    let migrated = match origin {
        Origin::Perso1 if options.role.is_some() => {
            let message = "`--role` is only for mcpkit policies; remove it, because a perso policy has its own roles";
            return Err(Failure::Unusable(message.to_owned()));
        }
        Origin::Perso1 => from_perso(&text),
        Origin::Mcpkit => from_mcpkit(&text, options.role.as_deref().unwrap_or("agent")),
    };
    let Migrated { policy, findings } = migrated.map_err(|refusal| print_refusal(&shown, &text, refusal))?;
    print_findings(&shown, &findings)?;
    write(&printable_json(&policy), options)?;
    let lost = findings.iter().filter(|finding| finding.weight == Weight::Lost).count();
    if lost == 0 {
        return Ok(());
    }
    let parts = if lost == 1 { "1 part was" } else { &*format!("{lost} parts were") };
    print::err(&format!("{shown}: {parts} not migrated"))?;
    Err(Failure::Incomplete)
}

/// Prints why no policy is written.
fn print_refusal(shown: &str, text: &str, refusal: Refusal) -> Failure {
    let printed = match refusal {
        Refusal::Role(problem) => return Failure::Unusable(format!("`--role`: {problem}")),
        Refusal::PersoSource(problems) => policy(shown, text.to_owned())
            .report(&problems)
            .and_then(|()| print::err(&format!("\n{shown}: refused; nothing is written"))),
        Refusal::McpkitSource(findings) => {
            print_findings(shown, &findings).and_then(|()| print::err(&format!("{shown}: refused; nothing is written")))
        }
        Refusal::Result { findings, policy, problems } => print_findings(shown, &findings)
            .and_then(|()| self::policy("the new policy", policy).report(&problems))
            .and_then(|()| print::err(&format!("\n{shown}: the new policy has an error; nothing is written"))),
    };
    printed.map_or_else(|failure| failure, |()| Failure::Refused)
}

/// A text in JSON for messages.
fn policy(name: &str, text: String) -> PolicyFile {
    PolicyFile { name: name.to_owned(), text, format: Format::Json }
}

/// Prints each finding on a line, with its fix below.
///
/// The source lines are not shown, because a hostile source can have very many findings.
fn print_findings(file: &str, findings: &[Finding]) -> Result<(), Failure> {
    let mut err = io::BufWriter::new(io::stderr().lock());
    let mut lines = findings.iter().flat_map(|finding| {
        let Finding { weight, code, position: Position { line, column }, message, fix } = finding;
        let found = format!("{file}:{line}:{column}: {}[{code}]: {message}", weight.name());
        [Some(found), fix.as_ref().map(|fix| format!("  help: {fix}"))].into_iter().flatten()
    });
    let written = lines.try_for_each(|line| print::write_line(&mut err, &line)).and_then(|()| err.flush());
    written.map_err(|error| unwritable(&error))
}

fn write(text: &str, options: &Options) -> Result<(), Failure> {
    let Some(out) = &options.out else {
        return io::stdout().lock().write_all(text.as_bytes()).map_err(|error| unwritable(&error));
    };
    // Another extension gets JSON, as standard output does.
    let text = match Format::of_path(&out.to_string_lossy()) {
        Ok(Format::Yaml) => {
            let problem = |_| Failure::Unusable("cannot write the policy as YAML; report this as a bug".to_owned());
            Cow::Owned(convert(text, Format::Json, Format::Yaml).map_err(problem)?)
        }
        _ => Cow::Borrowed(text),
    };
    let is_source =
        fs::canonicalize(out).is_ok_and(|out| fs::canonicalize(&options.file).is_ok_and(|file| file == out));
    if is_source {
        return Err(Failure::Unusable(format!(
            "`{}` is the source file; choose another file for `--out`",
            out.display()
        )));
    }
    fs::write(out, &*text).map_err(|error| Failure::Unusable(format!("cannot write `{}`: {error}", out.display())))
}

/// Detects the source format from the text, then from the file name.
fn detect(file: &Path, text: &str) -> Result<Origin, Failure> {
    // A large policy of another engine is not read twice.
    let is_ours = text.contains("callgate-1");
    let named = Format::of_path(&file.to_string_lossy()).ok();
    let format = named.filter(|_| is_ours).unwrap_or(Format::Json);
    match format.parse(text).map(|document| document.dialect) {
        Ok(Dialect::Perso1) => return Ok(Origin::Perso1),
        Ok(Dialect::Callgate1) => {
            return Err(Failure::Unusable(format!("`{}` is already a callgate-1 policy", file.display())));
        }
        Err(_) => {}
    }
    match file.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("yaml" | "yml") => Ok(Origin::Mcpkit),
        Some("json") => Ok(Origin::Perso1),
        _ => Err(Failure::Unusable(format!(
            "cannot detect the format of `{}`; add `--from perso-1` or `--from mcpkit`",
            file.display()
        ))),
    }
}
