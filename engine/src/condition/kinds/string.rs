//! `StringCheck`: a string compares with the texts of a list.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::call::fields::{Fields, Unknown};
use crate::condition::lists::Lists;
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::automaton::Automaton;
use crate::image::index::{AutomatonIndex, FieldSlot, StoredOption};
use crate::image::records::{StepRecord, TextList};
use crate::image::texts::Texts;
use crate::json::RawValue;
use crate::language::case::Case;
use crate::language::operators::StringOp;
use crate::language::pattern::matches_pattern;

#[cfg(feature = "compile")]
pub use build::StringCheck;

/// What a path must be if a comparison depends on the slash at its end.
pub(crate) const WITHOUT_SLASH: &str = "not end in a slash";

/// The operand of the step.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct StringOperand {
    texts: TextList,
    /// The automaton of the operator `Matches`.
    automaton: StoredOption<AutomatonIndex>,
}

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StringPredicate<'i> {
    field: FieldSlot,
    op: StringOp,
    texts: Texts<'i>,
    /// The texts as the policy spells them.
    shown: Texts<'i>,
    case: Case,
    automaton: Option<Automaton<'i>>,
    /// Whether the field is a path, which may have a slash at its end.
    is_path: bool,
}

impl<'i> StringPredicate<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let operand: &StringOperand = step.operand()?;
        let texts = image.texts(operand.texts)?;
        Some(Self {
            field: step.field.get(),
            op: StringOp::from_code(step.op)?,
            texts,
            shown: texts,
            case: Case::Exact,
            automaton: operand.automaton.get().and_then(|automaton| image.automaton(automaton)),
            is_path: step.is_path != 0,
        })
    }

    /// Reads a check that ignores case.
    pub(crate) fn decode_folded(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let Lists { shown, compared, case, .. } = Lists::decode(image, step)?;
        let op = StringOp::from_code(step.op)?;
        let is_path = step.is_path != 0;
        Some(Self { field: step.field.get(), op, texts: compared, shown, case, automaton: None, is_path })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let value = fields.value(self.field)?;
        fields.charge(value, self.cost());
        self.judge(&value.as_string().ok_or(Unknown::wrong_type(self.field))?)
    }

    /// Like [`Self::evaluate`], but ignores case.
    pub(crate) fn evaluate_folded(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let value = fields.value(self.field)?;
        fields.charge(value, self.cost().saturating_add(1));
        let text = value.as_string().ok_or(Unknown::wrong_type(self.field))?;
        self.judge(&self.case.fold(text))
    }

    /// Whether a string satisfies the operator. Some programs drop the slash at the end of a path, so the result is
    /// unknown if it depends on this slash.
    fn judge(&self, string: &str) -> Result<bool, Unknown> {
        let holds = self.holds(string).ok_or(Unknown::wrong_type(self.field))?;
        match without_slash(string).filter(|_| self.is_path) {
            Some(path) if self.holds(path) != Some(holds) => Err(Unknown::ambiguous(self.field)),
            _ => Ok(holds),
        }
    }

    /// Like [`Self::evaluate`], but unknown is false, also for `NotIn`.
    pub(crate) fn evaluate_or_false(self, fields: &Fields<'_, '_, '_>) -> bool {
        let text = fields.uncharged(self.field).and_then(RawValue::as_string);
        text.and_then(|text| self.holds(&text)).unwrap_or(false)
    }

    /// Roughly how often the field is read; a substring search is fast.
    fn cost(&self) -> usize {
        match self.op {
            StringOp::Contains | StringOp::Glob => self.texts.count() / 8,
            _ => 0,
        }
    }

    /// Whether a string satisfies the operator; `None` if the automaton is damaged.
    fn holds(&self, string: &str) -> Option<bool> {
        let texts = self.texts;
        Some(match self.op {
            StringOp::In => texts.contains(string),
            StringOp::NotIn => !texts.contains(string),
            StringOp::StartsWith => texts.iter().any(|text| string.starts_with(text)),
            StringOp::EndsWith => texts.iter().any(|text| string.ends_with(text)),
            StringOp::Contains => texts.iter().any(|text| string.contains(text)),
            StringOp::Glob => texts.iter().any(|pattern| matches_pattern(pattern, string)),
            StringOp::Matches => self.automaton?.label(string)? != 0,
        })
    }

    /// The operator to describe, and whether it is required itself, not its opposite.
    fn op_asked(&self, asked: bool) -> (StringOp, bool) {
        match (asked, self.op) {
            (false, StringOp::In) => (StringOp::NotIn, true),
            (false, StringOp::NotIn) => (StringOp::In, true),
            (asked, op) => (op, asked),
        }
    }
}

/// The start and the end of a regular expression that matches a text if another one matches anywhere in it.
pub(crate) const ANYWHERE: (&str, &str) = ("(?s:.)*(?:", ")(?s:.)*");

/// A text or a regular expression as its author wrote it.
pub(crate) fn as_written(text: &str) -> &str {
    text.strip_prefix(ANYWHERE.0).and_then(|rest| rest.strip_suffix(ANYWHERE.1)).unwrap_or(text)
}

/// A path without the slash or, on Windows, the backslash at its end, if it has one.
pub(crate) fn without_slash(path: &str) -> Option<&str> {
    path.strip_suffix(['/', '\\']).filter(|path| !path.is_empty())
}

impl Describe for StringPredicate<'_> {
    fn name(&self) -> &'static str {
        "StringCheck"
    }

    fn op(&self, asked: bool) -> &'static str {
        self.op_asked(asked).0.name()
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a string")
    }

    fn form_requirement(&self) -> &'static str {
        WITHOUT_SLASH
    }

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        let (op, asked) = self.op_asked(asked);
        let mut rest = self.shown.iter().peekable();
        let first = rest.next().unwrap_or_default();
        let is_single = rest.peek().is_none();
        // `NotIn` is negative itself; the other operators are negative if their opposite is required.
        let is_negative = !asked || op == StringOp::NotIn;
        if op == StringOp::NotIn && is_single && first.is_empty() {
            return out.push_str("not be empty");
        }
        out.push_str(if is_negative && is_single { "not " } else { "" });
        out.push_str(match op {
            StringOp::In | StringOp::NotIn => "be ",
            StringOp::StartsWith => "start with ",
            StringOp::EndsWith => "end with ",
            StringOp::Contains => "contain ",
            StringOp::Glob | StringOp::Matches => "match ",
        });
        out.push_str(match (is_single, is_negative) {
            (true, _) => "",
            (false, false) => "one of ",
            (false, true) => "none of ",
        });
        out.push_quoted(as_written(first));
        for text in rest {
            out.push_str(", ");
            out.push_quoted(as_written(text));
        }
    }

    fn visit_members(&self, asked: bool, _: &PolicyImage<'_>, visit: Visit<'_>) {
        visit("value", MemberValue::Texts(&mut self.shown.iter()));
        if !self.op_asked(asked).1 {
            visit("negated", MemberValue::Bool(true));
        }
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::format;
    use alloc::string::{String, ToString as _};
    use alloc::vec::Vec;
    use core::net::IpAddr;
    use core::ops::Range;

    use ipnet::IpNet;

    use super::StringOperand;
    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope, operator_noun, read_field};
    use crate::condition::lists::{encode_folded, fold_all, read_case};
    use crate::image::index::StoredOption;
    use crate::image::records::StepRecord;
    use crate::language::case::Case;
    use crate::language::dialect::Dialect;
    use crate::language::operators::{Source, StringOp};
    use crate::language::pattern::matches_pattern;
    use crate::policy::automaton;
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::semantics::Unknowns;
    use crate::policy::text::diagnostic::{Diagnostic, quoted};
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::spanned::Spanned;
    use crate::policy::text::tree::{Node, Value};

    /// A string compares with one of a list.
    #[derive(Clone, Debug, PartialEq)]
    pub struct StringCheck {
        /// The string that is compared.
        pub field: Field,
        /// How it is compared.
        pub op: StringOp,
        /// The list.
        pub values: Vec<Spanned<String>>,
        /// How it treats the case of letters.
        pub case: Case,
    }

    impl StringCheck {
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<Self> {
            let keys: &[&'static str] = match scope.dialect {
                Dialect::Callgate1 => &["source", "field", "op", "value", "ignoreCase"],
                Dialect::Perso1 => &["source", "field", "op", "value"],
            };
            let check = reader.object(node, "`StringCheck`", keys)?;
            let field = read_field(&check, reader, scope);
            let op = check.required("op", reader).and_then(|node| read_op(node, reader, scope));
            // A single text need not be in a list, unless the operator tests membership.
            let takes_one = op.is_some_and(|op| !matches!(op, StringOp::In | StringOp::NotIn));
            let values = check.required("value", reader).and_then(|node| match &node.value {
                Value::String(_) if takes_one => reader.string(node, "`value`").map(|text| alloc::vec![text]),
                _ => reader.strings(node, "`value`"),
            });
            let case = match scope.dialect {
                Dialect::Callgate1 => read_case(&check, reader),
                Dialect::Perso1 => Some(Case::Exact),
            };
            Some(Self { field: field?, op: op?, values: values?, case: case? })
        }
    }

    fn read_op(node: &Node<'_>, reader: &mut NodeReader, scope: Scope) -> Option<StringOp> {
        let noun = operator_noun("StringCheck", scope.dialect);
        let ops = StringOp::ALL
            .into_iter()
            .filter(|&op| scope.dialect != Dialect::Perso1 || matches!(op, StringOp::In | StringOp::NotIn));
        // The most similar operator to `Contains` and `NotContains` is `NotIn`, which is true for other strings.
        if let Value::String(text) = &node.value
            && !ops.clone().any(|op| op.name() == text)
            && let Some(op) = StringOp::ALL.into_iter().find(|op| op.name() == text.strip_prefix("Not").unwrap_or(text))
        {
            let fix = if ops.clone().any(|known| known == op) {
                format!("write `{}` and enclose the check in `Not`", op.name())
            } else {
                format!("migrate to `callgate-1`, which has `{}`", op.name())
            };
            let problem = Diagnostic::error("unknown_op", &node.span, format!("`{text}` is not {noun}"));
            reader.problems.push(problem.with_fix(fix));
            return None;
        }
        reader.word(node, &noun, "unknown_op", ops.map(|op| (op.name(), op)))
    }

    impl Check for StringCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["string"]
        }

        fn validate(&self, span: &Range<usize>, validation: &mut Validation<'_>) {
            if self.field.source == Source::Request {
                check_request_values(&self.field.name.value, self.op, &self.values, self.case, validation);
            }
            if self.values.is_empty() {
                return validation.check_not_empty(span, &self.values, "strings");
            }
            if self.op == StringOp::Matches && self.case != Case::Exact {
                let message =
                    "`Matches` cannot have `ignoreCase`, because an expression says itself how it treats case";
                let fix =
                    "start the expression with `(?i)`; `(?i)` also matches `\u{17f}` for `s` and `\u{212a}` for `k`";
                validation.error_with_fix("case_of_expression", span, message.to_string(), fix);
            }
            if self.op == StringOp::Matches {
                return check_expressions(span, &self.values, validation);
            }
            for value in self.values.iter().filter(|value| is_always_true(self.op, &value.value)) {
                let message = format!("`{}` with {} is true for every string", self.op.name(), quoted(&value.value));
                validation.error("always_true", &value.span, message);
            }
        }

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, truth: bool) -> bool {
            known.narrow(&self.field, Domain::keep_strings, |domain| self.narrow_strings(domain, truth))
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            let code = match encoder.semantics().unknowns {
                Unknowns::StayUnknown => code::STRING,
                Unknowns::AreFalse => code::STRING_OR_FALSE,
            };
            let is_path = encoder.is_path(&self.field);
            if self.case != Case::Exact {
                let step = (code::STRING_FOLDED, self.op.code());
                return encode_folded(encoder, step, &self.field, &self.values, self.case).with_path(is_path);
            }
            let texts = encoder.texts(fold_all(&self.values, Case::Exact));
            let automaton = (self.op == StringOp::Matches).then(|| encoder.expressions(&self.values)).flatten();
            let operand = StringOperand { texts, automaton: StoredOption::new(automaton) };
            StepRecord::new(code, self.op.code(), encoder.field(&self.field), &operand).with_path(is_path)
        }
    }

    impl StringCheck {
        fn narrow_strings<'p>(&'p self, domain: &mut Domain<'p>, truth: bool) {
            let texts: Vec<&str> = self.values.iter().map(|value| value.value.as_str()).collect();
            if self.case != Case::Exact {
                return domain.strings.keep(|string| self.holds_folded(string) == truth);
            }
            let one = |holds: &dyn Fn(&str) -> bool| texts.iter().any(|text| holds(text)) == truth;
            match self.op {
                StringOp::In => domain.strings.narrow(&texts, truth),
                StringOp::NotIn => domain.strings.narrow(&texts, !truth),
                StringOp::StartsWith => domain.strings.keep(|string| one(&|text| string.starts_with(text))),
                StringOp::EndsWith => domain.strings.keep(|string| one(&|text| string.ends_with(text))),
                StringOp::Contains => domain.strings.keep(|string| one(&|text| string.contains(text))),
                StringOp::Glob => domain.strings.keep(|string| one(&|text| matches_pattern(text, string))),
                // The strings that an expression matches are not computed here.
                StringOp::Matches => {}
            }
        }
    }

    impl StringCheck {
        /// Whether a string satisfies a check that ignores case.
        fn holds_folded(&self, string: &str) -> bool {
            let string = self.case.fold(string.into());
            let texts = fold_all(&self.values, self.case);
            let one = |holds: &dyn Fn(&str) -> bool| texts.iter().any(|text| holds(text));
            match self.op {
                StringOp::In => one(&|text| string == text),
                StringOp::NotIn => !one(&|text| string == text),
                StringOp::StartsWith => one(&|text| string.starts_with(text)),
                StringOp::EndsWith => one(&|text| string.ends_with(text)),
                StringOp::Contains => one(&|text| string.contains(text)),
                StringOp::Glob => one(&|text| matches_pattern(text, &string)),
                // An expression with `ignoreCase` is an error.
                StringOp::Matches => false,
            }
        }
    }

    /// Checks what the facts of a request are compared with: an edge provides no other form of country or address.
    fn check_request_values(
        field: &str,
        op: StringOp,
        values: &[Spanned<String>],
        case: Case,
        validation: &mut Validation<'_>,
    ) {
        for value in values {
            // The facts have one case, so a check that ignores case finds them in any.
            let text = &match (field, case) {
                (_, Case::Exact) => value.value.clone(),
                ("country", _) => value.value.to_ascii_uppercase(),
                _ => value.value.to_ascii_lowercase(),
            };
            match field {
                "country" if !may_match_country(op, text) => {
                    let message = format!("{} never matches `country`, which is two capital letters", quoted(text));
                    let capitals = text.to_ascii_uppercase();
                    let is_code = capitals.len() == 2 && capitals.bytes().all(|byte| byte.is_ascii_uppercase());
                    let fix =
                        if is_code { format!("write `{capitals}`") } else { "write a code such as `DE`".to_string() };
                    validation.error_with_fix("bad_country", &value.span, message, &fix);
                }
                "ip" if !may_match_address(op, text) => {
                    let message = format!("{} never matches `ip`, which is an address in canonical form", quoted(text));
                    let fix = match text.parse::<IpAddr>() {
                        Ok(address) => format!("write `{address}`"),
                        Err(_) if text.parse::<IpNet>().is_ok() => "use `CidrCheck` for a network".to_string(),
                        Err(_) => "write an address such as `10.0.0.1`".to_string(),
                    };
                    validation.error_with_fix("bad_address", &value.span, message, &fix);
                }
                _ => {}
            }
        }
    }

    /// Whether an operator compares a text with the whole string, and the text without wildcards.
    fn whole_and_letters(op: StringOp, text: &str) -> (bool, String) {
        match op {
            StringOp::In | StringOp::NotIn | StringOp::Matches => (true, text.to_string()),
            StringOp::StartsWith | StringOp::EndsWith | StringOp::Contains => (false, text.to_string()),
            StringOp::Glob => (!text.contains('*'), text.replace('*', "")),
        }
    }

    /// Whether a country code can satisfy the operator, or for `NotIn` its opposite.
    fn may_match_country(op: StringOp, text: &str) -> bool {
        if op == StringOp::Matches {
            // An invalid expression is another finding.
            let Ok(automaton) = automaton::build(&[text.to_string()]) else { return true };
            let matches = |first: char, second: char| automaton.label(&String::from_iter([first, second])).is_some();
            return ('A'..='Z').any(|first| ('A'..='Z').any(|second| matches(first, second)));
        }
        let (is_whole, letters) = whole_and_letters(op, text);
        letters.bytes().all(|byte| byte.is_ascii_uppercase())
            && (letters.len() == 2 || (!is_whole && letters.len() < 2))
    }

    /// Whether an address in canonical form can satisfy the operator, or for `NotIn` its opposite. The strings that an
    /// expression matches are not computed.
    fn may_match_address(op: StringOp, text: &str) -> bool {
        let (is_whole, letters) = whole_and_letters(op, text);
        match op {
            StringOp::Matches => true,
            _ if is_whole => letters.parse::<IpAddr>().is_ok_and(|address| address.to_string() == letters),
            _ => letters.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b':' | b'.')),
        }
    }

    fn check_expressions(span: &Range<usize>, values: &[Spanned<String>], validation: &mut Validation<'_>) {
        let known = &mut *validation.expressions;
        let mut problem_of = |values: &[Spanned<String>]| {
            let texts: Vec<String> = values.iter().map(|value| value.value.clone()).collect();
            known.entry(texts).or_insert_with_key(|texts| automaton::build(texts).err()).clone()
        };
        let Some(problem) = problem_of(values) else { return };
        let bad: Vec<(&Spanned<String>, String)> =
            values.iter().filter_map(|value| Some((value, problem_of(core::slice::from_ref(value))?))).collect();
        if bad.is_empty() {
            validation.error("bad_regex", span, format!("these regular expressions cannot be combined: {problem}"));
        }
        for (value, problem) in bad {
            let message = format!("{} is not a supported regular expression: {problem}", quoted(&value.value));
            validation.error("bad_regex", &value.span, message);
        }
    }

    fn is_always_true(op: StringOp, text: &str) -> bool {
        match op {
            StringOp::In | StringOp::NotIn | StringOp::Matches => false,
            StringOp::StartsWith | StringOp::EndsWith | StringOp::Contains => text.is_empty(),
            StringOp::Glob => !text.is_empty() && text.bytes().all(|byte| byte == b'*'),
        }
    }
}
