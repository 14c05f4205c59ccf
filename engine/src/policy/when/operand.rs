//! The values of expressions: fields, what functions make of them, and literals.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::ops::Range;

use crate::condition::Field;
use crate::condition::field::{REQUEST_FIELDS, spell};
use crate::language::case::Case;
use crate::language::operators::Source;
use crate::policy::calendar::Zone;
use crate::policy::text::clock::read_offset;
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::spanned::Spanned;
use crate::policy::when::ROOTS;
use crate::policy::when::ast::{Expr, ExprKind, Start, Step};
use crate::policy::when::functions;
use crate::policy::when::lower::Lowering;

/// A value that a condition compares.
#[derive(Debug)]
pub(crate) enum Operand {
    /// A field, the case in which it is compared, and whether `number()` says that it is a number.
    Field {
        field: Field,
        case: Case,
        is_number: bool,
    },
    /// The length of a field.
    Size(Field),
    /// The hour of the request's time at a place.
    Hour(Place),
    /// The day of the week of the request's time at a place.
    Weekday(Place),
    /// The host of a URL.
    Host(Field),
    /// A string, and the case in which a function puts it.
    Text(Spanned<String>, Case),
    /// A number as the text spells it.
    Number(String),
    Bool(bool),
    Null,
}

/// Where a time is: at an offset from UTC in minutes, or in a time zone.
#[derive(Debug)]
pub(crate) enum Place {
    Offset(i16),
    Zone(Spanned<String>),
}

impl Operand {
    /// What it is, for messages.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Field { .. } => "a field",
            Self::Size(_) => "a length",
            Self::Hour(_) => "an hour",
            Self::Weekday(_) => "a day of the week",
            Self::Host(_) => "a host",
            Self::Text(..) => "a string",
            Self::Number(_) => "a number",
            Self::Bool(_) => "a boolean",
            Self::Null => "`null`",
        }
    }

    pub(crate) fn is_literal(&self) -> bool {
        matches!(self, Self::Text(..) | Self::Number(_) | Self::Bool(_) | Self::Null)
    }
}

impl Lowering<'_> {
    /// Reads a value.
    pub(crate) fn operand(&mut self, expr: &Expr) -> Option<Operand> {
        let span = &expr.span;
        Some(match &expr.kind {
            ExprKind::Null => Operand::Null,
            ExprKind::Bool(value) => Operand::Bool(*value),
            ExprKind::Number(text) => Operand::Number(text.clone()),
            ExprKind::Text(text) => Operand::Text(self.spanned(text.clone(), span), Case::Exact),
            ExprKind::Chain(start, steps) => return self.operand_of_chain(start, steps, span),
            ExprKind::Of(inner, steps) => return self.folded_literal(inner, steps, span),
            ExprKind::List(_) => {
                let fix = "use `in` for one of several values, or `all` and `exists` for the items of a list";
                return self.unsupported(span, "lists cannot be compared", fix);
            }
            ExprKind::Map(_) => {
                return self.unsupported(span, "maps cannot be compared", "compare the members one by one");
            }
            _ => {
                let fix = "compare fields and literals, and combine comparisons with `&&` and `||`";
                return self.unsupported(span, "a condition cannot be compared", fix);
            }
        })
    }

    fn operand_of_chain(&mut self, start: &Start, steps: &[Step], span: &Range<usize>) -> Option<Operand> {
        let Some((Step::Call(name, arguments), before)) = steps.split_last() else {
            return match (start, steps) {
                (Start::Call(name, arguments), []) => self.operand_of_call(name, arguments, span),
                _ => {
                    let field = self.field(start, steps, span)?;
                    Some(Operand::Field { field, case: Case::Exact, is_number: false })
                }
            };
        };
        match name.value.as_str() {
            "size" => {
                self.expect_none(arguments, name)?;
                self.field(start, before, span).map(Operand::Size)
            }
            "lowerAscii" | "foldCase" => {
                self.expect_none(arguments, name)?;
                let field = self.field(start, before, span)?;
                Some(Operand::Field { field, case: case_of(&name.value), is_number: false })
            }
            "getHours" | "getDayOfWeek" => {
                let field = self.field(start, before, span)?;
                if field.source != Source::Request || field.path != ["time"] {
                    let message = format!("`{}` needs the time of the request", name.value);
                    let fix = format!("write `request.time.{}()`", name.value);
                    return self.unsupported(span, message, fix);
                }
                let place = self.place(arguments.first())?;
                self.expect_at_most(arguments, 1, name)?;
                Some(if name.value == "getHours" { Operand::Hour(place) } else { Operand::Weekday(place) })
            }
            "getHost" => {
                self.expect_none(arguments, name)?;
                functions::urls::url_field(self, start, before, span).map(Operand::Host)
            }
            _ => functions::not_a_value(self, name),
        }
    }

    fn operand_of_call(&mut self, name: &Spanned<String>, arguments: &[Expr], span: &Range<usize>) -> Option<Operand> {
        match name.value.as_str() {
            "size" => self.field_argument(arguments, name).map(Operand::Size),
            "number" => {
                let field = self.field_argument(arguments, name)?;
                Some(Operand::Field { field, case: Case::Exact, is_number: true })
            }
            "path" | "url" | "cidr" | "keys" => {
                let method = match name.value.as_str() {
                    "path" => "`path(args.path).isInside(\"/srv\")`",
                    "url" => "`url(args.url).isOneOf([\"https://example.com\"])`",
                    "cidr" => "`cidr(\"10.0.0.0/8\").containsIP(request.ip)`",
                    _ => "`keys(args.headers).all(key, key in [\"Accept\"])`",
                };
                let message = format!("the result of `{}` cannot be compared", name.value);
                self.unsupported(span, message, format!("write it as in {method}"))
            }
            _ => functions::not_a_value(self, name),
        }
    }

    /// Reads a literal with a function that changes its case, such as `"A".lowerAscii()`.
    fn folded_literal(&mut self, inner: &Expr, steps: &[Step], span: &Range<usize>) -> Option<Operand> {
        if let (ExprKind::Text(text), [Step::Call(name, arguments)]) = (&inner.kind, steps)
            && matches!(name.value.as_str(), "lowerAscii" | "foldCase")
        {
            self.expect_none(arguments, name)?;
            return Some(Operand::Text(self.spanned(text.clone(), &inner.span), case_of(&name.value)));
        }
        let fix = "start with `args`, `agent`, `resource` or `request`";
        self.unsupported(span, "only a field can have methods and members", fix)
    }

    /// The one field that a function receives.
    pub(crate) fn field_argument(&mut self, arguments: &[Expr], name: &Spanned<String>) -> Option<Field> {
        let [argument] = arguments else {
            return self.wrong_arguments(name, "one field", arguments.len());
        };
        self.plain_field(argument)
    }

    /// A field as it is, without a function.
    pub(crate) fn plain_field(&mut self, expr: &Expr) -> Option<Field> {
        match self.operand(expr)? {
            Operand::Field { field, case: Case::Exact, is_number: false } => Some(field),
            other => {
                let message = format!("this must be a field, not {}", other.noun());
                self.unsupported(&expr.span, message, "write a field such as `args.name`")
            }
        }
    }

    /// A field, and the case in which it is compared.
    pub(crate) fn field_with_case(&mut self, expr: &Expr) -> Option<(Field, Case)> {
        match self.operand(expr)? {
            Operand::Field { field, case, is_number: false } => Some((field, case)),
            other => {
                let message = format!("this must be a field, not {}", other.noun());
                self.unsupported(&expr.span, message, "write a field such as `args.name`")
            }
        }
    }

    pub(crate) fn wrong_arguments<T>(&mut self, name: &Spanned<String>, expected: &str, given: usize) -> Option<T> {
        let message = format!("`{}` needs {expected}, not {given} arguments", name.value);
        let fix =
            functions::example(&name.value).map_or_else(String::new, |example| format!("write it as in {example}"));
        let problem = Diagnostic::error("unsupported_expression", &self.at(&name.span), message);
        self.reader.problems.push(if fix.is_empty() { problem } else { problem.with_fix(fix) });
        None
    }

    pub(crate) fn expect_none(&mut self, arguments: &[Expr], name: &Spanned<String>) -> Option<()> {
        if arguments.is_empty() { Some(()) } else { self.wrong_arguments(name, "no argument", arguments.len()) }
    }

    pub(crate) fn expect_at_most(&mut self, arguments: &[Expr], most: usize, name: &Spanned<String>) -> Option<()> {
        if arguments.len() <= most {
            return Some(());
        }
        self.wrong_arguments(name, &format!("at most {most}"), arguments.len())
    }

    /// A literal string.
    pub(crate) fn text(&mut self, expr: &Expr, what: &str) -> Option<Spanned<String>> {
        if let ExprKind::Text(text) = &expr.kind {
            return Some(self.spanned(text.clone(), &expr.span));
        }
        let message = format!("{what} must be a literal string");
        self.unsupported(&expr.span, message, "write a string in quotation marks")
    }

    /// Literal strings: one, or a list.
    pub(crate) fn texts(&mut self, expr: &Expr, what: &str) -> Option<Vec<Spanned<String>>> {
        let ExprKind::List(items) = &expr.kind else { return self.text(expr, what).map(|text| Vec::from([text])) };
        let texts: Vec<_> = items.iter().filter_map(|item| self.text(item, what)).collect();
        (texts.len() == items.len()).then_some(texts)
    }

    /// An offset from UTC, or the name of a time zone; without one, UTC.
    pub(crate) fn place(&mut self, expr: Option<&Expr>) -> Option<Place> {
        let Some(expr) = expr else { return Some(Place::Offset(0)) };
        let text = self.text(expr, "a time zone")?;
        if let Some(offset) = read_offset(&text.value) {
            return Some(Place::Offset(offset));
        }
        if Zone::named(&text.value).is_some() {
            return Some(Place::Zone(text));
        }
        let message = format!("{} is neither a time zone of the IANA database nor an offset", quoted(&text.value));
        let problem = Diagnostic::error("unknown_zone", &text.span, message);
        let names = Zone::names();
        let problem = problem.with_likely_word(&text.value, names.iter().map(String::as_str));
        let fix = "write a name such as `\"Europe/Berlin\"`, or an offset such as `\"+01:00\"`";
        self.reader.problems.push(if problem.fix.is_some() { problem } else { problem.with_fix(fix) });
        None
    }

    /// A field: a variable, and the names and indices that lead to a member.
    pub(crate) fn field(&mut self, start: &Start, steps: &[Step], span: &Range<usize>) -> Option<Field> {
        let name = match start {
            Start::Name(name) => name,
            Start::Call(name, _) => {
                let message = format!("a method or a member of `{}` is not a field", name.value);
                return self.unsupported(span, message, "write a field such as `args.name`");
            }
        };
        let source = self.source(name)?;
        let mut path = Vec::new();
        for step in steps {
            path.push(match step {
                Step::Select(member) => member.value.clone(),
                Step::Index(index) => self.index(index)?,
                Step::Call(method, _) if functions::example(&method.value).is_none() => {
                    return functions::not_a_value(self, method);
                }
                Step::Call(method, _) => {
                    let message = format!("nothing can follow `{}()` here", method.value);
                    return self.unsupported(&method.span, message, "use one method for each field");
                }
            });
        }
        if source == Source::Request {
            let problem = match path.as_slice() {
                [field] if REQUEST_FIELDS.contains(&field.as_str()) => None,
                [] => Some(String::from("`request` alone is not a field")),
                [field] => Some(format!("`request` has no field {}", quoted(field))),
                [field, ..] => Some(format!("{} has no fields", quoted(&format!("request.{field}")))),
            };
            if let Some(problem) = problem {
                let problem = Diagnostic::error("bad_field", &self.at(span), problem);
                let wrong = path.first().map(String::as_str).unwrap_or_default();
                self.reader.problems.push(match wrong {
                    "server" => problem.with_fix("write `server` as a key of the rule"),
                    _ => problem.with_likely_word(wrong, REQUEST_FIELDS.into_iter()),
                });
                return None;
            }
        } else if source != Source::Item && path.is_empty() {
            let message = format!("`{}` alone is not a field", name.value);
            return self.unsupported(span, message, format!("write a field of it, such as `{}.name`", name.value));
        }
        Some(Field { source, name: self.spanned(spell(&path), span), path })
    }

    fn source(&mut self, name: &Spanned<String>) -> Option<Source> {
        if let Some(at) = self.variables.iter().rposition(|variable| *variable == name.value) {
            if at.saturating_add(1) == self.variables.len() {
                return Some(Source::Item);
            }
            let message = format!("{} is an item of an outer list", quoted(&name.value));
            let inner = self.variables.last().map(String::as_str).unwrap_or_default().to_string();
            return self.unsupported(
                &name.span,
                message,
                format!("use only {} here, the item of the innermost list", quoted(&inner)),
            );
        }
        match name.value.as_str() {
            "args" => Some(Source::Arguments),
            "agent" => Some(Source::AgentAttributes),
            "resource" => Some(Source::ResourceAttributes),
            "request" => Some(Source::Request),
            other if self.reader.is_defined(other) => {
                let message = format!("the definition {} is a condition, not a value", quoted(other));
                self.unsupported(&name.span, message, format!("write `{other}` or `!{other}` alone"))
            }
            _ => self.unknown_name(name),
        }
    }

    /// The name of a member in brackets.
    fn index(&mut self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Text(text) => Some(text.clone()),
            ExprKind::Number(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => Some(text.clone()),
            _ => {
                let fix = "write a literal string or a whole number, such as `args[\"a-b\"]` or `args.list[0]`";
                self.unsupported(&expr.span, "what is in brackets must be a literal", fix)
            }
        }
    }
}

fn case_of(function: &str) -> Case {
    if function == "lowerAscii" { Case::Ascii } else { Case::Full }
}

/// Whether a name of a variable would hide another one.
pub(crate) fn is_root(name: &str) -> bool {
    ROOTS.contains(&name)
}
