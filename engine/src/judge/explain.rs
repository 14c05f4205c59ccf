//! Why no rule applies, or what a rule could not be told by: the predicates that decided.

use alloc::vec::Vec;

use crate::image::TargetRef;
use crate::image::records::{NONE, StepRecord, first_child, step};
use crate::judge::Evaluation;
use crate::judge::decision::{Code, Decision, Failure, PredicateProblem};
use crate::judge::truth::Truth;
use crate::language::effect::Effect;
use crate::limits::MAX_POLICY_DEPTH;

impl Evaluation<'_, '_, '_> {
    /// Explains a Deny by default with the rule that came nearest to applying.
    pub(crate) fn explain_default_deny(&self, target: TargetRef, decision: &mut Decision) -> Option<()> {
        let mut nearest: Option<Decision> = None;
        for rule in self.rules_for(target) {
            let record = self.image.rule(rule)?;
            if Effect::from_code(record.effect) == Effect::Deny
                || nearest.as_ref().is_some_and(|decision| decision.rule == Some(rule))
            {
                continue;
            }
            let mut failures = Vec::new();
            self.explain(record.condition.get(), false, &mut failures, MAX_POLICY_DEPTH)?;
            let code = if self.condition_truth(record)? == Truth::Unknown {
                Code::ConditionUnknown
            } else {
                Code::ConditionFailed
            };
            let is_nearer = nearest
                .as_ref()
                .is_none_or(|other| (failures.len(), rule) < (other.failures.len(), other.rule.unwrap_or(NONE)));
            if is_nearer {
                nearest = Some(Decision { effect: Effect::Deny, code, rule: Some(rule), failures });
            }
        }
        *decision = nearest.unwrap_or_else(|| Decision::deny(Code::NoRule));
        Some(())
    }

    /// Collects the predicates that keep the condition at a step from being true, or false where `negated`.
    pub(crate) fn explain(&self, at: u32, negated: bool, failures: &mut Vec<Failure>, depth: usize) -> Option<()> {
        if at == NONE {
            return Some(());
        }
        let wanted = Truth::from_bool(!negated);
        let depth = depth.checked_sub(1)?;
        let node = self.image.step(at)?;
        if self.truth(at, depth.checked_add(1)?)? == wanted {
            return Some(());
        }
        match node.code {
            step::ALL | step::ANY => {
                // Where one child would do, what keeps the others from being so are alternatives.
                let one_would_do = (node.code == step::ANY) != negated;
                let first = failures.len();
                for child in self.children(at, node) {
                    let before = failures.len();
                    self.explain(child?, negated, failures, depth)?;
                    if let Some(failure) = failures.get_mut(before).filter(|_| before > first) {
                        failure.is_alternative = one_would_do;
                    }
                }
            }
            step::NOT => self.explain(first_child(at)?, !negated, failures, depth)?,
            step::EVERY | step::SOME => self.explain_items(at, node, negated, failures, depth)?,
            _ => {
                let (problem, field) =
                    self.predicate(node)?.err().unwrap_or((PredicateProblem::Value, node.field.get()));
                failures.push(Failure { step: at, negated, problem, field, is_alternative: false });
            }
        }
        Some(())
    }

    /// Explains a condition on items with the first item that is not as asked, where each must be, else as a whole.
    fn explain_items(
        &self,
        at: u32,
        node: &StepRecord,
        negated: bool,
        failures: &mut Vec<Failure>,
        depth: usize,
    ) -> Option<()> {
        let field = node.field.get();
        let mut failure = Failure { step: at, negated, problem: PredicateProblem::Value, field, is_alternative: false };
        let each_must = (node.code == step::EVERY) != negated;
        let before = failures.len();
        match self.value(field) {
            Err((problem, _)) => failure.problem = problem,
            Ok(list) => {
                let condition = first_child(at)?;
                let mut done = Some(());
                let is_list = list.for_items(|item| {
                    if each_must {
                        done = self.with_item(item).explain(condition, negated, failures, depth);
                    }
                    each_must && done.is_some() && failures.len() == before
                });
                done?;
                failure.problem = if is_list.is_some() { PredicateProblem::Value } else { PredicateProblem::WrongType };
            }
        }
        if failures.len() == before {
            failures.push(failure);
        }
        Some(())
    }
}
