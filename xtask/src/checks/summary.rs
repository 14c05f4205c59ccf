//! The summary of `cargo xtask test`.

use std::time::Duration;

use super::steps::Step;

/// The outcome of a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    /// The step did not run, for this reason.
    Skipped(&'static str),
}

/// One line of the summary.
pub(crate) struct Row {
    pub(crate) step: Step,
    pub(crate) time: Duration,
    pub(crate) outcome: Outcome,
}

/// Prints a table of all steps, and a final line with the totals for programs.
pub(crate) fn print(rows: &[Row]) {
    println!("\n{:<12} {:<8} {:>8}  what", "step", "outcome", "seconds");
    for row in rows {
        println!("{}", line(row));
    }
    println!("\n{}", totals(rows));
}

fn line(row: &Row) -> String {
    let (outcome, time, what) = match row.outcome {
        Outcome::Passed => ("passed", format!("{:.1}", row.time.as_secs_f64()), row.step.purpose()),
        Outcome::Failed => ("failed", format!("{:.1}", row.time.as_secs_f64()), row.step.purpose()),
        Outcome::Skipped(reason) => ("skipped", "-".to_owned(), reason),
    };
    format!("{:<12} {outcome:<8} {time:>8}  {what}", row.step.name())
}

fn totals(rows: &[Row]) -> String {
    let count = |is_counted: fn(Outcome) -> bool| rows.iter().filter(|row| is_counted(row.outcome)).count();
    let passed = count(|outcome| outcome == Outcome::Passed);
    let failed = count(|outcome| outcome == Outcome::Failed);
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    let line = format!("{passed} passed, {failed} failed");
    if skipped == 0 { line } else { format!("{line}, {skipped} skipped") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: Step, outcome: Outcome) -> Row {
        Row { step, time: Duration::from_millis(1250), outcome }
    }

    #[test]
    fn totals_name_skipped_steps_only_where_there_are_some() {
        let passed = row(Step::Fmt, Outcome::Passed);
        let failed = row(Step::Clippy, Outcome::Failed);
        let skipped = row(Step::Test, Outcome::Skipped("an earlier step failed"));
        assert_eq!(totals(&[]), "0 passed, 0 failed");
        assert_eq!(totals(std::slice::from_ref(&passed)), "1 passed, 0 failed");
        assert_eq!(totals(&[passed, failed, skipped]), "1 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn a_skipped_step_says_why_instead_of_how_long() {
        assert_eq!(
            line(&row(Step::Fmt, Outcome::Skipped("excluded by --skip"))),
            "fmt          skipped         -  excluded by --skip"
        );
        assert!(line(&row(Step::Fmt, Outcome::Passed)).starts_with("fmt          passed        1.2  "));
    }
}
