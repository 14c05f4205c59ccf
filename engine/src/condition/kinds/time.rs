//! `TimeCheck`: the time of the request is in a window.

use zerocopy::little_endian::{I16, U16};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::call::fields::{Fields, Unknown};
use crate::condition::code;
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::calendar::{CalendarRecord, has_day, offset_at};
use crate::image::index::{CalendarOffset, FieldSlot, Stored};
use crate::image::records::StepRecord;
use crate::language::time_window::TimeWindow;

#[cfg(feature = "compile")]
pub use build::TimeCheck;

/// Means that a step has no hours.
const NO_HOURS: (u16, u16) = (u16::MAX, u16::MAX);

/// The operand of the step: the fields of [`TimeWindow`].
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct TimeOperand {
    from: U16,
    to: U16,
    offset: I16,
    weekdays: u8,
    reserved: [u8; 5],
}

impl TimeOperand {
    fn window(&self) -> TimeWindow {
        let hours = (self.from.get(), self.to.get());
        TimeWindow { minutes: (hours != NO_HOURS).then_some(hours), weekdays: self.weekdays, offset: self.offset.get() }
    }
}

/// The operand of a step with a time zone or dates.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct CalendarOperand {
    calendar: Stored<CalendarOffset>,
    reserved: [u8; 8],
}

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time<'i> {
    field: FieldSlot,
    window: TimeWindow,
    calendar: Option<&'i CalendarRecord>,
}

impl<'i> Time<'i> {
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        let field = step.field.get();
        if step.code == code::TIME {
            let operand: &TimeOperand = step.operand()?;
            return Some(Self { field, window: operand.window(), calendar: None });
        }
        let operand: &CalendarOperand = step.operand()?;
        let calendar = image.calendar(operand.calendar.get())?;
        let (from, to, offset, weekdays) = (calendar.from, calendar.to, calendar.offset, calendar.weekdays);
        let window = TimeOperand { from, to, offset, weekdays, reserved: [0; 5] }.window();
        Some(Self { field, window, calendar: Some(calendar) })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let wrong_type = Unknown::wrong_type(self.field);
        let time = fields.value(self.field)?.as_number().and_then(|text| text.parse().ok()).ok_or(wrong_type)?;
        let Some(calendar) = self.calendar else {
            return self.window.holds(time).map(|(holds, _)| holds).ok_or(wrong_type);
        };
        let offset = if calendar.transitions.count.get() == 0 {
            self.window.offset
        } else {
            let transitions = fields.image.records_at(calendar.transitions).ok_or(wrong_type)?;
            offset_at(transitions, time).ok_or(Unknown::ambiguous(self.field))?
        };
        let (holds, day) = TimeWindow { offset, ..self.window }.holds(time).ok_or(wrong_type)?;
        Ok(holds && has_day(fields.image.records_at(calendar.days).ok_or(wrong_type)?, day))
    }
}

impl Describe for Time<'_> {
    fn name(&self) -> &'static str {
        "TimeCheck"
    }

    fn op(&self, asked: bool) -> &'static str {
        if asked { "Inside" } else { "Outside" }
    }

    fn field(&self) -> FieldSlot {
        self.field
    }

    fn type_requirement(&self) -> Option<&'static str> {
        Some("be a number")
    }

    fn form_requirement(&self) -> &'static str {
        "be a time from 2000 to 2099"
    }

    fn write_requirement(&self, asked: bool, image: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(if asked { "be " } else { "not be " });
        let dates = self.calendar.and_then(|calendar| image.texts(calendar.dates));
        let zone = self.calendar.and_then(|calendar| image.text(calendar.zone)).unwrap_or_default();
        self.window.write(dates.iter().flat_map(|dates| dates.iter()), zone, out.out);
    }

    fn visit_members(&self, _: bool, image: &PolicyImage<'_>, visit: Visit<'_>) {
        if let Some((from, to)) = self.window.hours() {
            visit("from", MemberValue::Text(&from));
            visit("to", MemberValue::Text(&to));
        }
        visit("weekdays", MemberValue::Texts(&mut self.window.weekday_names()));
        if let Some(dates) = self.calendar.and_then(|calendar| image.texts(calendar.dates)).filter(|it| it.count() > 0)
        {
            visit("dates", MemberValue::Texts(&mut dates.iter()));
        }
        match self.calendar.and_then(|calendar| image.text(calendar.zone)).filter(|zone| !zone.is_empty()) {
            Some(zone) => visit("zone", MemberValue::Text(zone)),
            None => visit("offset", MemberValue::Text(&self.window.offset())),
        }
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::ops::Range;

    use zerocopy::IntoBytes as _;

    use super::{CalendarOperand, NO_HOURS, TimeOperand};
    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope};
    use crate::image::calendar::{CalendarRecord, DaysRecord, Records, TransitionRecord};
    use crate::image::index::{CalendarOffset, Stored};
    use crate::image::records::{StepRecord, to_u32};
    use crate::language::index::Index as _;
    use crate::language::time_window::{TimeWindow, WEEKDAYS};
    use crate::policy::calendar::{Zone, join_dates, read_dates};
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::clock::{read_clock, read_offset};
    use crate::policy::text::diagnostic::{Diagnostic, quoted};
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::spanned::Spanned;
    use crate::policy::text::tree::Node;

    /// The time of the request is in a window.
    #[derive(Clone, Debug, PartialEq)]
    pub struct TimeCheck {
        /// The time from the edge: the field `time` of the source `Request`.
        pub field: Field,
        /// The window.
        pub window: TimeWindow,
        /// The name of the time zone; without one, the offset of the window applies.
        pub zone: Option<Spanned<String>>,
        /// The dates, each as `2026-12-24` or `2026-12-24/2027-01-02`; none for every date.
        pub dates: Vec<Spanned<String>>,
    }

    impl TimeCheck {
        /// Each part is optional, but at least one part must exclude some times.
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, _: Scope) -> Option<Self> {
            let check = reader.object(node, "`TimeCheck`", &["from", "to", "weekdays", "dates", "zone", "offset"])?;
            let mut clock = |key: &str| {
                let Some(node) = check.optional(key) else { return Some(None) };
                let text = reader.string(node, &format!("`{key}`"))?;
                let minutes = read_clock(&text.value);
                if minutes.is_none() {
                    let fix = "write a time from `00:00` to `24:00`, such as `09:30`";
                    reader.problems.push(bad_time(&text, "a time of day", fix));
                }
                minutes.map(Some)
            };
            let (from, to) = (clock("from"), clock("to"));
            let offset = check.optional("offset").map_or(Some(0), |node| read_fixed_offset(node, reader));
            let zone = match check.optional("zone") {
                None => Some(None),
                Some(node) => read_zone(node, reader).map(Some),
            };
            if let (Some(_), Some(node)) = (check.optional("zone"), check.optional("offset")) {
                let problem =
                    Diagnostic::error("zone_and_offset", &node.span, "`zone` and `offset` exclude each other");
                reader.problems.push(problem.with_fix("remove `offset`; a time zone has its own"));
                return None;
            }
            let dates = check.optional("dates").map_or(Some(Vec::new()), |node| read_all_dates(node, reader));
            let weekdays = match check.optional("weekdays") {
                None => Some(0x7f),
                Some(node) => read_weekdays(node, reader),
            };
            let minutes = match (from?, to?) {
                (None, None) => None,
                (from, to) => Some((from.unwrap_or(0), to.unwrap_or(24 * 60))),
            };
            let (weekdays, offset, zone, dates) = (weekdays?, offset?, zone?, dates?);
            let is_every_day = weekdays == 0x7f && dates.is_empty();
            if weekdays == 0 || minutes.is_some_and(|(from, to)| from == to) || (minutes.is_none() && is_every_day) {
                let message = "the time window must contain some times and exclude others";
                reader.problems.push(Diagnostic::error("empty_window", &node.span, message));
                return None;
            }
            let field = Field::of_request("time", node.span.clone());
            Some(Self { field, window: TimeWindow { minutes, weekdays, offset }, zone, dates })
        }

        /// The time zone and the dates in the image.
        fn encode_calendar(&self, encoder: &mut dyn Encoder) -> CalendarOperand {
            // `read` found the zone and the dates to be valid.
            let transitions = self.zone.as_ref().and_then(|zone| Zone::named(&zone.value)?.transitions());
            let transitions: Vec<TransitionRecord> = transitions
                .unwrap_or_default()
                .into_iter()
                .map(|(since, offset)| TransitionRecord { since: since.into(), offset: offset.into() })
                .collect();
            let days = join_dates(self.dates.iter().filter_map(|date| read_dates(&date.value)).collect());
            let days: Vec<DaysRecord> = days
                .iter()
                .map(|days| DaysRecord { first: (*days.start()).into(), last: (*days.end()).into() })
                .collect();
            let mut records = |bytes: &[u8], count: usize| Records {
                start: encoder.shared(bytes).into(),
                count: to_u32(count).into(),
            };
            let transitions = records(transitions.as_bytes(), transitions.len());
            let days = records(days.as_bytes(), days.len());
            let TimeOperand { from, to, offset, weekdays, .. } = self.window.into();
            let calendar = CalendarRecord {
                zone: encoder.text(self.zone.as_ref().map_or("", |zone| &zone.value)),
                transitions,
                dates: encoder.texts(self.dates.iter().map(|date| date.value.clone()).collect()),
                days,
                from,
                to,
                offset,
                weekdays,
                reserved: 0,
            };
            let calendar = CalendarOffset::from_u32(encoder.shared(calendar.as_bytes()));
            CalendarOperand { calendar: Stored::new(calendar), reserved: [0; 8] }
        }
    }

    fn bad_time(text: &Spanned<String>, expected: &str, fix: &str) -> Diagnostic {
        let message = format!("{} is not {expected}", quoted(&text.value));
        Diagnostic::error("bad_time", &text.span, message).with_fix(fix)
    }

    fn read_fixed_offset(node: &Node<'_>, reader: &mut NodeReader) -> Option<i16> {
        let text = reader.string(node, "`offset`")?;
        let offset = read_offset(&text.value);
        if offset.is_none() {
            let fix = match Zone::named(&text.value) {
                Some(_) => format!("write `\"zone\": \"{}\"`", text.value),
                None => "write an offset such as `+01:00`, or `Z`".into(),
            };
            reader.problems.push(bad_time(&text, "an offset from UTC", &fix));
        }
        offset
    }

    fn read_zone(node: &Node<'_>, reader: &mut NodeReader) -> Option<Spanned<String>> {
        let text = reader.string(node, "`zone`")?;
        if Zone::named(&text.value).is_none() {
            let message = format!("{} is not a time zone of the IANA database", quoted(&text.value));
            let problem = Diagnostic::error("unknown_zone", &text.span, message);
            let names = Zone::names();
            reader.problems.push(match read_offset(&text.value) {
                Some(_) => problem.with_fix("write a name such as `Europe/Berlin`, or use `offset`"),
                None => problem.with_likely_word(&text.value, names.iter().map(String::as_str)),
            });
            return None;
        }
        Some(text)
    }

    fn read_all_dates(node: &Node<'_>, reader: &mut NodeReader) -> Option<Vec<Spanned<String>>> {
        let dates = reader.strings(node, "`dates`")?;
        if dates.is_empty() {
            let problem = Diagnostic::error("empty_list", &node.span, "the list of dates must not be empty");
            reader.problems.push(problem);
            return None;
        }
        let bad: Vec<_> = dates.iter().filter(|date| read_dates(&date.value).is_none()).collect();
        for date in &bad {
            let fix = "write a date from 2000 to 2099 such as `2026-12-24`, or two such as `2026-12-24/2027-01-02`";
            reader.problems.push(bad_time(date, "a date", fix));
        }
        bad.is_empty().then_some(dates)
    }

    /// Reads names of weekdays as bits.
    fn read_weekdays(node: &Node<'_>, reader: &mut NodeReader) -> Option<u8> {
        let mut days = Some(0_u8);
        for item in reader.list(node, "`weekdays`")? {
            let bits = WEEKDAYS.into_iter().zip([1, 2, 4, 8, 16, 32, 64]);
            let day = reader.word(item, "a weekday", "unknown_weekday", bits);
            days = days.zip(day).map(|(days, day): (u8, u8)| days | day);
        }
        days
    }

    impl Check for TimeCheck {
        fn fields(&self) -> Vec<&Field> {
            alloc::vec![&self.field]
        }

        fn accepted_types(&self) -> &'static [&'static str] {
            &["number", "integer"]
        }

        fn validate(&self, _: &Range<usize>, _: &mut Validation<'_>) {}

        fn narrow<'p>(&'p self, known: &mut Knowledge<'p>, truth: bool) -> bool {
            let has_times = self.window.has_times(truth) || (!truth && !self.dates.is_empty());
            has_times && known.narrow(&self.field, Domain::keep_numbers, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            if self.zone.is_none() && self.dates.is_empty() {
                return StepRecord::new(code::TIME, 0, encoder.field(&self.field), &TimeOperand::from(self.window));
            }
            let operand = self.encode_calendar(encoder);
            StepRecord::new(code::TIME_IN_CALENDAR, 0, encoder.field(&self.field), &operand)
        }
    }

    impl From<TimeWindow> for TimeOperand {
        fn from(window: TimeWindow) -> Self {
            let (from, to) = window.minutes.unwrap_or(NO_HOURS);
            Self {
                from: from.into(),
                to: to.into(),
                offset: window.offset.into(),
                weekdays: window.weekdays,
                reserved: [0; 5],
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_comes_out_of_a_step_as_it_went_in() {
        for minutes in [None, Some((0, 1440)), Some((1320, 300))] {
            for (weekdays, offset) in [(0x7f, 0), (0b010_0000, 840), (1, -840)] {
                let window = TimeWindow { minutes, weekdays, offset };
                assert_eq!(TimeOperand::from(window).window(), window);
            }
        }
    }
}
