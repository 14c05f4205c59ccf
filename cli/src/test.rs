//! `callgate test`: runs a policy against its test cases.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use callgate_engine::{Call, PolicyImage, compile, evaluate};

use crate::case::{Case, Expectation};
use crate::failure::Failure;
use crate::policy_file::{self, PolicyFile};
use crate::print::{self, on_one_line, quoted};
use crate::text_file::read_text;

/// Runs the test cases of each policy and prints the failures.
pub(crate) fn run(files: &[PathBuf]) -> Result<(), Failure> {
    let mut all_passed = true;
    for file in files {
        all_passed &= run_file(file)?;
    }
    if all_passed { Ok(()) } else { Err(Failure::Refused) }
}

/// The case file of a policy: for `crm.json`, `crm.test.jsonl` in the same directory.
fn cases_of(policy: &Path) -> PathBuf {
    policy.with_extension("test.jsonl")
}

fn run_file(file: &Path) -> Result<bool, Failure> {
    let policy_file = PolicyFile::read(file)?;
    let path = &policy_file.name;
    let policy = match policy_file.validate() {
        Ok(policy) => policy,
        Err(findings) => {
            print::findings(io::stdout().lock(), path, &policy_file.text, &findings)?;
            print::out(&format!("\n{path}: refused"))?;
            return Ok(false);
        }
    };
    let bytes = compile(&policy);
    let image = policy_file::open(&bytes)?;

    let cases_path = cases_of(file);
    let shown = cases_path.display();
    let lines = read_text(&cases_path)?;
    let (mut passed, mut failed) = (0_usize, 0_usize);
    let mut unused: BTreeSet<String> = policy.rule_names().collect();
    for (number, line) in (1_usize..).zip(lines.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let case = Case::read(line)
            .map_err(|error| Failure::Unusable(format!("{shown}:{number}:{}: {}", error.column, error.problem)))?;
        match judge(&image, &case, &mut unused) {
            Ok(()) => passed = passed.saturating_add(1),
            Err(difference) => {
                failed = failed.saturating_add(1);
                print::out(&format!("{shown}:{number}: {}: {difference}", quoted(&case.name)))?;
            }
        }
    }
    if passed == 0 && failed == 0 {
        print::out(&format!("error: `{shown}` has no test cases, so nothing is tested"))?;
    } else {
        for rule in &unused {
            print::out(&format!("warning: no test case is decided by the rule {}", quoted(rule)))?;
        }
    }
    print::out(&format!("{path}: {passed} passed, {failed} failed"))?;
    Ok(passed > 0 && failed == 0)
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
