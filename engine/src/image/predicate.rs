//! Predicates: the leaves of a condition, as the image holds them.

use crate::image::PolicyImage;
use crate::image::automaton::Automaton;
use crate::image::index::{FieldSlot, NumberOffset, TextListOffset};
use crate::image::records::{NumberRecord, StepRecord, step};
use crate::image::texts::Texts;
use crate::image::texts::UrlParts;
use crate::language::index::Index as _;
use crate::language::operators::NumericOp;
use crate::language::operators::StringOp;
use crate::language::time_window::TimeWindow;

/// A predicate, or a condition on the items of a list, read from one step of the image. Fields are slots of the image's field table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Predicate<'i> {
    Numeric { field: FieldSlot, op: NumericOp, number: &'i NumberRecord },
    String { field: FieldSlot, op: StringOp, texts: Texts<'i>, automaton: Option<Automaton<'i>> },
    Bool { field: FieldSlot, value: bool },
    Present { field: FieldSlot },
    Equals { field: FieldSlot, other: FieldSlot },
    Length { field: FieldSlot, op: NumericOp, number: &'i NumberRecord },
    Compare { field: FieldSlot, op: NumericOp, other: FieldSlot },
    Path { field: FieldSlot, roots: Texts<'i> },
    Url { field: FieldSlot, allowed: UrlParts<'i> },
    Cidr { field: FieldSlot, op: StringOp, networks: Texts<'i> },
    Items { field: FieldSlot, every: bool },
    Time { field: FieldSlot, window: TimeWindow },
}

impl<'i> Predicate<'i> {
    /// Reads a step that is no combinator; `None` if the image is damaged.
    pub(crate) fn read(image: &PolicyImage<'i>, from: &StepRecord) -> Option<Self> {
        let field = from.field.get();
        let operand = from.operand.get();
        let texts =
            || Some(Texts::new(image.text_bytes(), image.texts(TextListOffset::from_u32(operand), from.count.get())?));
        let string_op = || StringOp::ALL.into_iter().find(|op| op.code() == from.op);
        Some(match from.code {
            step::NUMERIC => Self::Numeric {
                field,
                op: NumericOp::from_code(from.op)?,
                number: image.number(NumberOffset::from_u32(operand))?,
            },
            step::STRING => Self::String {
                field,
                op: string_op()?,
                texts: texts()?,
                automaton: from.automaton.get().and_then(|automaton| image.automaton(automaton)),
            },
            step::BOOL => Self::Bool { field, value: from.op != 0 },
            step::PRESENT => Self::Present { field },
            step::EQUALS => Self::Equals { field, other: FieldSlot::from_u32(operand) },
            step::LENGTH => Self::Length {
                field,
                op: NumericOp::from_code(from.op)?,
                number: image.number(NumberOffset::from_u32(operand))?,
            },
            step::TIME => Self::Time { field, window: TimeWindow::unpack(operand, from.count.get()) },
            step::EVERY => Self::Items { field, every: true },
            step::SOME => Self::Items { field, every: false },
            step::PATH => Self::Path { field, roots: texts()? },
            step::URL => Self::Url { field, allowed: UrlParts::new(texts()?) },
            step::CIDR => Self::Cidr { field, op: string_op()?, networks: texts()? },
            step::COMPARE => {
                Self::Compare { field, op: NumericOp::from_code(from.op)?, other: FieldSlot::from_u32(operand) }
            }
            _ => return None,
        })
    }

    /// How often the field is gone through, by rough measure: a search for a text is fast beside the reading of a network.
    pub(crate) fn cost(&self) -> usize {
        match *self {
            Self::String { op: StringOp::Contains | StringOp::Glob, texts, .. } => texts.count() / 8,
            Self::Path { roots: texts, .. } | Self::Cidr { networks: texts, .. } => texts.count(),
            Self::Url { allowed, .. } => allowed.count(),
            _ => 0,
        }
    }

    pub(crate) fn field(&self) -> FieldSlot {
        match *self {
            Self::Numeric { field, .. }
            | Self::String { field, .. }
            | Self::Bool { field, .. }
            | Self::Present { field }
            | Self::Equals { field, .. }
            | Self::Length { field, .. }
            | Self::Compare { field, .. }
            | Self::Path { field, .. }
            | Self::Url { field, .. }
            | Self::Cidr { field, .. }
            | Self::Items { field, .. }
            | Self::Time { field, .. } => field,
        }
    }
}
