//! Decides a call with an image: a pure function that always returns a decision.

pub mod approval;
pub mod decision;
mod explain;
pub mod explanation;
pub mod reason;
mod schema;
mod stopped;
mod truth;

use core::cell::Cell;
use core::cmp::Reverse;

use crate::call::fields::{Fields, Unknown};
use crate::call::{Call, Target};
use crate::canonical::uri;
use crate::condition::{self, code};
use crate::image::index::{RuleOffset, SchemaOffset, StepOffset};
use crate::image::records::{RuleRecord, StepRecord, first_child};
use crate::image::{PolicyImage, TargetRef};
use crate::json::RawValue;
use crate::judge::decision::{Code, Decision, Failure};
use crate::judge::schema::{Instance, MAX_SCHEMA_DEPTH, Validator};
use crate::judge::stopped::{OrDamaged as _, Stopped};
use crate::judge::truth::Truth;
use crate::language::conflicts::Conflicts;
use crate::language::effect::Effect;
use crate::language::problem::PredicateProblem;
use crate::language::target::{TargetKind, can_be_name};
use crate::limits::{MAX_JUDGED_BYTES, MAX_POLICY_DEPTH};

/// A rule that may decide. The order is the order of precedence: the strictest effect first, then true before unknown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    effect: Reverse<Effect>,
    truth: Reverse<Truth>,
    rule: RuleOffset,
}

/// The rules that may decide, among those considered so far.
#[derive(Default)]
struct Candidates {
    decided: Option<Candidate>,
    /// A RequireApproval rule whose condition is unknown; it turns Allow into RequireApproval.
    may_need_approval: Option<Candidate>,
}

/// Decides a call.
///
/// Only a rule or the default effect of the image can allow a call. A call that cannot be decided is denied, also if
/// the image has an invalid offset. Changed bytes of an image may be another policy, which this function cannot detect.
#[must_use]
pub fn evaluate(image: &PolicyImage<'_>, call: &Call<'_>) -> Decision {
    let budget = Cell::new(MAX_JUDGED_BYTES);
    let evaluation = Evaluation { fields: Fields::new(image, call, &budget) };
    let mut decision = Decision::deny(Code::PolicyFault);
    let is_decided = match image.conflicts() {
        Conflicts::Strictest => evaluation.strictest_rule(&mut decision),
        Conflicts::Last => evaluation.only_rule(&mut decision),
    };
    if let Err(stopped) = is_decided {
        // Results from before the stop do not count.
        decision = Decision::deny(match stopped {
            Stopped::Damaged => Code::PolicyFault,
            Stopped::OverBudget => Code::TooComplex,
        });
    }
    decision
}

/// Keeps the decision a Deny and sets its code.
fn deny(decision: &mut Decision, code: Code) -> Result<(), Stopped> {
    decision.code = code;
    Ok(())
}

/// One call and the image that decides it.
#[derive(Clone, Copy)]
pub(crate) struct Evaluation<'e, 'i, 'a> {
    pub(crate) fields: Fields<'e, 'i, 'a>,
}

impl<'a> Evaluation<'_, '_, 'a> {
    /// The strictest rule that applies decides, regardless of the order of rules and roles.
    ///
    /// `decision` is initially a Deny, and stays one unless a rule decides. The caller owns it, because moving it would
    /// take as long as a name lookup.
    fn strictest_rule(&self, decision: &mut Decision) -> Result<(), Stopped> {
        let target = match self.target() {
            Ok(target) => target,
            Err(code) => return deny(decision, code),
        };
        let mut candidates = Candidates::default();
        let mut is_role_known = false;
        for role in &self.fields.call.roles {
            let Some(role) = self.fields.image.role(role) else { continue };
            let Some(target) = target else { return deny(decision, Code::NoRule) };
            if !is_role_known
                && let Some(schema) = target.tool.and_then(|tool| self.fields.image.schema_of(tool))
                && !self.arguments_conform(schema, decision)?
            {
                return Ok(());
            }
            is_role_known = true;
            for rule in self.fields.image.rules_of(role, target).or_damaged()? {
                self.consider(rule.get(), &mut candidates)?;
            }
        }
        match (candidates.decided, candidates.may_need_approval) {
            (Some(Candidate { effect: Reverse(Effect::Allow), .. }), Some(candidate)) | (Some(candidate), _) => {
                self.decide_by(candidate, decision)
            }
            (None, _) if is_role_known => self.explain_default_deny(target.or_damaged()?, decision),
            (None, _) => deny(decision, Code::UnknownRole),
        }
    }

    /// Whether the arguments conform to the schema of their tool; if not, sets the code and the violation.
    ///
    /// If this were inlined, its setup would be part of each call, also of a tool without a schema.
    #[inline(never)]
    fn arguments_conform(&self, schema: SchemaOffset, decision: &mut Decision) -> Result<bool, Stopped> {
        let validator = Validator::new(self.fields.image, self.fields.budget());
        if validator.truth(schema, Instance::of_arguments(self.fields.call), MAX_SCHEMA_DEPTH)? == Truth::True {
            return Ok(true);
        }
        let arguments = self.fields.call.argument_value();
        decision.violation = validator.undeclared_argument(schema, arguments)?;
        decision.code = Code::UndeclaredArgument;
        if decision.violation.is_none() {
            decision.violation = validator.violation(schema, arguments)?;
            decision.code = Code::InvalidArguments;
        }
        Ok(false)
    }

    /// The rules that match a target and one of the caller's roles.
    pub(crate) fn rules_for(&self, target: TargetRef) -> impl Iterator<Item = RuleOffset> {
        let roles = self.fields.call.roles.iter().filter_map(|role| self.fields.image.role(role));
        roles.filter_map(move |role| self.fields.image.rules_of(role, target)).flatten().map(|rule| rule.get())
    }

    /// Makes a rule a candidate if its condition lets it decide.
    ///
    /// If a condition is unknown, the stricter possible decision is returned. A Deny rule that may be true denies. A
    /// RequireApproval rule that may be true turns Allow into RequireApproval.
    fn consider(&self, rule: RuleOffset, candidates: &mut Candidates) -> Result<(), Stopped> {
        // INVARIANT: rules are ordered from the strictest effect down, so a later rule does not change the decision.
        if candidates.decided.is_some_and(|first| first.truth.0 == Truth::True && first.rule <= rule) {
            return Ok(());
        }
        let record = self.fields.image.rule(rule).or_damaged()?;
        let effect = Effect::from_code(record.effect);
        let truth = self.condition_truth(record)?;
        let candidate = Candidate { effect: Reverse(effect), truth: Reverse(truth), rule };
        let first_of = |other: Option<Candidate>| Some(other.map_or(candidate, |other| other.min(candidate)));
        match (effect, truth) {
            (_, Truth::False) | (Effect::Allow, Truth::Unknown) => {}
            (Effect::RequireApproval, Truth::Unknown) => {
                candidates.may_need_approval = first_of(candidates.may_need_approval);
            }
            _ => candidates.decided = first_of(candidates.decided),
        }
        Ok(())
    }

    /// The target, or `None` if no rule matches it; or the code of a Deny that does not depend on the rules.
    pub(crate) fn target(&self) -> Result<Option<TargetRef>, Code> {
        let Target { kind, name } = &self.fields.call.target;
        let target = || self.fields.image.target(*kind, name);
        let unknown = if *kind == TargetKind::Prompt { Code::UnknownPrompt } else { Code::UnknownTool };
        if kind.is_resource() {
            // Another spelling of the same URI must not bypass a rule.
            return if uri::is_normal(name) { Ok(target()) } else { Err(Code::AmbiguousResource) };
        }
        if *kind == TargetKind::Tool
            && self.fields.image.has_server_tools()
            && let Some(server) = self.fields.call.server.as_deref()
            && let Some(tool) = self.fields.image.server_tool(server, name)
        {
            return Ok(Some(tool));
        }
        if !self.fields.image.is_open(*kind) {
            return target().map(Some).ok_or(unknown);
        }
        // If nothing is declared, a call may use any valid name.
        if can_be_name(name) { Ok(target()) } else { Err(unknown) }
    }

    fn decide_by(&self, candidate: Candidate, decision: &mut Decision) -> Result<(), Stopped> {
        let Candidate { effect: Reverse(effect), truth: Reverse(truth), rule } = candidate;
        decision.effect = effect;
        decision.rule = Some(rule);
        decision.code = match effect {
            Effect::Allow => Code::Allowed,
            Effect::RequireApproval if truth == Truth::True => Code::ApprovalRequired,
            Effect::Deny if truth == Truth::True => Code::DeniedByRule,
            Effect::RequireApproval | Effect::Deny => {
                // Only unknown predicates explain why a rule decides although its condition is not known to be true.
                let failures = &mut decision.failures;
                let record = self.fields.image.rule(rule).or_damaged()?;
                self.explain(record.condition.get(), true, failures)?;
                let is_unknown = |failure: &Failure| failure.problem != PredicateProblem::Value;
                if failures.iter().any(is_unknown) {
                    failures.retain(|failure| is_unknown(failure));
                }
                Code::ConditionUnknown
            }
        };
        Ok(())
    }

    /// The only rule that is kept for the tool and the role decides; without one, the default effect.
    fn only_rule(&self, decision: &mut Decision) -> Result<(), Stopped> {
        let role = self.fields.call.roles.first().and_then(|role| self.fields.image.role(role));
        let target = self.fields.image.target(TargetKind::Tool, &self.fields.call.target.name);
        let rules = match (role, target) {
            (Some(role), Some(target)) => self.fields.image.rules_of(role, target).or_damaged()?,
            _ => &[],
        };
        let Some(rule) = rules.first().map(|rule| rule.get()) else {
            if self.fields.image.allows_by_default() {
                decision.effect = Effect::Allow;
            }
            decision.code = Code::NoRule;
            return Ok(());
        };
        decision.rule = Some(rule);
        let record = self.fields.image.rule(rule).or_damaged()?;
        // Only a damaged image has a rule with another effect here.
        let is_allow = Effect::from_code(record.effect) == Effect::Allow;
        if is_allow && self.condition_truth(record)? == Truth::True {
            decision.effect = Effect::Allow;
            decision.code = Code::Allowed;
        } else {
            self.explain(record.condition.get(), false, &mut decision.failures)?;
            decision.code = Code::ConditionFailed;
        }
        Ok(())
    }

    /// This evaluation with `item` bound.
    pub(crate) fn with_item(&self, item: RawValue<'a>) -> Self {
        Self { fields: self.fields.with_item(item) }
    }

    /// The truth of a rule's condition; a rule without a condition always applies.
    pub(crate) fn condition_truth(&self, rule: &RuleRecord) -> Result<Truth, Stopped> {
        match rule.condition.get() {
            None => Ok(Truth::True),
            Some(condition) => self.truth(condition, MAX_POLICY_DEPTH),
        }
    }

    /// The truth of the condition that starts at a step.
    pub(crate) fn truth(&self, at: StepOffset, depth: usize) -> Result<Truth, Stopped> {
        let depth = depth.checked_sub(1).or_damaged()?;
        let node = self.fields.image.step(at).or_damaged()?;
        match node.code {
            code::ALL => self.combine(at, node, Truth::True, Truth::min, depth),
            code::ANY => self.combine(at, node, Truth::False, Truth::max, depth),
            code::NOT => Ok(self.truth(first_child(at).or_damaged()?, depth)?.negate()),
            code::EVERY => self.items_truth(at, node, Truth::True, Truth::min, depth),
            code::SOME => self.items_truth(at, node, Truth::False, Truth::max, depth),
            _ => Ok(match self.predicate(node)? {
                Ok(value) => Truth::from_bool(value),
                Err(_) => Truth::Unknown,
            }),
        }
    }

    /// Combines the children of `node`, starting with the neutral value `start`.
    fn combine(
        &self,
        at: StepOffset,
        node: &StepRecord,
        start: Truth,
        merge: fn(Truth, Truth) -> Truth,
        depth: usize,
    ) -> Result<Truth, Stopped> {
        let decisive = start.negate();
        let mut truth = start;
        for child in self.children(at, node) {
            truth = merge(truth, self.truth(child.or_damaged()?, depth)?);
            if truth == decisive {
                break;
            }
        }
        Ok(truth)
    }

    /// Combines the truth of the condition after `at` for each item of the list that `node` reads.
    fn items_truth(
        &self,
        at: StepOffset,
        node: &StepRecord,
        start: Truth,
        merge: fn(Truth, Truth) -> Truth,
        depth: usize,
    ) -> Result<Truth, Stopped> {
        let Ok(list) = self.fields.value(node.field.get()) else { return Ok(Truth::Unknown) };
        self.check_budget()?;
        let condition = first_child(at).or_damaged()?;
        let mut truth = Ok(start);
        let is_list = list.for_items(|item| {
            truth = truth.and_then(|truth| Ok(merge(truth, self.with_item(item).truth(condition, depth)?)));
            truth.is_ok_and(|truth| truth != start.negate())
        });
        if is_list.is_some() { truth } else { Ok(Truth::Unknown) }
    }

    /// The steps at which the children of `node` start.
    pub(crate) fn children(&self, at: StepOffset, node: &StepRecord) -> impl Iterator<Item = Option<StepOffset>> {
        let (end, mut next) = (node.end(at), first_child(at));
        core::iter::from_fn(move || {
            let (Some(end), Some(child)) = (end, next) else { return Some(None) };
            if child >= end {
                return None;
            }
            next = self.fields.image.step(child).and_then(|step| step.end(child)).filter(|&after| after > child);
            Some(Some(child))
        })
    }

    /// Whether a predicate is true or false, or why it is unknown.
    pub(crate) fn predicate(&self, step: &StepRecord) -> Result<Result<bool, Unknown>, Stopped> {
        let value = condition::evaluate(step, &self.fields).or_damaged()?;
        self.check_budget()?;
        Ok(value)
    }

    fn check_budget(&self) -> Result<(), Stopped> {
        if self.fields.is_within_budget() { Ok(()) } else { Err(Stopped::OverBudget) }
    }
}
