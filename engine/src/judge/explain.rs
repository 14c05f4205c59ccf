//! Why no rule applies, or why a rule is unknown: the predicates that decided.

use alloc::vec::Vec;

use crate::call::fields::Unknown;
use crate::condition::code;
use crate::image::TargetRef;
use crate::image::index::StepOffset;
use crate::image::records::{StepRecord, first_child};
use crate::judge::Evaluation;
use crate::judge::decision::{Code, Decision, Failure};
use crate::judge::stopped::{OrDamaged as _, Stopped};
use crate::judge::truth::Truth;
use crate::language::effect::Effect;
use crate::language::problem::PredicateProblem;
use crate::limits::MAX_POLICY_DEPTH;

impl Evaluation<'_, '_, '_> {
    /// Explains a Deny by default with the Allow rule that was closest to applying; with a RequireApproval rule only if
    /// no Allow rule matches the call.
    ///
    /// A caller who meets the requirements of a RequireApproval rule still waits for a person. If both rules restrict
    /// one value, such as an amount, they can even state opposite requirements.
    pub(crate) fn explain_default_deny(&self, target: TargetRef, decision: &mut Decision) -> Result<(), Stopped> {
        let mut nearest: Option<(Effect, Decision)> = None;
        for rule in self.rules_for(target) {
            let record = self.fields.image.rule(rule).or_damaged()?;
            let effect = Effect::from_code(record.effect);
            let is_stricter = nearest.as_ref().is_some_and(|&(other, _)| effect > other);
            let is_nearest = nearest.as_ref().is_some_and(|(_, decision)| decision.rule == Some(rule));
            if effect == Effect::Deny || is_stricter || is_nearest {
                continue;
            }
            let mut failures = Vec::new();
            self.explain(record.condition.get(), false, &mut failures)?;
            let code = if self.condition_truth(record)? == Truth::Unknown {
                Code::ConditionUnknown
            } else {
                Code::ConditionFailed
            };
            let is_nearer = nearest.as_ref().is_none_or(|(other_effect, other)| {
                (effect, failures.len(), Some(rule)) < (*other_effect, other.failures.len(), other.rule)
            });
            if is_nearer {
                nearest = Some((
                    effect,
                    Decision { effect: Effect::Deny, code, rule: Some(rule), failures, violation: None },
                ));
            }
        }
        *decision = nearest.map_or_else(|| Decision::deny(Code::NoRule), |(_, decision)| decision);
        Ok(())
    }

    /// Collects the predicates that keep a rule's condition from being true, or from being false if `negated`.
    pub(crate) fn explain(
        &self,
        condition: Option<StepOffset>,
        negated: bool,
        failures: &mut Vec<Failure>,
    ) -> Result<(), Stopped> {
        condition.map_or(Ok(()), |at| self.explain_step(at, negated, failures, MAX_POLICY_DEPTH))
    }

    fn explain_step(
        &self,
        at: StepOffset,
        negated: bool,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), Stopped> {
        let wanted = Truth::from_bool(!negated);
        if self.truth(at, depth)? == wanted {
            return Ok(());
        }
        let depth = depth.checked_sub(1).or_damaged()?;
        let node = self.fields.image.step(at).or_damaged()?;
        match node.code {
            code::ALL | code::ANY => {
                // If one child is enough, the failures of the other children are alternatives.
                let one_would_do = (node.code == code::ANY) != negated;
                let first = failures.len();
                for child in self.children(at, node) {
                    let before = failures.len();
                    self.explain_step(child.or_damaged()?, negated, failures, depth)?;
                    if let Some(failure) = failures.get_mut(before).filter(|_| before > first) {
                        failure.is_alternative = one_would_do;
                    }
                }
            }
            code::NOT => self.explain_step(first_child(at).or_damaged()?, !negated, failures, depth)?,
            code::EVERY | code::SOME => self.explain_items(at, node, negated, failures, depth)?,
            _ => {
                let known = Unknown { problem: PredicateProblem::Value, field: node.field.get() };
                let Unknown { problem, field } = self.predicate(node)?.err().unwrap_or(known);
                failures.push(Failure { step: at, negated, problem, field, is_alternative: false });
            }
        }
        Ok(())
    }

    /// Explains a condition on items: with the first item that fails, if every item must pass; otherwise as a whole.
    fn explain_items(
        &self,
        at: StepOffset,
        node: &StepRecord,
        negated: bool,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Result<(), Stopped> {
        let field = node.field.get();
        let mut failure = Failure { step: at, negated, problem: PredicateProblem::Value, field, is_alternative: false };
        let each_must = (node.code == code::EVERY) != negated;
        let before = failures.len();
        match self.fields.value(field) {
            Err(Unknown { problem, .. }) => failure.problem = problem,
            Ok(list) => {
                let condition = first_child(at).or_damaged()?;
                let mut done = Ok(());
                let is_list = list.for_items(|item| {
                    if each_must {
                        done = self.with_item(item).explain_step(condition, negated, failures, depth);
                    }
                    each_must && done.is_ok() && failures.len() == before
                });
                done?;
                failure.problem = if is_list.is_some() { PredicateProblem::Value } else { PredicateProblem::WrongType };
            }
        }
        if failures.len() == before {
            failures.push(failure);
        }
        Ok(())
    }
}
