//! The official test suite of JSON Schema, run against an evaluator.
//!
//! The suite is a folder with a folder for each draft, whose files have groups of tests with a common schema. The
//! tests that callgate cannot pass are in a list with the reason of each, and a listed test that passes is an error.

mod skipped;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::{fs, io};

use crate::json::{Json, string};
use crate::schema::document::Schema;
use skipped::{FILES, SKIPPED, Skipped};

/// The folders of the suite, and the identifier of the draft of each.
const DRAFTS: [(&str, &str); 2] = [
    ("draft7", "http://json-schema.org/draft-07/schema#"),
    ("draft2020-12", "https://json-schema.org/draft/2020-12/schema"),
];

/// Whether a value, as a JSON text, conforms to a schema, as a JSON text.
pub type Evaluator<'e> = &'e dyn Fn(&str, &str) -> Result<bool, String>;

/// The reference as an evaluator; a value does not conform if that is unknown.
///
/// # Errors
/// A text is not JSON.
pub fn by_reference(schema: &str, value: &str) -> Result<bool, String> {
    let read = |text: &str| Json::read(text).map_err(|error| error.to_string());
    Ok(Schema::new(read(schema)?).truth(&read(value)?) == Some(true))
}

/// The result of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The tests that passed.
    pub passed: usize,
    /// The tests that failed as listed, by the reason.
    pub skipped: BTreeMap<&'static str, usize>,
    /// The tests that failed, and the entries of the list that are not true.
    pub errors: Vec<String>,
}

/// Runs the tests of a folder, such as `tests` of the suite, against an evaluator.
///
/// # Errors
/// A file cannot be read.
pub fn run(tests: &Path, evaluator: Evaluator<'_>) -> io::Result<Report> {
    let mut run = Run { evaluator, report: Report::default(), failed: HashSet::new() };
    for (draft, identifier) in DRAFTS {
        for name in names_of_files(&tests.join(draft))? {
            let groups = Json::read(&fs::read_to_string(tests.join(draft).join(&name))?)?;
            for group in groups.parts() {
                run.group(draft, identifier, &name, group);
            }
        }
    }
    let unused = run.unused_entries();
    run.report.errors.extend(unused);
    Ok(run.report)
}

/// The files of a draft, each with its folder below that of the draft.
fn names_of_files(draft: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for folder in ["", "optional/", "optional/format/"] {
        for entry in fs::read_dir(draft.join(folder))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".json") {
                names.push(format!("{folder}{name}"));
            }
        }
    }
    names.sort();
    Ok(names)
}

struct Run<'r> {
    evaluator: Evaluator<'r>,
    report: Report,
    /// The files, groups and tests of the lists that failed as listed.
    failed: HashSet<[&'static str; 3]>,
}

impl Run<'_> {
    fn group(&mut self, draft: &str, identifier: &str, file: &str, group: &Json) {
        let description = text(group, "description");
        let schema = schema_text(group, identifier);
        for test in group.child("tests").map(Json::parts).unwrap_or_default() {
            let (title, data) = (text(test, "description"), test.child("data").unwrap_or(&Json::Null));
            let seen = (self.evaluator)(&schema, &data.to_string());
            let has_passed = seen == Ok(test.child("valid") == Some(&Json::Bool(true)));
            let place = format!("{draft}/{file}: {description}: {title}");
            match (entry_for(file, description, title), has_passed) {
                (None, true) => self.report.passed = self.report.passed.saturating_add(1),
                (None, false) => {
                    let error = format!("{place}: {seen:?}\n  schema {schema}\n  value  {data}");
                    self.report.errors.push(error);
                }
                (Some((reason, names)), false) => {
                    self.failed.insert(names);
                    let count = self.report.skipped.entry(reason).or_default();
                    *count = count.saturating_add(1);
                }
                (Some((reason, [_, _, listed])), true) if !listed.is_empty() => {
                    self.report.errors.push(format!("{place}: this test passes, but is in the list ({reason})"));
                }
                (Some(_), true) => {}
            }
        }
    }

    /// The entries of the lists that describe no test that fails.
    fn unused_entries(&self) -> Vec<String> {
        let files = FILES.iter().flat_map(|(files, _)| files.iter().map(|file| vec![[*file, "", ""]]));
        let groups = SKIPPED.iter().flat_map(|entry| entry.groups.iter().map(|group| entry.names(group)));
        let tests = SKIPPED.iter().flat_map(|entry| entry.tests.iter().map(|test| entry.names_of_test(test)));
        files
            .chain(groups)
            .chain(tests)
            .filter(|alternatives| !alternatives.iter().any(|names| self.failed.contains(names)))
            .filter_map(|alternatives| {
                alternatives.first().map(|names| {
                    names.map(str::to_owned).into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(": ")
                })
            })
            .map(|place| format!("{place}: this entry of the list describes no test that fails"))
            .collect()
    }
}

impl Skipped {
    /// The file, the group and the test of each failure that a group can lead to.
    fn names(&self, group: &'static str) -> Vec<[&'static str; 3]> {
        if self.tests.is_empty() {
            return vec![[self.file, group, ""]];
        }
        self.tests.iter().map(|test| [self.file, group, *test]).collect()
    }

    /// The file, the group and the test of each failure that a test can lead to.
    fn names_of_test(&self, test: &'static str) -> Vec<[&'static str; 3]> {
        self.groups.iter().map(|group| [self.file, *group, test]).collect()
    }
}

/// The entry of the lists that is about a test: the reason, and the names of the file, the group and the test in it.
fn entry_for(file: &str, group: &str, test: &str) -> Option<(&'static str, [&'static str; 3])> {
    let find = |names: &'static [&'static str], wanted: &str| names.iter().copied().find(|name| *name == wanted);
    let of_file = FILES.iter().find_map(|(files, reason)| Some((*reason, [find(files, file)?, "", ""])));
    let mut entries = SKIPPED.iter().filter(|entry| entry.file == file);
    of_file.or_else(|| {
        entries.find_map(|entry| {
            let test = if entry.tests.is_empty() { "" } else { find(entry.tests, test)? };
            Some((entry.reason, [entry.file, find(entry.groups, group)?, test]))
        })
    })
}

/// The schema of a group, which declares the draft of its folder unless it declares one itself.
fn schema_text(group: &Json, identifier: &str) -> String {
    let mut schema = group.child("schema").cloned().unwrap_or(Json::Null);
    if schema.child("$schema").is_none() {
        schema.insert("$schema", string(identifier));
    }
    schema.to_string()
}

fn text<'j>(value: &'j Json, name: &str) -> &'j str {
    match value.child(name) {
        Some(Json::String(text)) => text,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The errors of a suite with one file for draft 7, without those of entries that this suite has no tests for.
    #[track_caller]
    fn errors(file: &str, groups: &str) -> Vec<String> {
        let tests = tempfile::tempdir().expect("a directory");
        for (draft, _) in DRAFTS {
            fs::create_dir_all(tests.path().join(draft).join("optional/format")).expect("a directory");
        }
        fs::write(tests.path().join("draft7").join(file), groups).expect("a file");
        let errors = run(tests.path(), &by_reference).expect("a suite").errors;
        errors.into_iter().filter(|error| error.starts_with("draft7/") || error.starts_with(file)).collect()
    }

    fn group(description: &str, test: &str, valid: bool) -> String {
        format!(
            r#"[{{"description": "{description}", "schema": {{"type": "null"}},
                "tests": [{{"description": "{test}", "data": 1, "valid": {valid}}}]}}]"#
        )
    }

    #[test]
    fn a_test_that_fails_is_an_error_unless_it_is_in_the_list() {
        assert_eq!(errors("type.json", &group("a", "b", false)), Vec::<String>::new());
        let [error] = errors("type.json", &group("a", "b", true)).try_into().expect("one error");
        assert!(error.starts_with("draft7/type.json: a: b: Ok(false)\n"), "{error}");
        assert_eq!(errors("contains.json", &group("a", "b", true)), Vec::<String>::new());
    }

    #[test]
    fn a_listed_test_that_passes_is_an_error() {
        let group_of = "all integers are multiples of 0.5, if overflow is handled";
        let group_with = |valid| group(group_of, "valid if optional overflow handling is implemented", valid);
        assert_eq!(errors("optional/float-overflow.json", &group_with(true)), Vec::<String>::new());
        let found = errors("optional/float-overflow.json", &group_with(false));
        assert!(found.iter().any(|error| error.contains("this test passes, but is in the list")), "{found:?}");
    }

    #[test]
    fn an_entry_without_a_test_that_fails_is_an_error() {
        let found = errors("contains.json", &group("a", "b", false));
        assert_eq!(found, ["contains.json: this entry of the list describes no test that fails"]);
    }
}
