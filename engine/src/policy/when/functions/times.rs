//! `isBetween`, `isOn`, `getHours` and `getDayOfWeek`: the time of the request is in a window.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::condition::{Condition, ConditionKind, Field, TimeCheck};
use crate::language::operators::{NumericOp, Source};
use crate::language::time_window::{TimeWindow, WEEKDAYS};
use crate::policy::calendar::read_dates;
use crate::policy::text::clock::read_clock;
use crate::policy::text::diagnostic::{Diagnostic, quoted};
use crate::policy::text::spanned::Spanned;
use crate::policy::when::ast::{Expr, ExprKind};
use crate::policy::when::functions::Method;
use crate::policy::when::lower::Lowering;
use crate::policy::when::operand::Place;

const MINUTES_PER_HOUR: u16 = 60;
const MINUTES_PER_DAY: u16 = 24 * MINUTES_PER_HOUR;
const EVERY_DAY: u8 = 0x7f;

/// `request.time.isBetween(from, to, place, weekdays, dates)`; the last three are optional.
pub(super) fn is_between(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Condition> {
    let Method { name, arguments, span, .. } = method;
    expect_time(lowering, method, "write it as in `request.time.isBetween(\"09:00\", \"17:00\")`")?;
    let [from, to, options @ ..] = arguments else {
        let expected = "two times, and optionally a time zone, a list of weekdays and a list of dates";
        return lowering.wrong_arguments(name, expected, arguments.len());
    };
    let (from, to) = (clock(lowering, from), clock(lowering, to));
    let place = lowering.place(options.first());
    let weekdays = options.get(1).map_or(Some(EVERY_DAY), |days| named_weekdays(lowering, days));
    let dates = options.get(2).map_or(Some(Vec::new()), |dates| dates_of(lowering, dates));
    lowering.expect_at_most(arguments, 5, name)?;
    let minutes = Some((from?, to?));
    window(lowering, place?, TimeWindow { minutes, weekdays: weekdays?, offset: 0 }, dates?, span)
}

/// `request.time.isOn(dates, place, weekdays)`; the last two are optional.
pub(super) fn is_on(lowering: &mut Lowering<'_>, method: Method<'_>) -> Option<Condition> {
    let Method { name, arguments, span, .. } = method;
    expect_time(lowering, method, "write it as in `request.time.isOn([\"2026-12-24\"])`")?;
    let [dates, options @ ..] = arguments else {
        let expected = "a list of dates, and optionally a time zone and a list of weekdays";
        return lowering.wrong_arguments(name, expected, arguments.len());
    };
    let dates = dates_of(lowering, dates);
    let place = lowering.place(options.first());
    let weekdays = options.get(1).map_or(Some(EVERY_DAY), |days| named_weekdays(lowering, days));
    lowering.expect_at_most(arguments, 3, name)?;
    window(lowering, place?, TimeWindow { minutes: None, weekdays: weekdays?, offset: 0 }, dates?, span)
}

/// Reports a method of another value than the time of the request.
fn expect_time(lowering: &mut Lowering<'_>, method: Method<'_>, fix: &str) -> Option<()> {
    let Method { start, before, name, span, .. } = method;
    let field = lowering.field(start, before, &(span.start..name.span.start.saturating_sub(1)))?;
    if field.source == Source::Request && field.path == ["time"] {
        return Some(());
    }
    let message = format!("`{}` needs the time of the request", name.value);
    lowering.unsupported(span, message, fix)
}

fn dates_of(lowering: &mut Lowering<'_>, expr: &Expr) -> Option<Vec<Spanned<String>>> {
    let dates = lowering.texts(expr, "a date")?;
    if dates.is_empty() {
        let fix = "write a list such as `[\"2026-12-24\", \"2026-12-31/2027-01-02\"]`";
        return lowering.error("empty_list", &expr.span, "the list of dates must not be empty", fix);
    }
    let bad: Vec<_> = dates.iter().filter(|date| read_dates(&date.value).is_none()).cloned().collect();
    for date in &bad {
        let message = format!("{} is not a date", quoted(&date.value));
        let fix = "write a date from 2000 to 2099 such as `2026-12-24`, or two such as `2026-12-24/2027-01-02`";
        lowering.reader.problems.push(Diagnostic::error("bad_time", &date.span, message).with_fix(fix));
    }
    bad.is_empty().then_some(dates)
}

fn clock(lowering: &mut Lowering<'_>, expr: &Expr) -> Option<u16> {
    let text = lowering.text(expr, "a time of day")?;
    read_clock(&text.value).or_else(|| {
        let message = format!("{} is not a time of day", quoted(&text.value));
        lowering.error("bad_time", &expr.span, message, "write a time from `00:00` to `24:00`, such as `09:30`")
    })
}

/// The bits of weekdays, such as `["Mon", "Tue"]`.
fn named_weekdays(lowering: &mut Lowering<'_>, expr: &Expr) -> Option<u8> {
    let ExprKind::List(items) = &expr.kind else {
        let fix = "write a list such as `[\"Mon\", \"Tue\"]`";
        return lowering.unsupported(&expr.span, "the weekdays must be a list", fix);
    };
    let mut days = 0_u8;
    for item in items {
        let text = lowering.text(item, "a weekday")?;
        let Some(at) = WEEKDAYS.into_iter().position(|day| day == text.value) else {
            let message = format!("{} is not a weekday", quoted(&text.value));
            let problem = Diagnostic::error("unknown_weekday", &text.span, message);
            lowering.reader.problems.push(problem.with_likely_word(&text.value, WEEKDAYS.into_iter()));
            return None;
        };
        days |= bit(at)?;
    }
    Some(days)
}

fn bit(day: usize) -> Option<u8> {
    1_u8.checked_shl(u32::try_from(day).ok()?)
}

/// Days of the week as CEL numbers them, from Sunday as 0.
pub(crate) fn weekdays(
    lowering: &mut Lowering<'_>,
    place: Place,
    days: &[(String, Range<usize>)],
    span: &Range<usize>,
) -> Option<Condition> {
    let mut weekdays = 0_u8;
    for (text, text_span) in days {
        let Some(day) = text.parse::<usize>().ok().filter(|&day| day < 7) else {
            let message = format!("{} is not a day of the week", quoted(text));
            let fix = "write a number from 0 for Sunday to 6 for Saturday";
            return lowering.error("unknown_weekday", text_span, message, fix);
        };
        weekdays |= bit(day.checked_add(6)?.checked_rem(7)?)?;
    }
    window(lowering, place, TimeWindow { minutes: None, weekdays, offset: 0 }, Vec::new(), span)
}

/// A comparison of the hour of the day.
pub(crate) fn hour(
    lowering: &mut Lowering<'_>,
    place: Place,
    op: NumericOp,
    text: &str,
    (span, text_span): (&Range<usize>, &Range<usize>),
) -> Option<Condition> {
    let Some(hour) = text.parse::<u16>().ok().filter(|&hour| hour < 24) else {
        let message = format!("{} is not an hour of the day", quoted(text));
        return lowering.error("bad_time", text_span, message, "write a whole number from 0 to 23");
    };
    let start = hour.checked_mul(MINUTES_PER_HOUR)?;
    let end = start.checked_add(MINUTES_PER_HOUR)?;
    let minutes = match op {
        NumericOp::Lt => (0, start),
        NumericOp::Lte => (0, end),
        NumericOp::Gt => (end, MINUTES_PER_DAY),
        NumericOp::Gte => (start, MINUTES_PER_DAY),
        NumericOp::Eq | NumericOp::Ne => (start, end),
    };
    let hours = TimeWindow { minutes: Some(minutes), weekdays: EVERY_DAY, offset: 0 };
    let is_in = window(lowering, place, hours, Vec::new(), span)?;
    if op == NumericOp::Ne { lowering.negated(is_in, span) } else { Some(is_in) }
}

fn window(
    lowering: &mut Lowering<'_>,
    place: Place,
    window: TimeWindow,
    dates: Vec<Spanned<String>>,
    span: &Range<usize>,
) -> Option<Condition> {
    let is_everything = window.minutes.is_none() && window.weekdays == EVERY_DAY && dates.is_empty();
    if window.weekdays == 0 || window.minutes.is_some_and(|(from, to)| from == to) || is_everything {
        let message = "the time window must contain some times and exclude others";
        let fix = "write a window such as `isBetween(\"09:00\", \"17:00\")`";
        return lowering.error("empty_window", span, message, fix);
    }
    let (offset, zone) = match place {
        Place::Offset(offset) => (offset, None),
        Place::Zone(zone) => (0, Some(zone)),
    };
    let field = Field::of_request("time", lowering.at(span));
    let window = TimeWindow { offset, ..window };
    lowering.make(span, ConditionKind::TimeCheck(TimeCheck { field, window, zone, dates }))
}
