//! A call against an image: a pure function that always has an answer.

pub mod decision;
mod explain;
mod perso;
pub mod reason;
mod stopped;
mod truth;

use alloc::borrow::Cow;
use core::cell::Cell;
use core::cmp::{Ordering, Reverse};

use ipnet::IpNet;

use crate::call::{Call, Target};
use crate::canonical::address;
use crate::canonical::path;
use crate::canonical::uri;
use crate::canonical::url;
use crate::image::index::{FieldSlot, RuleOffset, StepOffset, ToolSlot};
use crate::image::predicate::Predicate;
use crate::image::records::{NumberRecord, RuleRecord, StepRecord, first_child, step};
use crate::image::{PolicyImage, TargetRef};
use crate::json::decimal::Decimal;
use crate::json::{Kind, RawValue};
use crate::judge::decision::{Code, Decision, Failure, PredicateProblem};
use crate::judge::stopped::{OrDamaged as _, Stopped};
use crate::judge::truth::Truth;
use crate::language::dialect::Dialect;
use crate::language::effect::Effect;
use crate::language::operators::{Source, StringOp};
use crate::language::target::{TargetKind, can_be_name};
use crate::limits::{MAX_JUDGED_BYTES, MAX_POLICY_DEPTH, MAX_REQUEST_DEPTH};

/// A rule that may decide, ordered by which one does: the strictest, then what is known before what is not.
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
    /// One that turns Allow into approval, since it is not known to be false.
    may_need_approval: Option<Candidate>,
}

/// Decides a call.
///
/// Nothing turns into Allow that no rule allows: what can't be decided, a damaged image included, is denied.
#[must_use]
pub fn evaluate(image: &PolicyImage<'_>, call: &Call<'_>) -> Decision {
    let budget = Cell::new(MAX_JUDGED_BYTES);
    let evaluation = Evaluation { image, call, item: None, budget: &budget };
    let mut decision = Decision::deny(Code::PolicyFault);
    let is_decided = match image.dialect() {
        Dialect::Callgate1 => evaluation.strictest_rule(&mut decision),
        Dialect::Perso1 => evaluation.only_rule(&mut decision),
    };
    if let Err(stopped) = is_decided {
        // Nothing of what was found before counts.
        decision = Decision::deny(match stopped {
            Stopped::Damaged => Code::PolicyFault,
            Stopped::OverBudget => Code::TooComplex,
        });
    }
    decision
}

/// Leaves a decision the Deny that it is.
fn deny(decision: &mut Decision, code: Code) -> Result<(), Stopped> {
    decision.code = code;
    Ok(())
}

/// Why a predicate is neither true nor false, and for which of its fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unknown {
    pub(crate) problem: PredicateProblem,
    pub(crate) field: FieldSlot,
}

impl Unknown {
    /// The field is of a type that the predicate does not compare.
    pub(crate) fn wrong_type(field: FieldSlot) -> Self {
        Self { problem: PredicateProblem::WrongType, field }
    }

    /// The field is ambiguous.
    pub(crate) fn ambiguous(field: FieldSlot) -> Self {
        Self { problem: PredicateProblem::Ambiguous, field }
    }
}

/// One call and the image that judges it.
#[derive(Clone, Copy)]
pub(crate) struct Evaluation<'e, 'i, 'a> {
    pub(crate) image: &'e PolicyImage<'i>,
    call: &'e Call<'a>,
    /// The item that is judged, inside `Every` and `Some`.
    item: Option<RawValue<'a>>,
    /// How many bytes of fields may still be looked at.
    budget: &'e Cell<usize>,
}

impl<'a> Evaluation<'_, '_, 'a> {
    /// `callgate-1`: the strictest rule that applies decides, whatever the order of rules and roles.
    ///
    /// `decision` is a Deny when it comes, and stays one unless a rule decides: it is written where it is returned, as
    /// moving it would take as long as looking up a name.
    fn strictest_rule(&self, decision: &mut Decision) -> Result<(), Stopped> {
        let target = match self.target() {
            Ok(target) => target,
            Err(code) => return deny(decision, code),
        };
        let mut candidates = Candidates::default();
        let mut is_role_known = false;
        for role in &self.call.roles {
            let Some(role) = self.image.role(role) else { continue };
            let Some(target) = target else { return deny(decision, Code::NoRule) };
            if !is_role_known
                && self.image.has_closed_tools()
                && target.tool.is_some_and(|tool| self.has_undeclared_argument(tool))
            {
                return deny(decision, Code::UndeclaredArgument);
            }
            is_role_known = true;
            for rule in self.image.rules_of(role, target).or_damaged()? {
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

    /// Whether the call has an argument that the closed schema of its tool does not declare.
    ///
    /// In line, what it needs would be made ready for each call, and most policies close no tool.
    #[inline(never)]
    fn has_undeclared_argument(&self, tool: ToolSlot) -> bool {
        self.image.is_closed(tool)
            && !self.call.arguments_are_declared(|name, hash| self.image.declares(tool, name, hash))
    }

    /// The rules that speak of a target and one of the caller's roles.
    pub(crate) fn rules_for(&self, target: TargetRef) -> impl Iterator<Item = RuleOffset> {
        let roles = self.call.roles.iter().filter_map(|role| self.image.role(role));
        roles.filter_map(move |role| self.image.rules_of(role, target)).flatten().map(|rule| rule.get())
    }

    /// Makes a rule a candidate if its condition lets it decide.
    ///
    /// What is unknown may be true or false, and the stricter of the two answers is given: a Deny rule that is not known
    /// to be false denies, and a RequireApproval rule that is not known to be false turns Allow into approval.
    fn consider(&self, rule: RuleOffset, candidates: &mut Candidates) -> Result<(), Stopped> {
        // INVARIANT: rules are numbered from the strictest effect down, so a later one changes nothing that is known.
        if candidates.decided.is_some_and(|first| first.truth.0 == Truth::True && first.rule <= rule) {
            return Ok(());
        }
        let record = self.image.rule(rule).or_damaged()?;
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

    /// What is called, none where no rule speaks of it; or why the call is denied whatever the rules say.
    fn target(&self) -> Result<Option<TargetRef>, Code> {
        let Target { kind, name } = &self.call.target;
        let target = || self.image.target(*kind, name);
        let unknown = if *kind == TargetKind::Prompt { Code::UnknownPrompt } else { Code::UnknownTool };
        if kind.is_resource() {
            // Another spelling of the same URI must not slip past a rule.
            return if uri::is_normal(name) { Ok(target()) } else { Err(Code::AmbiguousResource) };
        }
        if !self.image.is_open(*kind) {
            return target().map(Some).ok_or(unknown);
        }
        // Where nothing is declared, a call names what could be a name.
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
                // Only what could not be told explains why a rule decides that is not known to be true.
                let failures = &mut decision.failures;
                let record = self.image.rule(rule).or_damaged()?;
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

    /// `perso-1`: the one rule that is left for the tool and the role decides, else the default.
    fn only_rule(&self, decision: &mut Decision) -> Result<(), Stopped> {
        let role = self.call.roles.first().and_then(|role| self.image.role(role));
        let target = self.image.target(TargetKind::Tool, &self.call.target.name);
        let rules = match (role, target) {
            (Some(role), Some(target)) => self.image.rules_of(role, target).or_damaged()?,
            _ => &[],
        };
        let Some(rule) = rules.first().map(|rule| rule.get()) else {
            if self.image.allows_by_default() {
                decision.effect = Effect::Allow;
            }
            decision.code = Code::NoRule;
            return Ok(());
        };
        decision.rule = Some(rule);
        let record = self.image.rule(rule).or_damaged()?;
        if self.condition_truth(record)? == Truth::True {
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
        Self { item: Some(item), ..*self }
    }

    /// The truth of a rule's condition; one without any always applies.
    pub(crate) fn condition_truth(&self, rule: &RuleRecord) -> Result<Truth, Stopped> {
        match rule.condition.get() {
            None => Ok(Truth::True),
            Some(condition) => self.truth(condition, MAX_POLICY_DEPTH),
        }
    }

    /// The truth of the condition that starts at a step.
    pub(crate) fn truth(&self, at: StepOffset, depth: usize) -> Result<Truth, Stopped> {
        let depth = depth.checked_sub(1).or_damaged()?;
        let node = self.image.step(at).or_damaged()?;
        match node.code {
            step::ALL => self.combine(at, node, Truth::True, Truth::min, depth),
            step::ANY => self.combine(at, node, Truth::False, Truth::max, depth),
            step::NOT => Ok(self.truth(first_child(at).or_damaged()?, depth)?.negate()),
            step::EVERY => self.items_truth(at, node, Truth::True, Truth::min, depth),
            step::SOME => self.items_truth(at, node, Truth::False, Truth::max, depth),
            _ => Ok(match self.predicate(node)? {
                Ok(value) => Truth::from_bool(value),
                Err(_) => Truth::Unknown,
            }),
        }
    }

    /// Combines the children of `node`, from the value `start` that none of them changes.
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

    /// Combines the truth of the condition after `at` for each item of the list that `node` names.
    fn items_truth(
        &self,
        at: StepOffset,
        node: &StepRecord,
        start: Truth,
        merge: fn(Truth, Truth) -> Truth,
        depth: usize,
    ) -> Result<Truth, Stopped> {
        let Ok(list) = self.value(node.field.get()) else { return Ok(Truth::Unknown) };
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
            next = self.image.step(child).and_then(|step| step.end(child)).filter(|&after| after > child);
            Some(Some(child))
        })
    }

    /// The value of a predicate, or why it has none and for which field.
    pub(crate) fn predicate(&self, node: &StepRecord) -> Result<Result<bool, Unknown>, Stopped> {
        let predicate = Predicate::read(self.image, node).or_damaged()?;
        let value = match self.image.dialect() {
            Dialect::Callgate1 => self.callgate_predicate(&predicate),
            Dialect::Perso1 => Ok(self.perso_predicate(&predicate)),
        };
        self.check_budget()?;
        Ok(value)
    }

    fn check_budget(&self) -> Result<(), Stopped> {
        if self.budget.get() > 0 { Ok(()) } else { Err(Stopped::OverBudget) }
    }

    fn callgate_predicate(&self, predicate: &Predicate<'_>) -> Result<bool, Unknown> {
        let field = predicate.field();
        let wrong_type = Unknown::wrong_type(field);
        if let Predicate::Present { .. } = predicate {
            return Ok(self.field(field).is_some_and(|value| value.kind() != Kind::Null));
        }
        let value = self.value(field)?;
        self.charge(value, predicate.cost());
        match *predicate {
            Predicate::Numeric { op, number, .. } => {
                let text = value.as_number().ok_or(wrong_type)?;
                let ordering = self.compare_number(text, number).ok_or(wrong_type)?;
                Ok(op.holds(ordering))
            }
            Predicate::String { op, texts, automaton, .. } => {
                let text = value.as_string().ok_or(wrong_type)?;
                op.holds(&text, texts, automaton).ok_or(wrong_type)
            }
            Predicate::Time { window, .. } => {
                let time = value.as_number().and_then(|text| text.parse().ok()).ok_or(wrong_type)?;
                window.holds(time).ok_or(wrong_type)
            }
            Predicate::Path { roots, .. } => {
                let text = value.as_string().ok_or(wrong_type)?;
                path::is_inside(&text, roots.iter()).ok_or(Unknown::ambiguous(field))
            }
            Predicate::Url { allowed, .. } => {
                let text = value.as_string().ok_or(wrong_type)?;
                let target = url::UrlTarget::read(&text).ok_or(Unknown::ambiguous(field))?;
                allowed.allow(&target).ok_or(Unknown::ambiguous(field))
            }
            Predicate::Cidr { op, networks, .. } => {
                let text = value.as_string().ok_or(wrong_type)?;
                let address = address::read(&text).ok_or(Unknown::ambiguous(field))?;
                let is_inside = networks
                    .iter()
                    .any(|network| network.parse::<IpNet>().is_ok_and(|network| network.contains(&address)));
                Ok(is_inside == (op == StringOp::In))
            }
            Predicate::Length { op, number, .. } => {
                let length = value.length().and_then(|length| i64::try_from(length).ok()).ok_or(wrong_type)?;
                Ok(op.holds(length.cmp(&number.integer.get())))
            }
            Predicate::Compare { op, other, .. } => {
                let number = value.as_number().and_then(Decimal::read).ok_or(wrong_type)?;
                let other_number = self.value(other)?.as_number().and_then(Decimal::read);
                Ok(op.holds(number.compare(&other_number.ok_or(Unknown::wrong_type(other))?)))
            }
            Predicate::Bool { value: wanted, .. } => match value.kind() {
                Kind::Bool(value) => Ok(value == wanted),
                _ => Err(wrong_type),
            },
            Predicate::Equals { other, .. } => {
                scalars_equal(value, self.value(other)?).map_err(|problem| Unknown { problem, field })
            }
            // `Every` and `Some` are no predicates: `truth` reads them before.
            Predicate::Present { .. } | Predicate::Items { .. } => Err(wrong_type),
        }
    }

    /// The value of a field of the call, or of the item that is judged.
    fn field(&self, field: FieldSlot) -> Option<RawValue<'a>> {
        let value = match self.item {
            Some(item) if self.image.is_of_item(field) => self.within(item, field, MAX_REQUEST_DEPTH),
            _ => self.call.field(field),
        };
        value.inspect(|&value| self.charge(value, 1))
    }

    /// Charges the value's length to the budget, `times` times.
    fn charge(&self, value: RawValue<'_>, times: usize) {
        let bytes = value.text().len().saturating_add(1).saturating_mul(times);
        self.budget.set(self.budget.get().saturating_sub(bytes));
    }

    /// What `field` leads to within an item.
    fn within(&self, item: RawValue<'a>, field: FieldSlot, depth: usize) -> Option<RawValue<'a>> {
        self.charge(item, 1);
        if field == FieldSlot::root(Source::Item) {
            return Some(item);
        }
        let (before, name) = self.image.field_step(field)?;
        self.within(item, before, depth.checked_sub(1)?)?.member(name)
    }

    pub(crate) fn value(&self, field: FieldSlot) -> Result<RawValue<'a>, Unknown> {
        let value = self.field(field).ok_or(Unknown { problem: PredicateProblem::Missing, field })?;
        if value.kind() == Kind::Null { Err(Unknown { problem: PredicateProblem::Null, field }) } else { Ok(value) }
    }

    fn compare_number(&self, text: &str, number: &NumberRecord) -> Option<Ordering> {
        // Amounts and counts are short integers on both sides: no need to take them apart.
        let expected = number.integer.get();
        if expected != i64::MIN
            && let Ok(value) = text.parse::<i64>()
        {
            return Some(value.cmp(&expected));
        }
        let expected = Decimal::read(self.image.text(number.text)?)?;
        Some(Decimal::read(text)?.compare(&expected))
    }

    fn perso_predicate(&self, predicate: &Predicate<'_>) -> bool {
        let value = self.call.field(predicate.field());
        match *predicate {
            Predicate::Numeric { op, number, .. } => value
                .and_then(RawValue::as_number)
                .and_then(|text| text.parse::<f64>().ok())
                .is_some_and(|value| perso::compare(value, op, f64::from_bits(number.binary64.get()))),
            Predicate::String { op, texts, automaton, .. } => {
                let holds = |text: Cow<'_, str>| op.holds(&text, texts, automaton);
                value.and_then(RawValue::as_string).and_then(holds).unwrap_or(false)
            }
            Predicate::Present { .. } => value.is_some_and(|value| value.kind() != Kind::Null),
            Predicate::Equals { other, .. } => match (value, self.call.field(other)) {
                (Some(a), Some(b)) => perso::equal(a, b),
                _ => false,
            },
            // perso has no such predicates.
            Predicate::Bool { .. }
            | Predicate::Length { .. }
            | Predicate::Compare { .. }
            | Predicate::Path { .. }
            | Predicate::Url { .. }
            | Predicate::Cidr { .. }
            | Predicate::Items { .. }
            | Predicate::Time { .. } => false,
        }
    }
}

/// Whether two strings, numbers or booleans are the same; values of two types, objects and lists have no answer.
fn scalars_equal(a: RawValue<'_>, b: RawValue<'_>) -> Result<bool, PredicateProblem> {
    match (a.kind(), b.kind()) {
        (Kind::String, Kind::String) => Ok(a.as_string() == b.as_string()),
        (Kind::Bool(a), Kind::Bool(b)) => Ok(a == b),
        (Kind::Number, Kind::Number) => {
            let (a, b) = (Decimal::read(a.text()), Decimal::read(b.text()));
            Ok(a.ok_or(PredicateProblem::WrongType)?.compare(&b.ok_or(PredicateProblem::WrongType)?).is_eq())
        }
        _ => Err(PredicateProblem::WrongType),
    }
}
