//! What a decision says to a person: one sentence and the predicates that decided.
//!
//! In `callgate-1` no text repeats a value that the caller sent; `perso-1` names the tool and the role, as perso does.

use alloc::string::String;

use crate::call::Call;
use crate::image::PolicyImage;
use crate::image::predicate::Predicate;
use crate::image::texts::{Texts, UrlParts};
use crate::judge::decision::{Code, Decision, Failure, PredicateProblem};
use crate::language::dialect::Dialect;
use crate::language::effect::Effect;
use crate::language::operators::{NumericOp, Source, StringOp};
use crate::language::target::TargetKind;
use crate::language::time_window::TimeWindow;

/// A predicate that decided a call, put as what the call must be for the rule to apply.
#[derive(Clone, Copy, Debug)]
pub struct FailedPredicate<'i> {
    /// Where the field is read from.
    pub source: Source,
    /// The field's name.
    pub field: &'i str,
    /// The operator and what it compares with.
    pub requirement: Requirement<'i>,
    /// What is wrong.
    pub problem: PredicateProblem,
}

/// What a predicate asks of its field. Under `Not` it is the opposite of what the policy says.
#[derive(Clone, Copy, Debug)]
pub enum Requirement<'i> {
    /// A comparison with a number, as the policy spells it.
    Numeric(NumericOp, &'i str),
    /// A comparison with a list of strings, or its opposite.
    String(bool, StringOp, Texts<'i>),
    /// A comparison of the length with a number, as the policy spells it.
    Length(NumericOp, &'i str),
    /// A comparison with another field that is a number.
    Compare(NumericOp, Source, &'i str),
    /// The field is a path in one of these roots, or is not.
    Path(bool, Texts<'i>),
    /// The field is a URL that is allowed, or is not.
    Url(bool, UrlParts<'i>),
    /// The field is an IP address in one of these networks, or in none.
    Cidr(StringOp, Texts<'i>),
    /// The field is a list of which each item, or some item, meets the rule's condition, or is not.
    Items {
        /// Whether each item is meant, and not some item.
        every: bool,
        /// Whether the condition is to be met, and not its opposite.
        asked: bool,
    },
    /// The time of the request lies in this window, or does not.
    Time(bool, TimeWindow),
    /// The field is this boolean.
    Bool(bool),
    /// The field is there and not null, or is not.
    Present(bool),
    /// The field equals another, or does not.
    Equals(bool, Source, &'i str),
}

impl Requirement<'_> {
    /// The name of the condition that asks for it.
    #[must_use]
    pub fn check(&self) -> &'static str {
        match self {
            Self::Numeric(..) => "NumericCheck",
            Self::String(..) => "StringCheck",
            Self::Length(..) => "LengthCheck",
            Self::Compare(..) => "FieldCompare",
            Self::Path(..) => "PathCheck",
            Self::Url(..) => "UrlCheck",
            Self::Cidr(..) => "CidrCheck",
            Self::Items { every: true, .. } => "Every",
            Self::Items { every: false, .. } => "Some",
            Self::Time(..) => "TimeCheck",
            Self::Bool(_) => "BoolCheck",
            Self::Present(_) => "FieldPresent",
            Self::Equals(..) => "FieldEquals",
        }
    }

    /// The operator's name in answers.
    #[must_use]
    pub fn op(&self) -> &'static str {
        match self {
            Self::Numeric(op, _) | Self::Length(op, _) | Self::Compare(op, ..) => op.name(),
            Self::String(_, op, _) | Self::Cidr(op, _) => op.name(),
            Self::Items { asked: true, .. } => "Met",
            Self::Items { asked: false, .. } => "Unmet",
            Self::Path(true, _) | Self::Time(true, _) => "Inside",
            Self::Path(false, _) | Self::Time(false, _) => "Outside",
            Self::Url(true, _) => "Allowed",
            Self::Url(false, _) => "Other",
            Self::Bool(_) => "Eq",
            Self::Present(true) => "Present",
            Self::Present(false) => "Absent",
            Self::Equals(true, ..) => "Equals",
            Self::Equals(false, ..) => "Differs",
        }
    }
}

/// Where a sentence is written.
struct Sentence<'o> {
    out: &'o mut String,
    write_text: fn(&str, &mut String),
}

impl Sentence<'_> {
    /// Appends words of this module.
    fn push_str(&mut self, words: &str) {
        self.out.push_str(words);
    }

    /// Appends a text of the policy or the call.
    fn push_text(&mut self, text: &str) {
        (self.write_text)(text, self.out);
    }
}

impl Decision {
    /// The rule that decided: its `id`, or its place in the policy where it has none.
    #[must_use]
    pub fn rule<'i>(&self, image: &PolicyImage<'i>) -> Option<&'i str> {
        image.text(image.rule(self.rule?)?.id)
    }

    /// The predicates that decided, in the order of the policy; none where the rule hides them.
    pub fn failed<'d, 'i>(&'d self, image: &'d PolicyImage<'i>) -> impl Iterator<Item = FailedPredicate<'i>> {
        let hidden = if self.hides_condition(image) { self.failures.len() } else { 0 };
        self.failures.iter().skip(hidden).filter_map(|&failure| describe(image, failure))
    }

    /// Appends the reason, one sentence without a full stop.
    pub fn write_reason(&self, image: &PolicyImage<'_>, call: &Call<'_>, out: &mut String) {
        self.write_reason_by(image, call, |text, out| out.push_str(text), out);
    }

    /// Appends the reason as [`Decision::write_reason`] does, and has `write_text` append the texts in it that come from
    /// the policy or the call. All else in it is printable ASCII without quotes and backslashes.
    pub fn write_reason_by(
        &self,
        image: &PolicyImage<'_>,
        call: &Call<'_>,
        write_text: fn(&str, &mut String),
        out: &mut String,
    ) {
        let out = &mut Sentence { out, write_text };
        match image.dialect() {
            Dialect::Callgate1 => self.write_sentence(image, call.target.kind, out),
            Dialect::Perso1 => self.write_perso_reason(image, call, out),
        }
    }

    fn hides_condition(&self, image: &PolicyImage<'_>) -> bool {
        self.rule.and_then(|rule| image.rule(rule)).is_some_and(|rule| rule.hides_condition != 0)
    }

    fn write_sentence(&self, image: &PolicyImage<'_>, kind: TargetKind, out: &mut Sentence<'_>) {
        let own = self.rule.and_then(|rule| image.texts(image.rule(rule)?.reason.get()?, 1)?.first());
        if let Some(text) = own.and_then(|&text| image.text(text)) {
            return out.push_text(text);
        }
        match self.code {
            Code::UnknownTool | Code::UnknownPrompt if image.is_open(kind) => {
                for part in ["this is no name that a ", kind.noun(), " can have"] {
                    out.push_str(part);
                }
            }
            Code::UnknownTool => out.push_str("the policy does not declare this tool"),
            Code::UnknownRole => out.push_str("the policy declares none of the caller's roles"),
            Code::UnknownPrompt => out.push_str("the policy does not declare this prompt"),
            Code::AmbiguousResource => {
                out.push_str(
                    "the URI of the resource must be in normal form, without dot segments and with no other spelling",
                );
            }
            Code::NoRule => {
                for part in ["no rule allows this ", kind.noun(), " to any of the caller's roles"] {
                    out.push_str(part);
                }
            }
            Code::UndeclaredArgument => {
                out.push_str("the call has an argument that the schema of this tool does not declare");
            }
            Code::TooComplex => out.push_str("judging this call takes more work than one call may cost"),
            Code::PolicyFault => out.push_str("the embedded policy can't be read"),
            Code::Allowed => self.write_rule(image, "rule ", " allows this call", out),
            Code::ApprovalRequired => self.write_rule(image, "rule ", " asks for a person's approval", out),
            Code::DeniedByRule => self.write_rule(image, "rule ", " denies this call", out),
            Code::ConditionFailed | Code::ConditionUnknown if self.effect == Effect::RequireApproval => {
                if !self.hides_condition(image) && self.write_failures(image, out) {
                    out.push_str(", so ");
                }
                self.write_rule(image, "rule ", " asks for a person's approval", out);
            }
            Code::ConditionFailed | Code::ConditionUnknown => {
                if self.hides_condition(image) || !self.write_failures(image, out) {
                    self.write_rule(image, "the condition of rule ", " does not hold", out);
                }
            }
        }
    }

    /// Writes what is wrong with each predicate that decided, and says whether there was one.
    fn write_failures(&self, image: &PolicyImage<'_>, out: &mut Sentence<'_>) -> bool {
        let mut is_first = true;
        for (at, &failure) in self.failures.iter().enumerate() {
            let earlier = self.failures.iter().take(at);
            let mut same = earlier.filter(|other| (other.field, other.problem) == (failure.field, failure.problem));
            if failure.problem != PredicateProblem::Value && same.next().is_some() {
                // That a field is missing is said once, however many predicates read it.
                continue;
            }
            out.push_str(match (core::mem::replace(&mut is_first, false), failure.is_alternative) {
                (true, _) => "",
                (false, true) => ", or ",
                (false, false) => ", and ",
            });
            write_failure(image, failure, out);
        }
        !is_first
    }

    fn write_rule(&self, image: &PolicyImage<'_>, before: &str, after: &str, out: &mut Sentence<'_>) {
        out.push_str(before);
        write_quoted(self.rule(image).unwrap_or_default(), out);
        out.push_str(after);
    }

    fn write_perso_reason(&self, image: &PolicyImage<'_>, call: &Call<'_>, out: &mut Sentence<'_>) {
        let (start, end) = match (self.code, self.rule.and_then(|rule| image.rule(rule))) {
            (Code::PolicyFault, _) => return out.push_str("the embedded policy can't be read"),
            (Code::TooComplex, _) => {
                return out.push_str("judging this call takes more work than one call may cost");
            }
            (_, None) => ("no rule matched tool '", "'; applying default_action"),
            (_, Some(rule)) if rule.condition.get().is_none() => ("rule matched tool '", "'; no condition required"),
            (Code::Allowed, Some(_)) => ("rule matched tool '", "'; condition passed"),
            (_, Some(_)) => ("rule matched tool '", "'; condition failed"),
        };
        out.push_str(start);
        out.push_text(&call.target.name);
        out.push_str("' for role '");
        out.push_text(call.roles.first().map_or("", |role| role));
        out.push_str(end);
    }
}

fn describe<'i>(image: &PolicyImage<'i>, failure: Failure) -> Option<FailedPredicate<'i>> {
    let predicate = Predicate::read(image, image.step(failure.step)?)?;
    let (source, field) = image.field_name(predicate.field())?;
    let asked = !failure.negated;
    let requirement = match predicate {
        Predicate::Numeric { op, number, .. } => {
            Requirement::Numeric(if asked { op } else { op.inverse() }, image.text(number.text)?)
        }
        Predicate::String { op, texts, .. } => match (asked, op) {
            (false, StringOp::In) => Requirement::String(true, StringOp::NotIn, texts),
            (false, StringOp::NotIn) => Requirement::String(true, StringOp::In, texts),
            (asked, op) => Requirement::String(asked, op, texts),
        },
        Predicate::Items { every, .. } => Requirement::Items { every, asked },
        Predicate::Time { window, .. } => Requirement::Time(asked, window),
        Predicate::Path { roots, .. } => Requirement::Path(asked, roots),
        Predicate::Url { allowed, .. } => Requirement::Url(asked, allowed),
        Predicate::Cidr { op, networks, .. } => {
            let op = if asked == (op == StringOp::In) { StringOp::In } else { StringOp::NotIn };
            Requirement::Cidr(op, networks)
        }
        Predicate::Length { op, number, .. } => {
            Requirement::Length(if asked { op } else { op.inverse() }, image.text(number.text)?)
        }
        Predicate::Compare { op, other, .. } => {
            let (other_source, other_field) = image.field_name(other)?;
            Requirement::Compare(if asked { op } else { op.inverse() }, other_source, other_field)
        }
        Predicate::Bool { value, .. } => Requirement::Bool(value == asked),
        Predicate::Present { .. } => Requirement::Present(asked),
        Predicate::Equals { other, .. } => {
            let (other_source, other_field) = image.field_name(other)?;
            Requirement::Equals(asked, other_source, other_field)
        }
    };
    Some(FailedPredicate { source, field, requirement, problem: failure.problem })
}

fn write_failure(image: &PolicyImage<'_>, failure: Failure, out: &mut Sentence<'_>) {
    let Some(failed) = describe(image, failure) else { return };
    let (source, culprit) = image.field_name(failure.field).unwrap_or((failed.source, failed.field));
    match (source, culprit) {
        (Source::Item, "") => out.push_str("each item"),
        (Source::Item, field) => {
            write_quoted(field, out);
            out.push_str(" of each item");
        }
        (_, field) => write_quoted(field, out),
    }
    out.push_str(match (failure.problem, failed.requirement) {
        (PredicateProblem::Missing, _) => return out.push_str(" is missing"),
        (PredicateProblem::Null, _) => return out.push_str(" is null"),
        (PredicateProblem::WrongType, Requirement::Length(..)) => {
            return out.push_str(" must be a string, a list or an object");
        }
        (PredicateProblem::WrongType, Requirement::Numeric(..) | Requirement::Compare(..)) => {
            return out.push_str(" must be a number");
        }
        (PredicateProblem::WrongType, Requirement::Items { .. }) => return out.push_str(" must be a list"),
        (PredicateProblem::WrongType, Requirement::Bool(..) | Requirement::Equals(..) | Requirement::Present(..)) => {
            " must "
        }
        (PredicateProblem::WrongType, _) => return out.push_str(" must be a string"),
        (PredicateProblem::Ambiguous, Requirement::Cidr(..)) => return out.push_str(" must be a plain IP address"),
        (PredicateProblem::Ambiguous, Requirement::Url(..)) => return out.push_str(" must be a plain absolute URL"),
        (PredicateProblem::Ambiguous, _) => return out.push_str(" must be a plain absolute path"),
        (PredicateProblem::Value, _) => " must ",
    });
    match failed.requirement {
        Requirement::Numeric(op, number) => {
            out.push_str(if op == NumericOp::Ne { "not be " } else { "be " });
            write_bound(op, out);
            out.push_text(number);
        }
        Requirement::Length(op, number) => {
            out.push_str(if op == NumericOp::Ne { "not have a length of " } else { "have a length of " });
            write_bound(op, out);
            out.push_text(number);
        }
        Requirement::Compare(op, source, other) => {
            out.push_str(if op == NumericOp::Ne { "not be " } else { "be " });
            write_bound(op, out);
            write_other(source, other, out);
        }
        Requirement::String(asked, op, texts) => write_list(asked, op, texts, out),
        Requirement::Items { every, asked } => out.push_str(match (every, asked) {
            (true, true) => "hold only items that meet the condition",
            (true, false) => "hold an item that does not meet the condition",
            (false, true) => "hold an item that meets the condition",
            (false, false) => "hold no item that meets the condition",
        }),
        Requirement::Time(asked, window) => {
            out.push_str(if asked { "be " } else { "not be " });
            window.write(out.out);
        }
        Requirement::Path(asked, roots) => {
            out.push_str(if asked { "lie in " } else { "not lie in " });
            write_texts(roots.iter(), out);
        }
        Requirement::Cidr(op, networks) => {
            out.push_str(if op == StringOp::In { "be an address in " } else { "not be an address in " });
            write_texts(networks.iter(), out);
        }
        Requirement::Url(asked, allowed) => {
            out.push_str(if asked { "be a URL with scheme " } else { "not be a URL with scheme " });
            write_texts(allowed.schemes(), out);
            out.push_str(" and host ");
            write_texts(allowed.hosts(), out);
            if allowed.ports().next().is_some() {
                out.push_str(" and port ");
                write_texts(allowed.ports(), out);
            } else {
                out.push_str(" at the scheme's own port");
            }
        }
        Requirement::Bool(value) => out.push_str(if value { "be true" } else { "be false" }),
        Requirement::Present(true) => out.push_str("be given"),
        Requirement::Present(false) => out.push_str("not be given"),
        Requirement::Equals(equal, source, other) => {
            out.push_str(if equal { "be the same as " } else { "differ from " });
            write_other(source, other, out);
        }
    }
}

fn write_bound(op: NumericOp, out: &mut Sentence<'_>) {
    out.push_str(match op {
        NumericOp::Eq | NumericOp::Ne => "",
        NumericOp::Lt => "less than ",
        NumericOp::Lte => "at most ",
        NumericOp::Gt => "more than ",
        NumericOp::Gte => "at least ",
    });
}

fn write_other(source: Source, field: &str, out: &mut Sentence<'_>) {
    write_quoted(field, out);
    out.push_str(match source {
        Source::Arguments => " of the arguments",
        Source::AgentAttributes => " of the agent",
        Source::ResourceAttributes => " of the resource",
        Source::Item => " of the item",
        Source::Request => " of the request",
    });
}

fn write_list(asked: bool, op: StringOp, texts: Texts<'_>, out: &mut Sentence<'_>) {
    let mut rest = texts.iter().peekable();
    let first = rest.next().unwrap_or_default();
    let is_single = rest.peek().is_none();
    // `NotIn` says no by itself, the others where the opposite is asked for.
    let says_no = !asked || op == StringOp::NotIn;
    if op == StringOp::NotIn && is_single && first.is_empty() {
        return out.push_str("not be empty");
    }
    out.push_str(if says_no && is_single { "not " } else { "" });
    out.push_str(match op {
        StringOp::In | StringOp::NotIn => "be ",
        StringOp::StartsWith => "start with ",
        StringOp::EndsWith => "end with ",
        StringOp::Contains => "contain ",
        StringOp::Glob | StringOp::Matches => "match ",
    });
    out.push_str(match (is_single, says_no) {
        (true, _) => "",
        (false, false) => "one of ",
        (false, true) => "none of ",
    });
    write_quoted(first, out);
    for text in rest {
        out.push_str(", ");
        write_quoted(text, out);
    }
}

/// Writes texts with `or` between them.
fn write_texts<'t>(texts: impl Iterator<Item = &'t str>, out: &mut Sentence<'_>) {
    for (at, text) in texts.enumerate() {
        out.push_str(if at > 0 { " or " } else { "" });
        write_quoted(text, out);
    }
}

fn write_quoted(text: &str, out: &mut Sentence<'_>) {
    out.push_str("`");
    out.push_text(text);
    out.push_str("`");
}
