//! Converts a perso condition to a `callgate-1` condition that is true only for calls for which perso's is true.
//!
//! A field that is missing or of the wrong type makes a check false in perso and unknown here. A condition that is true
//! here is true for any values of its unknown parts. So `All`, `Any` and `Not` are converted unchanged, and are at most
//! stricter. Checks need care if both engines know the result and differ. Under an even number of `Not`s, no check may
//! be true here and false in perso; under an odd number, none may be false here and true in perso.

use callgate_engine::language::operators::{NumericOp, StringOp};
use callgate_engine::policy::condition::{
    Condition as Source, ConditionKind, Field, FieldEquals, FieldPresent, NumericCheck, StringCheck,
};
use serde_json::value::RawValue;

use super::number::{self, Comparison, Exact};
use crate::finding::{Finding, Lines, Weight, quoted};
use crate::policy::Condition;

/// The result of a conversion.
pub(super) enum Translated {
    /// Always true.
    Always,
    /// Never true.
    Never,
    When(Condition),
}

/// Converts conditions and collects the stricter ones.
pub(super) struct Translator<'t, 'f> {
    lines: &'t Lines<'t>,
    findings: &'f mut Vec<Finding>,
    /// Whether the exact comparison of numbers was reported already.
    numbers_are_reported: bool,
}

impl<'t, 'f> Translator<'t, 'f> {
    pub(super) fn new(lines: &'t Lines<'t>, findings: &'f mut Vec<Finding>) -> Self {
        Self { lines, findings, numbers_are_reported: false }
    }

    /// Converts the condition of an Allow rule.
    pub(super) fn translate(&mut self, condition: &Source) -> Translated {
        self.translate_within(condition, false)
    }

    fn note(&mut self, at: &Source, code: &'static str, message: impl Into<String>, fix: &str) {
        let finding = Finding::new(Weight::Note, code, self.lines.position(at.span.start), message);
        self.findings.push(if fix.is_empty() { finding } else { finding.with_fix(fix) });
    }

    fn translate_within(&mut self, at: &Source, negated: bool) -> Translated {
        match &at.kind {
            ConditionKind::All(children) => {
                if children.is_empty() {
                    self.note(at, "always_true", "an empty `All` is always true; it is omitted", "");
                }
                self.join(children, negated, true)
            }
            ConditionKind::Any(children) => {
                if children.is_empty() {
                    self.note(
                        at,
                        "never_true",
                        "an empty `Any` is never true; it is omitted with every condition that needs it",
                        "",
                    );
                }
                self.join(children, negated, false)
            }
            ConditionKind::Not(inner) => self.translate_not(at, inner, negated),
            ConditionKind::NumericCheck(NumericCheck { field, op, value }) => {
                self.translate_numeric(at, field, *op, value, negated)
            }
            ConditionKind::StringCheck(StringCheck { field, op, values, .. }) if values.is_empty() => {
                let is_in = *op == StringOp::In;
                let (code, message) = if is_in {
                    (
                        "never_true",
                        "`In` with an empty list is never true; it is omitted with every condition that needs it",
                    )
                } else {
                    (
                        "empty_list",
                        "`NotIn` with an empty list is true for every string; a check for any string is written",
                    )
                };
                self.note(at, code, message, "");
                if is_in { Translated::Never } else { Translated::When(is_string(field)) }
            }
            ConditionKind::StringCheck(StringCheck { field, op, values, .. }) => {
                Translated::When(Condition::StringCheck {
                    source: field.source.name(),
                    field: spelt(field),
                    op: op.name(),
                    value: values.iter().map(|text| text.value.clone()).collect(),
                })
            }
            ConditionKind::FieldPresent(FieldPresent { field }) => {
                let message = "`FieldPresent` is true for `false`, 0 and the empty string, as in perso";
                self.note(at, "presence_only", message, "if the field is a boolean, check for `true` with `BoolCheck`");
                Translated::When(is_present(field))
            }
            ConditionKind::FieldEquals(FieldEquals { a, b, .. }) => self.translate_equals(at, a, b, negated),
            // The perso reader knows no other condition; a future condition must not be converted to a wider one.
            _ => {
                self.note(
                    at,
                    "never_true",
                    "this condition has no counterpart; it is omitted with every condition that needs it",
                    "",
                );
                if negated { Translated::Always } else { Translated::Never }
            }
        }
    }

    /// `All` if `all` is set, otherwise `Any`.
    fn join(&mut self, children: &[Source], negated: bool, all: bool) -> Translated {
        let mut translated = Vec::new();
        let mut is_decided = false;
        for child in children {
            match (self.translate_within(child, negated), all) {
                (Translated::When(condition), _) => translated.push(condition),
                (Translated::Always, true) | (Translated::Never, false) => {}
                (Translated::Never, true) | (Translated::Always, false) => is_decided = true,
            }
        }
        match (is_decided, all, translated.len()) {
            (true, true, _) | (false, false, 0) => Translated::Never,
            (true, false, _) | (false, true, 0) => Translated::Always,
            (false, _, 1) => translated.pop().map_or(Translated::Never, Translated::When),
            (false, true, _) => Translated::When(Condition::All(translated)),
            (false, false, _) => Translated::When(Condition::Any(translated)),
        }
    }

    fn translate_not(&mut self, at: &Source, inner: &Source, negated: bool) -> Translated {
        if can_be_unknown(inner) {
            let message = "in perso, `Not` is true if a field is missing, null or of the wrong type; in callgate-1 it is unknown, and the call is denied";
            let fix = "to allow such calls, combine it with `{ \"Not\": { \"FieldPresent\": .. } }` in an `Any`";
            self.note(at, "not_of_unknown", message, fix);
        }
        match self.translate_within(inner, !negated) {
            Translated::Always => Translated::Never,
            Translated::Never => Translated::Always,
            Translated::When(condition) => {
                let is_predicate =
                    !matches!(inner.kind, ConditionKind::All(_) | ConditionKind::Any(_) | ConditionKind::Not(_));
                Translated::When(if is_predicate { negate(condition) } else { Condition::Not(Box::new(condition)) })
            }
        }
    }

    fn translate_numeric(
        &mut self,
        at: &Source,
        field: &Field,
        op: NumericOp,
        text: &str,
        negated: bool,
    ) -> Translated {
        let Ok(value) = text.parse::<f64>() else {
            return if negated { Translated::Always } else { Translated::Never };
        };
        if !self.numbers_are_reported {
            self.numbers_are_reported = true;
            let message = "here and below, numbers are compared exactly; perso rounds them to binary64 first and treats 500.00000000000000001 as 500";
            self.note(at, "exact_numbers", message, "");
        }
        if let Some(held) = number::rounded(text, value) {
            let message = format!("perso compares with {held}, the nearest binary64; callgate-1 compares with {text}");
            self.note(at, "rounded_literal", message, "");
        }
        let comparisons = if negated {
            number::not_less_than(op, text, value)
        } else {
            match number::not_more_than(op, text, value) {
                Exact::All(comparisons) => comparisons,
                Exact::Never => {
                    self.note(
                        at,
                        "never_true",
                        "no number passes this check; it is omitted with every condition that needs it",
                        "",
                    );
                    return Translated::Never;
                }
            }
        };
        if op == NumericOp::Eq && !negated {
            let message = "perso treats numbers that differ by less than 2.2e-16 as equal; callgate-1 does not";
            self.note(at, "exact_equality", message, "");
        }
        if !matches!(comparisons.as_slice(), [(same, _)] if *same == op) {
            let bounds: Vec<&str> = comparisons.iter().map(|(_, text)| text.as_str()).collect();
            let (under, meant) = if negated { ("under `Not`, ", op.inverse()) } else { ("", op) };
            let message = format!(
                "{under}the bound of `{}` {text} is written as {}; perso rounds numbers between the two to {text} and denies them",
                op.name(),
                if bounds.is_empty() { "no bound".to_owned() } else { bounds.join(" and ") },
            );
            let fix = format!("write `{}` {text} to allow those numbers", meant.name());
            self.note(at, "moved_bound", message, &fix);
        }
        let check = |(op, text): Comparison| {
            let value = RawValue::from_string(text).ok()?;
            Some(Condition::NumericCheck { source: field.source.name(), field: spelt(field), op: op.name(), value })
        };
        let mut checks: Vec<Condition> = comparisons.into_iter().filter_map(check).collect();
        match (checks.len(), checks.pop()) {
            // Under `Not`, an always true condition denies.
            (_, None) => Translated::Always,
            (1, Some(only)) => Translated::When(only),
            (_, Some(last)) => {
                checks.push(last);
                Translated::When(Condition::All(checks))
            }
        }
    }

    fn translate_equals(&mut self, at: &Source, a: &Field, b: &Field, negated: bool) -> Translated {
        if a.source == b.source && a.path == b.path {
            let message = format!(
                "{} is compared with itself, which in perso checks that it is present; callgate-1 also requires that it is not null",
                quoted(&a.name.value)
            );
            self.note(at, "same_field", message, "");
            return if negated { Translated::Always } else { Translated::When(is_present(a)) };
        }
        let message = "`FieldEquals` is written for strings only; perso also compares nulls, lists and objects, and treats 1 and 1.0 as different";
        let fix =
            "if both fields are numbers or booleans, remove the `StringCheck` next to it; 1 and 1.0 are then equal";
        self.note(at, "strings_only", message, fix);
        let equals = Condition::FieldEquals {
            source_a: a.source.name(),
            field_a: spelt(a),
            source_b: b.source.name(),
            field_b: spelt(b),
        };
        Translated::When(if negated {
            // False only for two different strings; unknown for other values, so its `Not` never allows.
            Condition::Any(vec![equals, Condition::Not(Box::new(is_string(a)))])
        } else {
            Condition::All(vec![equals, is_string(a)])
        })
    }
}

/// Whether a condition is unknown for some call for which perso's is false.
fn can_be_unknown(condition: &Source) -> bool {
    match &condition.kind {
        ConditionKind::All(children) | ConditionKind::Any(children) => children.iter().any(can_be_unknown),
        ConditionKind::Not(inner) => can_be_unknown(inner),
        ConditionKind::FieldPresent(_) => false,
        _ => true,
    }
}

/// The opposite of a check, and of the one level of `All` or `Any` that was created for it.
fn negate(condition: Condition) -> Condition {
    match condition {
        Condition::All(children) => Condition::Any(children.into_iter().map(negate).collect()),
        Condition::Any(children) => Condition::All(children.into_iter().map(negate).collect()),
        Condition::Not(inner) => *inner,
        Condition::NumericCheck { source, field, op, value } => {
            let known = NumericOp::ALL.into_iter().find(|known| known.name() == op);
            let op = known.map_or(op, |op| op.inverse().name());
            Condition::NumericCheck { source, field, op, value }
        }
        other => Condition::Not(Box::new(other)),
    }
}

fn is_present(field: &Field) -> Condition {
    Condition::FieldPresent { source: field.source.name(), field: spelt(field) }
}

/// True for every string, unknown for everything else.
fn is_string(field: &Field) -> Condition {
    Condition::StringCheck {
        source: field.source.name(),
        field: spelt(field),
        op: StringOp::Matches.name(),
        value: vec!["(?s).*".to_owned()],
    }
}

/// The field in `callgate-1`, where a name that starts with `/` is a JSON pointer and an empty one is invalid.
fn spelt(field: &Field) -> String {
    let name = &field.name.value;
    if name.is_empty() || name.starts_with('/') {
        format!("/{}", name.replace('~', "~0").replace('/', "~1"))
    } else {
        name.clone()
    }
}
