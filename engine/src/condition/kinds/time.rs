//! `TimeCheck`: the time of the request is in a window.

use zerocopy::little_endian::{I16, U16};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::call::fields::{Fields, Unknown};
use crate::condition::sentence::{Describe, MemberValue, Sentence, Visit};
use crate::image::PolicyImage;
use crate::image::index::FieldSlot;
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

/// The check in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
    field: FieldSlot,
    window: TimeWindow,
}

impl Time {
    pub(crate) fn decode(step: &StepRecord) -> Option<Self> {
        let operand: &TimeOperand = step.operand()?;
        Some(Self { field: step.field.get(), window: operand.window() })
    }

    pub(crate) fn evaluate(self, fields: &Fields<'_, '_, '_>) -> Result<bool, Unknown> {
        let wrong_type = Unknown::wrong_type(self.field);
        let time = fields.value(self.field)?.as_number().and_then(|text| text.parse().ok()).ok_or(wrong_type)?;
        self.window.holds(time).ok_or(wrong_type)
    }
}

impl Describe for Time {
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

    fn write_requirement(&self, asked: bool, _: &PolicyImage<'_>, out: &mut Sentence<'_>) {
        out.push_str(if asked { "be " } else { "not be " });
        self.window.write(out.out);
    }

    fn visit_members(&self, _: bool, _: &PolicyImage<'_>, visit: Visit<'_>) {
        if let Some((from, to)) = self.window.hours() {
            visit("from", MemberValue::Text(&from));
            visit("to", MemberValue::Text(&to));
        }
        visit("weekdays", MemberValue::Texts(&mut self.window.weekday_names()));
        visit("offset", MemberValue::Text(&self.window.offset()));
    }
}

#[cfg(feature = "compile")]
mod build {
    use alloc::format;
    use alloc::vec::Vec;
    use core::ops::Range;

    use super::{NO_HOURS, TimeOperand};
    use crate::condition::check::{Check, Encoder, Validation};
    use crate::condition::code;
    use crate::condition::field::{Field, Scope};
    use crate::image::records::StepRecord;
    use crate::language::time_window::{TimeWindow, WEEKDAYS};
    use crate::policy::check::domain::Domain;
    use crate::policy::check::knowledge::Knowledge;
    use crate::policy::text::clock::{read_clock, read_offset};
    use crate::policy::text::diagnostic::{Diagnostic, quoted};
    use crate::policy::text::node_reader::NodeReader;
    use crate::policy::text::tree::Node;

    /// The time of the request is in a window.
    #[derive(Clone, Debug, PartialEq)]
    pub struct TimeCheck {
        /// The time from the edge: the field `time` of the source `Request`.
        pub field: Field,
        /// The window.
        pub window: TimeWindow,
    }

    impl TimeCheck {
        /// Each part is optional, but at least one part must exclude some times.
        pub(crate) fn read(node: &Node<'_>, reader: &mut NodeReader, _: Scope) -> Option<Self> {
            let check = reader.object(node, "`TimeCheck`", &["from", "to", "weekdays", "offset"])?;
            let mut clock = |key: &str| {
                let Some(node) = check.optional(key) else { return Some(None) };
                let text = reader.string(node, &format!("`{key}`"))?;
                let minutes = read_clock(&text.value);
                if minutes.is_none() {
                    let message = format!("{} is not a time of day", quoted(&text.value));
                    let problem = Diagnostic::error("bad_time", &text.span, message);
                    reader.problems.push(problem.with_fix("write a time from `00:00` to `24:00`, such as `09:30`"));
                }
                minutes.map(Some)
            };
            let (from, to) = (clock("from"), clock("to"));
            let offset = match check.optional("offset").map(|node| reader.string(node, "`offset`")) {
                None => Some(0),
                Some(text) => text.and_then(|text| {
                    let offset = read_offset(&text.value);
                    if offset.is_none() {
                        let message = format!("{} is not an offset from UTC", quoted(&text.value));
                        let problem = Diagnostic::error("bad_time", &text.span, message);
                        reader.problems.push(problem.with_fix("write an offset such as `+01:00`, or `Z`"));
                    }
                    offset
                }),
            };
            let weekdays = match check.optional("weekdays") {
                None => Some(0x7f),
                Some(node) => read_weekdays(node, reader),
            };
            let minutes = match (from?, to?) {
                (None, None) => None,
                (from, to) => Some((from.unwrap_or(0), to.unwrap_or(24 * 60))),
            };
            let (weekdays, offset) = (weekdays?, offset?);
            if weekdays == 0 || minutes.is_some_and(|(from, to)| from == to) || (minutes.is_none() && weekdays == 0x7f)
            {
                let message = "the time window must contain some times and exclude others";
                reader.problems.push(Diagnostic::error("empty_window", &node.span, message));
                return None;
            }
            let field = Field::of_request("time", node.span.clone());
            Some(Self { field, window: TimeWindow { minutes, weekdays, offset } })
        }
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
            self.window.has_times(truth) && known.narrow(&self.field, Domain::keep_numbers, |_| {})
        }

        fn encode(&self, encoder: &mut dyn Encoder) -> StepRecord {
            StepRecord::new(code::TIME, 0, encoder.field(&self.field), &TimeOperand::from(self.window))
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
