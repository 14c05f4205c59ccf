//! Truth values with unknown, and those that a condition can have.

use crate::policy::condition::{Condition, Source};
use crate::policy::tools::Tool;

/// True, false or, as `None`, unknown.
pub(crate) type Truth = Option<bool>;

/// False if one is false; otherwise unknown if one is unknown; otherwise true.
pub(crate) fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
    let truths: Vec<Truth> = truths.into_iter().collect();
    if truths.contains(&Some(false)) {
        Some(false)
    } else if truths.contains(&None) {
        None
    } else {
        Some(true)
    }
}

/// True if one is true; otherwise unknown if one is unknown; otherwise false.
pub(crate) fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
    not(all(truths.into_iter().map(not)))
}

/// The opposite, which is unknown if the truth is.
pub(crate) fn not(truth: Truth) -> Truth {
    truth.map(|truth| !truth)
}

/// The truth values that a condition can have in calls to a tool, as far as they depend on the arguments that the tool
/// does not accept. No call has these.
pub(crate) fn outcomes(condition: &Condition, tool: &Tool) -> Vec<Truth> {
    let combined = |children: &[Condition], merge: fn(Vec<Truth>) -> Truth| {
        let mut combinations: Vec<Vec<Truth>> = vec![Vec::new()];
        for child in children {
            let of_child = outcomes(child, tool);
            combinations = combinations
                .iter()
                .flat_map(|before| of_child.iter().map(|truth| [before.as_slice(), &[*truth]].concat()))
                .collect();
            // The order does not matter, and three values in a row say all that more of the same would.
            combinations.iter_mut().for_each(|combination| {
                combination.sort_unstable();
                combination.dedup();
            });
            combinations.sort_unstable();
            combinations.dedup();
        }
        let mut merged: Vec<Truth> = combinations.into_iter().map(merge).collect();
        merged.sort_unstable();
        merged.dedup();
        merged
    };
    let is_absent = |source: Source, field: &str| {
        let pointer = field.strip_prefix('/').map(|pointer| pointer.split('/').next().unwrap_or_default());
        let top = pointer.map_or_else(|| field.to_owned(), |token| token.replace("~1", "/").replace("~0", "~"));
        source == Source::Arguments && !tool.accepts_argument(&top)
    };
    match condition {
        Condition::All(children) => combined(children, all),
        Condition::Any(children) => combined(children, any),
        Condition::Not(inner) => outcomes(inner, tool).into_iter().map(|truth| truth.map(|truth| !truth)).collect(),
        Condition::FieldPresent(check) if is_absent(check.source, &check.field) => vec![Some(false)],
        _ if condition.fields().into_iter().any(|(source, field)| is_absent(source, field)) => vec![None],
        _ => vec![Some(false), None, Some(true)],
    }
}
