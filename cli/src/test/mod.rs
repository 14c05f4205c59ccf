//! `callgate test`: runs policies against their test cases.

mod case;
mod case_file;
mod defaults;
mod reader;
mod report;
mod watch;
mod yaml;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use callgate_engine::{Call, PolicyImage, compile, evaluate};
use clap::Args;

use crate::failure::Failure;
use crate::policy_file::{self, PolicyFile};
use crate::print::{on_one_line, quoted};
use crate::test::case::{Case, Expectation};
use crate::test::case_file::CaseFile;
use crate::test::report::{CaseResult, PolicyResult, ReportFormat};

/// The command line.
#[derive(Args)]
pub(crate) struct Options {
    /// The policy files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// A case file for every policy, in place of the case files next to the policies; can be repeated
    #[arg(long, value_name = "FILE")]
    cases: Vec<PathBuf>,
    /// Run only the cases whose name contains this text
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// The output format
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
    /// Run the cases again whenever a file changes, until the command is stopped
    #[arg(long, conflicts_with = "format")]
    watch: bool,
}

/// Runs the test cases of each policy and prints the results.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    if !options.watch {
        return run_once(options);
    }
    let files = || {
        let cases = options.files.iter().flat_map(|policy| case_files(policy, options));
        options.files.iter().cloned().chain(cases).collect()
    };
    watch::run(files, || run_once(options))
}

fn run_once(options: &Options) -> Result<(), Failure> {
    let mut results = Vec::new();
    for file in &options.files {
        let result = run_policy(file, options)?;
        if options.format == ReportFormat::Text {
            report::print_text(&result)?;
        }
        results.push(result);
    }
    report::print_whole(options.format, &results)?;
    if results.iter().all(PolicyResult::has_passed) { Ok(()) } else { Err(Failure::Refused) }
}

/// The case files of a policy: for `crm.json`, `crm.test.jsonl` and `crm.test.yaml` in the same directory.
fn case_files(policy: &Path, options: &Options) -> Vec<PathBuf> {
    if !options.cases.is_empty() {
        return options.cases.clone();
    }
    let (json, yaml) = (policy.with_extension("test.jsonl"), policy.with_extension("test.yaml"));
    match (json.exists(), yaml.exists()) {
        (_, false) => vec![json],
        (false, true) => vec![yaml],
        (true, true) => vec![json, yaml],
    }
}

fn run_policy(file: &Path, options: &Options) -> Result<PolicyResult, Failure> {
    let policy_file = PolicyFile::read(file)?;
    let mut result = PolicyResult { policy: policy_file.name.clone(), ..PolicyResult::default() };
    let policy = match policy_file.validate() {
        Ok(policy) => policy,
        Err(findings) => {
            result.refused = Some((policy_file, findings));
            return Ok(result);
        }
    };
    let bytes = compile(&policy);
    let image = policy_file::open(&bytes)?;
    let mut unused: BTreeSet<String> = policy.rule_names().collect();
    let paths = case_files(file, options);
    for path in &paths {
        let case_file = CaseFile::read(path)?;
        for ((line, column), case) in case_file.cases()? {
            if options.filter.as_ref().is_some_and(|text| !case.name.contains(text)) {
                continue;
            }
            let difference = judge(&image, &case, &mut unused).err();
            result.cases.push(CaseResult { file: case_file.name.clone(), line, column, name: case.name, difference });
        }
    }
    if result.cases.is_empty() {
        let names: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
        let names = names.join(", ");
        result.nothing_tested = Some(match &options.filter {
            Some(text) => format!("no test case in {names} has a name that contains {}", quoted(text)),
            None if paths.len() == 1 => format!("{names} has no test cases, so nothing is tested"),
            None => format!("{names} have no test cases, so nothing is tested"),
        });
    } else if options.filter.is_none() {
        result.unused_rules = unused.into_iter().collect();
    }
    Ok(result)
}

/// Runs one test case, and removes the rule that decided from `unused`.
fn judge(image: &PolicyImage<'_>, case: &Case<'_>, unused: &mut BTreeSet<String>) -> Result<(), String> {
    let call = match Call::read(case.call.as_bytes(), &case.facts, image) {
        Ok(call) => call,
        Err(error) => return Err(format!("the call is invalid: {}", error.detail())),
    };
    let decision = evaluate(image, &call);
    let rule = decision.rule(image);
    if let Some(rule) = rule {
        unused.remove(rule);
    }
    let mut reason = String::new();
    decision.write_reason(image, &call, &mut reason);
    let expected = &case.expected;
    let decided = Expectation::Text(expected.decision.name().to_owned());
    let members = [
        ("decision", Some(decision.effect.name()), &decided),
        ("code", Some(decision.code.name()), &expected.code),
        ("rule", rule, &expected.rule),
        ("reason", Some(&*reason), &expected.reason),
    ];
    match members.into_iter().find(|(_, seen, expected)| !expected.is_met(*seen)) {
        None => Ok(()),
        Some((member, seen, expected)) => {
            let seen = seen.map_or_else(|| "null".to_owned(), quoted);
            let expected = if let Expectation::Text(text) = expected { quoted(text) } else { "null".to_owned() };
            Err(format!("the {member} is {seen}, not {expected} ({})", on_one_line(&reason)))
        }
    }
}
