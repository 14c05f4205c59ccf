//! Predicates: the leaves of a condition, as the image holds them.

use crate::image::{NONE, Number, PolicyImage, Step, TextRef, step};

/// Where a predicate reads its field from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The tool call's arguments, which the model wrote.
    Arguments,
    /// What the host knows of the caller.
    AgentAttributes,
    /// What the host knows of the record or machine that the call is about.
    ResourceAttributes,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 3] = [Self::Arguments, Self::AgentAttributes, Self::ResourceAttributes];

    /// The source's name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Arguments => "Arguments",
            Self::AgentAttributes => "AgentAttributes",
            Self::ResourceAttributes => "ResourceAttributes",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Arguments => 0,
            Self::AgentAttributes => 1,
            Self::ResourceAttributes => 2,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.code() == code)
    }

    /// The parent of the source's top-level fields. The numbers lie above those of all slots.
    pub(crate) fn root(self) -> u32 {
        NONE.wrapping_sub(1).wrapping_sub(u32::from(self.code()))
    }
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumericOp {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less than.
    Lt,
    /// Less than or equal.
    Lte,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Gte,
}

impl NumericOp {
    /// All operators, in the order of their codes.
    pub const ALL: [Self; 6] = [Self::Eq, Self::Ne, Self::Lt, Self::Lte, Self::Gt, Self::Gte];

    /// The operator's name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "Eq",
            Self::Ne => "Ne",
            Self::Lt => "Lt",
            Self::Lte => "Lte",
            Self::Gt => "Gt",
            Self::Gte => "Gte",
        }
    }

    /// The operator that is true exactly where this one is false.
    #[must_use]
    pub fn inverse(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Gte,
            Self::Lte => Self::Gt,
            Self::Gt => Self::Lte,
            Self::Gte => Self::Lt,
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Eq => 0,
            Self::Ne => 1,
            Self::Lt => 2,
            Self::Lte => 3,
            Self::Gt => 4,
            Self::Gte => 5,
        }
    }
}

/// How a string is compared with a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringOp {
    /// The string is one of the list.
    In,
    /// The string is none of the list.
    NotIn,
}

impl StringOp {
    /// All operators.
    pub const ALL: [Self; 2] = [Self::In, Self::NotIn];

    /// The operator's name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
        }
    }

    /// The operator that is true exactly where this one is false.
    #[must_use]
    pub fn inverse(self) -> Self {
        match self {
            Self::In => Self::NotIn,
            Self::NotIn => Self::In,
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::In => 0,
            Self::NotIn => 1,
        }
    }
}

/// A list of strings in the image, in ascending order of their bytes.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'i> {
    image: PolicyImage<'i>,
    refs: &'i [TextRef],
}

impl<'i> Texts<'i> {
    /// The strings.
    pub fn iter(self) -> impl Iterator<Item = &'i str> {
        self.refs.iter().filter_map(move |&text| self.image.text(text))
    }

    pub(crate) fn contains(self, wanted: &str) -> bool {
        self.refs.binary_search_by(|&text| self.image.text(text).unwrap_or_default().cmp(wanted)).is_ok()
    }
}

/// A predicate, read from one step of the image. Fields are slots of the image's field table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Predicate<'i> {
    Numeric { field: u32, op: NumericOp, number: &'i Number },
    String { field: u32, op: StringOp, texts: Texts<'i> },
    Bool { field: u32, value: bool },
    Present { field: u32 },
    Equals { field: u32, other: u32 },
}

impl<'i> Predicate<'i> {
    /// Reads a step that is no combinator; `None` if the image is damaged.
    pub(crate) fn read(image: &PolicyImage<'i>, from: &Step) -> Option<Self> {
        let field = from.field.get();
        let operand = from.operand.get();
        Some(match from.code {
            step::NUMERIC => Self::Numeric {
                field,
                op: NumericOp::ALL.into_iter().find(|op| op.code() == from.op)?,
                number: image.number(operand)?,
            },
            step::STRING => Self::String {
                field,
                op: StringOp::ALL.into_iter().find(|op| op.code() == from.op)?,
                texts: Texts { image: *image, refs: image.texts(operand, from.count.get())? },
            },
            step::BOOL => Self::Bool { field, value: from.op != 0 },
            step::PRESENT => Self::Present { field },
            step::EQUALS => Self::Equals { field, other: operand },
            _ => return None,
        })
    }

    pub(crate) fn field(&self) -> u32 {
        match *self {
            Self::Numeric { field, .. }
            | Self::String { field, .. }
            | Self::Bool { field, .. }
            | Self::Present { field }
            | Self::Equals { field, .. } => field,
        }
    }
}
