//! `callgate test`: a policy against the cases beside it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use callgate_engine::{Call, PolicyImage, RequestFacts, compile, evaluate, parse, report, validate};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Failure, read_text, unwritable};

/// A call and what the policy must say of it: one line of a case file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The body of `POST /evaluate`, as it stands.
    call: Box<RawValue>,
    /// What the edge knows.
    #[serde(default)]
    request: Facts,
    expect: Expect,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    time: Option<i64>,
    ip: Option<String>,
    country: Option<String>,
}

/// What is expected; a member that is left out may be anything.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    decision: String,
    code: Option<String>,
    rule: Option<String>,
    reason: Option<String>,
}

/// Runs the cases of each policy and prints those that fail.
pub(crate) fn run(files: &[PathBuf]) -> Result<(), Failure> {
    let mut all_passed = true;
    for file in files {
        all_passed &= run_file(file)?;
    }
    if all_passed { Ok(()) } else { Err(Failure::Refused) }
}

/// The case file of a policy: `crm.json` has `crm.test.jsonl` beside it.
fn cases_of(policy: &Path) -> PathBuf {
    policy.with_extension("test.jsonl")
}

fn run_file(file: &Path) -> Result<bool, Failure> {
    let path = file.display().to_string();
    let text = read_text(file)?;
    let policy = match parse(&text).and_then(validate) {
        Ok(policy) => policy,
        Err(findings) => {
            print(&format!("{}\n\n{path}: refused", report::render(&path, &text, &findings, false)))?;
            return Ok(false);
        }
    };
    let bytes = compile(&policy);
    let image = PolicyImage::open(&bytes).map_err(|error| Failure::Unusable(error.to_string()))?;

    let cases_path = cases_of(file);
    let shown = cases_path.display();
    let lines =
        fs::read_to_string(&cases_path).map_err(|error| Failure::Unusable(format!("can't read `{shown}`: {error}")))?;
    let (mut passed, mut failed) = (0_usize, 0_usize);
    let mut unused: BTreeSet<String> = policy.rule_names().collect();
    for (number, line) in (1_usize..).zip(lines.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let case: Case = serde_json::from_str(line)
            .map_err(|error| Failure::Unusable(format!("line {number} of `{shown}` is no case: {error}")))?;
        match judge(&image, &case, &mut unused) {
            Ok(()) => passed = passed.saturating_add(1),
            Err(difference) => {
                failed = failed.saturating_add(1);
                print(&format!("{shown}:{number}: {}: {difference}", case.name))?;
            }
        }
    }
    for rule in &unused {
        print(&format!("warning: no case is decided by the rule `{rule}`"))?;
    }
    print(&format!("{path}: {passed} passed, {failed} failed"))?;
    Ok(failed == 0)
}

/// Judges one case, and takes the rule that decided out of `unused`.
fn judge(image: &PolicyImage<'_>, case: &Case, unused: &mut BTreeSet<String>) -> Result<(), String> {
    let facts = RequestFacts::new(case.request.time, case.request.ip.as_deref(), case.request.country.as_deref());
    let call = match Call::read(case.call.get().as_bytes(), &facts, image) {
        Ok(call) => call,
        Err(error) => return Err(format!("the call is refused: {}", error.detail())),
    };
    let decision = evaluate(image, &call);
    let rule = decision.rule(image);
    if let Some(rule) = rule {
        unused.remove(rule);
    }
    let mut reason = String::new();
    decision.write_reason(image, &call, &mut reason);
    let expect = &case.expect;
    let seen = [
        ("decision", Some(decision.effect.name()), Some(&expect.decision)),
        ("code", Some(decision.code.name()), expect.code.as_ref()),
        ("rule", rule, expect.rule.as_ref()),
        ("reason", Some(&*reason), expect.reason.as_ref()),
    ];
    for (member, seen, expected) in seen {
        if let Some(expected) = expected
            && seen != Some(expected)
        {
            let seen = seen.unwrap_or("none");
            return Err(format!("the {member} is `{seen}`, not `{expected}` ({reason})"));
        }
    }
    Ok(())
}

fn print(line: &str) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{line}").map_err(|error| unwritable(&error))
}
