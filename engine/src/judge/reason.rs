//! The explanation of a decision for people: one sentence and the predicates that decided.
//!
//! No text repeats a value of the call, unless the policy's language has templates that contain the tool and the role.

use alloc::string::String;

use crate::call::{Call, Target};
use crate::condition::Predicate;
use crate::condition::sentence::Sentence;
use crate::image::PolicyImage;
use crate::image::records::TextRef;
use crate::judge::decision::{Code, Decision, Failure};
use crate::judge::schema::violation::Violation;
use crate::language::effect::Effect;
use crate::language::operators::Source;
use crate::language::problem::PredicateProblem;

pub use crate::condition::sentence::MemberValue;

/// A predicate that decided a call, described as a requirement that the call must meet for the rule to apply; or the
/// keyword of the tool's schema that the arguments violate.
#[derive(Clone, Copy, Debug)]
pub struct FailedPredicate<'d, 'i> {
    image: &'d PolicyImage<'i>,
    failed: Failed<'d, 'i>,
}

#[derive(Clone, Copy, Debug)]
enum Failed<'d, 'i> {
    Predicate { predicate: Predicate<'i>, failure: Failure, source: Source, field: &'i str },
    Schema(&'d Violation),
}

impl<'d, 'i> FailedPredicate<'d, 'i> {
    pub(crate) fn new(image: &'d PolicyImage<'i>, failure: Failure) -> Option<Self> {
        let predicate = Predicate::decode(image, image.step(failure.step)?)?;
        let (source, field) = image.field_name(predicate.describe().field())?;
        Some(Self { image, failed: Failed::Predicate { predicate, failure, source, field } })
    }

    /// The name of the condition; `InputSchema` for the schema of the tool.
    #[must_use]
    pub fn check(&self) -> &'static str {
        match &self.failed {
            Failed::Predicate { predicate, .. } => predicate.describe().name(),
            Failed::Schema(_) => "InputSchema",
        }
    }

    /// The operator's name in responses. Inside `Not`, it is the opposite of the operator in the policy, if the
    /// opposite has a name. Of a schema, it is the keyword.
    #[must_use]
    pub fn op(&self) -> &'static str {
        match &self.failed {
            Failed::Predicate { predicate, failure, .. } => predicate.describe().op(!failure.negated),
            Failed::Schema(violation) => violation.op(),
        }
    }

    /// The source of the field.
    #[must_use]
    pub fn source(&self) -> Source {
        match self.failed {
            Failed::Predicate { source, .. } => source,
            Failed::Schema(_) => Source::Arguments,
        }
    }

    /// The field's name; of a schema, the JSON pointer (RFC 6901) of the value.
    #[must_use]
    pub fn field(&self) -> &'d str
    where
        'i: 'd,
    {
        match self.failed {
            Failed::Predicate { field, .. } => field,
            Failed::Schema(violation) => &violation.pointer,
        }
    }

    /// The problem of the field.
    #[must_use]
    pub fn problem(&self) -> PredicateProblem {
        match self.failed {
            Failed::Predicate { failure, .. } => failure.problem,
            Failed::Schema(violation) => violation.problem,
        }
    }

    /// Which field of a check of two fields has the problem: `field` or `other`, the names of their members in
    /// responses. `None` for other checks, and if both values are present and comparable.
    #[must_use]
    pub fn problem_in(&self) -> Option<&'static str> {
        let Failed::Predicate { predicate, failure, .. } = &self.failed else { return None };
        predicate.describe().other().filter(|_| failure.problem != PredicateProblem::Value)?;
        Some(if failure.field == predicate.describe().field() { "field" } else { "other" })
    }

    /// Visits what the field is compared with, as names and values of members of a response.
    pub fn visit_members(&self, visit: &mut dyn FnMut(&str, MemberValue<'_, '_>)) {
        match &self.failed {
            Failed::Predicate { predicate, failure, .. } => {
                predicate.describe().visit_members(!failure.negated, self.image, visit);
            }
            Failed::Schema(violation) => violation.visit_members(self.image, visit),
        }
    }

    /// Appends the problem of the field, and the requirement for a field that is present.
    pub(crate) fn write(&self, out: &mut Sentence<'_>) {
        let (predicate, failure, own) = match &self.failed {
            Failed::Predicate { predicate, failure, source, field } => (predicate, failure, (*source, *field)),
            Failed::Schema(violation) => return violation.write(self.image, out),
        };
        let (source, culprit) = self.image.field_name(failure.field).unwrap_or(own);
        match (source, culprit) {
            (Source::Item, "") => out.push_str("each item"),
            (Source::Item, field) => {
                out.push_quoted(field);
                out.push_str(" of each item");
            }
            (source, field) => {
                out.push_quoted(field);
                // Both fields of a check may have the same name.
                if self.problem_in().is_some() && failure.problem.is_of_present_value() {
                    out.push_source(source);
                }
            }
        }
        let described = predicate.describe();
        let requirement = match failure.problem {
            // Several sources may have a field of this name, so the reason names the source.
            PredicateProblem::Missing => return out.push_place(" is missing", " from ", source),
            PredicateProblem::Null => return out.push_place(" is null", " in ", source),
            PredicateProblem::WrongType => described.type_requirement(),
            PredicateProblem::Ambiguous => Some(described.form_requirement()),
            PredicateProblem::Value => None,
        };
        out.push_str(" must ");
        match requirement {
            Some(requirement) => {
                out.push_str(requirement);
                if let (Predicate::Equals(_), PredicateProblem::WrongType) = (predicate, failure.problem) {
                    let is_first = failure.field == described.field();
                    out.push_field(
                        if is_first { described.other() } else { None }.unwrap_or(described.field()),
                        self.image,
                    );
                }
            }
            None => described.write_requirement(!failure.negated, self.image, out),
        }
    }
}

impl Decision {
    /// The rule that decided: its `id`, or its JSON pointer in the policy if it has no `id`.
    #[must_use]
    pub fn rule<'i>(&self, image: &PolicyImage<'i>) -> Option<&'i str> {
        image.text(image.rule(self.rule?)?.id)
    }

    /// The predicates that decided, in the order of the policy, unless the rule hides them; or the keyword of the tool's
    /// schema that the arguments violate.
    pub fn failed<'d, 'i>(&'d self, image: &'d PolicyImage<'i>) -> impl Iterator<Item = FailedPredicate<'d, 'i>> {
        let hidden = if self.hides_condition(image) { self.failures.len() } else { 0 };
        let violation =
            self.violation.as_deref().map(|violation| FailedPredicate { image, failed: Failed::Schema(violation) });
        let predicates = self.failures.iter().skip(hidden);
        predicates.filter_map(|&failure| FailedPredicate::new(image, failure)).chain(violation)
    }

    /// Appends the reason, one sentence without a full stop.
    pub fn write_reason(&self, image: &PolicyImage<'_>, call: &Call<'_>, out: &mut String) {
        self.write_reason_by(image, call, |text, out| out.push_str(text), out);
    }

    /// Appends the reason like [`Decision::write_reason`], and calls `write_text` to append texts from the policy or
    /// the call. Everything else is printable ASCII without quotes and backslashes.
    pub fn write_reason_by(
        &self,
        image: &PolicyImage<'_>,
        call: &Call<'_>,
        write_text: fn(&str, &mut String),
        out: &mut String,
    ) {
        let out = &mut Sentence { out, write_text };
        match image.reasons() {
            None => self.write_sentence(image, &call.target, out),
            Some(templates) => self.write_by_template(templates, image, call, out),
        }
    }

    fn hides_condition(&self, image: &PolicyImage<'_>) -> bool {
        self.rule.and_then(|rule| image.rule(rule)).is_some_and(|rule| rule.hides_condition != 0)
    }

    fn write_sentence(&self, image: &PolicyImage<'_>, target: &Target<'_>, out: &mut Sentence<'_>) {
        let kind = target.kind;
        let rule = self.rule.and_then(|rule| image.rule(rule));
        // The rule's own reason is about a condition that is known: a missing fact about an account, for example, does
        // not mean that the account is suspended.
        let own = rule.filter(|_| self.code != Code::ConditionUnknown);
        if let Some(text) = own.and_then(|rule| image.first_text(rule.reason.get()?)) {
            return out.push_text(text);
        }
        match self.code {
            Code::UnknownTool | Code::UnknownPrompt if image.is_open(kind) => {
                for part in ["this is not a valid ", kind.noun(), " name"] {
                    out.push_str(part);
                }
            }
            Code::UnknownTool => match image.owners(&target.name) {
                Some(servers) => {
                    out.push_str("a call to this tool must name its server, which is ");
                    out.push_text(servers);
                }
                None => out.push_str("the policy does not declare this tool"),
            },
            Code::UnknownRole => out.push_str("the policy declares none of the caller's roles"),
            Code::UnknownPrompt => out.push_str("the policy does not declare this prompt"),
            Code::AmbiguousResource => {
                out.push_str("the resource URI is ambiguous or not in normal form");
            }
            Code::NoRule => {
                for part in ["no rule allows any of the caller's roles to use this ", kind.noun()] {
                    out.push_str(part);
                }
            }
            Code::UndeclaredArgument | Code::InvalidArguments => match self.failed(image).next() {
                Some(failed) => failed.write(out),
                None => out.push_str("the arguments do not match the tool's schema"),
            },
            Code::TooComplex => out.push_str("this call exceeds the evaluation budget"),
            Code::PolicyFault => out.push_str("the embedded policy cannot be read"),
            Code::Allowed => self.write_rule(image, "rule ", " allows this call", out),
            Code::ApprovalRequired => self.write_rule(image, "rule ", " requires human approval", out),
            Code::DeniedByRule => self.write_rule(image, "rule ", " denies this call", out),
            Code::ConditionFailed => {
                if self.hides_condition(image) || !self.write_failures(image, out) {
                    self.write_rule(image, "the condition of rule ", " is not met", out);
                }
            }
            Code::ConditionUnknown => {
                if self.hides_condition(image) || !self.write_failures(image, out) {
                    out.push_str("a fact is missing or invalid");
                }
                match rule.map(|rule| Effect::from_code(rule.effect)) {
                    Some(Effect::Deny) => self.write_rule(image, ", so rule ", " denies this call", out),
                    Some(Effect::RequireApproval) if self.effect == Effect::RequireApproval => {
                        self.write_rule(image, ", so rule ", " requires human approval", out);
                    }
                    _ if self.hides_condition(image) => self.write_rule(image, ", so rule ", " does not apply", out),
                    _ => {}
                }
            }
        }
    }

    /// Writes the problem of each predicate that decided, and returns whether there is one.
    fn write_failures(&self, image: &PolicyImage<'_>, out: &mut Sentence<'_>) -> bool {
        let mut is_first = true;
        for (at, &failure) in self.failures.iter().enumerate() {
            let earlier = self.failures.iter().take(at);
            let mut same = earlier.filter(|other| (other.field, other.problem) == (failure.field, failure.problem));
            if failure.problem != PredicateProblem::Value && same.next().is_some() {
                // A field that is missing is reported once, even if several predicates read it.
                continue;
            }
            out.push_str(match (core::mem::replace(&mut is_first, false), failure.is_alternative) {
                (true, _) => "",
                (false, true) => ", or ",
                (false, false) => ", and ",
            });
            if let Some(failed) = FailedPredicate::new(image, failure) {
                failed.write(out);
            }
        }
        !is_first
    }

    fn write_rule(&self, image: &PolicyImage<'_>, before: &str, after: &str, out: &mut Sentence<'_>) {
        out.push_str(before);
        out.push_quoted(self.rule(image).unwrap_or_default());
        out.push_str(after);
    }

    /// Writes the reason with a template of the policy's language, which contains the tool and the role.
    fn write_by_template(
        &self,
        templates: &[TextRef],
        image: &PolicyImage<'_>,
        call: &Call<'_>,
        out: &mut Sentence<'_>,
    ) {
        let at = match (self.code, self.rule.and_then(|rule| image.rule(rule))) {
            (Code::PolicyFault | Code::TooComplex, _) => return self.write_sentence(image, &call.target, out),
            (_, None) => 0,
            (_, Some(rule)) if rule.condition.get().is_none() => 1,
            (Code::Allowed, Some(_)) => 2,
            (_, Some(_)) => 3,
        };
        let mut rest = templates.get(at).and_then(|&template| image.text(template)).unwrap_or_default();
        while let Some((before, name, after)) = next_name(rest) {
            out.push_text(before);
            match name {
                "tool" => out.push_text(&call.target.name),
                _ => out.push_text(call.roles.first().map_or("", |role| role)),
            }
            rest = after;
        }
        out.push_text(rest);
    }
}

/// The next name in braces of a template, with the texts before and after it.
fn next_name(template: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = template.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}
