//! Expressions to conditions: the operators, and which function makes which condition.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::condition::{BoolCheck, Condition, ConditionKind};
use crate::language::case::Case;
use crate::language::operators::StringOp;
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::embedded::Embedded;
use crate::policy::text::node_reader::NodeReader;
use crate::policy::text::spanned::Spanned;
use crate::policy::when::ast::{Expr, ExprKind, Start, Step};
use crate::policy::when::define::count;
use crate::policy::when::functions::{self, Method};
use crate::policy::when::operand::Operand;
use crate::policy::when::{MAX_CONDITIONS, ROOTS};

/// Lowers one expression to a condition, and keeps its errors.
pub(crate) struct Lowering<'a> {
    embedded: &'a Embedded,
    pub(crate) reader: &'a mut NodeReader,
    /// The variables of `all` and `exists` around the expression, from the outside.
    pub(crate) variables: Vec<String>,
    /// The conditions that may still be made.
    budget: usize,
}

impl<'a> Lowering<'a> {
    pub(crate) fn new(embedded: &'a Embedded, reader: &'a mut NodeReader) -> Self {
        Self { embedded, reader, variables: Vec::new(), budget: MAX_CONDITIONS }
    }

    /// The bytes of the file for some bytes of the expression.
    pub(crate) fn at(&self, span: &Range<usize>) -> Range<usize> {
        self.embedded.span(span)
    }

    /// A value at a place of the expression.
    pub(crate) fn spanned<T>(&self, value: T, span: &Range<usize>) -> Spanned<T> {
        Spanned { value, span: self.at(span) }
    }

    /// Reports an error at some bytes of the expression. The result is always `None`.
    pub(crate) fn error<T>(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Option<T> {
        let problem = Diagnostic::error(code, &self.at(span), message).with_fix(fix);
        self.reader.problems.push(problem);
        None
    }

    /// Reports what CEL has, but callgate does not.
    pub(crate) fn unsupported<T>(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Option<T> {
        self.error("unsupported_expression", span, message, fix)
    }

    pub(crate) fn make(&mut self, span: &Range<usize>, kind: ConditionKind) -> Option<Condition> {
        self.spend(1, span)?;
        Some(Condition { span: self.at(span), kind })
    }

    fn spend(&mut self, conditions: usize, span: &Range<usize>) -> Option<()> {
        match self.budget.checked_sub(conditions) {
            Some(rest) => {
                self.budget = rest;
                Some(())
            }
            // The first error is enough.
            None if self.budget == 0 => None,
            None => {
                self.budget = 0;
                let message = format!("the expression has more than {MAX_CONDITIONS} conditions");
                self.error("too_many_conditions", span, message, "write several rules, or nest `?` less deeply")
            }
        }
    }

    /// Lowers an expression that is true, false or unknown.
    pub(crate) fn condition(&mut self, expr: &Expr) -> Option<Condition> {
        let span = &expr.span;
        match &expr.kind {
            ExprKind::And(parts) => {
                let parts = self.conditions(parts)?;
                self.make(span, ConditionKind::All(parts))
            }
            ExprKind::Or(parts) => {
                let parts = self.conditions(parts)?;
                self.make(span, ConditionKind::Any(parts))
            }
            ExprKind::Not(inner) => self.not(inner, span),
            ExprKind::Conditional(parts) => self.conditional(parts, span),
            ExprKind::Compare(left, op, right) => self.compare(left, *op, right, span),
            ExprKind::In(left, right) => self.membership(left, right, span),
            ExprKind::Bool(true) => self.unsupported(
                span,
                "`true` alone is not a condition",
                "remove `when` from a rule that always applies",
            ),
            ExprKind::Bool(false) => {
                self.unsupported(span, "`false` alone is not a condition", "remove a rule that never applies")
            }
            ExprKind::Null => self.not_a_condition(span, "`null`"),
            ExprKind::Number(_) => self.not_a_condition(span, "a number"),
            ExprKind::Text(_) => self.not_a_condition(span, "a string"),
            ExprKind::List(_) => self.not_a_condition(span, "a list"),
            ExprKind::Map(_) => self.not_a_condition(span, "a map"),
            ExprKind::Of(inner, steps) => self.condition_of_other(inner, steps, span),
            ExprKind::Chain(start, steps) => match steps.split_last() {
                Some((Step::Call(name, arguments), before)) => {
                    let method = Method { start, before, name, arguments, span };
                    functions::condition(self, method)
                }
                None => match start {
                    Start::Name(name) => self.named(name),
                    Start::Call(name, arguments) => functions::condition_of_call(self, name, arguments, span),
                },
                Some(_) => self.boolean(expr),
            },
        }
    }

    fn not_a_condition<T>(&mut self, span: &Range<usize>, what: &str) -> Option<T> {
        let message = format!("a condition must be true or false, not {what}");
        self.unsupported(span, message, "compare it with a field, such as `args.amount <= 500`")
    }

    fn conditions(&mut self, parts: &[Expr]) -> Option<Vec<Condition>> {
        let read: Vec<Condition> = parts.iter().filter_map(|part| self.condition(part)).collect();
        (read.len() == parts.len()).then_some(read)
    }

    fn not(&mut self, inner: &Expr, span: &Range<usize>) -> Option<Condition> {
        if let ExprKind::Chain(start, steps) = &inner.kind
            && let Some((Step::Call(name, arguments), before)) = steps.split_last()
            && let Some(condition) =
                functions::negated_members(self, Method { start, before, name, arguments, span: &inner.span })
        {
            return condition;
        }
        let inner = self.condition(inner)?;
        self.negated(inner, span)
    }

    /// The opposite of a condition. `In` has an opposite of its own.
    pub(crate) fn negated(&mut self, inner: Condition, span: &Range<usize>) -> Option<Condition> {
        let is_definition = Self::is_definition(&inner);
        let kind = match inner.kind {
            ConditionKind::StringCheck(mut check) if check.op == StringOp::In && !is_definition => {
                check.op = StringOp::NotIn;
                ConditionKind::StringCheck(check)
            }
            ConditionKind::CidrCheck(mut check) if check.op == StringOp::In && !is_definition => {
                check.op = StringOp::NotIn;
                ConditionKind::CidrCheck(check)
            }
            kind => ConditionKind::Not(Box::new(Condition { kind, ..inner })),
        };
        self.make(span, kind)
    }

    /// Whether a condition is a whole definition. It stays as it is, so that it keeps its name.
    fn is_definition(condition: &Condition) -> bool {
        matches!(condition.kind, ConditionKind::Defined(_))
    }

    /// `a ? b : c` as `a && b || !a && c`.
    fn conditional(&mut self, [condition, yes, no]: &[Expr; 3], span: &Range<usize>) -> Option<Condition> {
        let (condition_span, yes_span, no_span) = (&condition.span, &yes.span, &no.span);
        let (condition, yes, no) = (self.condition(condition), self.condition(yes), self.condition(no));
        let (condition, yes, no) = (condition?, yes?, no?);
        self.spend(count(&condition), span)?;
        let opposite = self.negated(condition.clone(), condition_span)?;
        let yes = self.make(&(condition_span.start..yes_span.end), ConditionKind::All(Vec::from([condition, yes])))?;
        let no = self.make(no_span, ConditionKind::All(Vec::from([opposite, no])))?;
        self.make(span, ConditionKind::Any(Vec::from([yes, no])))
    }

    /// A name alone: a definition, or an item that is a boolean.
    fn named(&mut self, name: &Spanned<String>) -> Option<Condition> {
        if self.variables.contains(&name.value) {
            let field = self.field(&Start::Name(name.clone()), &[], &name.span)?;
            return self.make(&name.span, ConditionKind::BoolCheck(BoolCheck { field, value: true }));
        }
        if ROOTS.contains(&name.value.as_str()) {
            let message = format!("`{}` is not a condition", name.value);
            let fix = format!("write a field of it, such as `{}.name == \"x\"`", name.value);
            return self.unsupported(&name.span, message, fix);
        }
        if self.reader.is_defined(&name.value) {
            return self.make(&name.span, ConditionKind::Defined(name.value.clone()));
        }
        self.unknown_name(name)
    }

    pub(crate) fn unknown_name<T>(&mut self, name: &Spanned<String>) -> Option<T> {
        let message = format!("{} is not a variable or a definition", quoted(&name.value));
        let problem = Diagnostic::error("unknown_name", &self.at(&name.span), message);
        let known: Vec<&str> =
            self.reader.defined.iter().chain(&self.variables).map(String::as_str).chain(ROOTS).collect();
        let problem = match name.value.as_str() {
            "tool" | "tool_name" => problem.with_fix("name the tools in the target of the rule"),
            "server" => problem.with_fix("write `server` as a key of the rule"),
            "role" | "roles" => problem.with_fix("write `roles` as a key of the rule"),
            "arguments" | "input" | "params" => problem.with_fix("write `args`"),
            "principal" | "user" | "caller" | "subject" | "agentAttributes" => problem.with_fix("write `agent`"),
            "resourceAttributes" | "object" => problem.with_fix("write `resource`"),
            "context" | "now" => problem.with_fix("write `request`, which has `time`, `ip` and `country`"),
            "item" => problem.with_fix("name the item in `all` or `exists`, such as `args.list.all(item, item.ok)`"),
            _ => problem.with_likely_word(&name.value, known.iter().copied()),
        };
        self.reader.problems.push(problem);
        None
    }

    /// A field alone, which must be a boolean.
    fn boolean(&mut self, expr: &Expr) -> Option<Condition> {
        let Operand::Field { field, case: Case::Exact, is_number: false } = self.operand(expr)? else { return None };
        self.make(&expr.span, ConditionKind::BoolCheck(BoolCheck { field, value: true }))
    }

    /// A condition that starts with a literal.
    fn condition_of_other(&mut self, inner: &Expr, steps: &[Step], span: &Range<usize>) -> Option<Condition> {
        let (message, fix) = match (&inner.kind, steps.last()) {
            (ExprKind::List(_), Some(Step::Call(name, _))) if matches!(name.value.as_str(), "exists" | "all") => (
                "a list of literals has no items to check",
                "give the list to the function, such as `args.path.startsWith([\"/a/\", \"/b/\"])`, or use `in`",
            ),
            (ExprKind::List(_), Some(Step::Call(name, _))) if name.value == "contains" => {
                ("a list of literals is not a condition", "write `args.a in [\"x\", \"y\"]`")
            }
            _ => ("only a field can have methods and members", "start with `args`, `agent`, `resource` or `request`"),
        };
        self.unsupported(span, message, fix)
    }
}
