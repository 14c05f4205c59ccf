//! The kinds of conditions, one file each: how a kind is read, checked and encoded at build time, and how an edge
//! decodes, evaluates and describes it.
//!
//! A new kind needs a file, a code in `code.rs`, and a variant and a line in each list here and in `build.rs`.

#[cfg(feature = "compile")]
mod build;
#[cfg(feature = "compile")]
pub(crate) mod check;
pub(crate) mod code;
#[cfg(feature = "compile")]
pub(crate) mod field;
mod kinds;
pub(crate) mod lists;
pub(crate) mod sentence;

use crate::call::fields::{Fields, Unknown};
use crate::condition::kinds::bool::Bool;
use crate::condition::kinds::cidr::Cidr;
use crate::condition::kinds::compare::Compare;
use crate::condition::kinds::equals::Equals;
use crate::condition::kinds::items::Items;
use crate::condition::kinds::length::Length;
use crate::condition::kinds::members::Members;
use crate::condition::kinds::numeric::Numeric;
pub(crate) use crate::condition::kinds::numeric::compare_number;
use crate::condition::kinds::path::Path;
use crate::condition::kinds::present::Present;
use crate::condition::kinds::string::StringPredicate;
use crate::condition::kinds::time::Time;
use crate::condition::kinds::url::Url;
use crate::condition::sentence::Describe;
use crate::image::PolicyImage;
use crate::image::records::StepRecord;

#[cfg(feature = "compile")]
#[cfg(feature = "compile")]
pub(crate) use crate::condition::kinds::string::{ANYWHERE, as_written};
#[cfg(feature = "compile")]
pub(crate) use build::read_condition;
#[cfg(feature = "compile")]
pub use build::{
    BoolCheck, CidrCheck, Condition, ConditionKind, Field, FieldCompare, FieldEquals, FieldPresent, ItemsCheck,
    LengthCheck, MembersCheck, NumericCheck, PathCheck, StringCheck, TimeCheck, UrlCheck, names,
};

/// A leaf of a condition in the image, or a condition on the items of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Predicate<'i> {
    Numeric(Numeric<'i>),
    String(StringPredicate<'i>),
    Bool(Bool),
    Present(Present),
    Equals(Equals),
    Length(Length<'i>),
    Compare(Compare),
    Path(Path<'i>),
    Url(Url<'i>),
    Cidr(Cidr<'i>),
    Items(Items),
    Time(Time<'i>),
    Members(Members<'i>),
}

/// Evaluates the predicate of a step; `None` if the step is not a predicate or the image is damaged.
#[inline]
pub(crate) fn evaluate(step: &StepRecord, fields: &Fields<'_, '_, '_>) -> Option<Result<bool, Unknown>> {
    let image = fields.image;
    Some(match step.code {
        code::NUMERIC => Numeric::decode(image, step)?.evaluate(fields),
        code::NUMERIC_BINARY64 => Ok(Numeric::decode(image, step)?.evaluate_binary64(fields)),
        code::STRING => StringPredicate::decode(image, step)?.evaluate(fields),
        code::STRING_OR_FALSE => Ok(StringPredicate::decode(image, step)?.evaluate_or_false(fields)),
        code::BOOL => Bool::decode(step).evaluate(fields),
        code::PRESENT => Present::decode(step).evaluate(fields),
        code::PRESENT_UNCHARGED => Ok(Present::decode(step).evaluate_uncharged(fields)),
        code::EQUALS => Equals::decode(step)?.evaluate(fields),
        code::EQUALS_DEEP => Ok(Equals::decode(step)?.evaluate_deep(fields)),
        code::LENGTH => Length::decode(image, step)?.evaluate(fields),
        code::COMPARE => Compare::decode(step)?.evaluate(fields),
        code::PATH => Path::decode(image, step)?.evaluate(fields),
        code::URL => Url::decode(image, step)?.evaluate(fields),
        code::CIDR => Cidr::decode(image, step)?.evaluate(fields),
        code::TIME | code::TIME_IN_CALENDAR => Time::decode(image, step)?.evaluate(fields),
        code::STRING_FOLDED => StringPredicate::decode_folded(image, step)?.evaluate_folded(fields),
        code::MEMBERS => Members::decode(image, step)?.evaluate(fields),
        _ => return None,
    })
}

impl<'i> Predicate<'i> {
    /// Reads a step to describe it; `None` if it is a combinator or the image is damaged.
    pub(crate) fn decode(image: &PolicyImage<'i>, step: &StepRecord) -> Option<Self> {
        Some(match step.code {
            code::NUMERIC | code::NUMERIC_BINARY64 => Self::Numeric(Numeric::decode(image, step)?),
            code::STRING | code::STRING_OR_FALSE => Self::String(StringPredicate::decode(image, step)?),
            code::BOOL => Self::Bool(Bool::decode(step)),
            code::PRESENT | code::PRESENT_UNCHARGED => Self::Present(Present::decode(step)),
            code::EQUALS | code::EQUALS_DEEP => Self::Equals(Equals::decode(step)?),
            code::LENGTH => Self::Length(Length::decode(image, step)?),
            code::COMPARE => Self::Compare(Compare::decode(step)?),
            code::PATH => Self::Path(Path::decode(image, step)?),
            code::URL => Self::Url(Url::decode(image, step)?),
            code::CIDR => Self::Cidr(Cidr::decode(image, step)?),
            code::EVERY => Self::Items(Items::decode(step, true)),
            code::SOME => Self::Items(Items::decode(step, false)),
            code::TIME | code::TIME_IN_CALENDAR => Self::Time(Time::decode(image, step)?),
            code::STRING_FOLDED => Self::String(StringPredicate::decode_folded(image, step)?),
            code::MEMBERS => Self::Members(Members::decode(image, step)?),
            _ => return None,
        })
    }

    /// Its description in decisions.
    pub(crate) fn describe(&self) -> &dyn Describe {
        match self {
            Self::Numeric(predicate) => predicate,
            Self::String(predicate) => predicate,
            Self::Bool(predicate) => predicate,
            Self::Present(predicate) => predicate,
            Self::Equals(predicate) => predicate,
            Self::Length(predicate) => predicate,
            Self::Compare(predicate) => predicate,
            Self::Path(predicate) => predicate,
            Self::Url(predicate) => predicate,
            Self::Cidr(predicate) => predicate,
            Self::Items(predicate) => predicate,
            Self::Time(predicate) => predicate,
            Self::Members(predicate) => predicate,
        }
    }
}
