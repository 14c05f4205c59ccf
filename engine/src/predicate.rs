//! Predicates: the leaves of a condition, as the image holds them.

use core::cmp::Ordering;

use crate::automaton::{self, Automaton};
use crate::image::PolicyImage;
use crate::image_bytes::ImageBytes;
use crate::records::{NONE, Number, Step, TextRef, step};
use crate::time::TimeWindow;
use crate::url::{self, Target};

/// Where a predicate reads its field from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The tool call's arguments, which the model wrote.
    Arguments,
    /// What the host knows of the caller.
    AgentAttributes,
    /// What the host knows of the record or machine that the call is about.
    ResourceAttributes,
    /// One item of a list, inside `Every` and `Some`.
    Item,
    /// What the edge knows of the request: `time` (seconds since 1970), `ip` and `country`.
    Request,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 5] =
        [Self::Arguments, Self::AgentAttributes, Self::ResourceAttributes, Self::Item, Self::Request];

    /// The source's name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Arguments => "Arguments",
            Self::AgentAttributes => "AgentAttributes",
            Self::ResourceAttributes => "ResourceAttributes",
            Self::Item => "Item",
            Self::Request => "Request",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Arguments => 0,
            Self::AgentAttributes => 1,
            Self::ResourceAttributes => 2,
            Self::Item => 3,
            Self::Request => 4,
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

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.code() == code)
    }

    /// Whether two values that are so ordered compare as the operator says.
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Ne => ordering.is_ne(),
            Self::Lt => ordering.is_lt(),
            Self::Lte => ordering.is_le(),
            Self::Gt => ordering.is_gt(),
            Self::Gte => ordering.is_ge(),
        }
    }
}

/// How a string is compared with a list of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringOp {
    /// The string is one of the texts.
    In,
    /// The string is none of the texts.
    NotIn,
    /// The string starts with one of the texts.
    StartsWith,
    /// The string ends with one of the texts.
    EndsWith,
    /// One of the texts stands in the string.
    Contains,
    /// The string matches one of the texts as a pattern, in which `*` stands for any run of characters.
    Glob,
    /// One of the texts, as a regular expression, matches the whole string.
    Matches,
}

impl StringOp {
    /// All operators.
    pub const ALL: [Self; 7] =
        [Self::In, Self::NotIn, Self::StartsWith, Self::EndsWith, Self::Contains, Self::Glob, Self::Matches];

    /// The operator's name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::StartsWith => "StartsWith",
            Self::EndsWith => "EndsWith",
            Self::Contains => "Contains",
            Self::Glob => "Glob",
            Self::Matches => "Matches",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::In => 0,
            Self::NotIn => 1,
            Self::StartsWith => 2,
            Self::EndsWith => 3,
            Self::Contains => 4,
            Self::Glob => 5,
            Self::Matches => 6,
        }
    }

    /// Whether a string compares with a list of texts as the operator says; `automaton` stands for those of `Matches`.
    ///
    /// `None` if the automaton is damaged.
    pub(crate) fn holds(self, string: &str, texts: Texts<'_>, automaton: Option<Automaton<'_>>) -> Option<bool> {
        Some(match self {
            Self::In => texts.contains(string),
            Self::NotIn => !texts.contains(string),
            Self::StartsWith => texts.iter().any(|text| string.starts_with(text)),
            Self::EndsWith => texts.iter().any(|text| string.ends_with(text)),
            Self::Contains => texts.iter().any(|text| string.contains(text)),
            Self::Glob => texts.iter().any(|pattern| matches_pattern(pattern, string)),
            Self::Matches => automaton?.label(string)? != 0,
        })
    }
}

/// Whether a text matches a pattern in which `*` stands for any run of characters and nothing else is special.
///
/// Each part between two `*` is taken where it first occurs, which is right as the parts are in order, so no part is
/// searched for twice and the time is linear in the text. The crates in reach backtrack or allocate.
pub(crate) fn matches_pattern(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut open) = text.strip_prefix(start).and_then(|text| text.strip_suffix(end)) else { return false };
    middle.split('*').all(|part| match open.split_once(part) {
        Some((_, after)) => {
            open = after;
            true
        }
        None => false,
    })
}

/// A list of strings in the image, in ascending order of their bytes.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'i> {
    bytes: ImageBytes<'i>,
    refs: &'i [TextRef],
}

impl<'i> Texts<'i> {
    /// The strings.
    pub fn iter(self) -> impl Iterator<Item = &'i str> {
        self.refs.iter().filter_map(move |&text| self.bytes.text(text))
    }

    pub(crate) fn contains(self, wanted: &str) -> bool {
        let wanted = wanted.as_bytes();
        // Most lists are short, and texts of another length need no look.
        if self.refs.len() <= 8 {
            return self.refs.iter().any(|&text| self.bytes.of(text) == Some(wanted));
        }
        self.refs.binary_search_by(|&text| self.bytes.of(text).unwrap_or_default().cmp(wanted)).is_ok()
    }
}

/// What a `UrlCheck` allows: texts that start with a letter for what they are.
#[derive(Clone, Copy, Debug)]
pub struct UrlParts<'i>(Texts<'i>);

/// The letter before a scheme in a list of [`UrlParts`].
pub(crate) const SCHEME: char = 's';
/// The letter before a host.
pub(crate) const HOST: char = 'h';
/// The letter before a port.
pub(crate) const PORT: char = 'p';

impl<'i> UrlParts<'i> {
    /// The schemes.
    pub fn schemes(self) -> impl Iterator<Item = &'i str> {
        self.0.iter().filter_map(|text| text.strip_prefix(SCHEME))
    }

    /// The hosts; `*.` before one stands for all hosts below it.
    pub fn hosts(self) -> impl Iterator<Item = &'i str> {
        self.0.iter().filter_map(|text| text.strip_prefix(HOST))
    }

    /// The ports, in digits; none where a scheme's own port is meant.
    pub fn ports(self) -> impl Iterator<Item = &'i str> {
        self.0.iter().filter_map(|text| text.strip_prefix(PORT))
    }

    /// Whether the target is allowed; `None` if its host has more than one reading.
    pub(crate) fn allow(self, target: &Target<'_>) -> Option<bool> {
        // What the policy names was read at build time and has one reading; what `*.` stands for was not.
        let is_plain = |free: &str| !url::has_punycode(free);
        let is_host = self.hosts().any(|allowed| free_labels(allowed, target.host).is_some_and(is_plain));
        if !is_host && url::has_punycode(target.host) {
            return None;
        }
        let port = target.effective_port();
        let is_port = |text: &str| port.is_some_and(|port| text.parse() == Ok(port));
        let is_port_allowed = match self.ports().next() {
            Some(_) => self.ports().any(is_port),
            None => target.port.is_none() || target.port == target.own_port(),
        };
        Some(is_host && is_port_allowed && self.schemes().any(|scheme| scheme.eq_ignore_ascii_case(target.scheme)))
    }
}

/// The labels of a host that `*.` in `allowed` stands for, none where the host is `allowed` itself; `None` if the host is
/// another.
fn free_labels<'h>(allowed: &str, host: &'h str) -> Option<&'h str> {
    let Some(parent) = allowed.strip_prefix("*.") else { return allowed.eq_ignore_ascii_case(host).then_some("") };
    let (below, end) = host.split_at_checked(host.len().checked_sub(parent.len())?)?;
    let free = below.strip_suffix('.').filter(|free| !free.is_empty())?;
    end.eq_ignore_ascii_case(parent).then_some(free)
}

/// A predicate, or a condition on the items of a list, read from one step of the image. Fields are slots of the image's field table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Predicate<'i> {
    Numeric { field: u32, op: NumericOp, number: &'i Number },
    String { field: u32, op: StringOp, texts: Texts<'i>, automaton: Option<Automaton<'i>> },
    Bool { field: u32, value: bool },
    Present { field: u32 },
    Equals { field: u32, other: u32 },
    Length { field: u32, op: NumericOp, number: &'i Number },
    Compare { field: u32, op: NumericOp, other: u32 },
    Path { field: u32, roots: Texts<'i> },
    Url { field: u32, allowed: UrlParts<'i> },
    Cidr { field: u32, op: StringOp, networks: Texts<'i> },
    Items { field: u32, every: bool },
    Time { field: u32, window: TimeWindow },
}

impl<'i> Predicate<'i> {
    /// Reads a step that is no combinator; `None` if the image is damaged.
    pub(crate) fn read(image: &PolicyImage<'i>, from: &Step) -> Option<Self> {
        let field = from.field.get();
        let operand = from.operand.get();
        let texts = || Some(Texts { bytes: image.text_bytes(), refs: image.texts(operand, from.count.get())? });
        let string_op = || StringOp::ALL.into_iter().find(|op| op.code() == from.op);
        Some(match from.code {
            step::NUMERIC => {
                Self::Numeric { field, op: NumericOp::from_code(from.op)?, number: image.number(operand)? }
            }
            step::STRING => Self::String {
                field,
                op: string_op()?,
                texts: texts()?,
                automaton: automaton::open(image, from.automaton.get()),
            },
            step::BOOL => Self::Bool { field, value: from.op != 0 },
            step::PRESENT => Self::Present { field },
            step::EQUALS => Self::Equals { field, other: operand },
            step::LENGTH => Self::Length { field, op: NumericOp::from_code(from.op)?, number: image.number(operand)? },
            step::TIME => Self::Time { field, window: TimeWindow::unpack(operand, from.count.get()) },
            step::EVERY => Self::Items { field, every: true },
            step::SOME => Self::Items { field, every: false },
            step::PATH => Self::Path { field, roots: texts()? },
            step::URL => Self::Url { field, allowed: UrlParts(texts()?) },
            step::CIDR => Self::Cidr { field, op: string_op()?, networks: texts()? },
            step::COMPARE => Self::Compare { field, op: NumericOp::from_code(from.op)?, other: operand },
            _ => return None,
        })
    }

    /// How often the field is gone through, by rough measure: a search for a text is fast beside the reading of a network.
    pub(crate) fn comparisons(&self) -> usize {
        match *self {
            Self::String { op: StringOp::Contains | StringOp::Glob, texts, .. } => texts.refs.len() / 8,
            Self::Path { roots: texts, .. }
            | Self::Cidr { networks: texts, .. }
            | Self::Url { allowed: UrlParts(texts), .. } => texts.refs.len(),
            _ => 0,
        }
    }

    pub(crate) fn field(&self) -> u32 {
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
