//! `callgate check`: the errors, warnings and notes of policies, with their positions and fixes.

use std::io;
use std::path::PathBuf;

use callgate_engine::policy::text::{Diagnostic, Positions, Severity, report};
use serde::Serialize;

use crate::checked::{Checked, Verdict};
use crate::failure::Failure;
use crate::print::{self, counted};
use crate::sarif;

/// How findings are printed.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Format {
    /// Like compiler messages, with the source line
    Text,
    /// One JSON object per policy and line
    Json,
    /// One SARIF 2.1.0 log, for code scanning
    Sarif,
}

/// What is printed, and when a policy is refused.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    pub(crate) format: Format,
    /// Whether all findings are printed, not only three of each kind.
    pub(crate) all: bool,
    pub(crate) deny_warnings: bool,
}

/// Checks the policies in `files`, and prints what was found. The worst outcome decides the exit code.
pub(crate) fn run(files: &[PathBuf], options: Options) -> Result<(), Failure> {
    let mut worst = Ok(());
    let mut all = Vec::new();
    for path in files {
        let checked = match Checked::read(path, options.deny_warnings) {
            Ok(checked) => checked,
            Err(failure) => {
                if let Err(Failure::Unusable(before)) = worst {
                    print::err(&format!("callgate: {before}"))?;
                }
                worst = Err(failure);
                continue;
            }
        };
        match options.format {
            Format::Text => print_text(&checked, options.all)?,
            Format::Json => print_json(&checked)?,
            Format::Sarif => {}
        }
        if checked.verdict != Verdict::Ok && worst.is_ok() {
            worst = Err(Failure::Refused);
        }
        all.push(checked);
    }
    if matches!(options.format, Format::Sarif) {
        print::out(&as_json(&sarif::log(&all))?)?;
    }
    worst
}

fn print_text(checked: &Checked, all: bool) -> Result<(), Failure> {
    let path = &checked.file.name;
    let shown: Vec<Diagnostic> =
        checked.findings.iter().filter(|finding| all || finding.accepted.is_none()).cloned().collect();
    if !shown.is_empty() {
        let render = if all { report::render_all } else { report::render };
        checked.file.print(io::stdout().lock(), &shown, render)?;
        print::out("")?;
    }
    let (verdict, cause) = match checked.verdict {
        Verdict::Ok => ("ok", ""),
        Verdict::Refused => ("refused", ""),
        Verdict::WarningsDenied => ("refused", " (--deny-warnings)"),
    };
    let open = checked.findings.iter().filter(|finding| finding.accepted.is_none());
    let count = |severity| open.clone().filter(|finding| finding.severity == severity).count();
    let mut counts = vec![counted(count(Severity::Error), "error"), counted(count(Severity::Warning), "warning")];
    let notes = count(Severity::Note);
    if notes > 0 {
        counts.push(counted(notes, "note"));
    }
    let accepted = checked.findings.len().saturating_sub(open.count());
    if accepted > 0 {
        counts.push(format!("{accepted} accepted"));
    }
    print::out(&format!("{path}: {verdict}, {}{cause}", counts.join(", ")))
}

/// The output of `--format json`.
#[derive(Serialize)]
struct Report<'r> {
    file: &'r str,
    ok: bool,
    findings: Vec<Finding<'r>>,
}

#[derive(Serialize)]
struct Finding<'r> {
    severity: &'static str,
    code: &'static str,
    message: &'r str,
    fix: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'r str>,
    line: usize,
    column: usize,
    pointer: String,
}

fn print_json(checked: &Checked) -> Result<(), Failure> {
    let positions = Positions::new(&checked.file.text, checked.file.format);
    let report = Report {
        file: &checked.file.name,
        ok: checked.verdict == Verdict::Ok,
        findings: checked
            .findings
            .iter()
            .map(|found| {
                let position = positions.position(&found.span);
                Finding {
                    severity: found.severity.name(),
                    code: found.code,
                    message: &found.message,
                    fix: found.fix.as_deref(),
                    accepted: found.accepted.as_deref(),
                    owner: found.owner.as_deref(),
                    line: position.line,
                    column: position.column,
                    pointer: position.pointer.unwrap_or_default(),
                }
            })
            .collect(),
    };
    print::out(&as_json(&report)?)
}

fn as_json(report: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(report)
        .map_err(|error| Failure::Unusable(format!("cannot write the findings as JSON: {error}")))
}
