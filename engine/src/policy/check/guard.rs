//! Guards that guard nothing: conditions that no call meets, or that every call meets whose fields can be told.
//!
//! A condition is taken to be true, and then to be false, and what its fields may hold is narrowed by each predicate in
//! it. Where nothing is left for a field, it can't be so. What is narrowed is never more than what is certain, so what
//! is found is so; not all that is so is found.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::language::index::Index as _;
use crate::language::operators::{Source, StringOp};
use crate::language::pattern::matches_pattern;
use crate::language::target::TargetKind;
use crate::policy::check::domain::{Domain, Numbers};
use crate::policy::check::target::RuleTarget;
use crate::policy::condition::{Condition, ConditionKind, Field};
use crate::policy::document::{InputSchema, PolicyDocument};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::spanned::Spanned;

/// A field: its source, and the names on the way to it.
type Key<'p> = (Source, &'p [String]);

/// What is known of the fields of a call.
#[derive(Clone, Default)]
struct Knowledge<'p> {
    values: BTreeMap<Key<'p>, Domain<'p>>,
    lengths: BTreeMap<Key<'p>, Numbers<'p>>,
    /// Whether a predicate that can't be told, as its field holds another type, will do for one that is as wanted.
    takes_unknown: bool,
}

/// Finds conditions that are never true, or never false, by themselves or for a call that fits the schema of a tool.
pub(crate) fn check(document: &PolicyDocument<'_>, rule_targets: &[Vec<RuleTarget>], findings: &mut Vec<Diagnostic>) {
    let tools = document.tools.as_deref().unwrap_or_default();
    for (rule, targets) in document.rules.iter().zip(rule_targets) {
        let Some(condition) = &rule.condition else { continue };
        let before = findings.len();
        find(condition, &Knowledge::default(), "", findings);
        if findings.len() > before {
            // What is so for every call need not be said again for some.
            continue;
        }
        for target in targets.iter().filter(|target| target.kind == TargetKind::Tool) {
            let Some(tool) = tools.get(target.at.to_usize()) else { continue };
            let Some(schema) = tool.schema.as_ref().filter(|schema| schema.limits_something()) else { continue };
            let of_whom = format!(" for a call that fits the schema of {}", quoted(&tool.name.value));
            find(condition, &Knowledge::from_schema(schema), &of_whom, findings);
            if findings.len() > before {
                // A pattern may stand for thousands of tools, and one of them shows it.
                break;
            }
        }
    }
}

/// Reports the outermost conditions that can't be true or can't be false.
fn find<'p>(condition: &'p Condition, known: &Knowledge<'p>, of_whom: &str, findings: &mut Vec<Diagnostic>) {
    let mut report = |code: &'static str, message: String, fix: &str| {
        findings.push(Diagnostic::warning(code, &condition.span, message).with_fix(fix));
    };
    if !known.clone().may_be(condition, true) {
        return report("never_true", format!("this is never true{of_whom}"), "ask for what a call can have");
    }
    let mut known_or_not = Knowledge { takes_unknown: true, ..known.clone() };
    if !known_or_not.may_be(condition, false) {
        let message = format!("this is never false{of_whom}, so it asks for no more than that its fields can be told");
        return report("always_true", message, "remove it, or ask for less");
    }
    match &condition.kind {
        ConditionKind::All(children) | ConditionKind::Any(children) => {
            children.iter().for_each(|child| find(child, known, of_whom, findings));
        }
        ConditionKind::Not(inner) => find(inner, known, of_whom, findings),
        ConditionKind::Every { condition: inner, .. } | ConditionKind::Some { condition: inner, .. } => {
            find(inner, known, of_whom, findings);
        }
        _ => {}
    }
}

impl<'p> Knowledge<'p> {
    /// What is known of a call that fits a schema.
    fn from_schema(schema: &'p InputSchema) -> Self {
        let mut known = Self::default();
        for property in &schema.properties {
            let key = (Source::Arguments, core::slice::from_ref(&property.name));
            known.values.insert(key, Domain::from_property(property));
            let mut lengths = Numbers::lengths();
            property.lengths.iter().for_each(|(op, length)| lengths.narrow(*op, length));
            known.lengths.insert(key, lengths);
        }
        known
    }

    /// Keeps of what a field may hold the types that a predicate can tell, and of them what `narrow` leaves; says whether
    /// that is anything.
    fn narrow(&mut self, field: &'p Field, keep: fn(&mut Domain<'p>), narrow: impl FnOnce(&mut Domain<'p>)) -> bool {
        let domain = self.values.entry((field.source, &field.path)).or_insert_with(Domain::all);
        let mut kept = domain.clone();
        keep(&mut kept);
        if self.takes_unknown && kept.is_empty() {
            return true;
        }
        narrow(&mut kept);
        *domain = kept;
        !domain.is_empty()
    }

    /// Whether a condition may be true, or may be false, and what is then known besides.
    fn may_be(&mut self, condition: &'p Condition, wanted: bool) -> bool {
        match &condition.kind {
            ConditionKind::All(children) => self.may_be_combined(children, wanted, true),
            ConditionKind::Any(children) => self.may_be_combined(children, wanted, false),
            ConditionKind::Not(inner) => self.may_be(inner, !wanted),
            ConditionKind::Every { field, .. } | ConditionKind::Some { field, .. } => {
                self.narrow(field, Domain::keep_compound, |_| {})
            }
            ConditionKind::NumericCheck { field, op, value } => self.narrow(field, Domain::keep_numbers, |domain| {
                domain.numbers.narrow(if wanted { *op } else { op.inverse() }, value);
            }),
            ConditionKind::StringCheck { field, op, values } => self.narrow(field, Domain::keep_strings, |domain| {
                narrow_strings(domain, *op, values, wanted);
            }),
            ConditionKind::BoolCheck { field, value } => {
                self.narrow(field, Domain::keep_booleans, |domain| domain.narrow_to(*value == wanted))
            }
            ConditionKind::LengthCheck { field, op, value } => {
                let op = if wanted { *op } else { op.inverse() };
                let lengths = self.lengths.entry((field.source, &field.path)).or_insert_with(Numbers::lengths);
                lengths.narrow(op, &value.value);
                !lengths.is_empty() && self.narrow(field, Domain::keep_measurable, |_| {})
            }
            ConditionKind::FieldPresent { field } => {
                self.narrow(field, |_| {}, if wanted { Domain::keep_present } else { Domain::keep_absent })
            }
            ConditionKind::FieldEquals { a, b } => {
                self.narrow(a, Domain::keep_scalars, |_| {}) && self.narrow(b, Domain::keep_scalars, |_| {})
            }
            ConditionKind::FieldCompare { a, b, .. } => {
                self.narrow(a, Domain::keep_numbers, |_| {}) && self.narrow(b, Domain::keep_numbers, |_| {})
            }
            ConditionKind::PathCheck { field, .. }
            | ConditionKind::UrlCheck { field, .. }
            | ConditionKind::CidrCheck { field, .. } => self.narrow(field, Domain::keep_strings, |_| {}),
            ConditionKind::TimeCheck { field, window } => {
                window.has_times(wanted) && self.narrow(field, Domain::keep_numbers, |_| {})
            }
        }
    }

    /// Whether children may be as wanted together: each of them where `wanted` asks for that, else one.
    fn may_be_combined(&mut self, children: &'p [Condition], wanted: bool, all: bool) -> bool {
        if wanted == all {
            // What single predicates leave is certain, so it is worked out before what has several ways to be so.
            let (combined, single): (Vec<&Condition>, Vec<&Condition>) = children.iter().partition(|child| {
                matches!(child.kind, ConditionKind::All(_) | ConditionKind::Any(_) | ConditionKind::Not(_))
            });
            return single.into_iter().chain(combined).all(|child| self.may_be(child, wanted));
        }
        let mut possible = children.iter().filter_map(|child| {
            let mut known = self.clone();
            known.may_be(child, wanted).then_some(known)
        });
        match (possible.next(), possible.next()) {
            (None, _) => false,
            (Some(only), None) => {
                *self = only;
                true
            }
            // It may be one or the other, so nothing is certain.
            (Some(_), Some(_)) => true,
        }
    }
}

fn narrow_strings<'p>(domain: &mut Domain<'p>, op: StringOp, values: &'p [Spanned<String>], wanted: bool) {
    let texts: Vec<&str> = values.iter().map(|value| value.value.as_str()).collect();
    let one = |holds: &dyn Fn(&str) -> bool| texts.iter().any(|text| holds(text)) == wanted;
    match op {
        StringOp::In => domain.strings.narrow(&texts, wanted),
        StringOp::NotIn => domain.strings.narrow(&texts, !wanted),
        StringOp::StartsWith => domain.strings.keep(|string| one(&|text| string.starts_with(text))),
        StringOp::EndsWith => domain.strings.keep(|string| one(&|text| string.ends_with(text))),
        StringOp::Contains => domain.strings.keep(|string| one(&|text| string.contains(text))),
        StringOp::Glob => domain.strings.keep(|string| one(&|text| matches_pattern(text, string))),
        // What an expression matches is not worked out here.
        StringOp::Matches => {}
    }
}
