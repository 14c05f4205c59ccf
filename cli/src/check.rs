//! `callgate check`: the errors and warnings of a policy, with their positions and fixes.

use std::io;
use std::path::Path;

use callgate_engine::policy::text::{Diagnostic, Positions, Severity};
use serde::Serialize;

use crate::failure::Failure;
use crate::format::Format;
use crate::policy_file::PolicyFile;
use crate::print::{self, counted};

/// Checks the policy in `file` and prints what was found.
pub(crate) fn run(file: &Path, format: Format, deny_warnings: bool) -> Result<(), Failure> {
    let file = PolicyFile::read(file)?;
    let checked = file.validate();
    let findings = match &checked {
        Ok(policy) => policy.warnings(),
        Err(findings) => findings,
    };
    let verdict = match (&checked, deny_warnings && !findings.is_empty()) {
        (Err(_), _) => Verdict::Refused,
        (Ok(_), true) => Verdict::WarningsDenied,
        (Ok(_), false) => Verdict::Ok,
    };
    match format {
        Format::Text => print_text(&file, findings, verdict),
        Format::Json => print_json(&file, findings, verdict),
    }?;
    if verdict == Verdict::Ok { Ok(()) } else { Err(Failure::Refused) }
}

/// The outcome of the command, and its exit code.
#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Ok,
    Refused,
    /// The policy has only warnings, and `--deny-warnings` is set.
    WarningsDenied,
}

fn print_text(file: &PolicyFile, findings: &[Diagnostic], verdict: Verdict) -> Result<(), Failure> {
    let path = &file.name;
    if !findings.is_empty() {
        print::findings(io::stdout().lock(), path, &file.text, findings)?;
        print::out("")?;
    }
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let verdict = match verdict {
        Verdict::Ok => "ok",
        Verdict::Refused => "refused",
        Verdict::WarningsDenied => "refused by `--deny-warnings`",
    };
    print::out(&format!("{path}: {verdict}, {}, {}", counted(errors, "error"), counted(warnings, "warning")))
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
    line: usize,
    column: usize,
    pointer: String,
}

fn print_json(file: &PolicyFile, findings: &[Diagnostic], verdict: Verdict) -> Result<(), Failure> {
    let positions = Positions::new(&file.text);
    let report = Report {
        file: &file.name,
        ok: verdict == Verdict::Ok,
        findings: findings
            .iter()
            .map(|finding| {
                let position = positions.position(&finding.span);
                Finding {
                    severity: finding.severity.name(),
                    code: finding.code,
                    message: &finding.message,
                    fix: finding.fix.as_deref(),
                    line: position.line,
                    column: position.column,
                    pointer: position.pointer.unwrap_or_default(),
                }
            })
            .collect(),
    };
    let report = serde_json::to_string(&report)
        .map_err(|error| Failure::Unusable(format!("cannot write the findings as JSON: {error}")))?;
    print::out(&report)
}
