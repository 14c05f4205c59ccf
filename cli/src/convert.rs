//! `callgate convert`: the conditions of a policy in the other form.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use callgate_engine::policy::{ConditionForm, convert};
use clap::ValueEnum;

use crate::failure::Failure;
use crate::policy_file::PolicyFile;
use crate::print::{printable_json, unwritable};

/// The form of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Expressions
    When,
    /// JSON
    Condition,
}

/// Prints the policy in `file` with its conditions in one form, or writes it to the file.
pub(crate) fn run(file: &Path, to: Form, write: bool) -> Result<(), Failure> {
    let policy = PolicyFile::read(file)?;
    let to = match to {
        Form::When => ConditionForm::When,
        Form::Condition => ConditionForm::Condition,
    };
    let converted = match convert(&policy.text, policy.format, to) {
        Ok(converted) => converted,
        Err(findings) => {
            policy.report(&findings)?;
            return Err(Failure::Refused);
        }
    };
    if write {
        return fs::write(file, converted)
            .map_err(|error| Failure::Unusable(format!("cannot write `{}`: {error}", file.display())));
    }
    io::stdout().lock().write_all(printable_json(&converted).as_bytes()).map_err(|error| unwritable(&error))
}
