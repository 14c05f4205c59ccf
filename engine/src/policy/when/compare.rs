//! Comparisons: `==`, `!=`, `<`, `<=`, `>`, `>=` and `in`.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::condition::{
    BoolCheck, Condition, ConditionKind, Field, FieldCompare, FieldEquals, LengthCheck, NumericCheck, StringCheck,
};
use crate::language::case::Case;
use crate::language::operators::{NumericOp, StringOp};
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::spanned::Spanned;
use crate::policy::when::ast::{Expr, ExprKind};
use crate::policy::when::functions::{times, urls};
use crate::policy::when::lower::Lowering;
use crate::policy::when::operand::Operand;
use crate::policy::when::print::sign;

/// The comparison with its sides exchanged.
fn mirrored(op: NumericOp) -> NumericOp {
    match op {
        NumericOp::Lt => NumericOp::Gt,
        NumericOp::Lte => NumericOp::Gte,
        NumericOp::Gt => NumericOp::Lt,
        NumericOp::Gte => NumericOp::Lte,
        NumericOp::Eq | NumericOp::Ne => op,
    }
}

fn is_equality(op: NumericOp) -> bool {
    matches!(op, NumericOp::Eq | NumericOp::Ne)
}

impl Lowering<'_> {
    pub(crate) fn compare(
        &mut self,
        left: &Expr,
        op: NumericOp,
        right: &Expr,
        span: &Range<usize>,
    ) -> Option<Condition> {
        let (left_value, right_value) = (self.operand(left), self.operand(right));
        let (left_value, right_value) = (left_value?, right_value?);
        let (value, op, other, other_expr) = match (left_value.is_literal(), right_value.is_literal()) {
            (true, true) => {
                let fix = "compare a field with a literal, such as `args.amount <= 500`";
                return self.unsupported(span, "two literals are compared", fix);
            }
            (true, false) => (right_value, mirrored(op), left_value, left),
            (false, _) => (left_value, op, right_value, right),
        };
        let kind = match (value, other) {
            (Operand::Field { field, case, is_number }, other) => {
                return self.compare_field((field, case, is_number), op, other, &other_expr.span, span);
            }
            (Operand::Size(field), Operand::Number(text)) => {
                let value = self.spanned(text, &other_expr.span);
                ConditionKind::LengthCheck(LengthCheck { field, op, value })
            }
            (Operand::Hour(place), Operand::Number(text)) => {
                return times::hour(self, place, op, &text, (span, &other_expr.span));
            }
            (Operand::Weekday(place), Operand::Number(text)) if is_equality(op) => {
                let days = [(text, other_expr.span.clone())];
                let is_day = times::weekdays(self, place, &days, span)?;
                return if op == NumericOp::Ne { self.negated(is_day, span) } else { Some(is_day) };
            }
            (Operand::Weekday(_), Operand::Number(_)) => {
                let fix = "write the days, such as `request.time.getDayOfWeek() in [1, 2, 3, 4, 5]`";
                return self.unsupported(span, "days of the week can only be compared with `==`, `!=` and `in`", fix);
            }
            (Operand::Host(field), Operand::Text(host, Case::Exact)) if is_equality(op) => {
                let is_host = urls::host(self, field, Vec::from([host]), span)?;
                return if op == NumericOp::Ne { self.negated(is_host, span) } else { Some(is_host) };
            }
            (value, other) => {
                let message = format!("{} cannot be compared with {} by `{}`", value.noun(), other.noun(), sign(op));
                let fix = match value {
                    Operand::Size(_) | Operand::Hour(_) | Operand::Weekday(_) => "write a literal number",
                    Operand::Host(_) => "write a literal host, such as `== \"example.com\"`",
                    _ => "compare a field with a literal or with another field",
                };
                return self.unsupported(span, message, fix);
            }
        };
        self.make(span, kind)
    }

    fn compare_field(
        &mut self,
        (field, case, is_number): (Field, Case, bool),
        op: NumericOp,
        other: Operand,
        other_span: &Range<usize>,
        span: &Range<usize>,
    ) -> Option<Condition> {
        let kind = match other {
            Operand::Number(_) | Operand::Bool(_) if case != Case::Exact => {
                return self.unsupported(
                    span,
                    "a number or a boolean has no case",
                    "remove the function before the comparison",
                );
            }
            Operand::Number(value) => ConditionKind::NumericCheck(NumericCheck { field, op, value }),
            _ if is_number && other.is_literal() => {
                return self.unsupported(other_span, "this must be a number", "write a number, or remove `number()`");
            }
            Operand::Text(..) | Operand::Bool(_) if !is_equality(op) => {
                let message = format!("{} cannot be compared by `{}`", plural(&other), sign(op));
                return self.unsupported(span, message, "use `==`, `!=` or `in`; a number has no quotation marks");
            }
            Operand::Text(text, text_case) => {
                let text = self.text_in_case(text, text_case, case)?;
                let op = if op == NumericOp::Eq { StringOp::In } else { StringOp::NotIn };
                ConditionKind::StringCheck(StringCheck { field, op, values: Vec::from([text]), case })
            }
            Operand::Bool(value) => {
                ConditionKind::BoolCheck(BoolCheck { field, value: value == (op == NumericOp::Eq) })
            }
            Operand::Null => {
                let fix =
                    "write `has(args.name)` for a field that is present and not null, and `!has(args.name)` otherwise";
                return self.unsupported(other_span, "a field cannot be compared with `null`", fix);
            }
            Operand::Field { field: other, case: other_case, is_number: other_is_number } => {
                if case != other_case {
                    let fix = "write `lowerAscii()` or `foldCase()` on both sides";
                    return self.unsupported(span, "only one of the two fields ignores case", fix);
                }
                return self.compare_fields((field, is_number), op, (other, other_is_number), case, span);
            }
            other => {
                let message = format!("a field cannot be compared with {}", other.noun());
                return self.unsupported(span, message, "compare it with a literal or with another field");
            }
        };
        self.make(span, kind)
    }

    fn compare_fields(
        &mut self,
        (a, a_is_number): (Field, bool),
        op: NumericOp,
        (b, b_is_number): (Field, bool),
        case: Case,
        span: &Range<usize>,
    ) -> Option<Condition> {
        if !is_equality(op) && case != Case::Exact {
            let fix = "remove the functions; only numbers can be compared in this way";
            return self.unsupported(span, format!("strings cannot be compared by `{}`", sign(op)), fix);
        }
        if is_equality(op) && a_is_number != b_is_number {
            return self.unsupported(span, "only one of the two fields is a number", "write `number()` on both sides");
        }
        if !is_equality(op) || a_is_number {
            return self.make(span, ConditionKind::FieldCompare(FieldCompare { a, op, b }));
        }
        let equals = self.make(span, ConditionKind::FieldEquals(FieldEquals { a, b, case }))?;
        if op == NumericOp::Eq {
            return Some(equals);
        }
        self.make(span, ConditionKind::Not(Box::new(equals)))
    }

    /// A text that is compared in a case. A text in another case would never be equal.
    pub(crate) fn text_in_case(
        &mut self,
        text: Spanned<String>,
        text_case: Case,
        case: Case,
    ) -> Option<Spanned<String>> {
        if text_case == case {
            return Some(text);
        }
        let (message, fix) = if text_case == Case::Exact {
            let folded = case.fold(text.value.as_str().into());
            if folded == text.value {
                return Some(text);
            }
            let function = if case == Case::Full { "foldCase" } else { "lowerAscii" };
            let message = format!("{} is never equal to the result of `{function}`", quoted(&text.value));
            (message, format!("write `\"{folded}\"`"))
        } else {
            let message = String::from("the field and the string ignore case differently");
            (message, String::from("use the same function for both, or write the string without a function"))
        };
        let problem = Diagnostic::error("never_equal", &text.span, message).with_fix(fix);
        self.reader.problems.push(problem);
        None
    }

    /// `in`, with a list of literals.
    pub(crate) fn membership(&mut self, left: &Expr, right: &Expr, span: &Range<usize>) -> Option<Condition> {
        let ExprKind::List(items) = &right.kind else {
            let fix = match &right.kind {
                ExprKind::Chain(..) => {
                    "write `args.list.exists(item, item == \"x\")` for a list, and `has(args.map.name)` for a map"
                }
                _ => "write a list, such as `args.region in [\"eu\", \"us\"]`",
            };
            return self.unsupported(&right.span, "`in` needs a list of literals", fix);
        };
        let value = self.operand(left);
        let mut read = Vec::new();
        for item in items {
            read.extend(self.operand(item).map(|value| (value, item.span.clone())));
        }
        if read.len() != items.len() {
            return None;
        }
        match value? {
            Operand::Field { field, case, is_number } => self.field_in((field, case, is_number), read, span),
            Operand::Weekday(place) => {
                let mut days = Vec::new();
                for (item, item_span) in read {
                    let Operand::Number(text) = item else {
                        return self.mixed_list(&item_span, "a day is a number from 0 to 6");
                    };
                    days.push((text, item_span));
                }
                times::weekdays(self, place, &days, span)
            }
            Operand::Host(field) => {
                let mut hosts = Vec::new();
                for (item, item_span) in read {
                    let Operand::Text(host, Case::Exact) = item else {
                        return self.mixed_list(&item_span, "a host is a string");
                    };
                    hosts.push(host);
                }
                urls::host(self, field, hosts, span)
            }
            other => {
                let message = format!("{} cannot be compared by `in`", other.noun());
                self.unsupported(&left.span, message, "write a field before `in`")
            }
        }
    }

    fn mixed_list<T>(&mut self, span: &Range<usize>, message: &str) -> Option<T> {
        self.unsupported(span, message, "write literals of one type")
    }

    fn field_in(
        &mut self,
        (field, case, is_number): (Field, Case, bool),
        items: Vec<(Operand, Range<usize>)>,
        span: &Range<usize>,
    ) -> Option<Condition> {
        let is_of_numbers = matches!(items.first(), Some((Operand::Number(_), _)));
        if !is_of_numbers && !is_number {
            let mut values = Vec::new();
            for (item, item_span) in items {
                let Operand::Text(text, text_case) = item else {
                    return self.mixed_list(&item_span, "this must be a string");
                };
                values.push(self.text_in_case(text, text_case, case)?);
            }
            return self.make(span, ConditionKind::StringCheck(StringCheck { field, op: StringOp::In, values, case }));
        }
        let mut equal = Vec::new();
        for (item, item_span) in items {
            let Operand::Number(value) = item else { return self.mixed_list(&item_span, "this must be a number") };
            let check = NumericCheck { field: field.clone(), op: NumericOp::Eq, value };
            equal.push(self.make(&item_span, ConditionKind::NumericCheck(check))?);
        }
        if case != Case::Exact {
            return self.unsupported(span, "a number has no case", "remove the function before `in`");
        }
        self.make(span, ConditionKind::Any(equal))
    }
}

fn plural(operand: &Operand) -> &'static str {
    if matches!(operand, Operand::Bool(_)) { "booleans" } else { "strings" }
}
