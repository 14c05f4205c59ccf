//! `callgate check`: what is wrong with a policy, where, and how to mend it.

use std::io;
use std::path::Path;

use callgate_engine::policy::text::{Diagnostic, Places, Severity};
use callgate_engine::{parse, validate};
use serde::Serialize;

use crate::print::{self, counted};
use crate::{Failure, Format, read_text};

/// Checks the policy in `file` and prints what was found.
pub(crate) fn run(file: &Path, format: Format, deny_warnings: bool) -> Result<(), Failure> {
    let text = read_text(file)?;
    let checked = parse(&text).and_then(validate);
    let findings = match &checked {
        Ok(policy) => policy.warnings(),
        Err(findings) => findings,
    };
    match format {
        Format::Text => print_text(file, &text, findings),
        Format::Json => print_json(file, &text, findings),
    }?;
    let is_refused = checked.is_err() || (deny_warnings && !findings.is_empty());
    if is_refused { Err(Failure::Refused) } else { Ok(()) }
}

fn print_text(file: &Path, text: &str, findings: &[Diagnostic]) -> Result<(), Failure> {
    let path = file.display().to_string();
    if !findings.is_empty() {
        print::findings(io::stdout().lock(), &path, text, findings)?;
        print::out("")?;
    }
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let verdict = if errors == 0 { "ok" } else { "refused" };
    print::out(&format!("{path}: {verdict}, {}, {}", counted(errors, "error"), counted(warnings, "warning")))
}

/// What `--format json` prints.
#[derive(Serialize)]
struct Report<'r> {
    file: String,
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

fn print_json(file: &Path, text: &str, findings: &[Diagnostic]) -> Result<(), Failure> {
    let places = Places::new(text);
    let report = Report {
        file: file.display().to_string(),
        ok: findings.iter().all(|finding| finding.severity != Severity::Error),
        findings: findings
            .iter()
            .map(|finding| {
                let place = places.of(&finding.span);
                Finding {
                    severity: finding.severity.name(),
                    code: finding.code,
                    message: &finding.message,
                    fix: finding.fix.as_deref(),
                    line: place.line,
                    column: place.column,
                    pointer: place.pointer,
                }
            })
            .collect(),
    };
    let report = serde_json::to_string(&report)
        .map_err(|error| Failure::Unusable(format!("cannot write the findings as JSON: {error}")))?;
    print::out(&report)
}
