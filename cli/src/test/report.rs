//! The results of test cases in the three output formats.

use std::io;

use callgate_engine::policy::text::{Diagnostic, Severity, report};
use clap::ValueEnum;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use crate::failure::Failure;
use crate::policy_file::PolicyFile;
use crate::print::{self, quoted};

/// The format of the results.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum ReportFormat {
    /// A line for each failed case, and one for each policy
    Text,
    /// The XML format that CI servers read
    Junit,
    /// One JSON object
    Json,
}

/// The results of one policy.
#[derive(Default)]
pub(super) struct PolicyResult {
    pub(super) policy: String,
    /// A policy with errors, and its findings.
    pub(super) refused: Option<(PolicyFile, Vec<Diagnostic>)>,
    pub(super) cases: Vec<CaseResult>,
    /// Why no case was run.
    pub(super) nothing_tested: Option<String>,
    /// The rules that decided no case.
    pub(super) unused_rules: Vec<String>,
}

/// The result of one case.
#[derive(Serialize)]
pub(super) struct CaseResult {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
    /// How the decision differs from the expected one; `None` if the case passed.
    #[serde(rename = "failure")]
    pub(super) difference: Option<String>,
}

impl PolicyResult {
    /// Whether there was a case and none failed.
    pub(super) fn has_passed(&self) -> bool {
        self.error().is_none() && self.failed() == 0
    }

    fn failed(&self) -> usize {
        self.cases.iter().filter(|case| case.difference.is_some()).count()
    }

    /// Why the cases were not run.
    fn error(&self) -> Option<String> {
        let Some((_, findings)) = &self.refused else { return self.nothing_tested.clone() };
        let first = findings.iter().find(|finding| finding.severity == Severity::Error);
        let message = first.map_or("", |finding| &finding.message);
        Some(format!("the policy is refused: {message}; run `callgate check` for all errors"))
    }
}

/// Prints the results of one policy as text.
pub(super) fn print_text(result: &PolicyResult) -> Result<(), Failure> {
    let policy = &result.policy;
    if let Some((file, findings)) = &result.refused {
        file.print(io::stdout().lock(), findings, report::render)?;
        return print::out(&format!("\n{policy}: refused"));
    }
    for CaseResult { name, file, line, column, difference } in &result.cases {
        if let Some(difference) = difference {
            print::out(&format!("{file}:{line}:{column}: {}: {difference}", quoted(name)))?;
        }
    }
    if let Some(problem) = &result.nothing_tested {
        print::out(&format!("error: {problem}"))?;
    }
    for rule in &result.unused_rules {
        print::out(&format!("warning: no test case is decided by the rule {}", quoted(rule)))?;
    }
    let failed = result.failed();
    print::out(&format!("{policy}: {} passed, {failed} failed", result.cases.len().saturating_sub(failed)))
}

/// Prints all results in a format that is one document.
pub(super) fn print_whole(format: ReportFormat, results: &[PolicyResult]) -> Result<(), Failure> {
    match format {
        ReportFormat::Text => Ok(()),
        ReportFormat::Json => print::out(&json(results)?),
        ReportFormat::Junit => print::out(junit(results)?.trim_end()),
    }
}

/// The document of `--format json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'r> {
    ok: bool,
    policies: Vec<PolicyDocument<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyDocument<'r> {
    policy: &'r str,
    ok: bool,
    error: Option<String>,
    passed: usize,
    failed: usize,
    unused_rules: &'r [String],
    cases: &'r [CaseResult],
}

fn json(results: &[PolicyResult]) -> Result<String, Failure> {
    let policies = results.iter().map(|result| PolicyDocument {
        policy: &result.policy,
        ok: result.has_passed(),
        error: result.error(),
        passed: result.cases.len().saturating_sub(result.failed()),
        failed: result.failed(),
        unused_rules: &result.unused_rules,
        cases: &result.cases,
    });
    let document = Document { ok: results.iter().all(PolicyResult::has_passed), policies: policies.collect() };
    serde_json::to_string(&document)
        .map_err(|error| Failure::Unusable(format!("cannot write the results as JSON: {error}")))
}

fn junit(results: &[PolicyResult]) -> Result<String, Failure> {
    let mut report = Report::new("callgate test");
    for result in results {
        let mut suite = TestSuite::new(&*result.policy);
        if let Some(problem) = result.error() {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(problem);
            suite.add_test_case(TestCase::new("the test cases can be run", status));
        }
        for case in &result.cases {
            let status = match &case.difference {
                None => TestCaseStatus::success(),
                Some(difference) => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_message(&**difference);
                    status.set_description(format!("{}:{}:{}: {difference}", case.file, case.line, case.column));
                    status
                }
            };
            let mut test = TestCase::new(&*case.name, status);
            test.set_classname(&*result.policy);
            suite.add_test_case(test);
        }
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| Failure::Unusable(format!("cannot write the results as XML: {error}")))
}
