//! YAML test cases as JSON, so that one reader reads both. The engine reads YAML as in policies.

use callgate_engine::Format;
use callgate_engine::policy::text::convert::{Content, content_with_places};
use callgate_engine::policy::text::{Diagnostic, Positions};

/// A position in the file, as line and column from 1.
pub(super) type Place = (usize, usize);

/// A YAML file as JSON.
#[derive(Debug, Default)]
pub(super) struct Converted {
    pub(super) json: String,
    /// The offset of each value in the JSON text, and its place in the file, in order.
    pub(super) places: Vec<(usize, Place)>,
}

/// Why a file is not YAML, and where.
pub(super) type Problem = (Place, String);

/// Converts a file with one document.
///
/// # Errors
/// The file is not YAML, or it is ambiguous.
pub(super) fn convert(text: &str) -> Result<Converted, Problem> {
    // The lines of JSON are those of any text, and only a pointer needs the values.
    let lines = Positions::new(text, Format::Json);
    let Content { json, places } = content_with_places(text, Format::Yaml).map_err(|problems| {
        let first = problems.into_iter().min_by_key(|problem| problem.span.start);
        let described = |problem: Diagnostic| {
            let fix = problem.fix.map(|fix| format!("; {fix}")).unwrap_or_default();
            // The reader names what it reads in policies.
            (lines.line_and_column(problem.span.start), problem.message.replace("the policy", "the file") + &fix)
        };
        first.map_or_else(|| ((1, 1), "the file is not valid YAML".to_owned()), described)
    })?;
    let places = places.into_iter().map(|(at, source)| (at, lines.line_and_column(source))).collect();
    Ok(Converted { json, places })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_its_place() {
        let Converted { json, places } = convert("a:\n  - b: 1.50\n    c: é\n").expect("YAML");
        assert_eq!(json, r#"{"a":[{"b":1.50,"c":"é"}]}"#);
        assert_eq!(places, [(0, (1, 1)), (5, (2, 3)), (6, (2, 5)), (11, (2, 8)), (20, (3, 8))]);
    }

    #[test]
    fn a_problem_has_its_place_and_its_fix() {
        let refuse =
            |text, place, message: &str| assert_eq!(convert(text).expect_err(text), (place, message.to_owned()));
        refuse(
            "a: 1\nb: [é, no]",
            (2, 8),
            "`no` is ambiguous, because programs read it as different types; quote it: `\"no\"`",
        );
        refuse("", (1, 1), "the file has no YAML document");
        refuse("a: &x 1\nb: *x", (1, 4), "anchors are not supported; remove the anchor of this value");
    }
}
