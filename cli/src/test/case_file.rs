//! Case files: JSON, one test case per line, or YAML. Defaults for all cases come first.

use std::path::Path;

use callgate_engine::json::{Kind, read};
use callgate_engine::limits::MAX_REQUEST_DEPTH;

use crate::failure::Failure;
use crate::test::case::Case;
use crate::test::defaults::Defaults;
use crate::test::reader::{CaseReader, Invalid, invalid_json};
use crate::test::yaml::{self, Place};
use crate::text_file::read_text;

/// A case file.
pub(super) struct CaseFile {
    pub(super) name: String,
    /// The text of the cases as JSON.
    text: String,
    /// The places of the values of a YAML file, by their offset in the text.
    places: Option<Vec<(usize, Place)>>,
}

impl CaseFile {
    /// Reads a file: YAML if its name ends in `.yaml` or `.yml`, otherwise one JSON object per line.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = read_text(path)?;
        let name = path.display().to_string();
        if !path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            return Ok(Self { name, text, places: None });
        }
        match yaml::convert(&text) {
            Ok(converted) => Ok(Self { name, text: converted.json, places: Some(converted.places) }),
            Err(((line, column), problem)) => Err(Failure::Unusable(format!("{name}:{line}:{column}: {problem}"))),
        }
    }

    /// The cases in order, with their places.
    pub(super) fn cases(&self) -> Result<Vec<(Place, Case<'_>)>, Failure> {
        let read = if self.places.is_some() { self.yaml_cases() } else { self.json_cases() };
        read.map_err(|Invalid { offset, problem }| {
            let (line, column) = self.place(offset);
            Failure::Unusable(format!("{}:{line}:{column}: {problem}", self.name))
        })
    }

    fn json_cases(&self) -> Result<Vec<(Place, Case<'_>)>, Invalid> {
        let mut defaults = None;
        let mut cases = Vec::new();
        for line in self.text.lines().filter(|line| !line.trim().is_empty()) {
            let start = self.offset(line);
            if cases.is_empty() && defaults.is_none() {
                defaults = Defaults::of_line(line).map_err(|invalid| invalid.after(start))?;
                if defaults.is_some() {
                    continue;
                }
            }
            let case = Case::read(line, defaults.as_ref()).map_err(|invalid| invalid.after(start))?;
            cases.push((self.place(start), case));
        }
        Ok(cases)
    }

    fn yaml_cases(&self) -> Result<Vec<(Place, Case<'_>)>, Invalid> {
        // A file has three levels around a call.
        let depth = MAX_REQUEST_DEPTH.saturating_add(3);
        let whole = read(self.text.as_bytes(), depth).map_err(|fault| invalid_json(&self.text, fault))?;
        let reader = CaseReader { text: &self.text };
        let (defaults, list) = match whole.kind() {
            Kind::Array => (None, whole),
            _ => {
                reader.members(whole, "a case file", &["defaults", "cases"])?;
                let defaults = whole.member("defaults").map(|value| {
                    Defaults::read(value.text()).map_err(|invalid| invalid.after(self.offset(value.text())))
                });
                (defaults.transpose()?, reader.required(whole, "a case file", "cases")?)
            }
        };
        let mut texts = Vec::new();
        let is_list = list.for_items(|item| {
            texts.push(item.text());
            true
        });
        if is_list.is_none() {
            return reader.invalid(list, "`cases` must be a list of test cases".to_owned());
        }
        let case = |text| {
            let start = self.offset(text);
            let case = Case::read(text, defaults.as_ref()).map_err(|invalid| invalid.after(start))?;
            Ok((self.place(start), case))
        };
        texts.into_iter().map(case).collect()
    }

    fn offset(&self, part: &str) -> usize {
        part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr())
    }

    fn place(&self, offset: usize) -> Place {
        if let Some(places) = &self.places {
            let after = places.partition_point(|&(at, _)| at <= offset);
            return after.checked_sub(1).and_then(|last| places.get(last)).map_or((1, 1), |&(_, place)| place);
        }
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.get(line_start..).unwrap_or_default().chars().count().saturating_add(1);
        (line, column)
    }
}
