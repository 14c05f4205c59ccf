//! The explanation of a call for a person who writes or debugs a policy: the truth of each rule that matches the call,
//! and of each check in it.
//!
//! Like the reason of a decision, an explanation contains no value of the call.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use crate::call::Call;
use crate::call::fields::{Fields, Unknown};
use crate::condition::code;
use crate::condition::sentence::Sentence;
use crate::image::PolicyImage;
use crate::image::index::{RuleOffset, StepOffset};
use crate::image::records::{StepRecord, first_child};
use crate::judge::Evaluation;
use crate::judge::decision::{Decision, Failure};
use crate::judge::reason::FailedPredicate;
use crate::judge::stopped::{OrDamaged as _, Stopped};
use crate::judge::truth::Truth;
use crate::language::effect::Effect;
use crate::language::index::Index as _;
use crate::language::problem::PredicateProblem;
use crate::limits::{MAX_JUDGED_BYTES, MAX_POLICY_DEPTH};

/// The truth of a rule that matches the call.
#[derive(Clone, Debug)]
pub struct ExplainedRule {
    rule: RuleOffset,
    /// The effect of the rule.
    pub effect: Effect,
    /// Whether the rule applies; `None` if that is unknown.
    pub applies: Option<bool>,
    /// Whether responses hide the condition, because the rule has `"disclose": "code"`.
    pub hides_condition: bool,
    /// The condition, if the rule has one.
    pub condition: Option<ExplainedCondition>,
}

impl ExplainedRule {
    /// Whether it is the rule of a decision: the one that decides, or the nearest one.
    #[must_use]
    pub fn is_rule_of(&self, decision: &Decision) -> bool {
        decision.rule == Some(self.rule)
    }

    /// The rule's `id`, or its JSON pointer in the policy if it has no `id`.
    #[must_use]
    pub fn id<'i>(&self, image: &PolicyImage<'i>) -> &'i str {
        image.rule(self.rule).and_then(|rule| image.text(rule.id)).unwrap_or_default()
    }
}

/// The truth of a condition.
#[derive(Clone, Debug)]
pub struct ExplainedCondition {
    step: Failure,
    /// The name of the condition in a policy.
    pub name: &'static str,
    /// Whether the condition is true; `None` if that is unknown.
    pub truth: Option<bool>,
    /// The conditions inside it. Of `Every` and `Some`, these are the ones of the item that decides, if one does.
    pub children: Vec<ExplainedCondition>,
    /// The index of the item that decides `Every` or `Some`.
    pub item: Option<usize>,
}

impl ExplainedCondition {
    /// The check, unless the condition combines others. Its problem is only meaningful if the truth is unknown.
    #[must_use]
    pub fn check<'d, 'i>(&self, image: &'d PolicyImage<'i>) -> Option<FailedPredicate<'d, 'i>> {
        FailedPredicate::new(image, self.step)
    }

    /// Appends the requirement of the check.
    pub fn write_requirement(&self, image: &PolicyImage<'_>, out: &mut String) {
        let step = Failure { problem: PredicateProblem::Value, ..self.step };
        write(image, step, out);
    }

    /// Appends why the truth of the check is unknown.
    pub fn write_problem(&self, image: &PolicyImage<'_>, out: &mut String) {
        write(image, self.step, out);
    }
}

fn write(image: &PolicyImage<'_>, step: Failure, out: &mut String) {
    if let Some(check) = FailedPredicate::new(image, step) {
        check.write(&mut Sentence { out, write_text: |text, out| out.push_str(text) });
    }
}

/// Explains a call: all rules that match its target and a role of its caller, in the order of precedence.
///
/// `None` if the call exceeds the evaluation budget, or if the image is damaged.
#[must_use]
pub fn explain(image: &PolicyImage<'_>, call: &Call<'_>) -> Option<Vec<ExplainedRule>> {
    let budget = Cell::new(MAX_JUDGED_BYTES);
    let evaluation = Evaluation { fields: Fields::new(image, call, &budget) };
    let Ok(Some(target)) = evaluation.target() else { return Some(Vec::new()) };
    // As u64, because the reader of names already contains a copy of this sort.
    let mut offsets: Vec<u64> = evaluation.rules_for(target).map(|rule| u64::from(rule.to_u32())).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let rules = offsets.into_iter().filter_map(|offset| u32::try_from(offset).ok()).map(RuleOffset::from_u32);
    rules.map(|rule| evaluation.explained_rule(rule).ok()).collect()
}

impl Evaluation<'_, '_, '_> {
    fn explained_rule(&self, rule: RuleOffset) -> Result<ExplainedRule, Stopped> {
        let record = self.fields.image.rule(rule).or_damaged()?;
        let condition = record.condition.get().map(|at| self.explained(at, MAX_POLICY_DEPTH)).transpose()?;
        Ok(ExplainedRule {
            rule,
            effect: Effect::from_code(record.effect),
            applies: condition.as_ref().map_or(Some(true), |condition| condition.truth),
            hides_condition: record.hides_condition != 0,
            condition,
        })
    }

    fn explained(&self, at: StepOffset, depth: usize) -> Result<ExplainedCondition, Stopped> {
        let depth = depth.checked_sub(1).or_damaged()?;
        let node = self.fields.image.step(at).or_damaged()?;
        let mut children = Vec::new();
        let mut item = None;
        let mut step = Failure {
            step: at,
            negated: false,
            problem: PredicateProblem::Value,
            field: node.field.get(),
            is_alternative: false,
        };
        let name = match node.code {
            code::ALL => "All",
            code::ANY => "Any",
            code::NOT => "Not",
            _ => FailedPredicate::new(self.fields.image, step).or_damaged()?.check(),
        };
        let truth = match node.code {
            code::ALL | code::ANY | code::NOT => {
                for child in self.children(at, node) {
                    children.push(self.explained(child.or_damaged()?, depth)?);
                }
                let truths = children.iter().map(|child| Truth::from_option(child.truth));
                match node.code {
                    code::ALL => truths.fold(Truth::True, Truth::min),
                    code::ANY => truths.fold(Truth::False, Truth::max),
                    _ => truths.fold(Truth::True, |_, truth| truth.negate()),
                }
            }
            code::EVERY | code::SOME => {
                let truth = self.truth(at, depth.saturating_add(1))?;
                let start = Truth::from_bool(node.code == code::EVERY);
                match self.fields.value(node.field.get()) {
                    Err(Unknown { problem, .. }) => step.problem = problem,
                    Ok(list) if list.for_items(|_| false).is_none() => step.problem = PredicateProblem::WrongType,
                    Ok(_) if truth != start => {
                        let (index, child) = self.deciding_item(at, node, truth, depth)?;
                        item = Some(index);
                        children.push(child);
                    }
                    Ok(_) => {}
                }
                truth
            }
            _ => match self.predicate(node)? {
                Ok(value) => Truth::from_bool(value),
                Err(Unknown { problem, field }) => {
                    step = Failure { problem, field, ..step };
                    Truth::Unknown
                }
            },
        };
        Ok(ExplainedCondition { step, name, truth: truth.to_option(), children, item })
    }

    /// The first item for which the condition after `at` has the truth of the whole list.
    fn deciding_item(
        &self,
        at: StepOffset,
        node: &StepRecord,
        truth: Truth,
        depth: usize,
    ) -> Result<(usize, ExplainedCondition), Stopped> {
        let condition = first_child(at).or_damaged()?;
        let list = self.fields.value(node.field.get()).ok().or_damaged()?;
        let mut index = 0_usize;
        let mut found = Err(Stopped::Damaged);
        list.for_items(|item| {
            let of_item = self.with_item(item);
            match of_item.truth(condition, depth) {
                Ok(seen) if seen != truth => index = index.saturating_add(1),
                Ok(_) => {
                    found = of_item.explained(condition, depth);
                    return false;
                }
                Err(stopped) => {
                    found = Err(stopped);
                    return false;
                }
            }
            true
        });
        Ok((index, found?))
    }
}
